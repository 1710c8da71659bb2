"""A file in parts: digests of all of it, in memory that is used again and never mixed up."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Lock

import pytest

from archiver.errors import StorageError
from archiver.store.blobs.parts import Part, Slots, each_part

SIZE = 1000


def made(tmp_path: Path, size: int, seed: int = 1) -> tuple[Path, bytes]:
    body = random.Random(seed).randbytes(size)
    path = tmp_path / f"{seed}-{size}"
    path.write_bytes(body)
    return path, body


@pytest.mark.parametrize("size", [0, 1, SIZE - 1, SIZE, SIZE + 1, 7 * SIZE, 7 * SIZE + 3])
def test_digests_and_parts_are_those_of_the_file(tmp_path: Path, size: int) -> None:
    path, body = made(tmp_path, size)
    found: dict[int, bytes] = {}
    digests = each_part(
        path,
        size=SIZE,
        slots=Slots(3),
        act=lambda part: found.setdefault(part.number, bytes(part.body)) and None,
    )
    parts = [body[start : start + SIZE] for start in range(0, size, SIZE)] or [b""]
    assert [found[number] for number in sorted(found)] == parts
    assert digests.whole == hashlib.sha256(body).hexdigest()
    assert digests.etags == tuple(hashlib.md5(part).hexdigest() for part in parts)
    assert digests.sure
    assert digests.sha256s == tuple(hashlib.sha256(part).digest() for part in parts)


def test_files_side_by_side_share_threads_and_memory(tmp_path: Path) -> None:
    slots, lock = Slots(2), Lock()
    now = most = 0

    def act(part: Part) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        digest = hashlib.sha256(part.body).digest()
        for _ in range(20):  # the memory is this part's for as long as it is dealt with
            assert hashlib.sha256(part.body).digest() == digest == part.sha256
        with lock:
            now -= 1

    files = [made(tmp_path, 40 * SIZE + seed, seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda file: each_part(file[0], size=SIZE, slots=slots, act=act), files)
        assert [one.whole for one in done] == [hashlib.sha256(b).hexdigest() for _, b in files]
    assert most <= 2


def test_parts_that_the_store_calls_otherwise_make_no_etag(tmp_path: Path) -> None:
    path, body = made(tmp_path, 2 * SIZE)
    md5s = [hashlib.md5(body[at : at + SIZE]) for at in (0, SIZE)]
    names = [md5.hexdigest() for md5 in md5s]

    def named() -> str | None:
        return each_part(
            path, size=SIZE, slots=Slots(2), act=lambda part: names[part.number - 1]
        ).etag()

    joined = hashlib.md5(b"".join(md5.digest() for md5 in md5s)).hexdigest()
    assert named() == f"{joined}-2"
    names[1] = "opaque"
    assert named() is None


def test_a_part_that_fails_ends_it_and_gives_its_room_back(tmp_path: Path) -> None:
    path, body = made(tmp_path, 30 * SIZE)
    slots = Slots(2)
    for _ in range(5):
        with pytest.raises(StorageError, match="no"):
            each_part(path, size=SIZE, slots=slots, act=fail)
    assert each_part(path, size=SIZE, slots=slots).whole == hashlib.sha256(body).hexdigest()


def fail(part: Part) -> None:
    if part.number == 4:
        raise StorageError("no", reason="refused")


def test_who_is_stopped_begins_no_further_part(tmp_path: Path) -> None:
    path, _ = made(tmp_path, 50 * SIZE)
    slots, begun, goes_on = Slots(1), Barrier(2), Event()
    numbers: list[int] = []

    def act(part: Part) -> None:
        numbers.append(part.number)
        if part.number == 1:
            begun.wait(60)
            goes_on.wait(60)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(each_part, path, size=SIZE, slots=slots, act=act)
        begun.wait(60)
        slots.stop()
        goes_on.set()
        with pytest.raises(StorageError, match="broken off"):
            other.result(60)
    assert max(numbers) <= 2  # one waited with its memory already
