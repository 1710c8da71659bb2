"""Mementos: which capture answers for a URL and a moment, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from archiver.errors import WarcError
from archiver.model import Capture
from archiver.replay.policy import Fields
from archiver.replay.uris import MAX_URL, moment, resolve, stamp
from archiver.store.base import key_of
from archiver.store.catalogue import Catalogue
from archiver.store.mementos import Around, Found
from archiver.store.spans import IndexRow, Span
from archiver.store.veil import Redaction
from archiver.store.warcs import Warcs
from archiver.urls import urlkey
from archiver.warc.fields import parse_warc_date
from archiver.warc.reader import StoredRecord
from archiver.wire.spool import Content

# A timestamp names a whole second: its middle is nearer to all captures in it than any other.
_HALF = timedelta(milliseconds=500)
_DIGITS = 14  # of a timestamp that names a second
_QUICK = 250_000  # bytes of a body, decoded, that is read and rewritten in some milliseconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Memento:
    """An answer as it was captured; `payload` without transfer coding, content coding kept."""

    capture: Capture
    status: int
    headers: Fields
    payload: Content

    def header(self, name: bytes) -> str | None:
        """The first field of that name (lower case) as text; None where there is none."""
        for key, value in self.headers:
            if key.lower() == name:
                return value.decode("utf-8", "replace")
        return None


class WithheldError(Exception):
    """What was asked for is redacted; the answer says so (451, RFC 7725), and no more."""

    def __init__(self, redaction: Redaction) -> None:
        self.redaction = redaction
        super().__init__(redaction.id)


def is_replayable(capture: Capture | IndexRow) -> bool:
    """Whether a capture is an answer that can be given again; a 304 says only "as before"."""
    return capture.status is not None and 200 <= capture.status < 600 and capture.status != 304


def is_memento(row: Capture | IndexRow) -> bool:
    """Whether a capture is one of a URL's mementos."""
    return is_replayable(row) and not leads_to_itself(row)


def leads_to_itself(capture: Capture | IndexRow) -> bool:
    """Whether it is a redirect to what is the same page here, such as from http to https."""
    if capture.redirect_to is None or capture.status is None or capture.status // 100 != 3:
        return False
    target = resolve(capture.url, capture.redirect_to)
    try:
        return target is not None and urlkey(target[:MAX_URL]) == urlkey(capture.url)
    except ValueError:
        return False


class Stored:
    """The archive as replay reads it.

    Args:
        catalogue: the open catalogue; threads may share it.
        warcs: opens the WARC files that it names.
    """

    def __init__(self, catalogue: Catalogue, warcs: Warcs) -> None:
        self.catalogue = catalogue
        self._warcs = warcs

    @property
    def is_near(self) -> bool:
        """Whether the catalogue answers without waiting for anybody."""
        return self.catalogue.is_file

    def is_quick(self, capture: Capture) -> bool:
        """Whether a capture is read in a moment: it is small, and stands on this machine."""
        small = capture.body_size is not None and capture.body_size <= _QUICK
        return (
            small
            and self.is_near
            and capture.record_type == "response"
            and self._warcs.is_here(capture.warc.file)
        )

    def mementos(
        self,
        url: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        backwards: bool = False,
        step: int = 1000,
    ) -> Iterator[IndexRow]:
        """The mementos of a URL in order of time, one of each address; read `step` at a time."""
        span, start, seen = Span(first=key_of(url)), None, ("", "")
        while True:
            page = self.catalogue.index_page(
                span, since=since, until=until, start=start, backwards=backwards, limit=step
            )
            for row in page.rows:
                address = (row.url, stamp(row.at))
                if is_memento(row) and address != seen:
                    yield row
                    seen = address
            if page.after is None:
                return
            start = page.after

    def around(self, url: str, at: datetime) -> Around:
        """The first and last memento of a URL, and those next to that of a moment."""
        return self.catalogue.around(url, at, is_memento)

    def withheld(self, url: str, digits: str = "") -> Redaction | None:
        """Why a URL is not shown, or, where all 14 digits name a second, what is of that one."""
        return self.catalogue.withheld(url, _second(digits))

    def found(self, url: str, at: datetime, digits: str = "") -> Found:
        """The memento of a URL that is nearest to a moment, in one look at the catalogue.

        Raises:
            WithheldError: where it, or, without digits, the URL may not be shown.
        """
        found = self.catalogue.memento(url, at + _HALF, is_memento, exactly=_second(digits))
        if found.withheld:
            raise WithheldError(found.withheld)
        return found

    def load(self, capture: Capture) -> Memento:
        """Read a capture from its WARC; a revisit takes its payload from what it refers to.

        Raises:
            WarcError: where a record is not there, is damaged, or is no HTTP answer.
            StorageError: where it is in a store that does not give it now.
        """
        record = self._read(capture)
        answer = record.http()
        payload = answer.payload
        if capture.record_type == "revisit":
            payload = self._read(self._original(capture, record)).http().payload
        return Memento(
            capture=capture, status=answer.status, headers=answer.headers, payload=payload
        )

    def _read(self, capture: Capture) -> StoredRecord:
        record = self._warcs.read(capture.warc)
        if _bare(record.record_id) != _bare(capture.warc.record_id):
            raise WarcError(
                "another record stands there than the catalogue says",
                thing=f"{capture.warc.file} at {capture.warc.offset}",
                todo="Rebuild the catalogue: archiver reindex.",
            )
        return record

    def _original(self, capture: Capture, record: StoredRecord) -> Capture:
        """The response that a revisit (WARC 1.1, section 6.7) stands for."""
        url = record.header("WARC-Refers-To-Target-URI") or capture.url
        date = parse_warc_date(record.header("WARC-Refers-To-Date") or "")
        original = self.catalogue.original_of(url, date, capture.warc.payload_digest)
        if original is None:
            raise WarcError(
                f"a revisit of {url} at {date and stamp(date)}, which is not in the archive",
                thing=f"{capture.warc.file} at {capture.warc.offset}",
                todo="See what else is missing: archiver check.",
            )
        return original


def _bare(record_id: str | None) -> str:
    return (record_id or "").strip("<>").lower()


def _second(digits: str) -> datetime | None:
    """The second that a timestamp names, if it names one."""
    return moment(digits) if len(digits) == _DIGITS else None
