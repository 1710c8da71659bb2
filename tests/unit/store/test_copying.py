"""A catalogue goes from one database to another whole, however often that is broken off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from support.captures import START, make_capture
from support.every_table import fill
from support.postgres import Server

from archiver.errors import CatalogueError, LockedError, NoArchiveError
from archiver.store import copying, rawrows
from archiver.store.catalogue import Catalogue
from archiver.store.copying import Step, compare, copied_tables, copy
from archiver.store.engine import catalogue_url, make_engine
from archiver.store.tables import outlet, url

ROWS = 120


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rawrows, "BATCH", 50)


@pytest.fixture
def target(backend: str, postgres: Server, tmp_path: Path) -> str:
    """An empty database of the other kind than the source's."""
    return postgres.new_database() if backend == "sqlite" else f"sqlite:///{tmp_path}/new/copy.db"


@pytest.fixture
def source(database: str) -> str:
    """A catalogue that has all kinds of rows."""
    with Catalogue.open(database, create=True) as catalogue, catalogue._writing() as conn:
        fill(conn, ROWS)
    return database


@pytest.fixture
def other(target: str) -> Iterator[Engine]:
    engine = make_engine(catalogue_url(target))
    yield engine
    engine.dispose()


def stop_after(steps: int) -> tuple[list[Step], Callable[[Step], None]]:
    """Somebody who breaks off after so many steps."""
    seen: list[Step] = []

    def told(step: Step) -> None:
        seen.append(step)
        if len(seen) == steps:
            raise KeyboardInterrupt

    return seen, told


def test_there_and_back_it_is_the_same(source: str, target: str, tmp_path: Path) -> None:
    there = copy(source, target)
    back = copy(target, f"sqlite:///{tmp_path}/back.db")
    assert [one.table for one in there] == [table.name for table in copied_tables()]
    for one, two in zip(there, back, strict=True):
        assert one.equal
        assert two.equal
        assert one.source == two.target
        assert one.source.rows == ROWS, one.table
    assert len({one.source.digest for one in there}) == len(there)


def test_the_copy_is_a_catalogue_that_goes_on(source: str, target: str, other: Engine) -> None:
    with Catalogue.open(source) as old:
        old.add_captures([make_capture("https://news.sky.com/1")])
        expected = old.captures_of("https://news.sky.com/1"), old.status()
    copy(source, target)
    with Catalogue.open(target) as new:
        found = new.captures_of("https://news.sky.com/1"), new.status()
        assert found == expected
        run = new.start_run("sky-news", trigger="hand", at=START)  # its number is a new one
        assert run > ROWS
        new.add_captures([make_capture("https://news.sky.com/2")])
    with other.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(url)) == ROWS + 2


@pytest.mark.parametrize("steps", [1, 3, 40])
def test_what_is_broken_off_goes_on_where_it_was(source: str, target: str, steps: int) -> None:
    seen, told = stop_after(steps)
    with pytest.raises(KeyboardInterrupt):
        copy(source, target, told=told)
    for create in (False, True):
        with pytest.raises(CatalogueError, match="catalogue copy"):
            Catalogue.open(target, create=create)
    again: list[Step] = []
    assert all(one.equal for one in copy(source, target, told=again.append))
    before = sum(step.rows for step in seen if step.what == "copied")
    assert sum(step.rows for step in again if step.what == "there") == before
    copied = sum(step.rows for step in again if step.what == "copied")
    assert copied == ROWS * len(copied_tables()) - before
    Catalogue.open(target).close()


@pytest.mark.parametrize("lines", [1, 30])
def test_killed_in_the_middle_it_goes_on(source: str, target: str, lines: int) -> None:
    child = (
        "import sys; from archiver.store import rawrows; rawrows.BATCH = 50;"
        "from archiver.store.copying import copy;"
        "copy(*sys.argv[1:], told=lambda step: print(step, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", child, source, target], stdout=subprocess.PIPE, text=True
    ) as process:
        for _ in range(lines):
            assert process.stdout is not None
            assert process.stdout.readline()
        process.kill()
    again: list[Step] = []
    assert all(one.equal for one in copy(source, target, told=again.append))
    assert again[0].what == "there"


def test_a_target_that_has_an_archive_is_left_alone(source: str, target: str) -> None:
    with Catalogue.open(target, create=True) as catalogue:
        catalogue.start_run("another", trigger="hand", at=START)
    with pytest.raises(CatalogueError, match="has an archive's catalogue already"):
        copy(source, target)
    with Catalogue.open(target) as catalogue:
        assert list(catalogue.status()["outlets"]) == ["another"]


def test_a_target_that_was_only_made_serves(source: str, target: str) -> None:
    Catalogue.open(target, create=True).close()
    assert all(one.equal for one in copy(source, target))


