"""Parts of files in a store, kept on the disk: bounded, never torn, shared by processes."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.store import readcache
from archiver.store.readcache import BLOCK, ReadCache

ROOT = Path(__file__).parents[3]


def blocks(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*-*") if path.is_file())


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in blocks(folder))


def test_a_block_comes_back_by_file_and_number(tmp_path: Path) -> None:
    cache = ReadCache(tmp_path / "cache", 10**6)
    assert cache.get("a", 0) is None
    cache.put("a", 0, b"zero")
    cache.put("a", 1, b"one")
    cache.put("b", 0, b"other")
    assert [cache.get("a", 0), cache.get("a", 1), cache.get("b", 0)] == [b"zero", b"one", b"other"]
    assert ReadCache(tmp_path / "cache", 10**6).get("a", 1) == b"one"


@given(place=st.floats(0, 1, exclude_max=True), cut=st.booleans(), bit=st.integers(0, 7))
def test_what_is_torn_or_flipped_is_no_block(
    tmp_path_factory: pytest.TempPathFactory, place: float, cut: bool, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = ReadCache(folder, 10**6)
    cache.put("a", 3, b"0123456789" * 10)
    (path,) = blocks(folder)
    data = bytearray(path.read_bytes())
    at = int(place * len(data))
    data[at] ^= 1 << bit
    path.write_bytes(data[:at] if cut else data)
    assert cache.get("a", 3) is None
    assert blocks(folder) == []


def test_a_block_under_a_wrong_name_is_none(tmp_path: Path) -> None:
    cache = ReadCache(tmp_path, 10**6)
    cache.put("a", 3, b"three")
    (path,) = blocks(tmp_path)
    path.rename(path.with_name(path.name[:-1] + "4"))
    assert cache.get("a", 4) is None


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    limit = 20 * (BLOCK + 8)
    cache = ReadCache(tmp_path, limit)
    for number in range(19):
        cache.put("a", number, bytes([number]) * BLOCK)
        os.utime(cache._path("a", number), (1000 + number, 1000 + number))
    assert cache.get("a", 0) is not None  # which counts as used now
    for number in range(19, 34):
        cache.put("a", number, bytes([number]) * BLOCK)
        assert size(tmp_path) <= limit
    assert cache.get("a", 0) is not None
    assert cache.get("a", 1) is None
    assert cache.get("a", 33) == bytes([33]) * BLOCK
    assert size(tmp_path) > limit / 2


def test_nothing_is_kept_with_a_limit_of_nothing(tmp_path: Path) -> None:
    cache = ReadCache(tmp_path / "cache", 0)
    cache.put("a", 0, b"zero")
    assert cache.get("a", 0) is None
    assert not (tmp_path / "cache").exists()


def test_without_a_folder_it_is_done_without_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("no folder")
    cache = ReadCache(tmp_path / "cache", 10**6)
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            cache.put("a", number, b"zero")
            assert cache.get("a", number) is None
    assert len(caplog.records) == 1
    assert "cannot be used" in caplog.text


def test_what_a_crash_left_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    cache = ReadCache(tmp_path, 10**6)
    cache.put("a", 0, b"zero")
    (path,) = blocks(tmp_path)
    old, new = (path.with_name(f"{path.name}.{name}.part") for name in ("old", "new"))
    old.write_bytes(b"NA")
    new.write_bytes(b"NA")
    os.utime(old, (1000, 1000))
    ReadCache(tmp_path, 10**6).put("a", 1, b"one")
    assert (old.exists(), new.exists()) == (False, True)


CHILD = """
import random, sys
from pathlib import Path
from archiver.store.readcache import BLOCK, ReadCache

cache, chance = ReadCache(Path(sys.argv[1]), int(sys.argv[2])), random.Random(sys.argv[3])
hits = 0
for _ in range(400):
    number = chance.randrange(60)
    wanted = bytes([number]) * (BLOCK - number)
    found = cache.get("a", number)
    assert found in (None, wanted), number
    hits += found is not None
    if found is None:
        cache.put("a", number, wanted)
print(hits)
"""


def test_processes_share_it(tmp_path: Path) -> None:
    """Four that read and keep the same blocks: never a wrong one, and never too many for long."""
    limit = 32 * (BLOCK + 8)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), str(limit), str(number)],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        )
        for number in range(4)
    ]
    said = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0] * 4
    assert all(int(hits) > 0 for hits in said)
    assert size(tmp_path) <= limit + 4 * (limit // readcache._LOOKS + BLOCK + 8)


def test_the_sum_is_over_what_it_is_a_block_of(tmp_path: Path) -> None:
    ReadCache(tmp_path, 10**6).put("a", 0, b"zero")
    (path,) = blocks(tmp_path)
    assert path.read_bytes() == b"NAB1" + zlib.crc32(b"a 0zero").to_bytes(4, "big") + b"zero"
