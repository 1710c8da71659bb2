"""Files are read where they stand: here, still being written, or as a copy in a store."""

from __future__ import annotations

import logging
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exchanges import answer, exchange
from support.stores import CountingBlobs, folder_stores, ship

from archiver.errors import StorageError, WarcError
from archiver.fetch.reindex import reindex
from archiver.model import WarcRef
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.blobsource import BlobSource
from archiver.store.catalogue import Catalogue
from archiver.store.readcache import BLOCK, ReadCache
from archiver.store.warcs import Warcs, split_url
from archiver.warc.check import check_file
from archiver.warc.names import OPEN, beside
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

ROOT = Path(__file__).parents[3]
HOSTILE = ROOT / "tests" / "hostile" / "warc"
SHARED = ROOT.parent / "shared" / "warcs"
WHOLE = random.Random(1).randbytes(5 * BLOCK + 4321)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "warc"
    made.mkdir()
    return made


def write(folder: Path, pages: int = 3, size: int = 3000) -> list[WarcRef]:
    """A closed WARC of some answers that cannot be packed; where these stand."""
    chance = random.Random(pages)
    with WarcWriter(folder, prefix="t", info=WarcInfo(software="test")) as writer:
        return [
            writer.append(
                exchange_records(
                    exchange(answer(chance.randbytes(size)), url=f"https://news.example/{number}")
                )
            )[0]
            for number in range(pages)
        ]


def shipped(folder: Path, catalogue: Catalogue, store: Path, **given: int) -> list[WarcRef]:
    refs = write(folder, **given)
    list(reindex(folder, catalogue))
    ship(folder / refs[0].file, store, catalogue)
    return refs


def test_a_record_is_read_where_it_stands(
    tmp_path: Path, folder: Path, catalogue: Catalogue
) -> None:
    refs = write(folder)
    list(reindex(folder, catalogue))
    warcs = Warcs(folder, catalogue.file, folder_stores(tmp_path / "store"))
    path = folder / refs[1].file
    here = warcs.read(refs[1])
    path.rename(beside(path, OPEN))
    assert warcs.read(refs[1]) == here
    assert warcs.exists(path.name)
    beside(path, OPEN).rename(path)
    copy = ship(path, tmp_path / "store", catalogue)
    assert not path.exists()
    assert warcs.exists(path.name)
    assert warcs.read(refs[1]) == here
    with warcs.open(path.name, whole=True) as source:
        assert (source.name, source.place) == (path.name, f"file://{copy}")
        assert check_file(source) == []


def test_what_is_nowhere_is_said_with_what_was_tried(folder: Path, catalogue: Catalogue) -> None:
    warcs = Warcs(folder, catalogue.file)
    with pytest.raises(WarcError, match=r"warc/x\.warc\.gz \(or x\.warc\.gz\.open\).* not know"):
        warcs.open("x.warc.gz")
    assert not warcs.exists("x.warc.gz")
    catalogue.open_file("x.warc.gz", datetime.now(UTC))
    with pytest.raises(WarcError, match="no copy of it is known"):
        warcs.open("x.warc.gz")
    assert not warcs.exists("x.warc.gz")


@pytest.mark.parametrize("name", ["../x.warc.gz", "/etc/passwd", "a/../../x.warc.gz"])
def test_no_name_leads_out_of_the_archive(folder: Path, catalogue: Catalogue, name: str) -> None:
    with pytest.raises(WarcError, match="outside of the archive"):
        Warcs(folder, catalogue.file).open(name)


def test_a_store_that_does_not_answer_is_no_damage(
    tmp_path: Path, folder: Path, catalogue: Catalogue
) -> None:
    refs = shipped(folder, catalogue, tmp_path / "store")
    warcs = Warcs(folder, catalogue.file, folder_stores(tmp_path / "store"))
    (tmp_path / "store").rename(tmp_path / "away")
    with pytest.raises(StorageError) as away:
        warcs.read(refs[0])
    assert away.value.reason == "unreachable"
    (tmp_path / "store").mkdir()  # its disk is there again, the file is not
    with pytest.raises(StorageError) as gone:
        warcs.read(refs[0])
    assert gone.value.reason == "gone"


def test_the_catalogue_is_asked_once_for_what_is_copied(
    tmp_path: Path, folder: Path, catalogue: Catalogue
) -> None:
    refs = shipped(folder, catalogue, tmp_path / "store")
    asked: list[str] = []

    def lookup(name: str) -> object:
        asked.append(name)
        return catalogue.file(name)

    warcs = Warcs(folder, lookup)  # type: ignore[arg-type]  # gives what file() gives
    assert all(warcs.exists(refs[0].file) for _ in range(3))
    assert asked == [refs[0].file]


