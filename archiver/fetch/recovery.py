"""What a crash left behind, made whole: files by `archiver.warc.recover`, rows from them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from archiver.fetch.index import Row, Rows, rows_of_file
from archiver.fetch.settling import settle
from archiver.fetch.shown import shown_lines, veil_sidecar
from archiver.model import Discovery, utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.machines import not_elsewhere
from archiver.warc.cdxj import file_lines, read_sidecar, write_sidecar
from archiver.warc.names import OPEN, beside
from archiver.warc.reader import StoredRecord
from archiver.warc.recover import Recovered, recover

logger = logging.getLogger(__name__)

_BATCH = 500  # rows a transaction


def finish_left_files(folder: Path, catalogue: Catalogue) -> list[Recovered]:
    """Finish every WARC that a crash left open, and index what the catalogue lacks of it.

    Also of those that were finished, but not in the catalogue: the crash came between their
    last rename and its row. Rows that are there already change nothing. Costs one pass over
    the files left behind; nothing where there is none.

    Raises:
        DiskFullError, WarcError: a file could not be finished; it stays as it is.
    """
    settle(folder, catalogue)
    rows = _Added(catalogue)
    found = recover(folder, visit=rows.take) if folder.is_dir() else []
    rows.finish()
    veil = catalogue.veil()
    for left in found:
        if veil and left.size:
            veil_sidecar(folder / left.file, veil)
        logger.warning(
            "%s was left open by a crash: finished with %d bytes, %d torn bytes set aside",
            left.file,
            left.size,
            left.torn,
        )
        # One of no bytes held no exchange, and is not missed.
        _close_file(catalogue, left.file, left.size, left.sha256 or None)
    for known in not_elsewhere(catalogue.files(unclosed=True), folder, catalogue):
        path = folder / known.name
        if beside(path, OPEN).exists():  # asked first: when it goes, the other one comes
            continue
        if not path.exists():  # it was empty, and went without a word
            catalogue.close_unused_file(known.name, at=utcnow())
        else:
            logger.warning("%s was finished, but its rows were not: indexed anew", known.name)
            if read_sidecar(path) is None:  # a loss of power may keep one name and not the other
                write_sidecar(path, shown_lines(file_lines(path), veil))
            add_rows(catalogue, rows_of_file(path))
            _close_file(catalogue, path.name, *size_and_sha256(path))
    return found


class _Added:
    """Records made into rows, which are added to a catalogue in batches."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._rows = Rows()
        self._batch: list[Row] = []

    def take(self, record: StoredRecord) -> None:
        """Take the next record of a file."""
        self._batch += self._rows.take(record)
        if len(self._batch) >= _BATCH:
            self._add()

    def finish(self) -> None:
        """Add what is left."""
        self._batch += self._rows.rest()
        self._add()

    def _add(self) -> None:
        add_rows(self._catalogue, self._batch)
        self._batch = []


def _close_file(catalogue: Catalogue, name: str, size: int, sha256: str | None) -> None:
    labelled = f"sha256:{sha256}" if sha256 else None
    catalogue.close_file(name, at=utcnow(), size=size, sha256=labelled)


def add_rows(catalogue: Catalogue, rows: Iterable[Row]) -> tuple[int, int]:
    """Add what the catalogue lacks; how many captures, and mentions that led to them."""
    captures = discoveries = 0
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        captures += catalogue.add_captures([row.capture for row in batch])
        told: dict[int | None, list[Discovery]] = {}
        for row in batch:
            if row.discovery is not None:
                told.setdefault(row.found_in_run, []).append(row.discovery)
        for run_id, mentions in told.items():
            discoveries += catalogue.add_discoveries(run_id, mentions)
    return captures, discoveries


def size_and_sha256(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.hexdigest()
