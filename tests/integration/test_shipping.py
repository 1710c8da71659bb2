"""Closed WARC files reach the store whole, and nothing local goes before."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event

import pytest
from support.blobs import bucket_settings, use_credentials
from support.s3_place import S3Place
from support.scripted_site import ScriptedSite, feed, story
from support.shelf import fill

from archiver.config.storage import StorageSettings
from archiver.errors import DiskFullError, StorageError
from archiver.store.blobs import Blobs, Uploaded
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.blobs.opening import open_blobs
from archiver.store.catalogue import Catalogue
from archiver.store.shipper import DIGEST, Shipper, key_of
from archiver.store.spool import check_spool, spool_of
from archiver.warc.names import SIDECAR, beside

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(f"sqlite:///{tmp_path / 'catalogue.db'}", create=True) as opened:
        yield opened


@pytest.fixture(params=["folder", "s3"])
def settings(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> StorageSettings:
    if request.param == "folder":
        return StorageSettings(url=f"file://{tmp_path / 'store'}")
    place: S3Place = request.getfixturevalue("s3_moto")
    use_credentials(monkeypatch, place)
    return bucket_settings(place)


@pytest.fixture
def blobs(settings: StorageSettings) -> Blobs:
    ca_file = Path(settings.ca_file) if settings.ca_file else None
    return open_blobs(settings, settings.url, ca_file=ca_file)


def make(tmp_path: Path, catalogue: Catalogue, blobs: Blobs, settings: StorageSettings) -> Shipper:
    return Shipper(tmp_path / "warc", catalogue, blobs, settings, clock=lambda: NOW)


def whole(blobs: Blobs, key: str) -> bytes:
    return b"".join(blobs.stream(key))


def test_every_file_arrives_with_its_index_and_digest(
    tmp_path: Path, catalogue: Catalogue, blobs: Blobs, settings: StorageSettings
) -> None:
    names = fill(tmp_path / "warc", catalogue, files=3)
    shipper = make(tmp_path, catalogue, blobs, settings)
    done = list(shipper.ship())
    assert sorted(one.file for one in done) == sorted(names)
    for one in done:
        path = tmp_path / "warc" / one.file
        assert one.error is None
        assert one.url is not None
        key = one.url.removeprefix(blobs.url + "/")
        assert key.startswith("sky-news/20")
        assert key.endswith("/" + one.file)
        assert whole(blobs, key) == path.read_bytes()
        assert whole(blobs, key + SIDECAR) == beside(path, SIDECAR).read_bytes()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert whole(blobs, key + DIGEST) == f"{digest}  {one.file}\n".encode()
        known = catalogue.file(one.file)
        assert known is not None
        assert known.copy_url == one.url
    assert catalogue.uncopied() == []
    assert list(shipper.ship()) == []


def test_local_files_stay_until_they_may_go(
    tmp_path: Path, catalogue: Catalogue, blobs: Blobs, settings: StorageSettings
) -> None:
    names = fill(tmp_path / "warc", catalogue, files=2)
    list(make(tmp_path, catalogue, blobs, settings).ship())
    assert list(make(tmp_path, catalogue, blobs, settings).remove_old()) == []
    forever = settings.model_copy(update={"keep_local": "forever"})
    at_once = settings.model_copy(update={"keep_local": 0.0})
    later = Shipper(
        tmp_path / "warc", catalogue, blobs, forever, clock=lambda: NOW + timedelta(days=9999)
    )
    assert list(later.remove_old()) == []
    soon = Shipper(
        tmp_path / "warc", catalogue, blobs, at_once, clock=lambda: NOW + timedelta(seconds=1)
    )
    assert sorted(soon.remove_old()) == sorted(names)
    assert list((tmp_path / "warc").iterdir()) == []
    assert list(soon.remove_old()) == []
    assert all(file.removed for file in catalogue.files())


@pytest.mark.parametrize("damage", ["gone", "shorter"])
def test_no_local_file_goes_whose_copy_is_not_right(
    tmp_path: Path, catalogue: Catalogue, blobs: Blobs, settings: StorageSettings, damage: str
) -> None:
    (name,) = fill(tmp_path / "warc", catalogue, files=1)
    at_once = settings.model_copy(update={"keep_local": 0.0})
    shipper = make(tmp_path, catalogue, blobs, at_once)
    (done,) = shipper.ship()
    key = (done.url or "").removeprefix(blobs.url + "/")
    if damage == "gone":
        blobs.delete(key)
    else:
        blobs.put(key, b"something else")
    later = Shipper(
        tmp_path / "warc", catalogue, blobs, at_once, clock=lambda: NOW + timedelta(seconds=1)
    )
    assert list(later.remove_old()) == []
    assert (tmp_path / "warc" / name).exists()


def test_a_file_that_changed_since_it_was_closed_costs_itself_alone(
    tmp_path: Path, catalogue: Catalogue, blobs: Blobs, settings: StorageSettings
) -> None:
    names = fill(tmp_path / "warc", catalogue, files=3)
    changed = tmp_path / "warc" / names[1]
    changed.write_bytes(changed.read_bytes()[:-1] + b"?")
    done = {one.file: one for one in make(tmp_path, catalogue, blobs, settings).ship()}
    error = done[names[1]].error
    assert isinstance(error, StorageError)
    assert error.reason == "damaged"
    assert [file.name for file in catalogue.uncopied()] == [names[1]]
    assert changed.exists()


def test_an_outage_fills_the_spool_and_crawls_wait(tmp_path: Path, catalogue: Catalogue) -> None:
    (tmp_path / "not-a-folder").write_bytes(b"")
    settings = StorageSettings(url=f"file://{tmp_path / 'not-a-folder' / 'store'}")
    blobs = open_blobs(settings, settings.url)
    names = fill(tmp_path / "warc", catalogue, files=12)
    done = list(make(tmp_path, catalogue, blobs, settings).ship())
    assert all(one.error is not None for one in done)
    assert {path.name for path in (tmp_path / "warc").glob("*.gz")} == set(names)
    waiting = spool_of(tmp_path / "warc", catalogue)
    assert waiting.files == 12
    assert waiting.size == sum(path.stat().st_size for path in (tmp_path / "warc").glob("*.gz"))
    check_spool(tmp_path / "warc", catalogue, bound=waiting.total + 1)
    with pytest.raises(DiskFullError, match="wait for the store"):
        check_spool(tmp_path / "warc", catalogue, bound=waiting.total)


def test_what_is_being_written_counts(tmp_path: Path, catalogue: Catalogue) -> None:
    (tmp_path / "a.warc.gz.open").write_bytes(b"12345")
    assert spool_of(tmp_path, catalogue).total == 5


def test_an_unreachable_store_is_not_asked_for_each_file(
    tmp_path: Path, catalogue: Catalogue, s3_moto: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_credentials(monkeypatch, s3_moto)
    settings = bucket_settings(s3_moto, endpoint="https://127.0.0.1:9", parallel=1)
    blobs = open_blobs(settings, settings.url)
    fill(tmp_path / "warc", catalogue, files=9, pages=1)
    done = list(make(tmp_path, catalogue, blobs, settings).ship())
    assert len(done) == 4  # one group
    assert len(catalogue.uncopied()) == 9


@pytest.mark.parametrize(
    ("template", "pattern"),
    [
        ("{name}", "{name}"),
        ("{outlet}/{year}-{month}/{name}", "sky-news/2026-11/{name}"),
        ("by={host}/{day}/{name}", "by=lantern/{day}/{name}"),
    ],
)
def test_names_in_the_store(
    tmp_path: Path, catalogue: Catalogue, template: str, pattern: str
) -> None:
    (name,) = fill(tmp_path, catalogue, files=1)
    found = key_of(tmp_path / name, template)
    day = datetime.now(UTC)
    wanted = pattern.replace("2026-11", f"{day:%Y-%m}").format(name=name, day=f"{day:%d}")
    assert found == wanted


def test_names_of_foreign_and_broken_files(tmp_path: Path) -> None:
    path = tmp_path / "CC-NEWS-x.warc.gz"
    path.write_bytes(b"no WARC at all")
    assert key_of(path, "{outlet}/{year}/{host}/{name}") == f"unknown/0000/unknown/{path.name}"


def archiver(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archiver.cli.main", *arguments],
        cwd=folder,
        text=True,
        capture_output=True,
        env=os.environ,
        check=False,
    )


def test_the_command_ships_removes_and_says_so(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "archiver.toml").write_text(
        f'[storage]\nurl = "file://{tmp_path / "store"}"\nkeep_local = 0\n'
    )
    archive.mkdir()
    with Catalogue.open(f"sqlite:///{archive / 'catalogue.sqlite'}", create=True) as catalogue:
        (name,) = fill(archive / "warc", catalogue, files=1)
    shipped = archiver(tmp_path, "ship", "--json")
    assert shipped.returncode == 0, shipped.stderr
    first, second = map(json.loads, shipped.stdout.splitlines())
    assert (first["file"], first["verified"]) == (name, "read-back")
    assert second == {"removed": name}
    assert not (archive / "warc" / name).exists()
    again = archiver(tmp_path, "ship")
    assert (again.returncode, again.stdout) == (0, "")


def test_without_a_store_there_is_nothing_to_ship_to(tmp_path: Path) -> None:
    with Catalogue.open(f"sqlite:///{tmp_path}/archive/catalogue.sqlite", create=True):
        pass
    done = archiver(tmp_path, "ship")
    assert done.returncode == 4
    assert "[storage]" in done.stderr


def test_a_folder_that_is_a_store_is_listed(tmp_path: Path) -> None:
    assert list(DiskBlobs(tmp_path / "none").list()) == []


def test_a_crawl_by_hand_ships_or_says_so_and_none_begins_above_the_bound(tmp_path: Path) -> None:
    page = "http://x.example/news/rain-1"
    answers = {"x.example/feed": feed([page]), "x.example/news/rain-1": story("Rain")}
    with ScriptedSite(answers) as site:
        folder = site.folder(
            tmp_path / "w",
            'homepage = "http://x.example/"\nfeeds = ["http://x.example/feed"]\n',
            "x.example",
        )
        (tmp_path / "taken").write_bytes(b"")  # where a folder should be: nothing can be put
        away = f"storage.url=file://{tmp_path / 'taken' / 'store'}"
        bound = ("--set", "storage.spool_max=1kB")
        first = archiver(folder, "--set", away, *bound, "crawl", "x")
        assert first.returncode == 0, first.stderr
        assert "not shipped" in first.stderr
        site.asked()
        second = archiver(folder, "--set", away, *bound, "crawl", "x")
        assert second.returncode == 5, second.stderr
        assert site.asked() == []
        here = ("--set", f"storage.url=file://{tmp_path / 'store'}")
        assert archiver(folder, *here, *bound, "ship").returncode == 0
        third = archiver(folder, *here, *bound, "crawl", "x")
        assert third.returncode == 0, third.stderr
    shipped = {path.name for path in (tmp_path / "store").rglob("*.warc.gz")}
    assert shipped == {path.name for path in (folder / "archive" / "warc").glob("*.warc.gz")}
    assert len(shipped) == 2


class SideBySide(DiskBlobs):
    """A store that is worth two uploads at a time, each of which waits for another."""

    at_once = 2

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.both = Barrier(2)
        self.stopped = Event()

    def upload(self, key: str, path: Path, *, sha256: str) -> Uploaded:
        if not self.stopped.is_set():
            self.both.wait(60)
        return super().upload(key, path, sha256=sha256)

    def stop(self) -> None:
        self.stopped.set()
        self.both.abort()


def test_large_files_go_side_by_side_in_order(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.store.shipper._SMALL", 0)
    names = fill(tmp_path / "warc", catalogue, files=4)
    blobs = SideBySide(tmp_path / "store")
    done = list(make(tmp_path, catalogue, blobs, StorageSettings(url=blobs.url)).ship())
    assert [one.file for one in done] == names
    assert [one.error for one in done] == [None] * 4


def test_who_asks_no_further_has_the_others_break_off(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.store.shipper._SMALL", 0)
    fill(tmp_path / "warc", catalogue, files=3)  # the third would wait for a fourth
    blobs = SideBySide(tmp_path / "store")
    shipping = make(tmp_path, catalogue, blobs, StorageSettings(url=blobs.url)).ship()
    next(shipping)
    shipping.close()  # type: ignore[attr-defined]  # it is a generator
    assert blobs.stopped.is_set()
