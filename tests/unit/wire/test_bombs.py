"""Twelve decompression bombs: each ends at the cap, in flat memory."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
from support.exchanges import chunked

from archiver.wire.answer import parse_response
from archiver.wire.codings import OverCapError, decode_content, zstd

MIB = 1024 * 1024
ZEROS = bytes(64 * MIB)
CAP = 8 * MIB


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(brotli.compress(data, quality=5)),
    "zstd": zstd.compress,
}
BOMBS = [
    *PACK,
    "raw",
    "gzip, gzip",
    "gzip, br",
    "zstd, gzip",
    "deflate, deflate, deflate",
    "many-members",
    "transfer",
]


def bomb(kind: str) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """A body and its fields."""
    if kind == "raw":
        return raw_deflate(ZEROS), ((b"Content-Encoding", b"deflate"),)
    if kind == "many-members":
        return gzip.compress(bytes(MIB)) * 64, ((b"Content-Encoding", b"gzip"),)
    if kind == "transfer":
        return gzip.compress(ZEROS), ()
    data = ZEROS
    for coding in kind.split(", "):
        data = PACK[coding](data)
    return data, ((b"Content-Encoding", kind.encode()),)


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_ends_at_the_cap(kind: str) -> None:
    body, headers = bomb(kind)
    assert len(body) < MIB
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    decode = (
        partial(parse_response, head + chunked(body, 5000), cap=CAP)
        if kind == "transfer"
        else partial(decode_content, body, headers, cap=CAP)
    )
    tracemalloc.start()
    try:
        with pytest.raises(OverCapError):
            decode()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * CAP


def test_there_are_twelve() -> None:
    assert len(BOMBS) == 12
