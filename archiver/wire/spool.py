"""Bytes that are held in memory while they are few, in an unnamed file when they are many."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

from archiver.errors import ArchiverError, DiskFullError

SPILL_AT = 4 * 1024 * 1024  # bytes of a body that stay in memory
_PIECE = 1024 * 1024


class Spilled:
    """A byte string in an unnamed file, to be used as bytes are: len(), slices, bytes().

    Each slice is read anew, from any thread. The file goes with the last that refers to it.
    Reading raises ArchiverError where the disk fails.
    """

    __slots__ = ("_begin", "_end", "_file")

    def __init__(self, file: _File, begin: int, end: int) -> None:
        self._file = file
        self._begin = begin
        self._end = end

    def __len__(self) -> int:
        """Count its bytes."""
        return self._end - self._begin

    def __getitem__(self, part: slice) -> bytes:
        """Read a slice without a step."""
        start, stop, _ = part.indices(len(self))
        return self._file.read(self._begin + start, self._begin + stop)

    def __bytes__(self) -> bytes:
        """Read it whole, into memory."""
        return self[:]


Content = bytes | Spilled


def pieces(content: Content) -> Iterator[bytes]:
    """Give the content in pieces of 1 MiB; bytes, which are in memory anyway, in one."""
    if isinstance(content, bytes):
        yield content
        return
    for at in range(0, len(content), _PIECE):
        yield content[at : at + _PIECE]


class Spool:
    """A byte string that grows, and moves to an unnamed file past `limit` bytes (None: never).

    `window` is its part in memory, to which its owner appends; the window begins at `base`.
    The file is made in `folder`, by default where the system keeps temporary files.
    """

    def __init__(self, *, limit: int | None = None, folder: Path | None = None) -> None:
        self.window = bytearray()
        self.base = 0
        self._limit = limit
        self._folder = folder
        self._file: _File | None = None

    def __len__(self) -> int:
        """Count all bytes, in memory and in the file."""
        return self.base + len(self.window)

    def add(self, data: bytes) -> None:
        """Append, in memory or in the file."""
        self.spill(len(self.window))
        self.window += data

    def spill(self, count: int) -> int:
        """Move the window's first `count` bytes to the file, if it is over the limit.

        How many were moved: positions in the window shrink by so many.

        Raises:
            DiskFullError: the file could not be made or written.
        """
        if self._limit is None or len(self.window) <= self._limit:
            return 0
        self._move(count)
        return count

    def content(self, start: int = 0, end: int | None = None) -> Content:
        """Give the bytes from `start` to `end`: as bytes, if all of them are in memory.

        Raises:
            DiskFullError: as `spill`.
        """
        end = len(self) if end is None else min(end, len(self))
        if start >= self.base:
            with memoryview(self.window) as view:
                return bytes(view[start - self.base : end - self.base])
        return Spilled(self._move(len(self.window)), start, max(start, end))

    def _move(self, count: int) -> _File:
        """Write the window's first `count` bytes behind those that went before."""
        try:
            self._file = self._file or _File(self._folder)
            with memoryview(self.window) as view:
                self._file.write(view[:count], self.base)
        except OSError as error:
            raise DiskFullError(
                f"a large body cannot be held on disk ({error.strerror})",
                thing=str(self._folder or tempfile.gettempdir()),
                todo="Free some space there, or lower crawl.max_body.",
            ) from error
        del self.window[:count]
        self.base += count
        return self._file


class _File:
    """An unnamed file, which is closed, and so gone, with its last reference."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            self._fd = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._fd)

    def write(self, data: memoryview, at: int) -> None:
        while data:
            count = os.pwrite(self._fd, data, at)
            data, at = data[count:], at + count

    def read(self, start: int, end: int) -> bytes:
        found = []
        while start < end:
            try:
                data = os.pread(self._fd, end - start, start)
            except OSError as error:
                raise ArchiverError(f"a large body cannot be read again ({error})") from error
            if not data:
                raise ArchiverError("a large body cannot be read again (its file was cut)")
            found.append(data)
            start += len(data)
        return b"".join(found)
