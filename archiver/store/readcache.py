"""Blocks of files in a store, kept on the disk for who reads them again; bounded in size."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

logger = logging.getLogger(__name__)

BLOCK = 64 * 1024  # bytes
_MAGIC = b"NAB1"
_HEAD = len(_MAGIC) + 4  # and a CRC-32
_PART = ".part"  # ends the name of what is being written
_FORGOTTEN = 3600.0  # seconds after which nobody writes on what a crash left
_FRESH = 60.0  # seconds for which a block that was used need not be told so again
_DOWN_TO = 0.9  # of the limit, once it is passed
_LOOKS = 32  # per limit's worth of new blocks: what others add is seen as often


class ReadCache:
    """Blocks by file and number, the least recently used removed first.

    Threads and processes may share the folder; each may add a 32nd of the limit before it looks
    what the others added. A block that is not whole is none. Where the folder cannot be used, it
    is done without, which is said once.

    Args:
        folder: made when the first block is kept.
        limit: bytes of all files in it; 0: nothing is kept.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._usable = limit >= BLOCK + _HEAD
        self._lock = Lock()
        self._size: int | None = None  # None: nobody has looked yet
        self._added = 0  # since then

    def get(self, file: str, number: int) -> bytes | None:
        """Give a block of a file; None where it is not kept, or not whole any more.

        `file` says all by which its content can differ: its URL, and its size.
        """
        if not self._usable:
            return None
        path = self._path(file, number)
        try:
            data = path.read_bytes()
            block = _checked(file, number, data)
            if block is None:
                path.unlink(missing_ok=True)
            elif path.stat().st_mtime < time.time() - _FRESH:
                os.utime(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._give_up(error)
            return None
        return block

    def put(self, file: str, number: int, block: bytes) -> None:
        """Keep a block; one that is there already is replaced."""
        if not self._usable:
            return
        path = self._path(file, number)
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_PART}")
        data = _MAGIC + _crc(file, number, block) + block
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(data)
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            self._count(len(data))
        except OSError as error:
            self._give_up(error)

    def _path(self, file: str, number: int) -> Path:
        name = hashlib.blake2b(file.encode(), digest_size=16).hexdigest()
        return self._folder / name[:2] / f"{name}-{number}"

    def _give_up(self, error: OSError) -> None:
        with self._lock:
            first, self._usable = self._usable, False
        if first:
            logger.warning(
                "%s cannot be used (%s): what is read from the store is not kept for the next time",
                self._folder,
                error.strerror,
            )

    def _count(self, added: int) -> None:
        with self._lock:
            self._added += added
            size = self._size
            full = size is not None and size + self._added > self._limit
            if size is None or full or self._added > self._limit // _LOOKS:
                self._trim()

    def _trim(self) -> None:
        """Look how much there is, and remove what was not used for longest, if it is too much."""
        with self._alone():
            found = sorted(self._files())
            size = sum(length for _, length, _ in found)
            if size > self._limit:
                for _, length, path in found:
                    if size <= self._limit * _DOWN_TO:
                        break
                    path.unlink(missing_ok=True)
                    size -= length
            self._size, self._added = size, 0

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """When each was used, its size, its path; what a crash left is removed."""
        forgotten = time.time() - _FORGOTTEN
        for folder in self._folder.iterdir():
            if not folder.is_dir():
                continue
            for path in folder.iterdir():
                with suppress(FileNotFoundError):  # somebody else has removed it
                    facts = path.stat()
                    if path.name.endswith(_PART) and facts.st_mtime < forgotten:
                        path.unlink()
                    else:
                        yield facts.st_mtime, facts.st_size, path

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time: two would remove twice as much."""
        fd = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _crc(file: str, number: int, block: bytes) -> bytes:
    """Of what it is a block of as well: one under a wrong name is none."""
    return zlib.crc32(block, zlib.crc32(f"{file} {number}".encode())).to_bytes(4, "big")


def _checked(file: str, number: int, data: bytes) -> bytes | None:
    block = data[_HEAD:]
    whole = data[:_HEAD] == _MAGIC + _crc(file, number, block)
    return block if whole and block else None
