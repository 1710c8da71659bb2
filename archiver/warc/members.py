"""gzip members read: one complete member a record (WARC 1.1, Annex D), or what there is."""

from __future__ import annotations

from isal import isal_zlib

from archiver.warc.source import ByteSource

MAGIC = b"\x1f\x8b\x08"
_FIRST = 64 * 1024  # bytes of the first read: most who begin anywhere want one record
_STEP = 256 * 1024  # bytes of each further one
# What is inflated at once. Deflate packs a byte into no less than 1/1032, so that even of a bomb
# a piece has 16 MiB at most; larger steps made larger pieces, which cost more than they saved.
_FEED = 16 * 1024


class FileWindow:
    """The bytes of a source from any offset on, read in large steps."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self._data = memoryview(b"")
        self._begin = 0
        self._count = _FIRST

    def at(self, offset: int) -> memoryview:
        """Give some KiB from the offset on; nothing at the file's end."""
        place = offset - self._begin
        if not 0 <= place < len(self._data):
            self._data = memoryview(self.source.read_at(offset, self._count))
            self._count = _STEP
            self._begin, place = offset, 0
        return self._data[place : place + _FEED]


class GzipMember:
    """What the gzip member at `offset` of a file decompresses to, as a stream of pieces.

    Never raises on bad data: at the end of the stream either `end` is the offset after the
    member, its checksum and length verified, or `fault` says why it did not end well.
    """

    def __init__(self, file: FileWindow, offset: int) -> None:
        self._file = file
        self._next = offset
        self._inflate = isal_zlib.decompressobj(wbits=31)
        self.end: int | None = None
        self.fault: str | None = None

    def read(self) -> bytes:
        """Give the next piece, 16 MiB at most; nothing at the end, however that came."""
        while self.end is None and self.fault is None:
            data = self._file.at(self._next)
            if not data:
                self.fault = "the file ends inside a gzip member"
                break
            self._next += len(data)
            try:
                piece = self._inflate.decompress(data)
            except isal_zlib.error as error:  # type: ignore[misc]  # its stub says instance
                self.fault = f"broken gzip member ({error})"
                break
            if self._inflate.eof:
                self.end = self._next - len(self._inflate.unused_data)
            if piece:
                return piece
        return b""

    def whole(self, most: int) -> tuple[list[bytes], int] | None:
        """Read all of it in pieces, and where it ends; None where it is broken, empty or larger."""
        held = [self.read()]
        size = len(held[0])
        while self.end is None and size <= most and (piece := self.read()):
            held.append(piece)
            size += len(piece)
        return (held, self.end) if self.end is not None and 0 < size <= most else None

    def begin(self, count: int) -> bytes:
        """Read its first bytes, as many as asked for if there are so many."""
        begun = b""
        while len(begun) < count and (piece := self.read()):
            begun += piece
        return begun[:count]

    def drain(self) -> None:
        """Read to the end of the member, keeping nothing."""
        while self.read():
            pass


class JoinedMembers:
    """The gzip members from `offset` on as one stream, for a record that lies in several.

    It ends before a member that begins like a record of its own, and where one is broken.
    `end_of` tells which offset of the file lies after so many bytes of the stream.
    """

    def __init__(self, file: FileWindow, offset: int) -> None:
        self._file = file
        self._member = GzipMember(file, offset)
        self._over = False
        self._position = 0
        self._ends: list[tuple[int, int]] = []

    def read(self) -> bytes:
        """Give the next piece; nothing at the end, however that came."""
        if self._over:
            return b""
        piece = self._member.read()
        if not piece:
            end = self._member.end
            self._over = end is None or GzipMember(self._file, end).begin(5) == b"WARC/"
            if end is not None:
                self._ends.append((self._position, end))
                self._member = GzipMember(self._file, end)
                piece = b"" if self._over else self._member.read()
            self._over = self._over or not piece
        self._position += len(piece)
        return piece

    def end_of(self, position: int) -> int | None:
        """Find the end of the member in which this many bytes of the stream are reached."""
        while not any(reached >= position for reached, _ in self._ends):
            if not self.read():
                break
        return next((end for reached, end in self._ends if reached >= position), None)
