"""Rows on their way to the catalogue: in batches, a moment after their records are durable.

A transaction costs as much as many rows. Until a row is written, recovery would find its record:
the file that it stands in is not told closed before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from threading import Lock

from archiver.model import Capture
from archiver.store.catalogue import Catalogue

_ROWS = 200  # captures that wait at most
_LATE = 0.5  # seconds that one waits at most: a page can be replayed within a second


class LateRows:
    """The captures that are durable and not in the catalogue yet.

    `lost`: why the catalogue may lack one of them, once it may. Whoever looks for that one then
    meets another error, and maybe earlier than whoever is told of this one.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.lost: Exception | None = None
        self._catalogue = catalogue
        self._rows: list[Capture] = []
        self._due = False  # a timer runs
        self._writing = Lock()
        self._failed: Exception | None = None  # why what was due could not be written

    def add(self, rows: Sequence[Capture]) -> None:
        """Take some; in the event loop.

        Raises:
            DiskFullError, CatalogueError: as `write`.
        """
        self._rows += rows
        if self._failed or len(self._rows) >= _ROWS:
            self.write()
        elif rows and not self._due:
            self._due = True
            asyncio.get_running_loop().call_later(_LATE, self._write_due)

    def write(self) -> None:
        """Write what waits, for who looks into the catalogue now; from any thread.

        Raises:
            DiskFullError, CatalogueError: it could not be written, now or when it was due.
        """
        with self._writing:
            rows, self._rows = self._rows, []
            failed, self._failed = self._failed, None
            try:
                if failed:
                    raise failed
                self._catalogue.add_captures(rows)
            except Exception as error:
                self.lost = self.lost or error
                raise

    def _write_due(self) -> None:
        self._due = False
        try:
            self.write()
        except Exception as error:  # noqa: BLE001 - for who adds the next ones, or ends, to hear of
            self._failed = error

    def response_of(self, url: str, digest: str) -> Capture | None:
        """A whole response with this payload digest, of this URL if there is one of it."""
        found = [
            row
            for row in self._rows
            if row.warc.payload_digest == digest
            and (row.status, row.record_type, row.truncated) == (200, "response", None)
        ]
        return next((row for row in found if row.url == url), found[0] if found else None)
