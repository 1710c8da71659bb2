"""A WARC in a store, as a source of bytes: ranges of it, read ahead and kept."""

from __future__ import annotations

import errno
from threading import Lock

from archiver.errors import StorageError
from archiver.store.blobs import Blobs
from archiver.store.readcache import BLOCK, ReadCache
from archiver.warc.source import ByteSource

_FIRST = BLOCK  # bytes of a range where nothing says how much will be wanted
_GROWTH = 4  # each next range of a run is so much larger
_MOST = 8 * 1024 * 1024  # bytes of one range; two are held in memory
_RUN = 8 * 1024 * 1024  # bytes read one after the other, from which on nothing is kept


class BlobSource(ByteSource):
    """The bytes of one file of a store; threads may share it.

    Who reads on gets ever larger ranges. What little is read passes through the cache; a run over
    a whole file does not, which would leave nothing else in it.

    Args:
        blobs: the store.
        key: the file in it.
        size: its bytes, where that is known; otherwise the store is asked for it, once it matters.
        first: bytes that will be wanted first, where that is known, such as a record's length.
        whole: all of it will be read.
        cache: of parts that were read; None: without.
    """

    def __init__(
        self,
        blobs: Blobs,
        key: str,
        *,
        size: int | None = None,
        first: int | None = None,
        whole: bool = False,
        cache: ReadCache | None = None,
    ) -> None:
        self._blobs = blobs
        self._key = key
        self._size = size
        self._whole = whole
        self._cache = None if whole else cache
        self._first = first or _FIRST
        self._windows: list[tuple[int, bytes]] = []  # the last two that were read
        self._next = -1  # where the last one ended
        self._run = 0  # bytes read one after the other
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The last part of its key: files keep their own names."""
        return self._key.rpartition("/")[2]

    @property
    def place(self) -> str:
        """Its URL."""
        return f"{self._blobs.url}/{self._key}"

    def size(self) -> int:
        """Count its bytes.

        Raises:
            StorageError: "gone" where it is not there any more, and as the store says.
        """
        if self._size is None:
            found = self._blobs.head(self._key)
            if found is None:
                raise StorageError(
                    "there is no such file in the store",
                    reason="gone",
                    thing=self.place,
                    todo="See what else is missing: archiver check.",
                )
            self._size = found.size
        return self._size

    def read_at(self, offset: int, count: int) -> bytes:
        """Read a part of it.

        Raises:
            StorageError: as the store says.
        """
        if offset < 0:
            raise OSError(errno.EINVAL, "Invalid argument")
        if count <= 0 or (self._size is not None and offset >= self._size):
            return b""
        with self._lock:
            for begin, data in self._windows:
                if begin <= offset < begin + len(data):
                    return data[offset - begin : offset - begin + count]
            begin, data = self._read(offset)
            self._windows = [*self._windows[-1:], (begin, data)]
            return data[offset - begin : offset - begin + count]

    def hold(self) -> BlobSource:
        """Give another one, which reads for itself."""
        return BlobSource(
            self._blobs, self._key, size=self._size, whole=self._whole, cache=self._cache
        )

    def close(self) -> None:
        """Let go of what it has read."""
        self._windows = []

    def _read(self, offset: int) -> tuple[int, bytes]:
        """Read the range that begins at or before an offset; where it begins, and its bytes."""
        if offset == self._next:
            step = max(self._run * _GROWTH, _FIRST)
        else:
            self._run, step, self._first = 0, self._first, _FIRST
        step = _MOST if self._whole else min(step, _MOST)
        if self._cache is None or self._run >= _RUN:
            begin, data = offset, self._blobs.read(self._key, offset, step)
        else:
            begin, data = self._cached(self._cache, offset, step)
        self._next = begin + len(data)
        self._run += len(data)
        return begin, data

    def _cached(self, cache: ReadCache, offset: int, length: int) -> tuple[int, bytes]:
        """Give blocks from the one that an offset lies in on, kept ones or by one request."""
        size = self.size()
        file = f"{self.place} {size}"
        first, last = offset // BLOCK, min(offset + length, size) - 1
        kept: list[bytes] = []
        missing: list[int] = []
        for number in range(first, last // BLOCK + 1):
            block = cache.get(file, number)
            if block is not None and len(block) != min(BLOCK, size - number * BLOCK):
                block = None
            if block is None and kept:
                break
            if block is None:
                missing.append(number)
            elif missing:
                break
            else:
                kept.append(block)
        begin = first * BLOCK
        if kept:
            return begin, b"".join(kept)
        data = self._blobs.read(self._key, begin, min(len(missing) * BLOCK, size - begin))
        for place, number in enumerate(missing):
            block = data[place * BLOCK : (place + 1) * BLOCK]
            if len(block) == min(BLOCK, size - number * BLOCK):
                cache.put(file, number, block)
        return begin, data
