"""gzip members made: one complete member a record (WARC 1.1, Annex D)."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from importlib import import_module
from types import ModuleType

from isal import igzip_lib, isal_zlib

from archiver.errors import ArchiverError


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
    by default).

    Raises:
        ArchiverError: libdeflate is not installed.
    """
    if codec is Codec.ISAL:
        return igzip_lib.compress(data, 2 if level is None else level, igzip_lib.COMP_GZIP)
    if codec is Codec.LIBDEFLATE:
        return bytes(_libdeflate().gzip_compress(data, 6 if level is None else level))
    return zlib.compress(data, 6 if level is None else level, wbits=31)


def compress_pieces(
    pieces: Iterable[bytes], *, codec: Codec = Codec.ISAL, level: int | None = None
) -> Iterator[bytes]:
    """Make one gzip member of much data, piece by piece; `level` is as for `compress_member`."""
    packer = (
        isal_zlib.compressobj(2 if level is None else level, wbits=31)
        if codec is Codec.ISAL
        else zlib.compressobj(6 if level is None else min(level, 9), wbits=31)
    )
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _libdeflate() -> ModuleType:
    try:
        return import_module("deflate")
    except ImportError as error:
        raise ArchiverError(
            "libdeflate is not installed",
            thing="archive.codec",
            todo="Install news-archiver[libdeflate], or set another codec.",
        ) from error
