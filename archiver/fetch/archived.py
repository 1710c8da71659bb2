"""What an archive answers to a request: the newest capture of its URL up to a moment.

An archive is a working folder, whose catalogue is the index, or WARC files of any maker, which are
indexed for the time being. Nothing is written to either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urljoin

from archiver.errors import WarcError
from archiver.fetch.index import original_of
from archiver.fetch.rendered import rendered_page
from archiver.model import Capture, Outlet, WarcRef
from archiver.store.catalogue import Catalogue
from archiver.store.spans import IndexRow, Span
from archiver.urls import canonical_url, host_of, urlkey
from archiver.warc.reader import StoredRecord
from archiver.warc.source import ByteSource
from archiver.wire.spool import Content

_RENDERED_CAP = 64 * 1024 * 1024  # bytes
_PAGE = 1000  # rows of an index that are read at once


class Reads(Protocol):
    """Reads records by where a catalogue says they stand."""

    def open(self, name: str) -> ByteSource:
        """Open a file.

        Raises:
            WarcError, StorageError: as `read`.
        """

    def read(self, ref: WarcRef) -> StoredRecord:
        """Read one.

        Raises:
            WarcError: no intact record begins there.
            StorageError: its store does not give it.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An archived answer; `payload` without transfer coding, content coding kept.

    A revisit has its own head and the payload of the response that it stands for.
    """

    capture: Capture
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    payload: Content


class Archived:
    """An archive that answers requests; threads may share it.

    Args:
        catalogue: its index; closed with this.
        records: reads what the index names.
        until: the moment up to which captures count; None: all do.
        good_first: whether one with status 200 goes before a newer one without.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        records: Reads,
        *,
        until: datetime | None = None,
        good_first: bool = False,
    ) -> None:
        self.catalogue = catalogue
        self._records = records
        self._until = until
        self._good_first = good_first

    def find(self, url: str) -> Capture | None:
        """The capture that answers for a URL; None where there is none, or it is redacted.

        One of the URL as it is written goes before one of another way to write it (http for
        https, with or without `www.`); an answer that was for good before one of a server's
        trouble; then the newest.
        """
        try:
            canonical = canonical_url(url)
        except ValueError:
            return None
        for usable, exactly, final in _GOOD_FIRST if self._good_first else _WAYS:
            found = self.catalogue.newest(
                canonical, usable, until=self._until, exactly=exactly, final=final
            )
            if found is not None:
                return found
        return None

    def is_redacted(self, url: str) -> bool:
        """Whether a URL is one that is not to be shown."""
        try:
            return self.catalogue.withheld(canonical_url(url)) is not None
        except ValueError:
            return False

    def load(self, capture: Capture) -> Answered:
        """Read the answer of a capture.

        Raises:
            WarcError, WireError: it cannot be read, or what it repeats is not in the archive.
            StorageError: its store does not give it.
        """
        record = self._records.read(capture.warc)
        answer = record.http()
        payload = answer.payload
        if record.type == "revisit":
            original = original_of(self.catalogue, record)
            if original is None:
                raise WarcError(
                    "repeats an answer that is not in the archive",
                    thing=f"{capture.warc.file} at {capture.warc.offset}",
                )
            payload = self._records.read(original.warc).http().payload
        return Answered(
            capture=capture, status=answer.status, headers=answer.headers, payload=payload
        )

    def rendered(self, capture: Capture) -> bytes | None:
        """What a browser made of a captured page, where that was kept.

        Raises:
            WarcError, StorageError: it cannot be read.
        """
        with self._records.open(capture.warc.file) as source:
            return rendered_page(source, capture.warc, cap=_RENDERED_CAP)

    def pages(self, outlet: Outlet) -> Iterator[str]:
        """URLs of all HTML pages of an outlet's hosts and those below them, each once."""
        hosts = (host_of(outlet.homepage), *outlet.hosts)
        seen: set[str] = set()
        for key in sorted({urlkey(f"http://{host}/") for host in hosts}):
            # At the usual ports and all below, then at other ports.
            for span in (Span.domain(key), Span.prefix(f"{key.partition(')')[0]}:")):
                for row in self._rows(span):
                    is_page = row.status == 200 and "html" in (row.mime or "html")
                    if is_page and row.url not in seen:
                        seen.add(row.url)
                        yield row.url

    def _rows(self, span: Span) -> Iterator[IndexRow]:
        start = None
        while True:
            page = self.catalogue.index_page(span, until=self._until, start=start, limit=_PAGE)
            yield from page.rows
            if page.after is None:
                return
            start = page.after

    def close(self) -> None:
        """Close the index."""
        self.catalogue.close()


def _is_usable(row: IndexRow) -> bool:
    return True


def _is_elsewhere(row: IndexRow) -> bool:
    """Whether what is taken for another spelling's answer does not lead back to that spelling."""
    if row.redirect_to is None or row.status is None or row.status // 100 != 3:
        return True
    try:
        return urlkey(urljoin(row.url, row.redirect_to)) != row.urlkey
    except ValueError:
        return True


def _is_good(row: IndexRow) -> bool:
    return row.status == 200


# Which captures count, whether of the very URL alone, whether those for good alone.
_WAYS = (
    (_is_usable, True, True),
    (_is_elsewhere, False, True),
    (_is_usable, True, False),
    (_is_elsewhere, False, False),
)
_GOOD_FIRST = ((_is_good, True, True), (_is_good, False, True), *_WAYS)
