"""A catalogue brought back from a backup: whole in its place, or not at all."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from isal import isal_zlib

from archiver.errors import (
    ArchiverError,
    CatalogueError,
    LockedError,
    NoArchiveError,
    StorageError,
    UsageError,
    disk_error,
)
from archiver.store import tombstones
from archiver.store.backup import DIGEST, PACKED, REDACTIONS, Kept, backups_in
from archiver.store.blobs import Blobs
from archiver.store.catalogue import Catalogue
from archiver.store.snapshot import CHUNK, check_file
from archiver.warc.names import beside, make_folder, sync_folder

_RESTORING = ".restoring"
_ASIDE = ".replaced-"
_SIDES = ("-wal", "-shm", "-journal")  # of SQLite, beside a database
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What was brought back: `key` of the backup; `revision` of the tables as they came.

    `verified`: whether a SHA-256 was there to compare with; `aside`: where the catalogue is now
    that stood there before; `redactions`: whether the account of what was taken down was mended.
    """

    key: str
    size: int
    revision: str
    verified: bool
    aside: Path | None
    redactions: bool


def choose(blobs: Blobs, *, at: str | None, host: str) -> Kept:
    """The newest backup in a store whose stamp begins with `at`, this host's before others'.

    Raises:
        NoArchiveError: there is none.
        UsageError: there are several hosts', and none of this one.
        StorageError: the store cannot be asked.
    """
    found = [kept for kept in backups_in(blobs) if at is None or kept.stamp.startswith(at)]
    if not found:
        raise NoArchiveError(
            "no backup here" if at is None else f"no backup whose stamp begins with {at}",
            thing=blobs.url,
            todo="See what there is: archiver restore --list.",
        )
    own = [kept for kept in found if kept.host == host]
    hosts = sorted({kept.host for kept in found})
    if not own and len(hosts) > 1:
        raise UsageError(
            f"backups of {', '.join(hosts)}, and none of this host ({host})",
            thing=blobs.url,
            todo="Name one as --from URL of its file; archiver restore --list shows them.",
        )
    return (own or found)[-1]


def restore(
    blobs: Blobs, key: str, *, catalogue: Path, redactions: Path, stamp: str, force: bool
) -> Restored:
    """Bring a backup back as the catalogue; nobody may have that open, nor open it meanwhile.

    Wherever this is broken off, the old catalogue or the new one stands in its place, whole.
    `stamp` ends the name of what is set aside.

    Raises:
        CatalogueError: a catalogue stands there and `force` is false, or the backup is none, is
            damaged, or is of a newer version of the program.
        LockedError: another process has the catalogue open.
        StorageError: "gone" where there is no such backup, "damaged" where its SHA-256 is wrong.
        DiskFullError, WarcError: it cannot be written here.
    """
    if catalogue.exists() and not force:
        raise _stands(catalogue)
    coming = beside(catalogue, _RESTORING)
    with _mending(catalogue), _clean(coming):
        make_folder(catalogue.parent)
        verified = _fetch(blobs, key, coming)
        thing = f"{blobs.url}/{key}"
        revision = check_file(coming, thing=thing)
        mended = mend_account(redactions, blobs, key)
        with Catalogue.open(f"sqlite:///{coming}") as opened:  # which refuses newer versions'
            tombstones.reconcile(redactions, opened)  # what was taken down since stays so
        check_file(coming, thing=thing)  # and takes what opening it left beside it into the file
        _sync(coming)
        size = coming.stat().st_size
        aside = _put_in_place(coming, catalogue, stamp)
    return Restored(
        key=key,
        size=size,
        revision=revision,
        verified=verified,
        aside=aside,
        redactions=mended,
    )


def mend_account(path: Path, blobs: Blobs, key: str) -> bool:
    """See that the archive's account of what was taken down has all that a backup's has.

    Whether it lacked something.

    Raises:
        CatalogueError: a line of one of them cannot be read.
        StorageError: the backup's cannot be had.
        DiskFullError, WarcError: the archive's cannot be written.
    """
    account = key.removesuffix(PACKED) + REDACTIONS
    if blobs.head(account) is None:
        return False
    coming = beside(path, _RESTORING)
    with _clean(coming):
        with coming.open("wb") as file:
            file.writelines(blobs.stream(account))
        kept = tombstones.known_events(tombstones.read(coming))
    known = tombstones.known_events(tombstones.read(path))
    lacking = [event for what, event in kept.items() if what not in known]
    if lacking:
        tombstones.append(path, lacking)
    return bool(lacking)


