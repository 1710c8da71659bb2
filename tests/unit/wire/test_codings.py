import functools
import gzip
import random
import subprocess
import sys
import textwrap
import tracemalloc
import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import WireError
from archiver.wire import codings
from archiver.wire.codings import (
    OverCapError,
    codings_of,
    decode_content,
    decode_transfer,
    iter_content,
)
from archiver.wire.spool import Streamed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024
TEXT = "Zeitung für alle. ".encode() * 3000


def raw_deflate(data: bytes) -> bytes:
    maker = zlib.compressobj(wbits=-15)
    return maker.compress(data) + maker.flush()


ENCODERS = {
    b"gzip": gzip.compress,
    b"x-gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstd.compress,
    b"identity": bytes,
}
KINDS = {**{name.decode(): (name, make) for name, make in ENCODERS.items()}}
KINDS["raw deflate"] = (b"deflate", raw_deflate)
CODED = {name: kind for name, kind in KINDS.items() if name != "identity"}


def header(*codings: bytes) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"Content-Type", b"text/html"), (b"Content-Encoding", b", ".join(codings)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 1_000_000])
def test_round_trip(kind: str, size: int) -> None:
    name, encode = KINDS[kind]
    body = (TEXT * (1 + size // len(TEXT)))[:size]
    assert decode_content(encode(body), header(name), cap=size) == body
    assert decode_content(encode(body), header(name), cap=size, tolerant=True) == body


@pytest.mark.parametrize("kind", KINDS)
def test_empty_bodies(kind: str) -> None:
    name, encode = KINDS[kind]
    assert decode_content(encode(b""), header(name), cap=0) == b""
    assert decode_content(b"", header(name), cap=0) == b""  # HEAD, 304


@pytest.mark.parametrize("kind", KINDS)
def test_the_cap_is_exact(kind: str) -> None:
    name, encode = KINDS[kind]
    assert decode_content(encode(TEXT), header(name), cap=len(TEXT)) == TEXT
    for tolerant in (False, True):
        with pytest.raises(OverCapError):
            decode_content(encode(TEXT), header(name), cap=len(TEXT) - 1, tolerant=tolerant)


def test_no_coding() -> None:
    assert decode_content(TEXT, (), cap=len(TEXT)) == TEXT
    assert decode_content(TEXT, ((b"content-encoding", b""),), cap=len(TEXT)) == TEXT


def test_several_codings_in_several_fields() -> None:
    coded = gzip.compress(brotli.compress(zlib.compress(zstd.compress(TEXT))))
    headers = (
        (b"content-ENCODING", b"ZSTD , identity"),
        (b"Content-Type", b"x"),
        (b"Content-Encoding", b", Deflate,br;q=1"),
        (b"Content-encoding", b"x-gzip"),
    )
    assert codings_of(headers, b"content-encoding") == ["zstd", "deflate", "br", "x-gzip"]
    assert decode_content(coded, headers, cap=len(TEXT)) == TEXT


@pytest.mark.parametrize(
    "coding", [b"compress", b"sdch", b"gzip, huh", b"huh, gzip", b"\xff", b"utf-8"]
)
@pytest.mark.parametrize("tolerant", [False, True])
def test_unknown_codings(coding: bytes, tolerant: bool) -> None:
    with pytest.raises(WireError, match="unknown content coding"):
        decode_content(gzip.compress(TEXT), header(coding), cap=MIB, tolerant=tolerant)


def test_too_many_codings() -> None:
    with pytest.raises(WireError, match="codings on one body"):
        decode_content(gzip.compress(TEXT), header(*[b"gzip"] * 11), cap=MIB)


@pytest.mark.parametrize("kind", CODED)
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_cut_streams(kind: str, keep: float) -> None:
    name, encode = CODED[kind]
    body = bytes(range(256)) * 40 + TEXT + bytes(range(255, -1, -1)) * 40
    coded = encode(body)
    cut = coded[: int(len(coded) * keep)] or coded[:1]
    with pytest.raises(WireError, match=r"broken .* it ends in the middle"):
        decode_content(cut, header(name), cap=MIB)
    got = decode_content(cut, header(name), cap=MIB, tolerant=True)
    assert body.startswith(got)
    if keep == 0.999 and kind != "zstd":  # zstd gives whole blocks only
        assert len(got) > len(body) * 0.8


@pytest.mark.parametrize("kind", CODED)
def test_corrupt_streams(kind: str) -> None:
    name, encode = CODED[kind]
    body = random.Random(1).randbytes(60_000) + TEXT
    coded = bytearray(encode(body))
    middle = len(coded) // 2
    coded[middle : middle + 40] = b"\xff" * 40
    if kind in ("gzip", "x-gzip", "deflate"):  # the others' damage goes unseen: no checksums
        with pytest.raises(WireError, match="broken"):
            decode_content(bytes(coded), header(name), cap=MIB)
    got = decode_content(bytes(coded), header(name), cap=MIB, tolerant=True)
    assert got[:20_000] == body[:20_000]


@pytest.mark.parametrize("kind", CODED)
def test_plain_text_that_claims_a_coding(kind: str) -> None:
    name, _ = CODED[kind]
    with pytest.raises(WireError, match="broken"):
        decode_content(b"<html>hello, this is no such thing", header(name), cap=MIB)
    assert len(decode_content(b"<html>hello", header(name), cap=MIB, tolerant=True)) < 12


@pytest.mark.parametrize("kind", [kind for kind in CODED if kind != "br"])
@pytest.mark.parametrize("junk", [b"\0" * 512, b"<!-- served in 3 ms -->", b"\x1f", b"\x28\xb5"])
def test_what_follows_a_stream_is_left_out(kind: str, junk: bytes) -> None:
    name, encode = CODED[kind]
    assert decode_content(encode(TEXT) + junk, header(name), cap=MIB) == TEXT


def test_what_follows_a_brotli_stream_costs_little() -> None:
    """Its decoder fails on the step that holds the junk, so strict reading refuses it."""
    coded = brotli.compress(TEXT + bytes(range(256))) + b"junk"
    got = decode_content(coded, header(b"br"), cap=MIB, tolerant=True)
    assert TEXT.startswith(got[: len(TEXT)])


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_several_members(kind: str) -> None:
    name, encode = CODED[kind]
    coded = encode(b"one ") + encode(b"") + encode(b"two ") + encode(TEXT)
    for tolerant in (False, True):
        got = decode_content(coded, header(name), cap=MIB, tolerant=tolerant)
        assert got == b"one two " + TEXT
    with pytest.raises(OverCapError):
        decode_content(coded, header(name), cap=len(TEXT) + 7)


def test_zstd_skippable_frames() -> None:
    skippable = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"notes"
    coded = zstd.compress(b"one ") + skippable + zstd.compress(b"two")
    assert decode_content(coded, header(b"zstd"), cap=MIB) == b"one two"


def test_zstd_windows_past_8_mb_are_refused() -> None:
    """RFC 9659; a decoder would have to set the whole window aside."""
    parameter = zstd.CompressionParameter
    options = {parameter.window_log: 27, parameter.enable_long_distance_matching: 1}
    maker = zstd.ZstdCompressor(options=options)
    coded = maker.compress(b"hello") + maker.flush()
    with pytest.raises(WireError, match="broken zstd"):
        decode_content(coded, header(b"zstd"), cap=MIB)


def transferred(payload: bytes, codings: list[str], *, cap: int = MIB) -> bytes:
    return b"".join(decode_transfer(payload, codings, cap=cap))


def test_transfer_codings_are_undone_as_far_as_they_go() -> None:
    coded = gzip.compress(TEXT)
    assert transferred(coded, ["gzip"]) == TEXT
    assert transferred(coded, ["squash", "gzip"]) == TEXT
    assert transferred(coded, ["gzip", "squash"]) == coded
    assert transferred(zlib.compress(coded), ["gzip", "deflate"]) == TEXT
    assert TEXT.startswith(transferred(coded[:-20], ["gzip"]))
    with pytest.raises(OverCapError):
        transferred(coded, ["gzip"], cap=100)


# Bombs: 64 MB of nothing, a cap of 1 MB.


@functools.cache
def bomb(kind: str) -> bytes:
    zeros, count = bytes(MIB), 64
    if kind == "br":
        maker = brotli.Compressor(quality=5)
        return b"".join(maker.process(zeros) for _ in range(count)) + maker.finish()
    if kind == "zstd":
        packer = zstd.ZstdCompressor()
        return b"".join(packer.compress(zeros) for _ in range(count)) + packer.flush()
    wbits = {"gzip": 31, "x-gzip": 31, "deflate": 15, "raw deflate": -15}[kind]
    deflater = zlib.compressobj(wbits=wbits)
    return b"".join(deflater.compress(zeros) for _ in range(count)) + deflater.flush()


@pytest.mark.parametrize("kind", CODED)
@pytest.mark.parametrize("tolerant", [False, True])
def test_bombs_are_stopped_at_the_cap(kind: str, tolerant: bool) -> None:
    name, _ = CODED[kind]
    coded = bomb(kind)
    tracemalloc.start()
    try:
        with pytest.raises(OverCapError):
            decode_content(coded, header(name), cap=MIB, tolerant=tolerant)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB  # the cap, growth of the buffer, a piece


@pytest.mark.parametrize("outer", CODED)
def test_a_bomb_inside_a_coding_is_stopped_too(outer: str) -> None:
    name, encode = CODED[outer]
    coded = encode(bomb("gzip"))
    tracemalloc.start()
    try:
        with pytest.raises(OverCapError):
            decode_content(coded, header(b"gzip", name), cap=MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB


def test_an_inner_flood_that_yields_nothing_is_stopped() -> None:
    """A million empty gzip members decode to nothing, after hours if they are nested deeper."""
    coded = gzip.compress(gzip.compress(b"") * 1_000_000)
    with pytest.raises(OverCapError):
        decode_content(coded, header(b"gzip", b"gzip"), cap=MIB)


def test_bombs_do_not_grow_the_process() -> None:
    """What decoders set aside inside themselves is not seen by tracemalloc."""
    program = """
        import resource, sys
        sys.path.insert(0, "tests/unit/wire")
        from archiver.wire.codings import OverCapError, decode_content
        from test_codings import CODED, MIB, bomb, header
        bombs = [(CODED[kind][0], bomb(kind)) for kind in CODED]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name, coded in bombs:
            try:
                decode_content(coded, header(name), cap=MIB)
            except OverCapError:
                continue
            raise SystemExit("no error")
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert int(done.stdout) * 1024 < 48 * MIB  # windows: 16 MB brotli, 8 MB zstd


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=4), st.binary(max_size=400))
def test_any_codings_in_any_order(kinds: list[str], body: bytes) -> None:
    coded = body
    for kind in kinds:
        coded = KINDS[kind][1](coded)
    headers = header(*(KINDS[kind][0] for kind in kinds))
    assert decode_content(coded, headers, cap=1000) == body


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(CODED)), st.binary(max_size=300), st.booleans())
def test_arbitrary_bytes_raise_nothing_else(kind: str, junk: bytes, tolerant: bool) -> None:
    try:
        decode_content(junk, header(CODED[kind][0]), cap=MIB, tolerant=tolerant)
    except WireError:
        assert not tolerant


def outcome(data: bytes, *, cap: int, tolerant: bool) -> bytes | str:
    try:
        return decode_content(data, header(b"gzip"), cap=cap, tolerant=tolerant)
    except WireError as error:
        return str(error)


@settings(deadline=None, max_examples=400)
@given(
    st.lists(st.one_of(st.binary(max_size=300), st.just(TEXT)), min_size=1, max_size=3),
    st.integers(0, 20),
    st.integers(0, 9),
    st.booleans(),
    st.data(),
)
def test_a_member_at_once_is_what_its_pieces_are(
    bodies: list[bytes], mangled: int, level: int, tolerant: bool, data: st.DataObject
) -> None:
    """Whatever is done to it: the same content, or the same error."""
    coded = bytearray(b"".join(gzip.compress(body, level, mtime=0) for body in bodies))
    if mangled < 10:
        place = data.draw(st.integers(0, len(coded) - 1))
        coded[place] = data.draw(st.integers(0, 255))
    elif mangled < 14:
        del coded[data.draw(st.integers(0, len(coded))) :]
    cap = data.draw(st.sampled_from([0, 1, 300, len(TEXT) - 1, len(TEXT), MIB]))
    found = outcome(bytes(coded), cap=cap, tolerant=tolerant)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(codings, "_whole_gzip", lambda *_: None)
        assert outcome(bytes(coded), cap=cap, tolerant=tolerant) == found


def test_a_body_that_is_not_in_memory() -> None:
    coded = gzip.compress(TEXT)
    streamed = Streamed(lambda: iter((coded[:10], coded[10:])), len(coded))
    assert decode_content(streamed, header(b"gzip"), cap=MIB) == TEXT


@pytest.mark.parametrize("flag", [0x20, 0x40, 0x80])
def test_reserved_flags_are_refused(flag: int) -> None:
    coded = bytearray(gzip.compress(TEXT))
    coded[3] |= flag
    with pytest.raises(WireError, match="broken gzip"):
        decode_content(bytes(coded), header(b"gzip"), cap=MIB)


def test_what_is_more_than_a_piece_is_not_made_at_once() -> None:
    large = bytes(3 * MIB)
    parts = list(iter_content(gzip.compress(large), header(b"gzip"), cap=len(large)))
    assert b"".join(parts) == large
    assert max(map(len, parts)) < MIB
    assert list(iter_content(gzip.compress(TEXT), header(b"gzip"), cap=MIB)) == [TEXT]
