"""gzip members: one complete member a record (WARC 1.1, Annex D), made and read."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from isal import igzip_lib, isal_zlib

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 32 * 1024
MAGIC = b"\x1f\x8b\x08"


class Codec(StrEnum):
    """Who compresses: `isal` is several times as fast, `zlib` packs closer."""

    ISAL = "isal"
    ZLIB = "zlib"


def compress_member(data: bytes, *, codec: Codec = Codec.ISAL, level: int | None = None) -> bytes:
    """Make one gzip member of the data, the same bytes each time (its time field is 0).

    `level` is 0 to 3 for isal (2 by default), 0 to 9 for zlib (6 by default).
    """
    if codec is Codec.ZLIB:
        return zlib.compress(data, 6 if level is None else level, wbits=31)
    return igzip_lib.compress(data, 2 if level is None else level, igzip_lib.COMP_GZIP)


def compress_pieces(
    pieces: Iterable[bytes], *, codec: Codec = Codec.ISAL, level: int | None = None
) -> Iterator[bytes]:
    """Make one gzip member of much data, piece by piece; `level` is as for `compress_member`."""
    packer = (
        zlib.compressobj(6 if level is None else level, wbits=31)
        if codec is Codec.ZLIB
        else isal_zlib.compressobj(2 if level is None else level, wbits=31)
    )
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


class GzipMember(io.RawIOBase):
    """What the gzip member at `offset` of an open file decompresses to, as a stream.

    Never raises on bad data: at the end of the stream either `end` is the offset after the
    member, its checksum and length verified, or `fault` says why it did not end well.
    """

    def __init__(self, fd: int, offset: int) -> None:
        super().__init__()
        self._fd = fd
        self._next = offset
        self._inflate = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_GZIP)
        self.end: int | None = None
        self.fault: str | None = None

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer with the next bytes; 0 at the end, however that came."""
        room = memoryview(buffer)
        while self.end is None and self.fault is None:
            data = b""
            if self._inflate.needs_input:
                data = os.pread(self._fd, _CHUNK, self._next)
                self._next += len(data)
                if not data:
                    self.fault = "the file ends inside a gzip member"
                    break
            try:
                out = self._inflate.decompress(data, len(room))
            except igzip_lib.IsalError as error:  # type: ignore[misc]  # its stub says instance
                self.fault = f"broken gzip member ({error})"
                break
            if self._inflate.eof:
                self.end = self._next - len(self._inflate.unused_data)
            if out:
                room[: len(out)] = out
                return len(out)
        return 0

    def drain(self) -> None:
        """Read to the end of the member, keeping nothing."""
        scratch = bytearray(8 * _CHUNK)
        while self.readinto(scratch):
            pass


class JoinedMembers(io.RawIOBase):
    """The gzip members from `offset` on as one stream, for a record that lies in several.

    It ends before a member that begins like a record of its own, and where one is broken.
    `end_of` tells which offset of the file lies after so many bytes of the stream.
    """

    def __init__(self, fd: int, offset: int) -> None:
        super().__init__()
        self._fd = fd
        self._member = GzipMember(fd, offset)
        self._begun = b""
        self._position = 0
        self._ends: list[tuple[int, int]] = []

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer with the next bytes; 0 at the end, however that came."""
        room = memoryview(buffer)
        count = min(len(room), len(self._begun))
        if count:
            room[:count], self._begun = self._begun[:count], self._begun[count:]
        else:
            count = self._member.readinto(room)
        self._position += count
        if count or self._member.end is None:
            return count
        self._ends.append((self._position, self._member.end))
        following = GzipMember(self._fd, self._member.end)
        begun = bytearray(5)
        begun = begun[: following.readinto(begun)]
        if not begun or begun == b"WARC/":
            return 0
        self._member, self._begun = following, bytes(begun)
        return self.readinto(buffer)

    def end_of(self, position: int) -> int | None:
        """Find the end of the member in which this many bytes of the stream are reached."""
        while not any(reached >= position for reached, _ in self._ends):
            if not self.readinto(bytearray(_CHUNK)):
                break
        return next((end for reached, end in self._ends if reached >= position), None)


def iter_members(fd: int, start: int = 0) -> Iterator[tuple[int, int]]:
    """Give offset and end of each intact member from `start` on, up to the first that is not.

    What lies after the last end is no member that ends: a torn tail, or nothing.
    """
    size = os.fstat(fd).st_size
    while start < size:
        member = GzipMember(fd, start)
        member.drain()
        if member.end is None:
            return
        yield start, member.end
        start = member.end