def _fetch(blobs: Blobs, key: str, target: Path) -> bool:
    """Bring a backup's bytes here, unpacked; whether there was a SHA-256 to compare them with."""
    thing = f"{blobs.url}/{key}"
    said = _said_digest(blobs, key)
    digest = hashlib.sha256()

    def packed() -> Iterator[bytes]:
        for piece in blobs.stream(key):
            digest.update(piece)
            yield piece

    with target.open("wb") as file:
        for piece in _unpacked(packed(), thing):
            file.write(piece)
    if said is not None and said != digest.hexdigest():
        raise StorageError(
            f"has the SHA-256 {digest.hexdigest()}, not {said}",
            reason="damaged",
            thing=thing,
            todo="Take another one: archiver restore --list.",
        )
    return said is not None


def _said_digest(blobs: Blobs, key: str) -> str | None:
    if blobs.head(key + DIGEST) is not None:
        words = blobs.read(key + DIGEST, 0, 1000).decode("ascii", "replace").split()
        return words[0].lower() if words else ""
    found = blobs.head(key)
    return found.sha256 if found else None


def _unpacked(pieces: Iterator[bytes], thing: str) -> Iterator[bytes]:
    """What gzip holds, in small pieces; what is no gzip comes as it is."""
    first = b""
    while len(first) < len(_GZIP) and (more := next(pieces, None)) is not None:
        first += more
    if not first.startswith(_GZIP):
        yield first
        yield from pieces
        return
    unpacker = isal_zlib.decompressobj(wbits=31)
    piece: bytes | None = first
    try:
        while piece is not None:
            while piece and not unpacker.eof:
                yield unpacker.decompress(piece, CHUNK)
                piece = unpacker.unconsumed_tail
            piece = next(pieces, None)
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub says instance
        raise _no_gzip(thing, str(error)) from error
    yield unpacker.flush()
    if not unpacker.eof or unpacker.unused_data:
        raise _no_gzip(thing, "it does not end where it should")


def _no_gzip(thing: str, what: str) -> StorageError:
    todo = "Take another one: archiver restore --list."
    return StorageError(f"cannot be unpacked: {what}", reason="damaged", thing=thing, todo=todo)


@contextmanager
def _clean(coming: Path) -> Iterator[None]:
    """Nothing half done stays, of this attempt nor of one that was killed."""

    def remove() -> None:
        for path in (coming, *(beside(coming, side) for side in _SIDES)):
            path.unlink(missing_ok=True)

    remove()
    try:
        yield
    finally:
        with suppress(OSError):  # the next attempt does it
            remove()


@contextmanager
def _mending(catalogue: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_error("restore the catalogue", catalogue, error) from error


def _put_in_place(coming: Path, catalogue: Path, stamp: str) -> Path | None:
    """Have the new catalogue stand there; where the old one is now, if there was one."""
    set_aside = beside(catalogue, f"{_ASIDE}{stamp}")
    if not catalogue.exists():
        _sides_away(catalogue, set_aside)
        try:
            catalogue.hardlink_to(coming)  # which, unlike renaming, never replaces
        except FileExistsError:
            raise _stands(catalogue) from None
        sync_folder(catalogue.parent)
        return None
    with _alone(catalogue):
        _sides_away(catalogue, set_aside)
        set_aside.hardlink_to(catalogue)
        coming.replace(catalogue)
        sync_folder(catalogue.parent)
    return set_aside


def _sides_away(catalogue: Path, set_aside: Path) -> None:
    """Set aside what SQLite would take for the new catalogue's own log, and write into it."""
    for side in _SIDES:
        if (path := beside(catalogue, side)).exists():
            path.rename(beside(set_aside, side))
    sync_folder(catalogue.parent)


@contextmanager
def _alone(catalogue: Path) -> Iterator[None]:
    """Have the old catalogue alone, all of it in its one file; one too damaged is left as it is.

    Raises:
        LockedError: somebody has it open.
    """
    with closing(sqlite3.connect(catalogue, timeout=0.0, isolation_level=None)) as old:
        try:
            # Takes the log into the file, and is refused while anybody else has that open.
            old.execute("PRAGMA journal_mode=DELETE")
            old.execute("BEGIN EXCLUSIVE")
            mode = old.execute("PRAGMA journal_mode").fetchone()[0]
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise _open_elsewhere(catalogue) from error
        else:
            if mode != "delete":  # somebody opened it in between
                raise _open_elsewhere(catalogue)
        yield


def _open_elsewhere(catalogue: Path) -> LockedError:
    return LockedError(
        "another process has the catalogue open",
        thing=str(catalogue),
        todo="Stop what runs on this archive (archiver replay too), and try again.",
    )


def _stands(catalogue: Path) -> ArchiverError:
    return CatalogueError(
        "a catalogue stands there already",
        thing=str(catalogue),
        todo="Say --force to set it aside, under a name of its own, and bring the backup back.",
    )


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
