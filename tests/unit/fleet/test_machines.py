"""A file that is not shipped yet is its machine's: others neither miss it nor touch it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.config.storage import StorageSettings
from archiver.daemon.jobs import _look
from archiver.errors import WarcError
from archiver.fetch.audit import Audit
from archiver.fetch.mending import Mender
from archiver.fetch.recovery import finish_left_files
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.catalogue import Catalogue
from archiver.store.machines import machine_of
from archiver.store.shipper import Shipper
from archiver.store.warcs import Warcs

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "sky-20260301120000000-a-00000000.warc.gz"


@pytest.fixture
def catalogue(database: str) -> Iterator[Catalogue]:
    with Catalogue.open(database, create=True) as opened:
        yield opened


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Where two machines keep their WARC files."""
    made = (tmp_path / "one" / "warc", tmp_path / "other" / "warc")
    for folder in made:
        folder.mkdir(parents=True)
    return made


def begun(catalogue: Catalogue, folder: Path) -> str:
    """A file that a machine has begun to write; the machine's name."""
    machine = machine_of(folder, catalogue)
    assert machine
    catalogue.open_file(NAME, NOW, machine=machine)
    return machine


def test_a_machine_keeps_its_name(catalogue: Catalogue, folders: tuple[Path, Path]) -> None:
    one, other = (machine_of(folder, catalogue) for folder in folders)
    assert one != other
    assert machine_of(folders[0], catalogue) == one
    assert [path.name for path in folders[0].parent.iterdir() if path.is_file()] == ["machine"]


def test_a_file_of_ones_own_has_no_machine(tmp_path: Path) -> None:
    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.db", create=True) as own:
        assert machine_of(tmp_path / "warc", own) is None


def test_a_file_that_another_machine_writes_is_not_ended(
    catalogue: Catalogue, folders: tuple[Path, Path]
) -> None:
    begun(catalogue, folders[0])
    machine_of(folders[1], catalogue)
    finish_left_files(folders[1], catalogue)
    assert [file.closed for file in catalogue.files()] == [False]
    finish_left_files(folders[0], catalogue)  # its own: it was empty, and went
    assert [file.closed for file in catalogue.files()] == [True]


def test_a_file_that_another_machine_has_is_not_missed(
    catalogue: Catalogue, folders: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    machine = begun(catalogue, folders[0])
    catalogue.close_file(NAME, at=NOW, size=10, sha256=None)
    warcs = [Warcs(folder, catalogue.file) for folder in folders]
    with caplog.at_level(logging.WARNING):
        assert list(Audit(warcs[1], catalogue).folder()) == []
    assert f"1 WARC files stand on {machine}" in caplog.text
    assert [finding.name for finding in Audit(warcs[0], catalogue).folder()] == ["file-gone"]
    with pytest.raises(WarcError, match=f"stands on {machine} until it is shipped"):
        warcs[1].open(NAME)
    assert _look(warcs[1], catalogue, [NAME]) == ([], [NAME])
    assert _look(warcs[0], catalogue, [NAME]) == ([NAME], [])


def test_what_another_machine_still_has_is_neither_fetched_nor_noted_as_gone(
    catalogue: Catalogue, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    begun(catalogue, folders[0])
    (folders[0] / NAME).write_bytes(b"x" * 10)
    catalogue.close_file(NAME, at=NOW, size=10, sha256=None)
    catalogue.note_copy(NAME, f"file://{tmp_path}/store/{NAME}", at=NOW, how="read-back")
    assert list(Mender(Warcs(folders[1], catalogue.file), catalogue).bring_back()) == []
    for folder, removed in ((folders[1], False), (folders[0], True)):
        if removed:
            (folders[0] / NAME).unlink()
        list(shipper(folder, catalogue, tmp_path).remove_old())
        assert [file.removed is not None for file in catalogue.files()] == [removed]


def shipper(folder: Path, catalogue: Catalogue, tmp_path: Path) -> Shipper:
    return Shipper(
        folder,
        catalogue,
        DiskBlobs(tmp_path / "store"),
        StorageSettings(keep_local=1.0),
        clock=lambda: NOW + timedelta(hours=1),
    )
