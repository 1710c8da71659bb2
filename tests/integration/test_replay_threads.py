"""What of replay is done at once, and what by threads, so that nobody waits for another's page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.replay_content import get
from support.replay_site import Archive, Served, day, serving

from archiver.model import WarcRef
from archiver.replay.stored import Stored
from archiver.replay.uris import stamp
from archiver.store.warcs import Warcs
from archiver.warc.reader import StoredRecord

SMALL, LARGE, AGAIN = (f"https://news.example/{name}" for name in ("small", "large", "again"))


class Watched(Warcs):
    """Notes whether a thread for slow work reads a record."""

    apart: list[bool]

    def read(self, ref: WarcRef) -> StoredRecord:
        self.apart.append(threading.current_thread().name.startswith("AnyIO worker"))
        return super().read(ref)


class WatchedArchive(Archive):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.watched = Watched(self.warcs, self.catalogue.file)
        self.watched.apart = []

    @property
    def reading(self) -> Warcs:
        return self.watched


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, each_database: str) -> Iterator[Archive]:
    archive = WatchedArchive(tmp_path_factory.mktemp("archive"))
    first = archive.keep(SMALL, day(1), "<p>small")
    archive.keep(LARGE, day(1), "<p>large" + " and larger" * 30_000)
    archive.keep(AGAIN, day(1), "<p>small", refers_to=first)
    yield archive
    archive.close()


@pytest.fixture(scope="module")
def served(archive: Archive) -> Iterator[Served]:
    with serving(archive) as served:
        yield served


@pytest.mark.parametrize("mode", ["", "id_"])
@pytest.mark.parametrize(("url", "at_once"), [(SMALL, {"sqlite": True}), (LARGE, {}), (AGAIN, {})])
def test_a_small_page_is_given_at_once_where_nothing_is_waited_for(
    archive: WatchedArchive,
    served: Served,
    each_database: str,
    url: str,
    mode: str,
    at_once: dict[str, bool],
) -> None:
    archive.watched.apart.clear()
    answer = get(served, f"/{stamp(day(1))}{mode}/{url}")
    assert answer.status_code == 200
    assert set(archive.watched.apart) == {not at_once.get(each_database, False)}


def test_what_stands_in_a_store_is_waited_for_elsewhere(
    archive: WatchedArchive, each_database: str
) -> None:
    (kept,) = archive.catalogue.captures_of(SMALL)
    stored = Stored(archive.catalogue, archive.watched)
    assert stored.is_quick(kept) is (each_database == "sqlite")
    away = replace(kept, warc=replace(kept.warc, file="elsewhere.warc.gz"))
    assert not stored.is_quick(away)
    assert not stored.is_quick(replace(kept, body_size=None))
