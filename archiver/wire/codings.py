"""Content and transfer codings undone, piece by piece, so that a bomb never gets past a cap.

Codings form a chain of generators: each holds one piece of output (64 KiB, brotli up to twice
that) and its own window, and only the last one's output is gathered. Of a body that is one gzip
member of no more than 1 MiB, as nearly all pages are, that is one piece.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO

import brotli  # type: ignore[import-untyped]  # ships no types
from isal import isal_zlib

from archiver.errors import WireError
from archiver.wire.spool import Content, pieces

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PIECE = 65536
_GZIP = frozenset({"gzip", "x-gzip"})
_WHOLE = 1024 * 1024  # bytes of content that are made at once
# Decoders drop the output of the very step in which they meet a fault, so a tolerant reading
# goes in small steps: at most this many coded bytes in front of a fault are lost.
_TOLERANT_STEP = 16
_MAX_CODINGS = 10  # curl stops at 5; each costs a pass
_ZSTD_WINDOW_LOG = 23  # 8 MB, the most that RFC 9659 lets a sender ask for
_ZSTD_MAGICS = (b"\x28\xb5\x2f\xfd", *(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60)))


class OverCapError(WireError):
    """What was decoded passes the cap: a compression bomb, or a page larger than is kept."""


def codings_of(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[str]:
    """List a field's codings, in order, lower case, `identity` and parameters left out.

    `name` is lower case, such as b"content-encoding". Fields may repeat and hold lists
    (RFC 9110 section 5.3).
    """
    found = []
    for key, value in headers:
        if key.lower() == name:
            for item in value.decode("latin-1").split(","):
                coding = item.split(";")[0].strip().lower()
                if coding and coding != "identity":
                    found.append(coding)
    return found


def decode_content(
    payload: Content, headers: Iterable[tuple[bytes, bytes]], *, cap: int, tolerant: bool = False
) -> bytes:
    """Undo a body's content codings (RFC 9110 section 8.4.1), up to `cap` bytes.

    Knows gzip, x-gzip, deflate (zlib and raw), br, zstd and identity, in any order. Bytes after
    the end of a coded stream are left out, as browsers do. `tolerant` gives what stands before
    a fault or a cut instead of raising, for bodies that were cut off.

    Raises:
        OverCapError: where there is more than `cap`.
        WireError: for an unknown coding, and unless tolerant for a stream that is broken or cut.
    """
    codings = codings_of(headers, b"content-encoding")
    if not codings and len(payload) <= cap:
        return bytes(payload)
    gathered = BytesIO()
    gathered.writelines(_decode_content(payload, codings, cap=cap, tolerant=tolerant))
    return gathered.getvalue()


def iter_content(
    payload: Content, headers: Iterable[tuple[bytes, bytes]], *, cap: int
) -> Iterator[bytes]:
    """Undo a body's content codings as `decode_content`, piece by piece.

    Raises:
        OverCapError, WireError: as there, before the first piece or after some.
    """
    codings = codings_of(headers, b"content-encoding")
    return _decode_content(payload, codings, cap=cap, tolerant=False)


def decode_transfer(payload: Content, codings: Sequence[str], *, cap: int) -> Iterator[bytes]:
    """Undo transfer codings other than chunked (RFC 9112 section 7), piece by piece.

    Always tolerant: gives what stands before a fault. An unknown coding leaves the payload as
    it stands at that point.

    Raises:
        OverCapError: where there is more than `cap`.
    """
    known: list[str] = []
    for coding in reversed(codings):
        if coding not in _DECODERS:
            break
        known.insert(0, coding)
    return _decode(payload, known, cap=cap, tolerant=True)


def _decode_content(
    payload: Content, codings: Sequence[str], *, cap: int, tolerant: bool
) -> Iterator[bytes]:
    unknown = [coding for coding in codings if coding not in _DECODERS]
    if unknown:
        raise WireError(f"unknown content coding {unknown[0][:40]!r}")
    return _decode(payload, codings, cap=cap, tolerant=tolerant)


def _decode(
    payload: Content, codings: Sequence[str], *, cap: int, tolerant: bool
) -> Iterator[bytes]:
    if not codings or not payload:
        if len(payload) > cap:
            raise OverCapError(f"the body is larger than {cap} bytes")
        return pieces(payload)
    if len(codings) == 1 and codings[0] in _GZIP and isinstance(payload, bytes):
        whole = _whole_gzip(payload, min(cap, _WHOLE))
        if whole is not None:  # as of nearly all pages
            return iter((whole,))
    if len(codings) > _MAX_CODINGS:
        raise WireError(f"{len(codings)} codings on one body; {_MAX_CODINGS} are undone at most")
    step = _TOLERANT_STEP if tolerant else _PIECE
    decoded = _steps(payload, step)
    for coding in reversed(codings):
        decoded = _layer(coding, decoded, cap=cap, tolerant=tolerant)
    return decoded


def _whole_gzip(payload: bytes, most: int) -> bytes | None:
    """What a single, intact gzip member holds, in less than half of zlib's time.

    None where it is anything else, or more than `most` bytes: to be read piece by piece.
    """
    if payload[3:4] > b"\x1f":  # reserved flags, which isal passes over (RFC 1952, section 2.3.1.2)
        return None
    decoder = isal_zlib.decompressobj(wbits=31)
    try:
        whole = decoder.decompress(payload, most + 1)
    except isal_zlib.error:  # type: ignore[misc]  # its stub says instance
        return None
    return whole if decoder.eof and not decoder.unused_data and len(whole) <= most else None


def _steps(payload: Content, size: int) -> Iterator[bytes]:
    """The payload in steps of that size, so that what is found never depends on its pieces."""
    rest = b""
    for piece in pieces(payload):
        whole = rest + piece if rest else piece
        end = len(whole) - len(whole) % size
        for at in range(0, end, size):
            yield whole[at : at + size]
        rest = whole[end:]
    if rest:
        yield rest


def _layer(coding: str, pieces: Iterator[bytes], *, cap: int, tolerant: bool) -> Iterator[bytes]:
    """One coding undone; counts its output, since inner layers could be bombs as well."""
    size = 0
    try:
        for out in _DECODERS[coding](pieces):
            size += len(out)
            if size > cap:
                raise OverCapError(f"{coding} decodes to more than {cap} bytes")
            yield out
    except OverCapError:
        raise
    except (zlib.error, brotli.error, zstd.ZstdError, WireError) as error:
        if not tolerant:
            raise WireError(f"broken {coding} coding: {getattr(error, 'what', error)}") from error


_Decoder = Callable[[Iterator[bytes]], Iterator[bytes]]


def _at_least(count: int, piece: bytes, pieces: Iterator[bytes]) -> bytes:
    while len(piece) < count and (more := next(pieces, b"")):
        piece += more
    return piece


def _inflate(decoder: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    while True:
        spare = decoder.copy()
        try:
            out = decoder.decompress(piece, _PIECE)
        except zlib.error:  # which takes with it what the piece held before the fault
            for at in range(len(piece)):
                yield spare.decompress(piece[at : at + 1])
            raise
        yield out
        piece = decoder.unconsumed_tail
        # A full piece of output may leave more inside, even with all input taken.
        if decoder.eof or (not piece and len(out) < _PIECE):
            return


def _gunzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    piece = b""
    while True:
        decoder = zlib.decompressobj(wbits=31)
        while not decoder.eof:
            piece = piece or next(pieces, b"")
            if not piece:
                raise WireError("it ends in the middle")
            yield from _inflate(decoder, piece)
            piece = decoder.unused_data
        piece = _at_least(3, piece, pieces)
        if not piece.startswith(b"\x1f\x8b\x08"):
            return


def _undeflate(pieces: Iterator[bytes]) -> Iterator[bytes]:
    piece = _at_least(2, b"", pieces)
    # RFC 1950 section 2.2; a raw stream (RFC 1951), which some servers send, never looks so.
    wrapped = len(piece) > 1 and piece[0] & 15 == 8 and int.from_bytes(piece[:2], "big") % 31 == 0
    decoder = zlib.decompressobj(wbits=15 if wrapped else -15)
    while not decoder.eof:
        piece = piece or next(pieces, b"")
        if not piece:
            raise WireError("it ends in the middle")
        yield from _inflate(decoder, piece)
        piece = b""


def _unbrotli(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = brotli.Decompressor()
    while not decoder.is_finished():
        piece = next(pieces, b"")
        if not piece:
            raise WireError("it ends in the middle")
        out = decoder.process(piece, output_buffer_limit=_PIECE)
        yield out
        # A full piece of output may leave more inside, even where more input is welcome.
        while not decoder.is_finished() and (
            len(out) >= _PIECE or not decoder.can_accept_more_data()
        ):
            out = decoder.process(b"", output_buffer_limit=_PIECE)
            yield out


def _unzstd(pieces: Iterator[bytes]) -> Iterator[bytes]:
    piece = b""
    while True:
        decoder = zstd.ZstdDecompressor(
            options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
        )
        while not decoder.eof:
            piece = piece or next(pieces, b"")
            if not piece:
                raise WireError("it ends in the middle")
            yield decoder.decompress(piece, _PIECE)
            while not decoder.eof and not decoder.needs_input:
                yield decoder.decompress(b"", _PIECE)
            piece = decoder.unused_data
        piece = _at_least(4, piece, pieces)
        if not piece.startswith(_ZSTD_MAGICS):
            return


_DECODERS: dict[str, _Decoder] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
