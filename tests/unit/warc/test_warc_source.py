"""The reader reads from any source of bytes as it does from a file."""

from __future__ import annotations

import gc
import hashlib
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sources import SplitSource

from archiver.errors import ArchiverError, StorageError, WarcError
from archiver.warc import frames
from archiver.warc.cdxj import file_lines
from archiver.warc.check import check_file
from archiver.warc.reader import Damage, StoredRecord, iter_records, read_record
from archiver.warc.source import ByteSource, Digested, FileSource, HeldSource, opened
from archiver.wire.spool import Spilled, Streamed

HOSTILE = Path(__file__).parents[2] / "hostile" / "warc"
SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "warcs"
NAMES = sorted(path.name for path in HOSTILE.glob("*.warc*"))
OTHERS = sorted(path.name for path in SHARED.glob("*warc*")) if SHARED.is_dir() else []


def everything(warc: Path | ByteSource) -> list[object]:
    """All that a reader finds; blocks as bytes, whatever holds them.

    But not whose a torn member is: that is known where some of it came before the fault.
    """
    found: list[object] = []
    for item in iter_records(warc):
        if isinstance(item, StoredRecord):
            found.append((item.offset, item.length, item.headers, item.file))
            found.append(bytes(item.block))
        else:
            found.append(known_of(item))
    return found


def known_of(damage: Damage) -> Damage:
    return replace(damage, record_id=None) if damage.torn else damage


def source_of(path: Path, seed: int, most: int) -> SplitSource:
    chance = random.Random(seed)
    return SplitSource(path.name, path.read_bytes(), lambda n: chance.randint(1, min(n, most)))


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32), most=st.sampled_from([1, 3, 40, 5000]))
def test_any_split_of_a_hostile_file_reads_as_the_file(name: str, seed: int, most: int) -> None:
    path = HOSTILE / name
    assert everything(source_of(path, seed, most)) == everything(path)
    damage = check_file(source_of(path, seed, most))
    assert list(map(known_of, damage)) == list(map(known_of, check_file(path)))
    assert file_lines(source_of(path, seed, most)) == file_lines(path)


@pytest.mark.skipif(not OTHERS, reason=f"other people's WARCs are not beside the repo ({SHARED})")
@pytest.mark.parametrize("name", OTHERS)
@settings(deadline=None, max_examples=5)
@given(seed=st.integers(0, 2**32), most=st.sampled_from([700, 5000, 100_000]))
def test_any_split_of_others_files_reads_as_the_file(name: str, seed: int, most: int) -> None:
    path = SHARED / name
    assert everything(source_of(path, seed, most)) == everything(path)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_held_reads_itself_from_the_source(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = everything(HOSTILE / name)
    monkeypatch.setattr(frames, "HELD", 10)
    source = source_of(HOSTILE / name, 5, 1)
    items = list(iter_records(source))
    source.close()  # the blocks hold it open for themselves
    records = [item for item in items if isinstance(item, StoredRecord)]
    if name in ("folded.warc", "empty-members.warc.gz"):
        assert {type(record.block) for record in records} == {
            Streamed if name.endswith(".gz") else Spilled
        }
    assert [bytes(r.block) for r in records] == [item for item in whole if isinstance(item, bytes)]


@pytest.mark.parametrize("name", NAMES)
def test_one_record_is_read_without_a_look_at_the_files_begin(name: str) -> None:
    data = (HOSTILE / name).read_bytes()
    for record in iter_records(HOSTILE / name):
        if isinstance(record, StoredRecord) and record.length and record.offset:
            source = SplitSource(name, data)
            assert read_record(source, record.offset) == record
            if name.endswith(".gz"):
                assert [offset for offset, _ in source.reads] == [record.offset]


def test_an_error_of_the_source_is_no_damage() -> None:
    class Away(SplitSource):
        def read_at(self, offset: int, count: int) -> bytes:
            if self.reads:
                raise StorageError("does not answer", reason="unreachable", thing=self.place)
            return super().read_at(offset, count)

    data = (HOSTILE / "several-members.warc.gz").read_bytes()
    found: list[StoredRecord | Damage] = []
    with pytest.raises(StorageError, match="does not answer"):
        found.extend(iter_records(Away("x.warc.gz", data, lambda n: min(n, 50))))
    assert found == []
    with pytest.raises(StorageError):
        check_file(Away("x.warc.gz", data, lambda n: min(n, 50)))
    with pytest.raises(StorageError):
        HeldSource(Away("x", data, lambda n: min(n, 50))).read(0, 60)


def test_errors_say_where_the_source_is() -> None:
    source = SplitSource("a.warc.gz", b"")
    with pytest.raises(WarcError, match=re.escape("memory:a.warc.gz at 7")):
        read_record(source, 7)
    with pytest.raises(WarcError, match=r"memory:a\.arc: .*ARC file"):
        list(iter_records(SplitSource("a.arc", b"filedesc://x")))
    with pytest.raises(WarcError, match=r"memory:a\.warc: cannot be read"):
        list(iter_records(SplitSource("a.warc", b""), start=-1))


def test_a_file_is_held_open_beyond_its_source(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz.open"
    path.write_bytes(b"0123456789")
    with opened(path.with_name("a.warc.gz")) as source:
        assert (source.name, source.size()) == ("a.warc.gz", 10)
        held = HeldSource(source)
    with pytest.raises(OSError, match="Bad file descriptor"):
        source.read_at(0, 1)
    source.close()
    path.unlink()
    assert held.read(2, 5) == b"234"
    with pytest.raises(ArchiverError, match="its file was cut"):
        held.read(5, 11)
    before = len(list(Path("/proc/self/fd").iterdir()))
    del held
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before - 1
    with opened(SplitSource("x", b"abc")) as given:
        pass
    assert given.read_at(0, 3) == b"abc"


@settings(deadline=None)
@given(
    st.binary(max_size=300),
    st.lists(st.tuples(st.integers(0, 320), st.integers(1, 90))),
    st.integers(1, 70),
)
def test_the_digest_is_that_of_all_bytes_whatever_was_read_before(
    data: bytes, reads: list[tuple[int, int]], most: int
) -> None:
    source = Digested(SplitSource("x", data, lambda n: min(n, most)))
    for offset, count in reads:
        source.read_at(offset, count)
    assert source.size_and_sha256() == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_read_once_for_its_records_and_its_digest(name: str) -> None:
    data = (HOSTILE / name).read_bytes()
    plain = SplitSource(name, data)
    source = Digested(plain)
    assert everything(source) == everything(HOSTILE / name)
    assert source.size_and_sha256() == (len(data), hashlib.sha256(data).hexdigest())
    with FileSource.of(HOSTILE / name) as file:
        assert Digested(file).size_and_sha256() == source.size_and_sha256()
