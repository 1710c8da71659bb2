"""gzip members made: one complete member a record (WARC 1.1, Annex D).

What came compressed, as nearly all pages and pictures do, gets no smaller. It is put into stored
blocks behind its headers (RFC 1951, section 3.2.4), which are plain deflate to every reader, and
are read several times as fast.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from importlib import import_module
from types import ModuleType

from isal import igzip_lib, isal_zlib

from archiver.errors import ArchiverError

_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # RFC 1952: no time, no name, system unknown
_BEGIN = 4 * 1024  # bytes of a record in which its header ends, and nearly always the answer's
_EMPTY_LINE = b"\r\n\r\n"
_LOOKED_AT = 8 * 1024  # bytes from which on it is looked whether they are compressed
_SAMPLES, _SAMPLE = 4, 256  # how many of how many bytes
_STORED = 0.95  # what samples get no smaller than of what is stored; Base64 is at 0.78


class Codec(StrEnum):
    """Who compresses: `isal` is several times as fast, `zlib` and `libdeflate` pack closer.

    `libdeflate` is the better of the two at the same level, and an extra to install. It takes a
    record as one piece: those that are made piece by piece, of large bodies, are left to zlib.
    """

    ISAL = "isal"
    LIBDEFLATE = "libdeflate"
    ZLIB = "zlib"


def compress_member(data: bytes, *, codec: Codec = Codec.ISAL, level: int | None = None) -> bytes:
    """Make one gzip member of the data, the same bytes each time (its time field is 0).

    `level` is 0 to 3 for isal (2 by default), 0 to 9 for zlib, 0 to 12 for libdeflate (both 6
    by default). What is compressed already is stored, whatever the codec.

    Raises:
        ArchiverError: libdeflate is not installed.
    """
    if _is_packed(data):
        return _begun_and_stored(data)
    if codec is Codec.ISAL:
        return igzip_lib.compress(data, 2 if level is None else level, igzip_lib.COMP_GZIP)
    if codec is Codec.LIBDEFLATE:
        return bytes(_libdeflate().gzip_compress(data, 6 if level is None else level))
    return zlib.compress(data, 6 if level is None else level, wbits=31)


def compress_pieces(
    pieces: Iterable[bytes], *, codec: Codec = Codec.ISAL, level: int | None = None
) -> Iterator[bytes]:
    """Make one gzip member of much data, piece by piece; `level` is as for `compress_member`.

    From the first piece of some size on all is stored, if that one is compressed already.
    """
    packer = (
        isal_zlib.compressobj(2 if level is None else level, wbits=-15)
        if codec is Codec.ISAL
        else zlib.compressobj(6 if level is None else min(level, 9), wbits=-15)
    )
    yield _HEADER
    checksum = size = 0
    looked = False
    for piece in pieces:
        checksum, size = isal_zlib.crc32(piece, checksum), size + len(piece)
        if not looked and len(piece) >= _LOOKED_AT:
            looked = True
            if _is_packed(piece):
                yield packer.flush(zlib.Z_SYNC_FLUSH)
                packer = zlib.compressobj(0, wbits=-15)
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
    yield _trailer(checksum, size)


def _begun_and_stored(data: bytes) -> bytes:
    """Compress the headers, of the record and the answer in it, and store the rest."""
    header_end = data.find(_EMPTY_LINE, 0, _BEGIN)
    head_end = data.find(_EMPTY_LINE, header_end + len(_EMPTY_LINE), _BEGIN)
    at = _BEGIN if head_end < 0 else head_end
    begin, rest = isal_zlib.compressobj(2, wbits=-15), zlib.compressobj(0, wbits=-15)
    parts = (
        _HEADER,
        begin.compress(data[:at]),
        begin.flush(zlib.Z_SYNC_FLUSH),  # which ends at a whole byte
        rest.compress(memoryview(data)[at:]),
        rest.flush(),
        _trailer(isal_zlib.crc32(data), len(data)),
    )
    return b"".join(parts)


def _trailer(checksum: int, size: int) -> bytes:
    return struct.pack("<II", checksum, size & 0xFFFFFFFF)


def _is_packed(data: bytes) -> bool:
    """Whether bytes are compressed already, by samples of them; of few, never."""
    if len(data) < _LOOKED_AT:
        return False
    step = len(data) // (_SAMPLES + 1)
    samples = b"".join(data[at : at + _SAMPLE] for at in range(step, _SAMPLES * step + 1, step))
    return len(igzip_lib.compress(samples, 1)) > _STORED * len(samples)


def _libdeflate() -> ModuleType:
    try:
        return import_module("deflate")
    except ImportError as error:
        raise ArchiverError(
            "libdeflate is not installed",
            thing="archive.codec",
            todo="Install news-archiver[libdeflate], or set another codec.",
        ) from error
