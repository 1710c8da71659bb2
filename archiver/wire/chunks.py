"""The chunked transfer coding (RFC 9112 section 7.1), found in a growing buffer."""

from __future__ import annotations

import re
from collections.abc import Callable

_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)
_MAX_SIZE_LINE = 16 * 1024  # bytes of a chunk's size with its extensions
_MAX_TRAILER_LINE = 64 * 1024


class ChunkedBody:
    """A chunked body that begins at `at` of `raw`, to which the owner appends.

    `data` is what the chunks hold, `at` where reading stands. `complete`: the last chunk and
    its trailers were read; `broken`: what follows is no chunk; `plain`: not even the beginning
    is, so that this is no chunked body. `all_data`: only trailers are missing.
    """

    def __init__(self, raw: bytearray, at: int) -> None:
        self.data = bytearray()
        self.at = at
        self.complete = False
        self.broken = False
        self.plain = False
        self.all_data = False
        self._raw = raw
        self._left = 0  # of the present chunk
        self._scanned = at  # searched in vain up to here
        self._step: Callable[[], bool] = self._read_size

    def advance(self) -> None:
        """Read on as far as `raw` reaches."""
        while not (self.complete or self.broken or self.plain) and self._step():
            pass

    def eof(self) -> None:
        """Take note that `raw` ends: could an unfinished first line have become a size?"""
        if self._step == self._read_size and not self.data:
            self._judge_beginning(bytes(self._raw[self.at :]).removesuffix(b"\r"))

    def _line(self, limit: int) -> bytes | None:
        """Take the next line without its end; None where it is unfinished or too long."""
        end = self._raw.find(b"\n", max(self.at, self._scanned))
        if (len(self._raw) if end < 0 else end) - self.at > limit:
            self.broken = True
            return None
        if end < 0:
            self._scanned = len(self._raw)
            return None
        line = bytes(self._raw[self.at : end])
        self.at = self._scanned = end + 1
        return line.removesuffix(b"\r")

    def _read_size(self) -> bool:
        begin = self.at
        line = self._line(_MAX_SIZE_LINE)
        if line is None and not self.broken:
            return False
        if line is not None and (match := _SIZE.fullmatch(line)):
            self._left = int(match[1], 16)
            self.all_data = self._left == 0
            self._step = self._read_trailer if self.all_data else self._read_data
        elif self.data:
            self.broken = True
        else:
            self._judge_beginning(self._raw[begin : begin + 64] if line is None else line)
        return True

    def _judge_beginning(self, line: bytes | bytearray) -> None:
        """Pass over a stray blank line before the first chunk; other things are no chunk."""
        if line and not _SIZE.fullmatch(line):
            self.plain = True

    def _read_data(self) -> bool:
        taken = min(self._left, len(self._raw) - self.at)
        with memoryview(self._raw) as view:
            self.data += view[self.at : self.at + taken]
        self.at += taken
        self._left -= taken
        if self._left:
            return False
        self._step = self._read_data_end
        return True

    def _read_data_end(self) -> bool:
        ending = bytes(self._raw[self.at : self.at + 2])
        if ending in (b"", b"\r"):
            return False
        if not ending.startswith((b"\n", b"\r\n")):
            self.broken = True
            return False
        self.at += 1 if ending.startswith(b"\n") else 2
        self._step = self._read_size
        return True

    def _read_trailer(self) -> bool:
        line = self._line(_MAX_TRAILER_LINE)
        self.complete = line == b""
        return line is not None
