"""A snapshot of a catalogue in SQLite, taken while others write: checked, then packed."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import ArchiverError, CatalogueError, DiskFullError, NoArchiveError
from archiver.store.engine import BUSY_SECONDS, database_error
from archiver.warc.compress import compress_pieces

CHUNK = 1 << 20
_PAGES = 4096  # in one step of a snapshot, between which signals are heard: 16 MB


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A packed snapshot in a local file.

    `size` of the catalogue, `packed` of the file, in bytes; `revision` of its tables;
    `redactions`: a copy of the account of what was taken down, where there is one.
    """

    path: Path
    sha256: str
    size: int
    packed: int
    revision: str
    redactions: Path | None


def snapshot(
    catalogue: Path, folder: Path, *, redactions: Path, step: Callable[[], None] = lambda: None
) -> Snapshot:
    """Make a packed snapshot of a catalogue in `folder`, checked; memory is flat.

    Takes the catalogue's size and that of the packed file on the disk meanwhile. `redactions`: the
    account of what was taken down, which is taken along where there is one; `step` is called
    after each step of the copy.

    Raises:
        NoArchiveError: there is no catalogue.
        CatalogueError: it is damaged, or cannot be read.
        DiskFullError: there is no room.
    """
    if not catalogue.is_file():
        raise NoArchiveError("no catalogue here", thing=str(catalogue), todo="See storage.url.")
    _check_room(catalogue, folder)
    copy = folder / "catalogue.sqlite"
    _copy_pages(catalogue, copy, step)
    revision = check_file(copy, thing=str(catalogue))
    # after the snapshot: what was taken down before it must not be missing in the account
    account = _copy_lines(redactions, folder / "redactions.jsonl")
    packed = folder / "catalogue.sqlite.gz"
    size, sha256 = copy.stat().st_size, _pack(copy, packed)
    copy.unlink()
    return Snapshot(
        path=packed,
        sha256=sha256,
        size=size,
        packed=packed.stat().st_size,
        revision=revision,
        redactions=account,
    )


def check_file(path: Path, *, thing: str) -> str:
    """See that a file nobody else uses is a whole catalogue; the revision of its tables.

    `thing`: what it is a copy of, for errors.

    Raises:
        CatalogueError: it is damaged, or none.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as found:
            found.execute("PRAGMA journal_mode=DELETE")  # so that all of it is in the one file
            faults = [row[0] for row in found.execute("PRAGMA quick_check(5)")]
            if faults != ["ok"]:
                # SQLite 3.40's quick check sees missing values where a table without row ids has
                # its key in another order than its columns; the slow one does not.
                faults = [row[0] for row in found.execute("PRAGMA integrity_check(5)")]
            has = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            row = (
                found.execute("SELECT version_num FROM alembic_version").fetchone()
                if faults == ["ok"] and found.execute(has).fetchone()
                else None
            )
    except sqlite3.DatabaseError as error:
        raise _damaged(thing, str(error)) from error
    if faults != ["ok"]:
        raise _damaged(thing, "; ".join(faults))
    if row is None:
        raise CatalogueError(
            "is no catalogue: its tables have no revision",
            thing=thing,
            todo="See whether archive.folder and archive.catalogue_url are right.",
        )
    return str(row[0])


def _check_room(catalogue: Path, folder: Path) -> None:
    log = catalogue.with_name(catalogue.name + "-wal")
    size = catalogue.stat().st_size + (log.stat().st_size if log.exists() else 0)
    free = shutil.disk_usage(folder).free
    if free < size * 3 // 2:  # the packed one is a third of it, or less
        raise DiskFullError(
            f"{free} bytes are free, and a backup of {size} bytes is made here first",
            thing=str(folder),
            todo="Free some space; the catalogue is as it was.",
        )


def _copy_pages(catalogue: Path, copy: Path, step: Callable[[], None]) -> None:
    """Copy one moment's pages while others write."""
    try:
        with (
            closing(
                sqlite3.connect(catalogue, timeout=BUSY_SECONDS, isolation_level=None)
            ) as found,
            closing(sqlite3.connect(copy, isolation_level=None)) as made,
        ):
            made.execute("PRAGMA journal_mode=OFF")
            made.execute("PRAGMA synchronous=OFF")
            # A copy in steps begins anew whenever somebody writes, and so would never end. Within a
            # transaction that reads, all steps see the one moment, and nobody waits for them.
            found.execute("BEGIN")
            found.execute("SELECT count(*) FROM sqlite_master").fetchone()
            found.backup(made, pages=_PAGES, progress=lambda *_: step())
            found.execute("COMMIT")
    except sqlite3.Error as error:
        told = database_error(error, None)
        raise type(told)(told.what, thing=str(catalogue), todo=told.todo) from error


def _copy_lines(source: Path, target: Path) -> Path | None:
    """Copy a file's whole lines; None where there is no such file."""
    try:
        data = source.read_bytes()
    except FileNotFoundError:
        return None
    target.write_bytes(data[: data.rfind(b"\n") + 1])
    return target


def _pack(source: Path, target: Path) -> str:
    """Compress a file; the SHA-256 of what comes of it."""
    digest = hashlib.sha256()
    with source.open("rb") as plain, target.open("wb") as packed:
        for piece in compress_pieces(iter(lambda: plain.read(CHUNK), b"")):
            digest.update(piece)
            packed.write(piece)
        packed.flush()
        os.fsync(packed.fileno())
    return digest.hexdigest()


def _damaged(thing: str, what: str) -> ArchiverError:
    return CatalogueError(
        f"is damaged: {' '.join(what.split())[:300]}",
        thing=thing,
        todo="Bring back one that is whole: archiver restore --list; then archiver reindex.",
    )
