"""Where the reader's bytes come from: a local file, or whatever else can be read at an offset."""

from __future__ import annotations

import hashlib
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from archiver.errors import ArchiverError
from archiver.warc.names import OPEN, open_warc

_STEP = 1 << 20


class ByteSource(ABC):
    """The bytes of one WARC, which may still grow, from any offset on.

    Is to be closed, and closes itself where it is used as a context manager.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The WARC's final name, which its records are given."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, for people: a path or a URL."""

    @abstractmethod
    def size(self) -> int:
        """Count its bytes, as many as there are now."""

    @abstractmethod
    def read_at(self, offset: int, count: int) -> bytes:
        """Read at most so many bytes from an offset on; none at the end, and only there.

        Raises:
            OSError, ArchiverError: they cannot be read now; says nothing of what they are.
        """

    @abstractmethod
    def hold(self) -> ByteSource:
        """Give another one of the same bytes, which stays open when this one is closed."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds open; again is no harm."""

    def __enter__(self) -> Self:
        """Use as a context manager."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


class FileSource(ByteSource):
    """A local file, under its final name or still being written.

    Args:
        fd: its descriptor, which is this object's own from then on.
        path: where it stands, for names alone.
    """

    def __init__(self, fd: int, path: Path) -> None:
        self._fd = fd
        self._path = path

    @classmethod
    def of(cls, path: Path) -> FileSource:
        """Open a WARC by its final or its `.open` path, whichever exists.

        Raises:
            WarcError: where there is none, or it cannot be opened.
        """
        return cls(open_warc(path), path)

    @property
    def name(self) -> str:
        """Its final name."""
        return self._path.name.removesuffix(OPEN)

    @property
    def place(self) -> str:
        """Its path."""
        return str(self._path)

    def size(self) -> int:
        """Count its bytes."""
        return os.fstat(self._fd).st_size

    def read_at(self, offset: int, count: int) -> bytes:
        """Read a part of it."""
        return os.pread(self._fd, count, offset)

    def hold(self) -> FileSource:
        """Give another descriptor of the same file."""
        return FileSource(os.dup(self._fd), self._path)

    def close(self) -> None:
        """Close the descriptor."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class Digested(ByteSource):
    """Another source, of whose bytes size and SHA-256 are found while they are read for once."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._digest = hashlib.sha256()
        self._done = 0  # bytes from the beginning on that the digest has

    @property
    def name(self) -> str:
        """The other's name."""
        return self._source.name

    @property
    def place(self) -> str:
        """The other's place."""
        return self._source.place

    def size(self) -> int:
        """Count the other's bytes."""
        return self._source.size()

    def read_at(self, offset: int, count: int) -> bytes:
        """Read a part of it."""
        data = self._source.read_at(offset, count)
        if offset <= self._done < offset + len(data):
            self._digest.update(memoryview(data)[self._done - offset :])
            self._done = offset + len(data)
        return data

    def hold(self) -> ByteSource:
        """Give another one of the same bytes, which digests nothing."""
        return self._source.hold()

    def close(self) -> None:
        """Close the other."""
        self._source.close()

    def size_and_sha256(self) -> tuple[int, str]:
        """Count the bytes that there were, and give their SHA-256 in hex; reads what is left."""
        while self.read_at(self._done, _STEP):
            pass
        return self._done, self._digest.hexdigest()


class HeldSource:
    """A source that is held open, and closed with the last that refers to it."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source.hold()
        weakref.finalize(self, self.source.close)

    def read(self, start: int, end: int) -> bytes:
        """Read all bytes between two offsets.

        Raises:
            ArchiverError: the disk fails, or there are fewer; or as the source says.
        """
        found = []
        while start < end:
            try:
                data = self.source.read_at(start, end - start)
            except OSError as error:
                raise ArchiverError(f"a large body cannot be read again ({error})") from error
            if not data:
                raise ArchiverError("a large body cannot be read again (its file was cut)")
            found.append(data)
            start += len(data)
        return b"".join(found)


def begin_of(source: ByteSource, count: int) -> bytes:
    """Read its first bytes, as many as asked for if there are so many."""
    begin = source.read_at(0, count)
    while begin and len(begin) < count and (more := source.read_at(len(begin), count - len(begin))):
        begin += more
    return begin


@contextmanager
def opened(warc: Path | ByteSource) -> Iterator[ByteSource]:
    """Give a source for a while: one that is given stays open, a path is opened and closed.

    Raises:
        WarcError: there is no such file, or it cannot be opened.
    """
    if isinstance(warc, ByteSource):
        yield warc
        return
    with FileSource.of(warc) as source:
        yield source
