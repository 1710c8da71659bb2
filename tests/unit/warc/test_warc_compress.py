from __future__ import annotations

import base64
import gzip
import os
import random
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import ArchiverError
from archiver.warc.compress import Codec, compress_member, compress_pieces
from archiver.warc.members import FileWindow, GzipMember, JoinedMembers
from archiver.warc.source import FileSource


@given(st.binary(), st.sampled_from(Codec))
def test_a_member_is_gzip_and_always_the_same(data: bytes, codec: Codec) -> None:
    member = compress_member(data, codec=codec)
    assert gzip.decompress(member) == data
    assert member == compress_member(data, codec=codec)


def test_a_codec_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deflate", None)
    with pytest.raises(ArchiverError, match=r"Install news-archiver\[libdeflate\]"):
        compress_member(b"x", codec=Codec.LIBDEFLATE)


@pytest.mark.parametrize(
    ("codec", "level"),
    [
        (Codec.ISAL, 0),
        (Codec.ISAL, 3),
        (Codec.LIBDEFLATE, 0),
        (Codec.LIBDEFLATE, 12),
        (Codec.ZLIB, 9),
    ],
)
def test_levels(codec: Codec, level: int) -> None:
    data = b"Wort " * 1000
    assert gzip.decompress(compress_member(data, codec=codec, level=level)) == data
    assert compress_member(data, codec=Codec.ZLIB, level=1) != compress_member(data, level=1)


HEAD = b"WARC/1.1 " * 400


def _coded() -> bytes:
    """A large text as servers send it, which another compressor would not leave as it is."""
    chance = random.Random(1)
    words = ["".join(chance.choices("enisratdhulcgmobwfkz", k=7)) for _ in range(3000)]
    return zlib.compress(" ".join(chance.choices(words, k=70_000)).encode(), 9)


CODED = _coded()  # of more than one stored block


def _is_stored(member: bytes) -> bool:
    """Whether nearly all of `CODED` stands in the member as it is, but for the blocks' begins."""
    places = range(5000, len(CODED) - 200, 1000)
    return sum(CODED[at : at + 200] in member for at in places) > 0.9 * len(places)


@pytest.mark.parametrize("codec", Codec)
def test_what_is_compressed_already_is_stored(codec: Codec) -> None:
    data = HEAD + CODED
    member = compress_member(data, codec=codec)
    assert gzip.decompress(member) == data
    assert _is_stored(member)
    assert len(member) < len(CODED) + 500
    parts = HEAD, CODED[:90_000], CODED[90_000:]
    member = b"".join(compress_pieces(parts, codec=codec))
    assert gzip.decompress(member) == data
    assert _is_stored(member)
    assert len(member) < len(CODED) + 500


@pytest.mark.parametrize(
    "data",
    [
        b"<p>Wolkenbruch</p>" * 5000,
        base64.b64encode(CODED),
        b"<p>Wort</p>" * 20_000 + CODED[:4000],
        CODED[:60_000] + b"<p>Wort</p>" * 20_000,
    ],
    ids=["text", "base64", "text-with-coded", "coded-with-text"],
)
def test_what_gets_smaller_is_compressed(data: bytes) -> None:
    member = compress_member(data)
    assert len(member) < 0.8 * len(data)
    assert len(b"".join(compress_pieces([data]))) < 0.8 * len(data)


@given(
    st.lists(st.tuples(st.integers(0, 70_000), st.booleans()), max_size=5),
    st.sampled_from(Codec),
    st.randoms(use_true_random=False),
)
def test_pieces_of_any_kind_make_one_member(
    sizes: list[tuple[int, bool]], codec: Codec, chance: random.Random
) -> None:
    parts = [chance.randbytes(size) if packed else bytes(size) for size, packed in sizes]
    whole = b"".join(parts)
    assert gzip.decompress(b"".join(compress_pieces(parts, codec=codec))) == whole
    assert gzip.decompress(compress_member(whole, codec=codec)) == whole


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("members") / "x.gz"


def opened(path: Path, data: bytes) -> int:
    path.write_bytes(data)
    return os.open(path, os.O_RDONLY)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=70_000), min_size=1, max_size=4), st.data())
def test_members_are_found_up_to_the_first_that_does_not_end(
    path: Path, blocks: list[bytes], data: st.DataObject
) -> None:
    members = [compress_member(block) for block in blocks]
    whole = b"".join(members)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [sum(map(len, members[: number + 1])) for number in range(len(members))]
    fd = opened(path, whole[:cut])
    try:
        start = 0
        for end, block in zip(ends, blocks, strict=True):
            member = GzipMember(FileWindow(FileSource(fd, path)), start)
            content = b"".join(iter(member.read, b""))
            if end > cut:
                assert member.end is None
                assert member.fault
                break
            assert content == block
            assert (member.end, member.fault) == (end, None)
            start = end
    finally:
        os.close(fd)


# A member that begins like a record is one, and ends the join.
PARTS = st.binary(min_size=1, max_size=200).filter(lambda part: not part.startswith(b"WARC/"))


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=6))
def test_joined_members_read_as_one(path: Path, blocks: list[bytes]) -> None:
    members = [compress_member(block) for block in blocks]
    fd = opened(path, b"".join(members) + compress_member(b"WARC/1.1 next"))
    try:
        joined = JoinedMembers(FileWindow(FileSource(fd, path)), 0)
        assert b"".join(iter(joined.read, b"")) == b"".join(blocks)
        for number in range(1, len(blocks) + 1):
            end = joined.end_of(sum(map(len, blocks[:number])))
            assert end == sum(map(len, members[:number]))
        assert joined.end_of(sum(map(len, blocks)) + 1) is None
    finally:
        os.close(fd)
