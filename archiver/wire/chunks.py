"""The chunked transfer coding (RFC 9112 section 7.1), found in a growing buffer."""

from __future__ import annotations

import re
from collections.abc import Callable

from archiver.wire.spool import Spool

_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)
_MAX_SIZE_LINE = 16 * 1024  # bytes of a chunk's size with its extensions
_MAX_TRAILER_LINE = 64 * 1024


class ChunkedBody:
    """A chunked body that begins at `at` of `raw`, to whose window the owner appends.

    `data`, begun empty, takes what the chunks hold. `complete`: the last chunk and
    its trailers were read; `broken`: what follows is no chunk; `plain`: not even the beginning
    is, so that this is no chunked body. `all_data`: only trailers are missing.
    """

    def __init__(self, raw: Spool, at: int, data: Spool) -> None:
        self.data = data
        self.complete = False
        self.broken = False
        self.plain = False
        self.all_data = False
        self._raw = raw
        self._at = at - raw.base  # where reading stands in the window
        self._left = 0  # of the present chunk
        self._scanned = self._at  # searched in vain up to here
        self._step: Callable[[], bool] = self._read_size

    @property
    def at(self) -> int:
        """Where reading stands in all of `raw`."""
        return self._raw.base + self._at

    def spill(self) -> None:
        """Let go from memory what was read, where that is much."""
        gone = self._raw.spill(self._at)
        self._at -= gone
        self._scanned -= gone
        self.data.spill(len(self.data.window))

    def advance(self) -> None:
        """Read on as far as `raw` reaches."""
        while not (self.complete or self.broken or self.plain) and self._step():
            pass

    def eof(self) -> None:
        """Take note that `raw` ends: could an unfinished first line have become a size?"""
        if self._step == self._read_size and not self.data:
            self._judge_beginning(bytes(self._raw.window[self._at :]).removesuffix(b"\r"))

    def _line(self, limit: int) -> bytes | None:
        """Take the next line without its end; None where it is unfinished or too long."""
        raw = self._raw.window
        end = raw.find(b"\n", max(self._at, self._scanned))
        if (len(raw) if end < 0 else end) - self._at > limit:
            self.broken = True
            return None
        if end < 0:
            self._scanned = len(raw)
            return None
        line = bytes(raw[self._at : end])
        self._at = self._scanned = end + 1
        return line.removesuffix(b"\r")

    def _read_size(self) -> bool:
        begin = self._at
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
            self._judge_beginning(self._raw.window[begin : begin + 64] if line is None else line)
        return True

    def _judge_beginning(self, line: bytes | bytearray) -> None:
        """Pass over a stray blank line before the first chunk; other things are no chunk."""
        if line and not _SIZE.fullmatch(line):
            self.plain = True

    def _read_data(self) -> bool:
        raw = self._raw.window
        taken = min(self._left, len(raw) - self._at)
        with memoryview(raw) as view:
            self.data.window += view[self._at : self._at + taken]
        self._at += taken
        self._left -= taken
        if self._left:
            return False
        self._step = self._read_data_end
        return True

    def _read_data_end(self) -> bool:
        ending = bytes(self._raw.window[self._at : self._at + 2])
        if ending in (b"", b"\r"):
            return False
        if not ending.startswith((b"\n", b"\r\n")):
            self.broken = True
            return False
        self._at += 1 if ending.startswith(b"\n") else 2
        self._step = self._read_size
        return True

    def _read_trailer(self) -> bool:
        line = self._line(_MAX_TRAILER_LINE)
        self.complete = line == b""
        return line is not None
