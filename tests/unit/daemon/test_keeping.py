"""The daemon backs its catalogue up when that is due, and tells when it cannot."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.workdir import working_folder

from archiver.config.load import Loaded, load
from archiver.daemon.keeping import backup, backup_interval
from archiver.daemon.service import Daemon
from archiver.errors import ArchiverError
from archiver.store.catalogue import Catalogue
from archiver.store.lock import BACKING_UP, outlet_lock


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    folder = working_folder(tmp_path / "work", connect_to={})
    flags = {"storage.url": f"file://{tmp_path}/store", "storage.backup_every": "1d12h"}
    found = load(start=folder, explicit=None, env={}, flags=flags)
    Catalogue.open(found.catalogue_url, create=True).close()
    return found


def changed(loaded: Loaded, **flags: str) -> Loaded:
    told = {name.replace("__", "."): text for name, text in flags.items()}
    return load(start=loaded.folder, explicit=None, env={}, flags=told)


def spoil(loaded: Loaded) -> None:
    """Take the catalogue for something else, so that a backup of it is refused."""
    with closing(sqlite3.connect(loaded.archive_folder / "catalogue.sqlite")) as found:
        found.execute("ALTER TABLE alembic_version RENAME TO hidden")


def mend(loaded: Loaded) -> None:
    with closing(sqlite3.connect(loaded.archive_folder / "catalogue.sqlite")) as found:
        found.execute("ALTER TABLE hidden RENAME TO alembic_version")


async def test_one_is_made_when_it_is_due(loaded: Loaded) -> None:
    done = await backup(loaded)
    assert done["made"]
    assert done["url"].startswith(loaded.settings.storage.url)
    again = await backup(loaded)
    assert (again["made"], again["url"]) == (False, done["url"])
    with outlet_lock(loaded.archive_folder / "locks", BACKING_UP):
        assert await backup(loaded) == {}


async def test_a_failure_says_why(loaded: Loaded) -> None:
    spoil(loaded)
    with pytest.raises(ArchiverError, match="its tables have no revision"):
        await backup(loaded)


def test_the_daemon_makes_them_of_sqlite_where_there_is_a_store(loaded: Loaded) -> None:
    hourly = backup_interval(loaded)
    assert hourly is not None
    assert hourly.total_seconds() == 3600
    often = changed(loaded, storage__url="file:///x", storage__backup_every="10m")
    assert (backup_interval(often) or hourly).total_seconds() == 600
    assert backup_interval(changed(loaded)) is None
    elsewhere = {"archive__catalogue_url": "postgresql://me@localhost/news"}
    assert backup_interval(changed(loaded, storage__url="file:///x", **elsewhere)) is None


async def test_it_is_planned_and_failures_are_told_once_until_they_end(loaded: Loaded) -> None:
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        daemon = Daemon(loaded, catalogue=catalogue, reload=lambda: loaded)
        chores = daemon.chores
        chores._plan()
        assert "backup" in [job.id for job in chores._scheduler.get_jobs()]
        spoil(loaded)
        for _ in range(2):
            await chores._backup()
            assert ("archive", "backup") in catalogue.alerts()
        mend(loaded)
        await chores._backup()
        assert catalogue.alerts() == {}
        chores.follow(changed(loaded))
        assert "backup" not in [job.id for job in chores._scheduler.get_jobs()]
