"""Lines sorted by their bytes, however many: in memory, then in files that are merged."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from typing import IO

_HELD = 16 * 1024 * 1024  # characters, about, that are sorted at once


class SortedLines:
    """Takes lines in any order, and gives them once in theirs, each followed by a line feed."""

    def __init__(self, *, held: int = _HELD) -> None:
        self._held = held
        self._lines: list[bytes] = []
        self._size = 0
        self._files: list[IO[bytes]] = []

    def add(self, line: str) -> None:
        """Take a line, which has no line feed in it."""
        data = line.encode("utf-8", "replace") + b"\n"
        self._lines.append(data)
        self._size += len(data)
        if self._size >= self._held:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when all was given
            file.writelines(sorted(self._lines))
            self._files.append(file)
            self._lines, self._size = [], 0

    def __iter__(self) -> Iterator[bytes]:
        """Give them all; once."""
        for file in self._files:
            file.seek(0)
        yield from heapq.merge(*self._files, sorted(self._lines))
        for file in self._files:
            file.close()
        self._files, self._lines = [], []
