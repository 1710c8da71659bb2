"""Backups of a catalogue in SQLite, kept in a store: their names, and which of them go.

What is kept of one moment are files whose names begin alike: the packed catalogue, the account of
what was taken down, and the catalogue's SHA-256 as sha256sum(1) writes it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archiver.errors import CatalogueError, StorageError, disk_error
from archiver.store.blobs import Blob, Blobs, Uploaded
from archiver.store.engine import catalogue_url
from archiver.store.snapshot import Snapshot

FOLDER = "catalogue/"  # what the keys of backups in a store begin with
PACKED = ".sqlite.gz"
REDACTIONS = ".redactions.jsonl"
DIGEST = ".sha256"
_KEY = re.compile(r"(?P<stamp>[0-9]{17})-(?P<host>[A-Za-z0-9_.-]+)\.sqlite\.gz", re.ASCII)
_SIDES = (REDACTIONS, PACKED + DIGEST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One backup in a store: whose (`host`) and of which moment (`stamp`: 17 digits, UTC)."""

    key: str
    stamp: str
    at: datetime
    host: str
    size: int

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return self.key.removesuffix(PACKED)


def sqlite_file(url: str) -> Path:
    """The file of a catalogue's URL.

    Raises:
        CatalogueError: it is in PostgreSQL, which has tools of its own.
    """
    address = catalogue_url(url)
    if address.get_backend_name() != "sqlite":
        raise CatalogueError(
            "a catalogue in PostgreSQL is not backed up nor restored by this command",
            thing=address.render_as_string(),
            todo="Use pg_dump --format=custom and pg_restore; see docs/guides/operations.md.",
        )
    return Path(address.database or "")


def own_host() -> str:
    """This machine's name, as it stands in names of backups."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", socket.gethostname()).strip("-.") or "x"


def new_stem(at: datetime, host: str) -> str:
    """What the names of a backup's files begin with."""
    moment = at.astimezone(UTC)
    return f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03}-{host}"


def backups_in(blobs: Blobs) -> list[Kept]:
    """The backups in a store, oldest first.

    Raises:
        StorageError: it cannot be asked.
    """
    found = (_kept(blob) for blob in blobs.list(FOLDER))
    return sorted(filter(None, found), key=lambda kept: (kept.stamp, kept.host))


def _kept(blob: Blob) -> Kept | None:
    match = _KEY.fullmatch(blob.key.removeprefix(FOLDER))
    if match is None:
        return None
    try:
        at = datetime.strptime(match["stamp"] + "000+0000", "%Y%m%d%H%M%S%f%z")
    except ValueError:  # digits that are no moment
        return None
    return Kept(key=blob.key, stamp=match["stamp"], at=at, host=match["host"], size=blob.size)


@contextmanager
def work_folder(archive: Path) -> Iterator[Path]:
    """An empty folder in the archive's, for one backup at a time; what a crash left in it goes."""
    folder = archive / ".backup"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:
        raise disk_error("make a backup", folder, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(blobs: Blobs, stem: str, made: Snapshot) -> Uploaded:
    """Bring a snapshot to a store, its SHA-256 last; `stem` is what its keys begin with.

    Raises:
        StorageError: see `Blobs.upload`.
    """
    if made.redactions is not None:
        blobs.upload(stem + REDACTIONS, made.redactions, sha256=sha256_of(made.redactions))
    uploaded = blobs.upload(stem + PACKED, made.path, sha256=made.sha256)
    name = stem.rpartition("/")[2] + PACKED
    blobs.put(stem + PACKED + DIGEST, f"{made.sha256}  {name}\n".encode())
    return uploaded


def remove_old(blobs: Blobs, *, but: str, host: str, most: int) -> tuple[list[str], list[str]]:
    """Remove backups of this host beyond the newest `most`; their keys, and those that stay.

    The store may refuse to remove one: it is locked, or the credentials do not allow it.

    Those of other hosts are theirs: another archive may keep its own in this store. The one whose
    key is `but`, which was just made, stays whatever a clock says.

    Raises:
        StorageError: the store cannot be asked.
    """
    own = [kept for kept in backups_in(blobs) if kept.host == host and kept.key != but]
    removed, left = [], []
    for kept in own[: max(0, len(own) - (most - 1))]:
        try:
            blobs.delete(kept.key)  # before what stands beside it: it is of use without that
        except StorageError as error:
            if error.reason != "refused":
                raise
            left.append(kept.key)
            continue
        removed.append(kept.key)
        _remove_beside(blobs, kept.stem)
    return removed, left


def _remove_beside(blobs: Blobs, stem: str) -> None:
    for side in _SIDES:
        try:
            blobs.delete(stem + side)
        except StorageError as error:
            if error.reason != "refused":
                raise


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
