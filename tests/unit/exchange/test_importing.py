"""Files of others taken in: whole, torn, unpacked, wrongly packed; again, and made anew."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.exchanges import answer, exchange, odd_exchanges
from support.judges import judge
from support.redactions import redact

from archiver.config.storage import StorageSettings
from archiver.errors import StorageError, WarcError
from archiver.exchange.importing import PART, Importer, name_of
from archiver.fetch.reindex import reindex
from archiver.fetch.rewriting import Rewriter
from archiver.model import CaptureKind, ExtractionState
from archiver.store.catalogue import Catalogue
from archiver.store.copies import Copy
from archiver.store.warcs import Stores
from archiver.warc.cdxj import file_lines, read_sidecar
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

FOREIGN = Path(__file__).parents[4] / "shared" / "warcs"
needs_foreign = pytest.mark.skipif(
    not FOREIGN.is_dir(), reason="the shared WARC files are not here: ../shared/warcs"
)
HOSTS = {"news.example": "daily"}


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(f"sqlite:///{tmp_path / 'catalogue.sqlite'}", create=True) as opened:
        yield opened


@pytest.fixture
def importer(tmp_path: Path, catalogue: Catalogue) -> Importer:
    return Importer(tmp_path / "warc", catalogue, hosts=HOSTS)


def made_by_others(folder: Path) -> Path:
    """A WARC of many odd answers, without anything that only this archiver writes."""
    writer = WarcWriter(folder, prefix="other", info=WarcInfo(software="other/1"))
    for taken in odd_exchanges().values():
        writer.append(exchange_records(taken)[:2])
    writer.close()
    [path] = folder.glob("*.warc.gz")
    return path.rename(folder / "CC NEWS (1).warc.gz")


def facts(catalogue: Catalogue) -> set[tuple[object, ...]]:
    found = set()
    for name in catalogue.places():
        found |= {
            (one.url, one.captured_at, one.kind, one.outlet, one.warc, one.extraction, one.run_id)
            for one in catalogue.captures_in(name)
        }
    return found


def test_a_file_is_copied_behind_a_record_that_says_what_it_is(
    tmp_path: Path, importer: Importer, catalogue: Catalogue
) -> None:
    path = made_by_others(tmp_path / "other")
    taken = importer.take(path)
    stored = tmp_path / "warc" / taken.file
    assert taken.file.startswith("import-CC-NEWS-1-")
    assert (taken.known, taken.packed, taken.damage) == (False, False, [])
    assert stored.read_bytes().endswith(path.read_bytes())
    assert judge(stored) == []
    assert read_sidecar(stored) == file_lines(stored)
    assert sum(taken.captures.values()) == len(facts(catalogue)) > 20
    assert set(taken.captures) == {"daily", "unknown"}  # that of an address of IPv6
    [file] = catalogue.files()
    assert file.closed
    assert list((tmp_path / "warc").glob(f"{PART}*")) == []


def test_again_is_no_harm(tmp_path: Path, importer: Importer, catalogue: Catalogue) -> None:
    path = made_by_others(tmp_path / "other")
    first = importer.take(path)
    before = facts(catalogue)
    renamed = shutil.copy(path, tmp_path / "other" / "CC NEWS (1)")  # the same bytes
    for again in (importer.take(path), importer.take(Path(renamed))):
        assert (again.known, again.file, again.captures) == (True, first.file, {})
    assert facts(catalogue) == before


def test_a_catalogue_made_anew_says_the_same(
    tmp_path: Path, importer: Importer, catalogue: Catalogue
) -> None:
    importer.take(made_by_others(tmp_path / "other"))
    with Catalogue.open(f"sqlite:///{tmp_path / 'new.sqlite'}", create=True) as anew:
        for _ in reindex(tmp_path / "warc", anew):
            pass
        assert facts(anew) == facts(catalogue)
    kinds = {one[2] for one in facts(catalogue)}
    assert kinds == {CaptureKind.PAGE, CaptureKind.OTHER}
    assert ExtractionState.PENDING in {one[5] for one in facts(catalogue)}


def test_an_import_that_was_broken_off_is_ended_by_the_next(
    tmp_path: Path, importer: Importer, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made_by_others(tmp_path / "other")
    with monkeypatch.context() as patch:
        patch.setattr(Catalogue, "close_file", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            importer.take(path)
    (tmp_path / "warc" / f"{PART}left").write_bytes(b"left")
    again = Importer(tmp_path / "warc", catalogue, hosts=HOSTS).take(path)
    assert not again.known
    assert [file.closed for file in catalogue.files()] == [True]
    assert list((tmp_path / "warc").glob(f"{PART}*")) == []


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_not_packed_by_record_is_packed(
    tmp_path: Path, importer: Importer, catalogue: Catalogue, whole: bool
) -> None:
    path = made_by_others(tmp_path / "other")
    plain = gzip.decompress(path.read_bytes())
    other = path.with_name("one.warc.gz" if whole else "plain.warc")
    other.write_bytes(gzip.compress(plain) if whole else plain)
    taken = importer.take(other)
    assert taken.packed
    stored = tmp_path / "warc" / taken.file
    records = [one for one in iter_records(path) if isinstance(one, StoredRecord)]
    again = [one for one in iter_records(stored) if isinstance(one, StoredRecord)]
    assert [(one.headers, bytes(one.block)) for one in again[1:]] == [
        (one.headers, bytes(one.block)) for one in records
    ]
    assert judge(stored) == []
    assert sum(taken.captures.values()) > 20


def test_of_a_torn_file_what_is_intact_counts(
    tmp_path: Path, importer: Importer, catalogue: Catalogue
) -> None:
    path = made_by_others(tmp_path / "other")
    data = bytearray(path.read_bytes()[:-100])
    offsets = [one.offset for one in iter_records(path) if isinstance(one, StoredRecord)]
    data[offsets[7] + 20] ^= 0xFF
    path.write_bytes(data)
    taken = importer.take(path)
    assert len(taken.damage) == 2
    assert all(one.torn for one in taken.damage)
    assert sum(taken.captures.values()) >= 20


def test_an_outlet_that_is_named_has_them_all(tmp_path: Path, catalogue: Catalogue) -> None:
    importer = Importer(tmp_path / "warc", catalogue, outlet="weekly", hosts=HOSTS)
    taken = importer.take(made_by_others(tmp_path / "other"))
    assert set(taken.captures) == {"weekly"}


def test_a_file_of_another_archive_keeps_what_it_says(
    tmp_path: Path, importer: Importer, catalogue: Catalogue
) -> None:
    writer = WarcWriter(tmp_path / "other", prefix="x", info=WarcInfo(software="x"))
    said = [("outlet", "their-news"), ("kind", "section"), ("run", "77")]
    taken = exchange(answer(b"<p>words</p>"), url="https://other.example/")
    writer.append(exchange_records(taken, metadata=said))
    writer.close()
    importer.take(next((tmp_path / "other").glob("*.warc.gz")))
    [(_, _, kind, outlet, _, _, run)] = facts(catalogue)
    assert (kind, outlet, run) == (CaptureKind.SECTION, "their-news", None)


def test_what_is_redacted_is_in_no_index(
    tmp_path: Path, importer: Importer, catalogue: Catalogue
) -> None:
    redact(catalogue, tmp_path / "warc", "https://news.example/plain")
    taken = importer.take(made_by_others(tmp_path / "other"))
    lines = read_sidecar(tmp_path / "warc" / taken.file)
    assert lines
    assert not any("/plain " in line.lower() for line in lines)
    assert "https://news.example/plain" not in {
        one.url for one in catalogue.pending_in(taken.file, limit=3)
    }


def test_pages_that_wait_come_page_by_page(
    tmp_path: Path, importer: Importer, catalogue: Catalogue
) -> None:
    taken = importer.take(made_by_others(tmp_path / "other"))
    wanted = catalogue.pending_in(taken.file)
    assert len(wanted) > 5
    for limit in (1, 2, len(wanted)):
        found = catalogue.pending_in(taken.file, limit=limit)
        while more := catalogue.pending_in(taken.file, after=found[-1], limit=limit):
            found += more
        assert found == wanted
    assert catalogue.pending_in("another") == []


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no WARC", gzip.compress(b"words", mtime=0)])
def test_what_is_no_warc_is_refused(tmp_path: Path, importer: Importer, data: bytes) -> None:
    path = tmp_path / "x.warc.gz"
    path.write_bytes(data)
    with pytest.raises(WarcError, match="no WARC record"):
        importer.take(path)
    assert list((tmp_path / "warc").iterdir()) == []
    with pytest.raises(WarcError, match="nowhere"):
        importer.take(tmp_path / "nowhere")


def test_names_are_safe_and_their_own() -> None:
    assert name_of("../../etc/x y.warc.gz", "a" * 64) == f"import-etc-x-y-{'a' * 16}.warc.gz"
    assert name_of("", "b" * 64) == f"import-x-{'b' * 16}.warc.gz"
    assert len(name_of("y" * 300, "c" * 64)) < 120
    assert name_of("x.warc", "d" * 64) == name_of("x.warc.gz", "d" * 64)


@needs_foreign
def test_files_that_others_wrote(tmp_path: Path, catalogue: Catalogue) -> None:
    importer = Importer(tmp_path / "warc", catalogue, outlet="foreign")
    found, refused = {}, {}
    for path in sorted(FOREIGN.iterdir()):
        if path.suffix == ".md":
            continue
        try:
            taken = importer.take(path)
        except WarcError as error:
            refused[path.name] = str(error)
        else:
            found[path.name] = (taken.captures["foreign"], taken.packed, len(taken.damage))
    assert {name for name, text in refused.items() if "ARC file" in text} == {
        "bad.arc",
        "example.arc.gz",
    }
    assert len(refused) == 2, refused
    no_answer = {  # a file: URL; a revisit without an HTTP head
        "example-space-in-target-uri.warc.gz",
        "20141124-heritrix-server-not-modified.warc.gz",
    }
    assert {name for name, (captures, _, _) in found.items() if not captures} == no_answer
    assert {name for name, (_, packed, _) in found.items() if packed} == {
        "example-bad-non-chunked.warc.gz",
        "example-bad.warc.gz.bad",
        "example-iana.org-chunked.warc",
        "example-trunc.warc",
    }
    assert {name for name, (_, _, damage) in found.items() if damage} == {
        "example-trunc.warc",
        "example-wrong-chunks.warc.gz",
    }
    assert found["example-bad.warc.gz.bad"] == (3, True, 0)
    for path in (tmp_path / "warc").glob("*.warc.gz"):
        assert read_sidecar(path) == file_lines(path)


def test_what_was_written_anew_without_something_does_not_come_back(
    tmp_path: Path, importer: Importer, catalogue: Catalogue
) -> None:
    path = made_by_others(tmp_path / "other")
    importer.take(path)
    redact(catalogue, tmp_path / "warc", "https://news.example/plain")
    [done] = Rewriter(tmp_path / "warc", catalogue, by="Ada", keep=False).run(trial=False)
    assert done.new
    with pytest.raises(WarcError, match="written anew"):
        importer.take(path)
    assert [one.name for one in (tmp_path / "warc").glob("*.warc.gz")] == [done.new]
    with Catalogue.open(f"sqlite:///{tmp_path / 'new.sqlite'}", create=True) as anew:
        for _ in reindex(tmp_path / "warc", anew):
            pass  # the new file still says whose it is
        assert {one[3] for one in facts(anew)} == {"daily", "unknown"}


def test_a_file_in_a_store_is_the_same(
    tmp_path: Path, importer: Importer, catalogue: Catalogue
) -> None:
    path = made_by_others(tmp_path / "other")
    path = path.rename(path.with_name("there.warc.gz"))
    copy = Copy(url=path.as_uri(), stores=Stores(settings=StorageSettings()))
    taken = importer.take(copy)
    assert taken.source == copy.url
    assert (tmp_path / "warc" / taken.file).read_bytes().endswith(path.read_bytes())
    again = importer.take(path)
    assert (again.known, again.file) == (True, taken.file)
    path.unlink()
    with pytest.raises(StorageError):
        importer.take(copy)
    assert [one.name for one in (tmp_path / "warc").glob(f"{PART}*")] == []
