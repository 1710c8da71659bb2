from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from support.captures import START
from support.postgres import Server

from archiver.errors import CatalogueError, DiskFullError
from archiver.model import Problem
from archiver.store import engine
from archiver.store.catalogue import Catalogue
from archiver.store.engine import catalogue_url, database_error, make_engine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalogue.db"


def test_a_writer_that_waits_too_long_says_who_is_in_the_way(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.01)
    with (
        Catalogue.open(f"sqlite:///{path}", create=True) as first,
        Catalogue.open(f"sqlite:///{path}") as second,
    ):
        with first._writing(), pytest.raises(CatalogueError, match="Another process is writing"):
            second.start_run("sky-news", trigger="hand", at=START)
        second.start_run("sky-news", trigger="hand", at=START)  # the connection is still good


def test_a_full_disk_is_that_and_no_other_error(path: Path) -> None:
    with Catalogue.open(f"sqlite:///{path}", create=True) as catalogue:
        with catalogue._reading() as conn:  # SQLite's own limit, in the pool's one connection
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
            conn.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
        large = Problem(stage="fetch", reason="x", url=None, at=START, detail="x" * 100_000)
        with pytest.raises(DiskFullError) as caught:
            catalogue.add_problems(None, "sky-news", [large])
        assert caught.value.exit_code == 5
        assert catalogue.status()["outlets"] == {}
        catalogue.start_run("sky-news", trigger="hand", at=START)


def test_postgresqls_full_disk_too() -> None:
    psycopg = pytest.importorskip("psycopg")
    error = database_error(psycopg.errors.DiskFull("could not extend file"), None)
    assert isinstance(error, DiskFullError)


def test_a_damaged_file_is_an_error_of_the_catalogue(path: Path) -> None:
    Catalogue.open(f"sqlite:///{path}", create=True).close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with (
        pytest.raises(CatalogueError, match=r"malformed.*in order"),
        Catalogue.open(f"sqlite:///{path}") as catalogue,
    ):
        catalogue.start_run("sky-news", trigger="hand", at=START)


def test_a_folder_cannot_be_a_catalogue(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="unable to open"):
        Catalogue.open(f"sqlite:///{tmp_path}", create=True)


def test_what_is_wrong_in_our_own_statements_is_not_blamed_on_the_database(path: Path) -> None:
    with Catalogue.open(f"sqlite:///{path}", create=True) as catalogue:  # noqa: SIM117  # see below
        with pytest.raises(IntegrityError), catalogue._writing() as conn:
            conn.execute(text("INSERT INTO outlet (id, name) VALUES (1, NULL)"))


def test_rows_that_belong_to_nothing_are_refused(catalogue: Catalogue) -> None:
    """SQLite checks foreign keys only when told to, in every connection."""
    with pytest.raises(IntegrityError), catalogue._writing() as conn:
        conn.execute(text("INSERT INTO tally (outlet_id, what, key, n) VALUES (77, 'urls', '', 1)"))


def test_sqlite_writes_ahead_so_that_readers_go_on(path: Path) -> None:
    Catalogue.open(f"sqlite:///{path}", create=True).close()
    made = make_engine(catalogue_url(f"sqlite:///{path}"))
    with made.begin() as conn:
        assert conn.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar_one() == 1  # NORMAL
    made.dispose()


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///a.db", "sqlite+pysqlite"),
        ("postgresql://u@h/d", "postgresql+psycopg"),
        ("postgres://u@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg2://u@h/d", "postgresql+psycopg"),
    ],
)
def test_every_url_means_the_driver_that_we_use(url: str, driver: str) -> None:
    assert catalogue_url(url).drivername == driver


def test_where_the_driver_is_missing_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without_driver(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr(engine, "create_engine", without_driver)
    with pytest.raises(CatalogueError, match=r"news-archiver\[postgres\]"):
        make_engine(catalogue_url("postgresql://u:secret@h/d"))


def test_postgresql_plans_for_the_values_that_are_asked(postgres: Server) -> None:
    """Or it sorts 20,000 captures of a page for the newest one."""
    made = make_engine(catalogue_url(postgres.new_database()))
    with made.begin() as conn:
        assert conn.scalar(text("SHOW plan_cache_mode")) == "force_custom_plan"
    made.dispose()
