"""What is redacted, to the index beside a WARC: in none of its lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from archiver.store.veil import Redaction, Veil
from archiver.warc.cdxj import file_lines, read_sidecar, sort_lines, write_sidecar


def iter_shown(lines: Iterable[str], veil: Veil) -> Iterable[str]:
    """Those lines of a CDXJ index that may be shown, in their order, one after the other."""
    return (line for line in lines if hiding(line, veil) is None) if veil else lines


def shown_lines(lines: Iterable[str], veil: Veil) -> list[str]:
    """The same, in a list."""
    return list(iter_shown(lines, veil))


def hiding(line: str, veil: Veil) -> Redaction | None:
    """What hides the capture of a CDXJ line; None where nothing does, or it is no such line."""
    _, _, rest = line.partition(" ")
    stamp, _, text = rest.partition(" ")
    try:
        fields = json.loads(text)
        at = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        return veil.of(fields["url"], at, fields.get("digest"))
    except (ValueError, KeyError, TypeError):
        return None


def veil_sidecar(warc: Path, veil: Veil, *, anew: bool = False) -> bool:
    """Leave only what may be shown in the index beside a WARC; whether that changed it.

    With `anew` it is made from the WARC, as where a redaction was lifted. Nothing happens where
    there is no index, or no WARC to make it from.

    Raises:
        OSError, WarcError: it cannot be written; `archiver repair` does it later.
    """
    beside = read_sidecar(warc)
    if beside is None or (anew and not warc.exists()):
        return False
    wanted = sort_lines(shown_lines(file_lines(warc) if anew else beside, veil))
    if wanted == beside:
        return False
    write_sidecar(warc, wanted)
    return True
