from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import ArchiverError
from archiver.warc.compress import Codec, compress_member
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
