"""What was shipped and removed here is replayed, read and extracted from its copy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.blobs import bucket_settings, use_credentials
from support.exchanges import answer
from support.replay_content import FIRST, STORY, T1, T2, get, ui
from support.replay_site import Archive, Served, day, serving
from support.s3_place import S3Place
from support.stores import folder_stores, ship
from support.workdir import run, working_folder

from archiver.errors import StorageError
from archiver.fetch.recovery import size_and_sha256
from archiver.fetch.reindex import reindex
from archiver.model import CaptureKind, Outlet, utcnow
from archiver.store.readcache import ReadCache
from archiver.store.warcs import Stores, Warcs
from spiders.items import stored_page

CSS = "https://news.example/s.css"
PATHS = [
    f"/{T1}/{STORY}",
    f"/{T1}id_/{STORY}",
    f"/{T2}/{STORY}",
    f"/20260504060000/{STORY}",  # a revisit
    f"/{T1}/{CSS}",
    f"/timemap/link/{STORY}",
]


class Away(Archive):
    """An archive that is read through a store."""

    stores: Stores

    @property
    def reading(self) -> Warcs:
        cache = ReadCache(self.warcs.parent / "cache", 10**7)
        return Warcs(self.warcs, self.catalogue.file, self.stores, cache=cache)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Away]:
    made = Away(tmp_path / "archive")
    first = made.keep(STORY, day(1), FIRST)
    made.keep(STORY, day(3), "<title>Two</title><p>Later words")
    made.keep(STORY, day(4), answer(FIRST.encode(), b"X-Day: 4"), refers_to=first)
    made.keep(CSS, day(1), answer(b"p{color:red}"), kind=CaptureKind.REQUISITE)
    made.writer.close()
    list(reindex(made.warcs, made.catalogue))
    yield made
    made.close()


def answers(archive: Away) -> list[tuple[int, str]]:
    """Status, fields and text of each answer; the port, which differs, is cut out."""
    found = []
    with serving(archive) as site:
        for path in PATHS:
            told = get(site, path)
            fields = [f"{key}: {value}" for key, value in told.headers.items() if key != "date"]
            text = "\n".join([*fields, told.text])
            found.append((told.status_code, text.replace(f":{site.port}", "")))
    return found


def the_file(archive: Archive) -> Path:
    (path,) = archive.warcs.glob("*.warc.gz")
    return path


def test_replay_from_a_folder_is_as_replay_from_here(archive: Away, tmp_path: Path) -> None:
    archive.stores = folder_stores(tmp_path / "store")
    before = answers(archive)
    assert {status for status, _ in before} == {200}
    ship(the_file(archive), tmp_path / "store", archive.catalogue)
    assert answers(archive) == before
    (tmp_path / "store").rename(tmp_path / "away")
    assert answers(archive) == before  # all of this small archive is in the cache


def test_replay_from_s3_is_as_replay_from_here(
    archive: Away, s3_moto: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_credentials(monkeypatch, s3_moto)
    settings = bucket_settings(s3_moto)
    archive.stores = Stores(settings=settings, ca_file=Path(settings.ca_file))
    before = answers(archive)
    path = the_file(archive)
    key = f"site-news/2026/05/01/{path.name}"
    blobs = archive.stores.open(settings.url)
    blobs.upload(key, path, sha256=size_and_sha256(path)[1])
    archive.catalogue.note_copy(path.name, f"{settings.url}/{key}", at=utcnow(), how="etag")
    path.unlink()
    assert answers(archive) == before


def test_a_store_that_is_away_is_said_to_be(archive: Away, tmp_path: Path) -> None:
    archive.stores = folder_stores(tmp_path / "store")
    ship(the_file(archive), tmp_path / "store", archive.catalogue)
    (tmp_path / "store").rename(tmp_path / "away")
    with serving(archive) as site:
        told = get(site, PATHS[0])
        assert told.status_code == 503
        assert "folder is not there" in told.text
        (tmp_path / "store").mkdir()
        gone = get(site, PATHS[0])
        assert gone.status_code == 500
        assert "no such file" in gone.text
        (tmp_path / "store").rmdir()
        (tmp_path / "away").rename(tmp_path / "store")
        assert get(site, PATHS[0]).status_code == 200
        assert ui_is_well(site)


def ui_is_well(site: Served) -> bool:
    return ui(site, f"/captures?url={STORY}").status_code == 200


def test_pages_that_wait_are_read_from_a_store_or_go_on_waiting(
    archive: Away, tmp_path: Path
) -> None:
    archive.stores = folder_stores(tmp_path / "store")
    outlet = Outlet(id="site-news", name="Site", homepage="https://news.example/", sources=())
    *_, revisit = archive.catalogue.captures_of(STORY)
    here = stored_page(archive.reading, archive.catalogue, revisit, outlet)
    ship(the_file(archive), tmp_path / "store", archive.catalogue)
    warcs = Warcs(archive.warcs, archive.catalogue.file, archive.stores)
    assert stored_page(warcs, archive.catalogue, revisit, outlet) == here
    assert here
    assert here.page.body == FIRST.encode()
    (tmp_path / "store").rename(tmp_path / "away")
    with pytest.raises(StorageError):
        stored_page(warcs, archive.catalogue, revisit, outlet)
    (tmp_path / "store").mkdir()
    assert stored_page(warcs, archive.catalogue, revisit, outlet) is None


def test_extract_takes_names_and_urls(tmp_path: Path) -> None:
    folder = working_folder(tmp_path / "work", connect_to={})
    config = folder / "config" / "archiver.toml"
    store = tmp_path / "store"
    config.write_text(config.read_text() + f'[storage]\nurl = "file://{store}"\n')
    made = Archive(folder / "archive")
    body = "<title>Rain</title><article><h1>Rain</h1>" + "".join(
        f"<p>On day {number} the rain went on and on, and rivers rose in the valleys.</p>"
        for number in range(20)
    )
    made.keep(STORY, day(1), body)
    made.writer.close()
    list(reindex(made.warcs, made.catalogue))
    path = the_file(made)
    local = run(folder, "archiver", "extract", str(path))
    copy = ship(path, store, made.catalogue)
    made.close()
    for name in (path.name, f"file://{copy}"):
        done = run(folder, "archiver", "extract", name)
        assert done.returncode == 0, done.stderr
        assert done.stdout == local.stdout
        assert json.loads(done.stdout)["url"] == STORY
    for name in ("no-such.warc.gz", "../x.warc.gz", "s3://x/../y"):
        assert run(folder, "archiver", "extract", name).returncode in (1, 2)
    copy.unlink()
    gone = run(folder, "archiver", "extract", path.name)
    assert gone.returncode == 1
    assert "no such file" in gone.stderr
