"""A store in a folder: another disk, a mounted share, a second archive."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archiver.errors import ArchiverError, StorageError, disk_error
from archiver.store.blobs import Blob, Uploaded, check_key
from archiver.warc.names import make_folder, sync_folder

_CHUNK = 1 << 20
PART = ".part"  # ends the name of what is being written, which is no file of the store


class DiskBlobs:
    """Files below one folder; each is written under another name, made durable, then renamed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def url(self) -> str:
        """`file:///folder`."""
        return f"file://{self._root}"

    def put(self, key: str, body: bytes, *, absent: bool = False) -> Blob:
        """Keep a small file; see `Blobs`."""
        path = self._path(key)
        with self._writing(path) as (temporary, fd):
            _write(fd, body)
            os.fsync(fd)
            if absent:
                self._link(temporary, path, key)
            else:
                temporary.replace(path)
            sync_folder(path.parent)
        return self._blob(key, path)

    def replace(self, key: str, body: bytes) -> datetime | None:
        """Write over it."""
        self.put(key, body)
        return None

    def upload(self, key: str, path: Path, *, sha256: str) -> Uploaded:
        """Copy a local file, and read the copy back."""
        target = self._path(key)
        if not target.exists():
            with self._writing(target) as (temporary, fd):
                if _copy(path, fd) != sha256:
                    raise StorageError(
                        f"has not the SHA-256 {sha256} any more",
                        reason="damaged",
                        thing=str(path),
                        todo="See what is wrong with it: archiver check.",
                    )
                os.fsync(fd)
                with suppress(StorageError):  # somebody was faster: it is looked at below
                    self._link(temporary, target, key)
                sync_folder(target.parent)
        found = _sha256(target)
        if found != sha256:
            raise StorageError(
                f"another file stands there, of SHA-256 {found}",
                reason="exists",
                thing=f"{self.url}/{key}",
                todo="See what it is, and move one of the two away.",
            )
        return Uploaded(blob=self._blob(key, target), how="read-back")

    @property
    def at_once(self) -> int:
        """One: a disk is no faster with more."""
        return 1

    def stop(self) -> None:
        """Nothing runs in other threads."""

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Read a range; see `Blobs`."""
        with self._opened(key) as fd:
            found = bytearray()
            while len(found) < length:
                piece = os.pread(fd, length - len(found), offset + len(found))
                if not piece:
                    break
                found += piece
            return bytes(found)

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """Read to the end; see `Blobs`."""
        with self._opened(key) as fd:
            while piece := os.pread(fd, _CHUNK, offset):
                offset += len(piece)
                yield piece

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """List the files; memory grows with their number in one folder."""
        begin = prefix.rpartition("/")[0]
        for path in self._walk(self._root / begin if begin else self._root):
            key = path.relative_to(self._root).as_posix()
            if key.startswith(prefix):
                with suppress(FileNotFoundError):  # gone since
                    yield self._blob(key, path)

    def head(self, key: str) -> Blob | None:
        """Look what is there; `sha256` is not kept."""
        try:
            return self._blob(key, self._path(key))
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        """Remove a file."""
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
            if path.parent.is_dir():
                sync_folder(path.parent)
        except OSError as error:
            raise _fault("delete the file", path, error) from error

    def tidy(self, *, older_than: timedelta, but: Collection[str]) -> Sequence[str]:
        """Remove what a crash left half written."""
        ended = []
        for path in self._root.rglob(f".*{PART}") if self._root.is_dir() else ():
            key = path.relative_to(self._root).as_posix()
            with suppress(FileNotFoundError):  # finished since
                changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                if changed < datetime.now(UTC) - older_than:
                    path.unlink()
                    ended.append(key)
        return ended

    def _walk(self, folder: Path) -> Iterator[Path]:
        try:
            inside = sorted(os.scandir(folder), key=lambda entry: _place(entry))
        except FileNotFoundError:
            return
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(Path(entry.path))
            elif not entry.name.endswith(PART):
                yield Path(entry.path)

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _blob(self, key: str, path: Path) -> Blob:
        facts = path.stat()
        changed = datetime.fromtimestamp(facts.st_mtime, UTC)
        return Blob(key=key, size=facts.st_size, modified=changed)

    def _link(self, temporary: Path, path: Path, key: str) -> None:
        try:
            path.hardlink_to(temporary)  # which, unlike renaming, never replaces
        except FileExistsError:
            raise StorageError(
                "there is such a file already", reason="exists", thing=f"{self.url}/{key}"
            ) from None

    @contextmanager
    def _writing(self, path: Path) -> Iterator[tuple[Path, int]]:
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{PART}")
        try:
            make_folder(path.parent)
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            try:
                yield temporary, fd
            finally:
                os.close(fd)
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise _fault("write the file", path, error) from error

    @contextmanager
    def _opened(self, key: str) -> Iterator[int]:
        path = self._path(key)
        try:
            fd = os.open(path, os.O_RDONLY)
            try:
                yield fd
            finally:
                os.close(fd)
        except FileNotFoundError as error:
            if not self._root.is_dir():
                raise StorageError(
                    "the store's folder is not there",
                    reason="unreachable",
                    thing=str(self._root),
                    todo="See that its disk is mounted; nothing is lost by that.",
                ) from error
            raise StorageError("there is no such file", reason="gone", thing=str(path)) from error
        except OSError as error:
            raise _fault("read the file", path, error) from error


def _place(entry: os.DirEntry[str]) -> str:
    """By which keys come sorted: a folder's name goes on with a slash."""
    return f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name


def _fault(what: str, path: Path, error: OSError) -> ArchiverError:
    """The store's disk is not the archive's: full or broken, it holds up no crawl."""
    told = disk_error(what, path, error)
    return StorageError(told.what, reason="unreachable", thing=told.thing, todo=told.todo)


def _write(fd: int, body: bytes | memoryview) -> None:
    rest = memoryview(body)
    while rest:
        rest = rest[os.write(fd, rest) :]


def _copy(path: Path, out: int) -> str:
    """Copy a file to an open one; its SHA-256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as source:
        while piece := source.read(_CHUNK):
            digest.update(piece)
            _write(out, piece)
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        # What was just written is to come from the disk, not from memory, where that can be had.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