@pytest.mark.parametrize(
    ("url", "store", "found"),
    [
        ("s3://b/kept/sky/a.warc.gz", "s3://b/kept", ("s3://b/kept", "sky/a.warc.gz")),
        ("s3://b/kept/sky/a.warc.gz", "s3://b/other", ("s3://b", "kept/sky/a.warc.gz")),
        ("s3://b/keptelse/a.warc.gz", "s3://b/kept", ("s3://b", "keptelse/a.warc.gz")),
        ("file:///disk/x/a.warc.gz", "", ("file:///disk/x", "a.warc.gz")),
        ("file:///disk/x/a.warc.gz", "file:///disk", ("file:///disk", "x/a.warc.gz")),
    ],
)
def test_a_files_url_is_store_and_key(url: str, store: str, found: tuple[str, str]) -> None:
    assert split_url(url, store) == found


@pytest.mark.parametrize("url", ["s3://b/a/../b.warc.gz", "file:///x/", "https://x.example/a.gz"])
def test_a_url_that_names_no_file_of_a_store(tmp_path: Path, url: str) -> None:
    with pytest.raises(StorageError):
        folder_stores(tmp_path).find(url)


def stored(folder: Path, data: bytes = WHOLE) -> CountingBlobs:
    blobs = CountingBlobs(folder / "store")
    blobs.put("a/x.warc.gz", data)
    return blobs


def test_a_record_whose_length_is_known_is_one_request(
    tmp_path: Path, folder: Path, catalogue: Catalogue
) -> None:
    refs = shipped(folder, catalogue, tmp_path / "store", pages=60)
    blobs = CountingBlobs(tmp_path / "store")
    key = f"sky-news/2026/11/02/{refs[0].file}"
    for ref in (refs[7], refs[40]):
        for known in (ref.length, None):
            blobs.reads.clear()
            source = BlobSource(blobs, key, first=known)
            assert next(iter_records(source, start=ref.offset))
            assert blobs.reads == [(ref.offset, known or BLOCK)]


def test_a_large_record_is_a_few_requests(
    tmp_path: Path, folder: Path, catalogue: Catalogue
) -> None:
    (ref,) = shipped(folder, catalogue, tmp_path / "store", pages=1, size=30 * 2**20)
    blobs = CountingBlobs(tmp_path / "store")
    source = BlobSource(blobs, f"sky-news/2026/11/02/{ref.file}")
    record = next(iter_records(source, start=ref.offset))
    assert isinstance(record, StoredRecord)
    assert len(blobs.reads) < 12
    assert max(length for _, length in blobs.reads) == 8 * 2**20
    source.close()
    assert len(bytes(record.http().payload)) == 30 * 2**20


def test_a_length_that_lies_costs_one_request_more(
    tmp_path: Path, folder: Path, catalogue: Catalogue
) -> None:
    refs = shipped(folder, catalogue, tmp_path / "store")
    blobs = CountingBlobs(tmp_path / "store")
    source = BlobSource(blobs, f"sky-news/2026/11/02/{refs[0].file}", first=1)
    assert next(iter_records(source, start=refs[1].offset))
    assert len(blobs.reads) == 2


def test_what_was_read_is_not_asked_for_again(tmp_path: Path) -> None:
    blobs, cache = stored(tmp_path), ReadCache(tmp_path / "cache", 10**7)
    for _ in range(3):
        source = BlobSource(blobs, "a/x.warc.gz", cache=cache)
        assert source.read_at(BLOCK + 5, 100) == WHOLE[BLOCK + 5 : BLOCK + 105]
        assert source.read_at(5 * BLOCK + 4300, 100) == WHOLE[-21:]
    assert blobs.reads == [(BLOCK, 2 * BLOCK), (5 * BLOCK, 4321)]
    assert source.read_at(2 * BLOCK, 10) == WHOLE[2 * BLOCK : 2 * BLOCK + 10]
    assert len(blobs.reads) == 2


def test_a_torn_block_is_asked_for_again(tmp_path: Path) -> None:
    blobs, cache = stored(tmp_path), ReadCache(tmp_path / "cache", 10**7)
    BlobSource(blobs, "a/x.warc.gz", cache=cache).read_at(0, 10)
    for path in (tmp_path / "cache").rglob("*-*"):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
    assert BlobSource(blobs, "a/x.warc.gz", cache=cache).read_at(0, 10) == WHOLE[:10]
    assert len(blobs.reads) == 2


def test_a_file_of_another_size_has_other_blocks(tmp_path: Path) -> None:
    blobs, cache = stored(tmp_path), ReadCache(tmp_path / "cache", 10**7)
    BlobSource(blobs, "a/x.warc.gz", cache=cache).read_at(0, 10)
    blobs.put("a/x.warc.gz", b"another file")
    assert BlobSource(blobs, "a/x.warc.gz", cache=cache).read_at(0, 10) == b"another fi"


def test_an_answer_that_breaks_off_is_not_kept(tmp_path: Path) -> None:
    class Short(CountingBlobs):
        def read(self, key: str, offset: int, length: int) -> bytes:
            return super().read(key, offset, length)[: BLOCK + 100]

    stored(tmp_path)
    blobs, cache = Short(tmp_path / "store"), ReadCache(tmp_path / "cache", 10**7)
    source = BlobSource(blobs, "a/x.warc.gz", first=3 * BLOCK, cache=cache)
    assert source.read_at(0, 10**6) == WHOLE[: BLOCK + 100]
    assert len(list((tmp_path / "cache").rglob("*-*"))) == 1


