"""Sources of bytes that read as a store's do: less at a time than was asked for."""

from __future__ import annotations

from collections.abc import Callable

from archiver.warc.source import ByteSource


class SplitSource(ByteSource):
    """Bytes in memory; `cut` says how many of so many bytes one read gives.

    `reads` are offset and count of each. What was closed cannot be read.
    """

    def __init__(self, name: str, data: bytes, cut: Callable[[int], int] = lambda n: n) -> None:
        self._name = name
        self._data = data
        self._cut = cut
        self.reads: list[tuple[int, int]] = []
        self.open = True

    @property
    def name(self) -> str:
        return self._name

    @property
    def place(self) -> str:
        return f"memory:{self._name}"

    def size(self) -> int:
        return len(self._data)

    def read_at(self, offset: int, count: int) -> bytes:
        assert self.open
        assert count > 0
        if offset < 0:
            raise OSError(22, "Invalid argument")
        self.reads.append((offset, count))
        return self._data[offset : offset + self._cut(count)]

    def hold(self) -> SplitSource:
        return type(self)(self._name, self._data, self._cut)

    def close(self) -> None:
        self.open = False
