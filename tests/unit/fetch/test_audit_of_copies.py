"""What `check` finds of files that are in a store, and what it says when the store is away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import archiver
from support.shelf import fill
from support.stores import ship

from archiver.config.load import Loaded, load
from archiver.config.workdir import lay_out
from archiver.daemon.jobs import check_slice
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.copies import look_at
from archiver.store.warcs import Stores


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    lay_out(tmp_path / "work", seeds=False)
    monkeypatch.chdir(tmp_path / "work")
    (tmp_path / "work" / "config" / "archiver.toml").write_text(
        f'[operator]\ncontact = "https://archive.example/"\n'
        f'[storage]\nurl = "file://{tmp_path}/store"\n[daemon]\ncheck_share = 100\n'
    )
    return load(start=tmp_path / "work", explicit=None, env={}, flags={})


@pytest.fixture
def catalogue(loaded: Loaded) -> Iterator[Catalogue]:
    loaded.warc_folder.mkdir(parents=True)
    with Catalogue.open(loaded.catalogue_url, create=True) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def check(*arguments: str) -> tuple[int, dict[str, dict[str, object]]]:
    code, said = archiver("check", "--json", *arguments)
    rows = [json.loads(line) for line in said.splitlines()]
    return code, {row["file"]: row for row in rows}


def names(rows: dict[str, dict[str, object]]) -> list[str]:
    return [
        fault["name"]
        for row in rows.values()
        for fault in row["damage"]  # type: ignore[attr-defined]  # what JSON gave
    ]


def flip(path: Path, place: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 1
    path.write_bytes(data)


def test_what_was_shipped_and_removed_is_in_the_store(
    loaded: Loaded, catalogue: Catalogue, store: Path
) -> None:
    removed, here = fill(loaded.warc_folder, catalogue, files=2)
    ship(loaded.warc_folder / removed, store, catalogue)
    ship(loaded.warc_folder / here, store, catalogue, remove=False)
    assert check() == (0, {str(loaded.warc_folder / here): row_of(loaded.warc_folder / here)})
    code, rows = check("--read-data")
    assert (code, len(rows), names(rows)) == (0, 3, [])
    assert {row["intact"] for row in rows.values()} == {10}


def row_of(path: Path) -> dict[str, object]:
    return {"file": str(path), "whole": True, "damage": [], "intact": 10, "lost": []}


def test_a_copy_that_is_gone_or_cut_is_found_by_a_look(
    loaded: Loaded, catalogue: Catalogue, store: Path
) -> None:
    one, two = fill(loaded.warc_folder, catalogue, files=2)
    gone = ship(loaded.warc_folder / one, store, catalogue)
    cut = ship(loaded.warc_folder / two, store, catalogue)
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:-1])
    code, rows = check()
    assert code == 1
    assert sorted(names(rows)) == ["copy-changed", "copy-gone"]
    assert asyncio.run(check_slice(loaded, catalogue, utcnow())).damaged == (one, two)


def test_a_flipped_bit_in_a_copy_is_found_by_reading_and_says_what_is_lost(
    loaded: Loaded, catalogue: Catalogue, store: Path
) -> None:
    (name,) = fill(loaded.warc_folder, catalogue, files=1)
    middle = catalogue.captures_in(name)[1]
    copy = ship(loaded.warc_folder / name, store, catalogue)
    data = bytearray(copy.read_bytes())
    data[middle.warc.offset + middle.warc.length // 2] ^= 4
    copy.write_bytes(data)
    assert check()[0] == 0  # a look does not see it
    code, rows = check("--read-data")
    assert code == 1
    (row,) = rows.values()
    assert row["file"] == f"file://{copy}"
    assert set(names(rows)) == {"capture-gone", "copy-changed", "damaged"}
    assert row["intact"] == 9
    assert row["lost"] == [
        {
            "offset": middle.warc.offset,
            "url": middle.url,
            "at": middle.captured_at.isoformat(),
        }
    ]


def test_what_is_lost_of_a_local_file_is_said_too(loaded: Loaded, catalogue: Catalogue) -> None:
    (name,) = fill(loaded.warc_folder, catalogue, files=1)
    first = catalogue.captures_in(name)[0]
    path = loaded.warc_folder / name
    data = bytearray(path.read_bytes())
    data[first.warc.offset + first.warc.length // 2] ^= 4
    path.write_bytes(data)
    for arguments in ((), (str(path),), (name,)):
        code, rows = check(*arguments)
        assert code == 1
        lost = rows[str(path)]["lost"]
        assert [(one["offset"], one["url"]) for one in lost] == [  # type: ignore[attr-defined]
            (first.warc.offset, first.url)
        ]
        assert rows[str(path)]["intact"] == 9
    said = archiver("check")[1]
    assert "9 records can be read" in said
    assert f"lost: {first.url}" in said


def test_a_store_that_is_away_is_no_damage(
    loaded: Loaded, catalogue: Catalogue, store: Path
) -> None:
    here, one, two = fill(loaded.warc_folder, catalogue, files=3)
    ship(loaded.warc_folder / one, store, catalogue)
    ship(loaded.warc_folder / two, store, catalogue)
    store.rename(store.with_name("away"))
    for arguments in ((), ("--read-data",)):
        code, rows = check(*arguments)
        assert code == 3
        assert set(names(rows)) == {"store-unreachable"}
        assert rows[str(loaded.warc_folder / here)]["whole"] is True
        assert {row["whole"] for row in rows.values()} == {True, None}
    done = asyncio.run(check_slice(loaded, catalogue, utcnow()))
    assert (done.files, done.damaged, done.unasked) == (1, (), 2)
    store.with_name("away").rename(store)
    assert catalogue.least_checked(0.5) == [one, two]  # which are next, then
    done = asyncio.run(check_slice(loaded, catalogue, utcnow()))
    assert (done.files, done.damaged, done.unasked) == (3, (), 0)


def test_a_file_that_is_nowhere_is_gone(loaded: Loaded, catalogue: Catalogue) -> None:
    (name,) = fill(loaded.warc_folder, catalogue, files=1)
    (loaded.warc_folder / name).unlink()
    code, rows = check()
    assert (code, names(rows)) == (1, ["file-gone"])
    assert asyncio.run(check_slice(loaded, catalogue, utcnow())).damaged == (name,)


def test_so_many_percent_of_the_copies_are_read(
    loaded: Loaded, catalogue: Catalogue, store: Path
) -> None:
    for name in fill(loaded.warc_folder, catalogue, files=5, pages=1):
        ship(loaded.warc_folder / name, store, catalogue)
    assert len(check("--read-data=40")[1]) == 2
    assert len(check("--read-data=1")[1]) == 1
    assert len(check("--read-data")[1]) == 5
    for wrong in ("--read-data=0", "--read-data=101"):
        assert check(wrong)[0] == 2


def test_a_copy_is_named_by_url_or_name(loaded: Loaded, catalogue: Catalogue, store: Path) -> None:
    (name,) = fill(loaded.warc_folder, catalogue, files=1)
    copy = ship(loaded.warc_folder / name, store, catalogue)
    assert check(name)[1].keys() == {f"file://{copy}"}
    assert check(f"file://{copy}")[0] == 0
    flip(copy)
    code, rows = check(name)
    assert (code, "damaged" in names(rows)) == (1, True)
    assert check("no-such.warc.gz")[0] == 2
    assert check("--read-data=5", name)[0] == 2


def test_a_store_that_does_not_answer_is_asked_once(
    loaded: Loaded, catalogue: Catalogue, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in fill(loaded.warc_folder, catalogue, files=20, pages=1):
        ship(loaded.warc_folder / name, store, catalogue)
    store.rename(store.with_name("away"))
    asked: list[str] = []

    class Counting(Stores):
        __slots__ = ()

        def find(self, url: str) -> tuple[object, str]:  # type: ignore[override]
            asked.append(url)
            return super().find(url)

    stores = Counting(settings=loaded.settings.storage)
    faults = [fault for _, fault in look_at(stores, catalogue.files())]
    assert [fault.name for fault in faults if fault] == ["store-unreachable"] * 20
    assert len(asked) <= 8