def test_a_whole_file_does_not_pass_through_the_cache(tmp_path: Path) -> None:
    blobs, cache = stored(tmp_path), ReadCache(tmp_path / "cache", 10**7)
    source = BlobSource(blobs, "a/x.warc.gz", whole=True, cache=cache)
    assert b"".join(iter(pieces(source).__next__, b"")) == WHOLE
    assert not (tmp_path / "cache").exists()
    assert blobs.reads[0] == (0, 8 * 2**20)


def pieces(source: BlobSource) -> Iterator[bytes]:
    at = 0
    while piece := source.read_at(at, 100_000):
        yield piece
        at += len(piece)
    yield b""


def test_a_long_run_does_not_fill_the_cache(tmp_path: Path) -> None:
    whole = random.Random(2).randbytes(40 * 2**20)
    blobs, cache = stored(tmp_path, whole), ReadCache(tmp_path / "cache", 10**9)
    source = BlobSource(blobs, "a/x.warc.gz", cache=cache)
    assert b"".join(iter(pieces(source).__next__, b"")) == whole
    kept = sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*-*"))
    assert kept < 20 * 2**20


def test_an_error_on_the_way_is_not_an_end(tmp_path: Path) -> None:
    blobs = stored(tmp_path)
    source = BlobSource(blobs, "a/x.warc.gz", first=100)
    assert source.read_at(0, 50)
    blobs.away = True
    assert source.read_at(50, 50) == WHOLE[50:100]  # which is here already
    with pytest.raises(StorageError):
        source.read_at(100, 50)
    blobs.away = False
    assert source.read_at(100, 50) == WHOLE[100:150]


@settings(deadline=None, max_examples=60)
@given(
    reads=st.lists(st.tuples(st.integers(0, len(WHOLE) + 9), st.integers(1, 3 * BLOCK))),
    first=st.none() | st.integers(1, 3 * BLOCK),
    whole=st.booleans(),
    cached=st.booleans(),
)
def test_any_reads_give_the_files_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    reads: list[tuple[int, int]],
    first: int | None,
    whole: bool,
    cached: bool,
) -> None:
    folder = tmp_path_factory.mktemp("any")
    blobs = stored(folder)
    cache = ReadCache(folder / "cache", 3 * BLOCK) if cached else None
    source = BlobSource(blobs, "a/x.warc.gz", first=first, whole=whole, cache=cache)
    for offset, count in reads:
        found = source.read_at(offset, count)
        assert found == WHOLE[offset : offset + len(found)]
        assert len(found) <= count
        assert found or offset >= len(WHOLE)


@pytest.mark.parametrize(
    "path",
    [*HOSTILE.glob("*.warc*"), *(SHARED.glob("*warc*") if SHARED.is_dir() else ())],
    ids=lambda path: path.name,
)
def test_a_store_gives_the_same_records_as_a_file(path: Path, tmp_path: Path) -> None:
    blobs = DiskBlobs(path.parent)
    cache = ReadCache(tmp_path, 10**7)
    here = list(iter_records(path))
    for whole in (True, False, False):
        source = BlobSource(blobs, path.name, whole=whole, cache=cache)
        assert list(iter_records(source)) == here


CHILD = """
import re, sys
from pathlib import Path
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.blobsource import BlobSource
from archiver.warc.check import check_file
from archiver.warc.source import Digested

source = Digested(BlobSource(DiskBlobs(Path(sys.argv[1])), "x.warc.gz", whole=True))
found = check_file(source)
size, _ = source.size_and_sha256()
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(size, len(found), peak)
"""


def test_memory_is_flat_over_a_whole_file(tmp_path: Path) -> None:
    body = random.Random(3).randbytes(2 * 2**20)
    with WarcWriter(tmp_path, prefix="t", info=WarcInfo(software="test")) as writer:
        for number in range(150):
            url = f"https://news.example/{number}"
            writer.append(exchange_records(exchange(answer(body), url=url)))
        name = writer.name
    assert name
    (tmp_path / name).rename(tmp_path / "x.warc.gz")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    size, found, peak = map(int, done.stdout.split())
    assert (size, found) == ((tmp_path / "x.warc.gz").stat().st_size, 0)
    assert size > 300 * 2**20
    assert peak < 150 * 1024  # KiB


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blobs = stored(tmp_path)
    (tmp_path / "cache").write_text("no folder")
    cache = ReadCache(tmp_path / "cache", 10**7)
    with caplog.at_level(logging.WARNING):
        for offset in range(0, len(WHOLE), BLOCK):
            source = BlobSource(blobs, "a/x.warc.gz", cache=cache)
            assert source.read_at(offset, 10) == WHOLE[offset : offset + 10]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