def test_tables_of_something_else_are_left_alone(source: str, target: str, other: Engine) -> None:
    Path(catalogue_url(target).database or "").parent.mkdir(parents=True, exist_ok=True)
    with other.begin() as conn:
        conn.execute(text("CREATE TABLE url (a int)"))
    with pytest.raises(CatalogueError, match="tables of something else: url"):
        copy(source, target)


def test_an_unfinished_copy_of_another_catalogue_is_left_alone(
    source: str, target: str, tmp_path: Path
) -> None:
    _, told = stop_after(5)
    with pytest.raises(KeyboardInterrupt):
        copy(source, target, told=told)
    another = f"sqlite:///{tmp_path}/another.db"
    Catalogue.open(another, create=True).close()
    with pytest.raises(CatalogueError, match="unfinished copy of"):
        copy(another, target)


def test_a_source_that_is_written_to_is_refused(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.store.engine.BUSY_SECONDS", 0.1)
    monkeypatch.setattr(copying, "LOCK_SECONDS", 1)
    with Catalogue.open(source) as catalogue, catalogue._writing() as conn:
        conn.execute(outlet.update().values(last_run_id=1))
        with pytest.raises((LockedError, CatalogueError), match=r"riting|writes"):
            copy(source, target)


def test_nobody_writes_to_the_source_meanwhile(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.store.engine.BUSY_SECONDS", 0.1)
    tried = []

    def told(step: Step) -> None:
        if not tried:
            engine = make_engine(catalogue_url(source))
            try:
                with engine.begin() as conn:
                    if not source.startswith("sqlite"):
                        conn.execute(text("SET lock_timeout = 100"))
                    conn.execute(outlet.update().values(last_run_id=2))
                tried.append("written")
            except Exception:  # noqa: BLE001 - of either database
                tried.append("refused")
            finally:
                engine.dispose()

    assert all(one.equal for one in copy(source, target, told=told))
    assert tried == ["refused"]


def test_a_source_that_was_written_to_in_between_is_told(
    source: str, target: str, other: Engine
) -> None:
    _, told = stop_after(40)
    with pytest.raises(KeyboardInterrupt):
        copy(source, target, told=told)
    engine = make_engine(catalogue_url(source))
    with engine.begin() as conn:  # in rows that are there already
        conn.execute(outlet.update().where(outlet.c.id == 3).values(last_run_id=9))
    engine.dispose()
    with pytest.raises(CatalogueError, match=r"not as the source in outlet:"):
        copy(source, target)
    with pytest.raises(CatalogueError, match="catalogue copy"):
        Catalogue.open(target)


@pytest.mark.parametrize("change", ["value", "more", "fewer"])
def test_what_differs_is_found(source: str, target: str, other: Engine, change: str) -> None:
    copy(source, target)
    with other.begin() as conn:
        if change == "value":
            conn.execute(url.update().where(url.c.id == 7).values(attempts=url.c.attempts + 1))
        elif change == "more":
            conn.execute(outlet.insert().values(name="one more"))
        else:
            conn.execute(
                text(
                    "DELETE FROM host_state WHERE failures = (SELECT max(failures) FROM host_state)"
                )
            )
    different = [one.table for one in compare(source, target) if not one.equal]
    assert different == [{"value": "url", "more": "outlet", "fewer": "host_state"}[change]]


def test_rows_that_changed_places_have_another_digest(database: str) -> None:
    """Of two that exchange a value, each column has the same values as before."""
    with Catalogue.open(database, create=True) as catalogue, catalogue._writing() as conn:
        fill(conn, 4)
        before = rawrows.sum_of(conn, outlet, lambda rows: None)
        conn.execute(text("UPDATE outlet SET last_run_id = id"))
        one = rawrows.sum_of(conn, outlet, lambda rows: None)
        conn.execute(text("UPDATE outlet SET last_run_id = 3 - id WHERE id < 3"))
        two = rawrows.sum_of(conn, outlet, lambda rows: None)
    assert len({before, one, two}) == 3


def test_where_there_is_no_catalogue(target: str, tmp_path: Path, database: str) -> None:
    with pytest.raises(NoArchiveError):
        copy(f"sqlite:///{tmp_path}/none.db", target)
    assert not (tmp_path / "none.db").exists()


def test_a_catalogue_is_not_copied_onto_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Catalogue.open(f"sqlite:///{path}", create=True).close()
    with pytest.raises(CatalogueError, match="both source and target"):
        copy(f"sqlite:///{path}", f"sqlite:///{tmp_path}/x/../a.db")


def test_a_source_of_an_older_revision_is_to_be_brought_up_first(
    database: str, target: str
) -> None:
    Catalogue.open(database, create=True).close()
    engine = make_engine(catalogue_url(database))
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0009'"))
    engine.dispose()
    with pytest.raises(CatalogueError, match=r"revision 0009.*archiver status"):
        copy(database, target)
