"""What is redacted, to a crawl: not asked for again, and in no index beside a WARC."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from archiver.store.catalogue import Catalogue
from archiver.store.veil import Redaction, Veil
from archiver.warc.cdxj import file_lines, read_sidecar, sort_lines, write_sidecar

REASON = "redacted"
_FRESH = 1.0  # seconds for which a crawl takes the redactions that it read for all there are


class FreshVeil:
    """The redactions in force, read anew every second: a crawl may run for hours.

    Args:
        catalogue: where they stand.
        clock: seconds.
    """

    def __init__(self, catalogue: Catalogue, clock: Callable[[], float] = time.monotonic) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._veil = Veil()
        self._read: float | None = None

    def now(self) -> Veil:
        """What is in force, a second ago at most."""
        at = self._clock()
        if self._read is None or at - self._read >= _FRESH:
            self._veil, self._read = self._catalogue.veil(), at
        return self._veil


class RedactedPages:
    """Stops requests for what is redacted, redirects and requisites too."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RedactedPages:
        """As Scrapy makes it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let the request pass, or not.

        Raises:
            IgnoreRequest: its URL is redacted; request.meta["archiver_error"] is "redacted".
        """
        from archiver.fetch.run import RunExtension  # which needs this module

        run = self._crawler.get_extension(RunExtension)
        if run is not None and run.veil.now().of_url(request.url) is not None:
            request.meta["archiver_error"] = REASON
            raise IgnoreRequest(f"{request.url} is redacted")


def shown_lines(lines: Iterable[str], veil: Veil) -> list[str]:
    """Those lines of a CDXJ index that may be shown, in their order."""
    return [line for line in lines if hiding(line, veil) is None] if veil else list(lines)


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
