"""Repair from the other copy: the local file from the store's, the store's from the local one."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import archiver
from support.shelf import fill
from support.stores import ship

from archiver.config.load import Loaded, load
from archiver.config.workdir import lay_out
from archiver.store.catalogue import Catalogue
from archiver.store.lock import SHIPPING, outlet_lock
from archiver.warc.names import SIDECAR, beside


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    lay_out(tmp_path / "work", seeds=False)
    monkeypatch.chdir(tmp_path / "work")
    (tmp_path / "work" / "config" / "archiver.toml").write_text(
        f'[operator]\ncontact = "https://archive.example/"\n'
        f'[storage]\nurl = "file://{tmp_path}/store"\n'
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


@pytest.fixture
def both(loaded: Loaded, catalogue: Catalogue, store: Path) -> tuple[Path, Path, bytes]:
    """A file that is here and in the store: both paths, and its bytes."""
    (name,) = fill(loaded.warc_folder, catalogue, files=1)
    path = loaded.warc_folder / name
    return path, ship(path, store, catalogue, remove=False), path.read_bytes()


def repair(*arguments: str) -> tuple[int, list[tuple[str, str]]]:
    code, said = archiver("repair", "--json", *arguments)
    rows = [json.loads(line) for line in said.splitlines()]
    return code, [(row["name"], row["what"]) for row in rows]


def hurt(data: bytes, chance: random.Random) -> bytes:
    """A bit flipped, some bytes cut out, or the end cut off."""
    changed = bytearray(data)
    at = chance.randrange(len(data))
    how = chance.randrange(3)
    if how == 0:
        changed[at] ^= 1 << chance.randrange(8)
    elif how == 1:
        del changed[at : at + 1 + chance.randrange(50)]
    else:
        del changed[at:]
    return bytes(changed)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "catalogue" not in path.name
    }


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_is_fetched_again_and_kept_aside(
    both: tuple[Path, Path, bytes], seed: int
) -> None:
    path, copy, whole = both
    broken = hurt(whole, random.Random(seed))
    path.write_bytes(broken)
    assert archiver("check")[0] == 1
    code, said = repair()
    aside = beside(path, ".damaged")
    assert (code, said) == (
        0,
        [("file-changed", f"fetched from file://{copy}; what was here is kept as {aside.name}")],
    )
    assert (path.read_bytes(), aside.read_bytes()) == (whole, broken)
    assert repair() == (0, [])
    assert archiver("check")[0] == 0


def test_each_damaged_file_is_kept(both: tuple[Path, Path, bytes]) -> None:
    path, _, whole = both
    for number in range(3):
        path.write_bytes(whole[: 100 + number])
        assert repair()[0] == 0
    kept = [beside(path, end).read_bytes() for end in (".damaged", ".damaged-2", ".damaged-3")]
    assert kept == [whole[: 100 + number] for number in range(3)]


def test_a_file_that_is_gone_is_fetched_again_with_its_index(
    both: tuple[Path, Path, bytes],
) -> None:
    path, copy, whole = both
    lines = beside(path, SIDECAR).read_bytes()
    path.unlink()
    beside(path, SIDECAR).unlink()
    code, said = repair()
    assert (code, said[0]) == (0, ("file-gone", f"fetched from file://{copy}"))
    assert [name for name, _ in said] == ["file-gone", "sidecar-missing"]
    assert (path.read_bytes(), beside(path, SIDECAR).read_bytes()) == (whole, lines)


def test_what_was_removed_stays_in_the_store(
    loaded: Loaded, catalogue: Catalogue, store: Path
) -> None:
    (name,) = fill(loaded.warc_folder, catalogue, files=1)
    ship(loaded.warc_folder / name, store, catalogue)
    assert repair() == (0, [])
    assert not (loaded.warc_folder / name).exists()


def test_a_copy_that_is_damaged_too_is_not_fetched(both: tuple[Path, Path, bytes]) -> None:
    path, copy, whole = both
    path.write_bytes(whole[:-10])
    copy.write_bytes(whole[:-20] + bytes(20))
    before = tree(path.parent)
    code, said = repair()
    assert code == 1
    assert {name for name, _ in said} == {"file-changed", "damaged"}
    assert "cannot be fetched" in said[0][1]
    assert tree(path.parent) == before


def test_damage_without_a_copy_is_named(loaded: Loaded, catalogue: Catalogue) -> None:
    (name,) = fill(loaded.warc_folder, catalogue, files=1)
    path = loaded.warc_folder / name
    path.write_bytes(path.read_bytes()[:-10])
    code, said = repair()
    assert (code, {name for name, _ in said}) == (1, {"damaged"})


def test_a_store_that_is_away_mends_nothing(both: tuple[Path, Path, bytes], store: Path) -> None:
    path, _, whole = both
    path.write_bytes(whole[:-10])
    store.rename(store.with_name("away"))
    code, said = repair()
    assert code == 1
    assert {name for name, _ in said} == {"file-changed", "damaged", "store-unreachable"}
    assert path.read_bytes() == whole[:-10]
    store.with_name("away").rename(store)
    assert repair()[0] == 0
    assert path.read_bytes() == whole


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_copy_is_put_again_under_a_new_key(
    both: tuple[Path, Path, bytes], catalogue: Catalogue, seed: int
) -> None:
    path, copy, whole = both
    broken = bytearray(whole)
    broken[random.Random(seed).randrange(len(whole))] ^= 1
    copy.write_bytes(broken)
    assert repair() == (0, [])  # a look sees no flipped bit
    code, ((name, what),) = repair("--to-store")
    assert (code, name) == (0, "copy-changed")
    assert "put again as" in what
    known = catalogue.file(path.name)
    assert known
    assert known.copy_url
    new = Path(known.copy_url.removeprefix("file://"))
    assert new.name == path.name
    assert new != copy
    assert (new.read_bytes(), copy.read_bytes(), path.read_bytes()) == (whole, broken, whole)
    assert beside(new, ".sha256").exists()
    assert beside(new, SIDECAR).exists()
    assert repair("--to-store") == (0, [])
    assert archiver("check", "--read-data")[0] == 0


def test_a_copy_that_is_gone_is_put_again(both: tuple[Path, Path, bytes]) -> None:
    _, copy, whole = both
    copy.unlink()
    code, said = repair()
    assert (code, [name for name, _ in said]) == (1, ["copy-gone"])
    assert "--to-store" in said[0][1]
    assert repair("--to-store")[0] == 0
    assert copy.read_bytes() == whole


def test_a_local_file_that_is_damaged_is_not_put_in_the_store(
    both: tuple[Path, Path, bytes],
) -> None:
    path, copy, whole = both
    path.write_bytes(whole[:-10])
    copy.unlink()
    code, said = repair("--to-store")
    assert code == 1
    assert any("cannot be put again" in what for _, what in said)
    assert not copy.exists()


def test_a_trial_says_it_and_does_nothing(
    both: tuple[Path, Path, bytes], loaded: Loaded, catalogue: Catalogue, store: Path
) -> None:
    path, _, whole = both
    path.write_bytes(whole[:-10])
    one, two = fill(loaded.warc_folder, catalogue, files=2)
    gone, hurt_copy = loaded.warc_folder / one, loaded.warc_folder / two
    ship(gone, store, catalogue, remove=False)
    gone.unlink()
    copy = ship(hurt_copy, store, catalogue, remove=False)
    copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    before, known = tree(loaded.folder.parent), catalogue.files()
    code, said = repair("--dry-run", "--to-store")
    assert code == 1
    assert {name for name, _ in said} >= {"file-gone", "file-changed", "copy-changed"}
    assert sum("is to be fetched" in what for _, what in said) == 2
    assert sum("is to be put again" in what for _, what in said) == 1
    assert tree(loaded.folder.parent) == before
    assert catalogue.files() == known


def test_nobody_repairs_while_another_one_ships(
    both: tuple[Path, Path, bytes], loaded: Loaded
) -> None:
    with outlet_lock(loaded.archive_folder / "locks", SHIPPING):
        assert repair()[0] == 11
        assert repair("--dry-run")[0] == 0
    assert repair()[0] == 0
