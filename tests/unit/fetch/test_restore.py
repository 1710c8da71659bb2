"""An archive of which only the store is left: its catalogue comes back, and answers as before."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.blobs import bucket_settings, use_credentials
from support.commands import archiver
from support.s3_place import S3Place
from support.shelf import fill
from support.workdir import run

from archiver.config.load import Loaded, load
from archiver.config.workdir import lay_out
from archiver.errors import ArchiverError, ConfigError, FetchError, StorageError, WarcError
from archiver.fetch import restore
from archiver.fetch.restore import reindex_store
from archiver.model import Capture
from archiver.store.catalogue import Catalogue
from archiver.store.shipper import Shipper
from archiver.store.warcs import Stores, Warcs


def laid_out(folder: Path, storage: str) -> Loaded:
    lay_out(folder, seeds=False)
    (folder / "config" / "archiver.toml").write_text(
        f'[operator]\ncontact = "https://archive.example/"\n[storage]\n{storage}\n'
    )
    return load(start=folder, explicit=None, env={}, flags={})


@pytest.fixture
def old(tmp_path: Path) -> Iterator[tuple[Loaded, Catalogue]]:
    """A machine whose files were shipped to a folder."""
    loaded = laid_out(tmp_path / "old", f'url = "file://{tmp_path}/store"')
    loaded.warc_folder.mkdir(parents=True)
    with Catalogue.open(loaded.catalogue_url, create=True) as catalogue:
        fill(loaded.warc_folder, catalogue, files=3)
        ship_all(loaded, catalogue)
        yield loaded, catalogue


def ship_all(loaded: Loaded, catalogue: Catalogue) -> None:
    storage = loaded.settings.storage
    blobs = Stores.of(loaded).open(storage.url)
    shipped = list(Shipper(loaded.warc_folder, catalogue, blobs, storage).ship())
    assert [one.error for one in shipped] == [None] * 3


@pytest.fixture
def new(tmp_path: Path, old: tuple[Loaded, Catalogue], monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """Another machine, on which there is nothing."""
    made = laid_out(tmp_path / "new", f'url = "file://{tmp_path}/store"')
    monkeypatch.chdir(tmp_path / "new")
    return made


def reindex(*arguments: str) -> tuple[int, dict[str, int]]:
    code, said = archiver("reindex", "--json", *arguments)
    return code, json.loads(said) if said else {}


def captures(catalogue: Catalogue) -> list[Capture]:
    return [one for file in catalogue.files() for one in catalogue.captures_in(file.name)]


def everything(loaded: Loaded, catalogue: Catalogue) -> list[tuple[Capture, bytes]]:
    warcs = Warcs.of(loaded, catalogue)
    return [(one, bytes(warcs.read(one.warc).block)) for one in captures(catalogue)]


def copies(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "store").rglob("*.warc.gz"))


def test_the_store_alone_is_enough(old: tuple[Loaded, Catalogue], new: Loaded) -> None:
    before = [(block, one.url, one.captured_at) for one, block in everything(*old)]
    code, counts = reindex("--from")
    assert (code, counts["files_added"], counts["captures_added"]) == (0, 3, 9)
    with Catalogue.open(new.catalogue_url) as catalogue:
        after = everything(new, catalogue)
        assert [(block, one.url, one.captured_at) for one, block in after] == before
        theirs, ours = old[1].files(), catalogue.files()
        for their, our in zip(theirs, ours, strict=True):
            assert (our.name, our.size, our.sha256) == (their.name, their.size, their.sha256)
            assert (our.copy_url, our.closed) == (their.copy_url, True)
            assert our.removed
    assert archiver("check")[0] == 0
    assert archiver("check", "--read-data")[0] == 0


def test_to_do_it_again_reads_and_adds_nothing(new: Loaded, tmp_path: Path) -> None:
    reindex("--from")
    with Catalogue.open(new.catalogue_url) as catalogue:
        before = (catalogue.files(), captures(catalogue))
    for path in copies(tmp_path):
        path.write_bytes(b"which is not read again")
    code, counts = reindex("--from", f"file://{tmp_path}/store/")
    assert (code, counts["files"], counts["skipped"]) == (0, 0, 3)
    with Catalogue.open(new.catalogue_url) as catalogue:
        assert (catalogue.files(), captures(catalogue)) == before
    assert reindex("--from", "--again")[0] == 1


def test_what_was_broken_off_goes_on(
    new: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "_AT_ONCE", 1)
    with Catalogue.open(new.catalogue_url, create=True) as catalogue:
        came = reindex_store(Warcs.of(new, catalogue), new.settings.storage.url, catalogue)
        next(came)
        next(came)  # one file, and then the machine stops
        came.close()
    hidden = copies(tmp_path)[2]
    hidden.rename(tmp_path / "hidden")
    code, counts = reindex("--from")
    assert (code, counts["files"], counts["skipped"]) == (0, 1, 1)
    (tmp_path / "hidden").rename(hidden)
    code, counts = reindex("--from")
    assert (code, counts["files"], counts["skipped"]) == (0, 1, 2)


@pytest.mark.parametrize("at", ["closed", "copied"])
def test_a_crash_between_two_notes_is_made_good(
    new: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Catalogue, "note_copy" if at == "closed" else "note_removed", crash)
        assert reindex("--from")[0] == 130
    assert reindex("--from")[0] == 0
    with Catalogue.open(new.catalogue_url) as catalogue:
        assert len(captures(catalogue)) == 9
        assert len(everything(new, catalogue)) == 9


def test_a_damaged_copy_counts_as_what_it_was(new: Loaded, tmp_path: Path) -> None:
    """What can be read of it is there; check says what is not."""
    path = copies(tmp_path)[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    code, counts = reindex("--from")
    assert (code, counts["damaged"], counts["files_added"]) == (1, 1, 3)
    assert counts["captures_added"] == 8
    assert archiver("check", "--read-data")[0] == 1


def test_a_digest_beside_a_file_is_compared(new: Loaded, tmp_path: Path) -> None:
    """Even where each record is whole and true."""
    first, second, third = copies(tmp_path)
    first.write_bytes(first.read_bytes() + second.read_bytes())
    Path(f"{third}.sha256").unlink()  # which is not needed
    assert reindex("--from")[1]["damaged"] == 1


def test_of_two_copies_the_one_that_is_whole_counts(new: Loaded, tmp_path: Path) -> None:
    path = copies(tmp_path)[0]
    mended = path.parent / "mended-20261103T040506Z" / path.name
    mended.parent.mkdir()
    mended.write_bytes(path.read_bytes())
    path.write_bytes(path.read_bytes()[:-100])
    assert reindex("--from") == (
        0,
        {
            "files": 3,
            "files_added": 3,
            "captures_added": 9,
            "discoveries_added": 0,
            "damaged": 0,
            "skipped": 0,
        },
    )
    with Catalogue.open(new.catalogue_url) as catalogue:
        known = catalogue.file(path.name)
        assert known
        assert known.copy_url == f"file://{mended}"


def test_files_that_are_here_stay_here(
    old: tuple[Loaded, Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, catalogue = old
    monkeypatch.chdir(loaded.folder)
    assert reindex("--from", "--again")[0] == 0
    assert [file.removed for file in catalogue.files()] == [None] * 3


def test_what_names_no_store_is_refused(new: Loaded) -> None:
    assert reindex("--from", "ftp://x/y")[0] == 2
    assert reindex("--again")[0] == 2
    assert reindex()[0] == 10


def test_from_a_bucket(
    old: tuple[Loaded, Catalogue],
    tmp_path: Path,
    s3_moto: S3Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_credentials(monkeypatch, s3_moto)
    storage = bucket_settings(s3_moto)
    given = "\n".join(
        f'{key} = "{value}"'
        for key, value in storage.model_dump(mode="json", exclude_defaults=True).items()
        if isinstance(value, str)
    )
    loaded = laid_out(tmp_path / "bucket", given)
    blobs = Stores.of(loaded).open(loaded.settings.storage.url)
    for path in copies(tmp_path):
        blobs.put(f"sky-news/{path.name}", path.read_bytes())
    done = run(loaded.folder, "archiver", "reindex", "--from", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["captures_added"] == 9
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        assert [block for _, block in everything(loaded, catalogue)] == [
            block for _, block in everything(*old)
        ]


@pytest.mark.parametrize(
    "error",
    [
        WarcError("what", thing="x", todo="y"),
        StorageError("what", reason="gone", thing="x"),
        FetchError("what", reason="dns", tried=("192.0.2.1",)),
        ConfigError(["a", "b"]),
    ],
)
def test_errors_cross_between_processes(error: ArchiverError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
