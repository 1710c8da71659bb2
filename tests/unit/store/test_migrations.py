from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from support.captures import START, make_capture

from archiver.errors import CatalogueError, NoArchiveError
from archiver.model import utcnow
from archiver.store.base import key_of
from archiver.store.catalogue import Catalogue
from archiver.store.engine import catalogue_url, make_engine
from archiver.store.migrate import HEAD, alembic_config
from archiver.store.tables import metadata
from archiver.store.tombstones import events_of
from archiver.store.veil import Redaction, Scope


@contextmanager
def connected(database: str) -> Iterator[Connection]:
    engine = make_engine(catalogue_url(database))
    try:
        with engine.begin() as conn:
            yield conn
    finally:
        engine.dispose()


def upgrade(conn: Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = conn
    command.upgrade(config, revision)


def shape_of(conn: Connection) -> dict[str, object]:
    """All that the database tells of its tables."""
    there = inspect(conn)
    return {
        name: (
            sorted(str(column) for column in there.get_columns(name)),
            there.get_pk_constraint(name)["constrained_columns"],
            sorted(str(link) for link in there.get_foreign_keys(name)),
            sorted(str(unique) for unique in there.get_unique_constraints(name)),
            sorted(
                str({**index, "dialect_options": {k: str(v) for k, v in options.items()}})
                for index in there.get_indexes(name)
                for options in [index.get("dialect_options", {})]
            ),
        )
        for name in there.get_table_names()
    }


def test_the_newest_revision_makes_what_the_code_expects(database: str) -> None:
    with connected(database) as conn:
        upgrade(conn, "head")
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_new_catalogue_is_as_the_revisions_make_it(database: str) -> None:
    """It is made at once, without Alembic."""
    Catalogue.open(database, create=True).close()
    with connected(database) as conn:
        new = shape_of(conn)
        command_config = alembic_config()
        command_config.attributes["connection"] = conn
        command.downgrade(command_config, "base")
        upgrade(conn, "head")
        assert shape_of(conn) == new


@pytest.mark.parametrize("revision", ["0001"])
def test_an_older_catalogue_is_brought_up(database: str, revision: str) -> None:
    with connected(database) as conn:
        upgrade(conn, revision)
    with Catalogue.open(database) as catalogue:
        catalogue.start_run("sky-news", trigger="hand", at=utcnow())
    with connected(database) as conn:
        assert conn.scalar(text("SELECT version_num FROM alembic_version")) == HEAD


def test_urlkeys_and_what_is_redacted_by_them_are_made_anew(database: str) -> None:
    url, folder = (
        "https://news.example/%E6%97%A5?q=a%3Ab",
        "https://news.example/%E6%97%A5%E6%97%A5/",
    )
    old, old_folder = "example,news)/%E6%97%A5?q=a%3Ab", "example,news)/%E6%97%A5%E6%97%A5"
    with Catalogue.open(database, create=True) as catalogue:
        catalogue.add_captures([make_capture(one) for one in (url, f"{folder}1", f"{folder}2?b=1")])
        for scope, hidden in ((Scope.URL, url), (Scope.PREFIX, folder)):
            one = Redaction(
                id=scope.value, url=hidden, scope=scope, urls=(hidden,), by="", reason="",
                made=START,
            )  # fmt: skip
            catalogue.apply_events(list(events_of(one)))
    with connected(database) as conn:  # as it was before
        config = alembic_config()
        config.attributes["connection"] = conn
        command.downgrade(config, "0018")
        keys = (
            (url, old),
            (f"{folder}1", f"{old_folder}/1"),
            (f"{folder}2?b=1", f"{old_folder}/2?b=1"),
        )
        for one, key in keys:
            conn.execute(text("UPDATE url SET urlkey = :k WHERE url = :u"), {"k": key, "u": one})
        conn.execute(text("UPDATE redacted SET key = :k WHERE what = 0"), {"k": old})
        conn.execute(text("UPDATE redacted SET key = :k WHERE what = 1"), {"k": old_folder})
        before = conn.execute(text("SELECT * FROM redacted")).all()
    with Catalogue.open(database) as catalogue:
        for one, _ in keys:
            assert catalogue.captures_of(one) == []
            assert len(catalogue.captures_of(one, redacted=True)) == 1
    with connected(database) as conn:
        after = conn.execute(text("SELECT * FROM redacted")).all()
        assert len(after) == len(before)
        assert {row.key for row in after} == {key_of(url), key_of(folder)}


def test_the_revision_that_the_code_names_is_the_newest_one() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [HEAD]


def test_foreign_keys_and_key_orders_are_those_of_the_code(database: str) -> None:
    """What compare_metadata does not look at."""
    Catalogue.open(database, create=True).close()
    with connected(database) as conn:
        there = inspect(conn)
        for table in metadata.sorted_tables:
            key = there.get_pk_constraint(table.name)["constrained_columns"]
            assert key == [column.name for column in table.primary_key], table.name
            found = {
                (link["constrained_columns"][0], link["referred_table"])
                for link in there.get_foreign_keys(table.name)
            }
            assert found == {
                (link.parent.name, link.column.table.name) for link in table.foreign_keys
            }


def test_the_pending_index_holds_only_what_waits(database: str) -> None:
    Catalogue.open(database, create=True).close()
    with connected(database) as conn:
        indexes = {index["name"]: index for index in inspect(conn).get_indexes("capture")}
        options = indexes["ix_capture_pending"]["dialect_options"]
        assert "extraction = 1" in str(options[f"{conn.dialect.name}_where"])


def test_going_back_leaves_nothing(database: str) -> None:
    Catalogue.open(database, create=True).close()
    with connected(database) as conn:
        config = alembic_config()
        config.attributes["connection"] = conn
        command.downgrade(config, "base")
        assert inspect(conn).get_table_names() == ["alembic_version"]


def test_a_catalogue_stays_as_it_is_when_opened_again(database: str) -> None:
    with Catalogue.open(database, create=True) as first:
        first.start_run("sky-news", trigger="hand", at=utcnow())
    with Catalogue.open(database) as again:
        assert list(again.status()["outlets"]) == ["sky-news"]


def test_an_empty_database_is_no_archive_and_stays_empty(database: str) -> None:
    with pytest.raises(NoArchiveError, match="archiver init"):
        Catalogue.open(database)
    if database.startswith("sqlite"):
        path = Path(catalogue_url(database).database or "")
        assert not path.exists()
        path.touch()
        with pytest.raises(NoArchiveError):
            Catalogue.open(database)
    assert tables_of(database) == []


def tables_of(database: str) -> list[str]:
    with connected(database) as conn:
        return inspect(conn).get_table_names()


def test_a_newer_programs_catalogue_is_left_alone(database: str) -> None:
    Catalogue.open(database, create=True).close()
    with connected(database) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for create in (False, True):
        with pytest.raises(CatalogueError, match="newer"):
            Catalogue.open(database, create=create)


def test_a_migration_that_fails_leaves_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on SQLite every table of a migration comes in one transaction."""

    def change_some(config: object, _revision: str) -> None:
        config.attributes["connection"].execute(text("CREATE TABLE half (a int)"))  # type: ignore[attr-defined]  # Alembic's Config
        raise RuntimeError("power cut")

    with connected(database) as conn:
        upgrade(conn, "0001")
    before = tables_of(database)
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", change_some)
        with pytest.raises(RuntimeError, match="power cut"):
            Catalogue.open(database, create=True)
    assert tables_of(database) == before
    Catalogue.open(database, create=True).close()


def test_a_catalogue_that_cannot_be_made_leaves_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create_some(conn: Connection) -> None:
        conn.execute(text("CREATE TABLE half (a int)"))
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(metadata, "create_all", create_some)
        with pytest.raises(RuntimeError, match="power cut"):
            Catalogue.open(database, create=True)
    assert tables_of(database) == []
    Catalogue.open(database, create=True).close()


def test_many_may_make_it_at_once(database: str) -> None:
    """As when a timetable starts several crawls of a new archive."""

    def work(number: int) -> None:
        with Catalogue.open(database, create=True) as catalogue:
            catalogue.start_run(f"outlet-{number}", trigger="timetable", at=utcnow())

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    with Catalogue.open(database) as catalogue:
        assert catalogue.status()["totals"]["outlets"] == 8


def test_several_archives_may_be_made_at_once_in_one_process(tmp_path: Path) -> None:
    """Alembic keeps the environment that it runs in a module."""

    def work(number: int) -> dict[str, object]:
        with Catalogue.open(f"sqlite:///{tmp_path / str(number)}.db", create=True) as catalogue:
            return catalogue.status()

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(work, range(16)))) == 16


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:", "no://where"]
)
def test_what_is_no_catalogue_url_says_what_would_be_one(url: str) -> None:
    with pytest.raises(CatalogueError, match="sqlite:///path"):
        Catalogue.open(url, create=True)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    path.write_bytes(b"<html>not a database, but long enough to be looked at</html>" * 20)
    before = path.read_bytes()
    with pytest.raises(CatalogueError, match="not a database"):
        Catalogue.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_server_that_does_not_answer_says_which_and_keeps_the_password(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError) as caught:
        Catalogue.open(f"postgresql://me:hunter2@/news?host={tmp_path}")
    assert str(tmp_path) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_stated_head_is_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD
