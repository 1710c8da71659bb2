"""Bytes that are held in memory while they are few, in an unnamed file when they are many."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from archiver.errors import ArchiverError, DiskFullError

SPILL_AT = 4 * 1024 * 1024  # bytes of a body that stay in memory
_PIECE = 1024 * 1024


class Held(Protocol):
    """What a spilled byte string stands in: closed with the last that refers to it."""

    def read(self, start: int, end: int) -> bytes:
        """Read all bytes between two offsets; ArchiverError where that cannot be done."""
        ...


class HeldFile:
    """An open file, which is closed with the last that refers to it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        weakref.finalize(self, os.close, fd)

    def read(self, start: int, end: int) -> bytes:
        """Read all bytes between two offsets.

        Raises:
            ArchiverError: the disk fails, or the file is shorter.
        """
        found = []
        while start < end:
            try:
                data = os.pread(self.fd, end - start, start)
            except OSError as error:
                raise ArchiverError(f"a large body cannot be read again ({error})") from error
            if not data:
                raise ArchiverError("a large body cannot be read again (its file was cut)")
            found.append(data)
            start += len(data)
        return b"".join(found)


class Spilled:
    """A byte string in a file, to be used as bytes are: len(), slices, bytes().

    Each slice is read anew, from any thread. The file is held open while it is referred to.
    Reading raises ArchiverError where the disk fails.
    """

    __slots__ = ("_begin", "_end", "_file")

    def __init__(self, file: Held, begin: int, end: int) -> None:
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

    def portion(self, start: int, end: int) -> Spilled:
        """Give a part of it, in the same file."""
        return Spilled(self._file, self._begin + start, self._begin + max(start, end))


class Streamed:
    """A byte string that is made again whenever it is read, to be used as bytes are.

    `begin` gives its pieces, `length` bytes in all. A slice costs a pass over what stands before
    it: who reads all of it goes by `pieces`.
    """

    __slots__ = ("_length", "begin")

    def __init__(self, begin: Callable[[], Iterable[bytes]], length: int) -> None:
        self.begin = begin
        self._length = length

    def __len__(self) -> int:
        """Count its bytes."""
        return self._length

    def __getitem__(self, part: slice) -> bytes:
        """Make a slice without a step."""
        start, stop, _ = part.indices(self._length)
        return b"".join(_between(self.begin(), start, stop))

    def __bytes__(self) -> bytes:
        """Make it whole, in memory."""
        return b"".join(self.begin())


Content = bytes | Spilled | Streamed


def pieces(content: Content) -> Iterator[bytes]:
    """Give the content in pieces of some MiB at most; bytes, which are in memory, in one."""
    if isinstance(content, bytes):
        yield content
    elif isinstance(content, Streamed):
        yield from content.begin()
    else:
        for at in range(0, len(content), _PIECE):
            yield content[at : at + _PIECE]


def portion(content: Content, start: int, end: int | None = None) -> Content:
    """Give what stands from `start` to `end`; only what is bytes already becomes bytes."""
    start, end, _ = slice(start, end).indices(len(content))
    if isinstance(content, bytes):
        return content[start:end]
    if isinstance(content, Spilled):
        return content.portion(start, end)
    return Streamed(lambda: _between(content.begin(), start, end), max(0, end - start))


def _between(made: Iterable[bytes], start: int, end: int) -> Iterator[bytes]:
    at = 0
    for piece in made:
        if at >= end:
            return
        if at + len(piece) > start:
            yield piece[max(0, start - at) : end - at]
        at += len(piece)


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
        self._move(len(self.window))
        if self._file is None:
            raise ArchiverError("these bytes were let go")
        return Spilled(self._file, start, max(start, end))

    def _move(self, count: int) -> None:
        """Write the window's first `count` bytes behind those that went before."""
        try:
            self._file = self._file or _File(self._folder)
            with memoryview(self.window) as view:
                self._file.write(view[:count], self.base)
        except OSError as error:
            raise DiskFullError(
                f"what is too large for memory cannot be held on disk ({error.strerror})",
                thing=str(self._folder or tempfile.gettempdir()),
                todo="Free some space there; in a crawl, crawl.max_body bounds what is held.",
            ) from error
        del self.window[:count]
        self.base += count


class _File(HeldFile):
    """An unnamed file, which is gone when it is closed."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            super().__init__(os.dup(file.fileno()))

    def write(self, data: memoryview, at: int) -> None:
        while data:
            count = os.pwrite(self.fd, data, at)
            data, at = data[count:], at + count
