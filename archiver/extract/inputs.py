"""Pages to extract from files: HTML, gzipped HTML, lists of them, and WARCs.

One page at a time is read, so that memory is flat however many there are.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archiver.errors import ArchiverError, UsageError
from archiver.model import Page, WarcRef
from archiver.urls import canonical_url
from archiver.warc.reader import Damage, StoredRecord, iter_records
from archiver.warc.source import ByteSource

BODY_CAP = 64 * 1024 * 1024  # bytes of one decoded page
_WARC_ENDINGS = (".warc", ".warc.gz", ".warc.gz.open")


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One page to extract, under the name that its output carries; or why there is none."""

    page: Page | None
    name: str | None = None  # the `page` key of a list's line
    source: str  # file, or file and offset
    fault: str | None = None


def inputs_of_file(path: Path | ByteSource, *, url: str | None = None) -> Iterator[Input]:
    """The pages of one file: every HTML answer of a WARC, else the file itself.

    A source, which is closed at the end, is always a WARC. `url` is the address under which an
    HTML file is read; a `file:` URL where it is None.

    Raises:
        UsageError: there is no such file.
    """
    if isinstance(path, ByteSource):
        with path:
            yield from _warc_inputs(path)
        return
    if not path.is_file():
        raise UsageError("there is no such file", thing=str(path))
    if path.name.endswith(_WARC_ENDINGS):
        yield from _warc_inputs(path)
        return
    yield _html_input(path, url=url or path.resolve().as_uri(), captured_at=None, name=None)


def inputs_of_list(path: Path) -> Iterator[Input]:
    """The pages of a list: JSON lines with `page` (relative to the list) and `url`.

    `crawled`, where given, is the time of capture; without an offset it is taken as UTC. Other
    keys are ignored.

    Raises:
        UsageError: there is no such file.
    """
    if not path.is_file():
        raise UsageError("there is no such file", thing=str(path))
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _listed(path, number, line)


def _listed(path: Path, number: int, line: str) -> Input:
    where = f"{path}:{number}"
    try:
        entry: dict[str, Any] = json.loads(line)
        name, url = str(entry["page"]), str(entry["url"])
        crawled = _moment(entry.get("crawled"))
    except (ValueError, KeyError, TypeError) as error:
        return Input(page=None, source=where, fault=f"needs `page` and `url`: {error!r}")
    return _html_input(path.parent / name, url=url, captured_at=crawled, name=name)


def _moment(text: object) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(str(text))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _html_input(path: Path, *, url: str, captured_at: datetime | None, name: str | None) -> Input:
    try:
        body = path.read_bytes()
        if body.startswith(b"\x1f\x8b"):
            body = _gunzip(body)
    except (OSError, EOFError, zlib.error) as error:
        return Input(page=None, name=name, source=str(path), fault=f"cannot be read: {error}")
    with suppress(ValueError):  # a file: URL, or a bad one: it names the page all the same
        url = canonical_url(url)
    return Input(
        page=Page(url=url, body=body, captured_at=captured_at), name=name, source=str(path)
    )


def _gunzip(body: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(body)) as unzipped:
        return unzipped.read(BODY_CAP)


def _warc_inputs(warc: Path | ByteSource) -> Iterator[Input]:
    place = warc.place if isinstance(warc, ByteSource) else str(warc)
    for record in iter_records(warc):
        if isinstance(record, Damage):
            yield Input(page=None, source=place, fault=str(record))
        elif record.type == "response" and record.target_uri:
            found = _page_of_record(record)
            if found is not None:
                yield found


def _page_of_record(record: StoredRecord) -> Input | None:
    """The page of a response, None where it is none (not 200, not HTML)."""
    source = f"{record.file}:{record.offset}"
    try:
        answer = record.http()
        headers = {key.lower(): value.decode("latin-1") for key, value in answer.headers}
        kind = headers.get(b"content-type", "text/html")
        if answer.status != 200 or "html" not in kind.lower():
            return None
        body = record.body(BODY_CAP)
        url = canonical_url(record.target_uri or "")
    except (ArchiverError, ValueError) as error:
        return Input(page=None, source=source, fault=str(error))
    ref = WarcRef(
        file=record.file,
        offset=record.offset,
        length=record.length,
        record_id=record.record_id or "",
        payload_digest=record.header("WARC-Payload-Digest"),
    )
    page = Page(url=url, body=body, content_type=kind, captured_at=record.date, warc=ref)
    return Input(page=page, source=source)
