"""Brings a catalogue's tables to what this version of the program expects."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    inspect,
    text,
)

from archiver.errors import CatalogueError, NoArchiveError
from archiver.store.engine import reading
from archiver.store.patience import LONG, Patience
from archiver.store.tables import metadata, prepare_for_postgresql

if TYPE_CHECKING:
    from alembic.config import Config

# The newest revision. Stated here so that a catalogue that is up to date, as nearly all are, or
# new is opened without Alembic, which takes longer to import than a crawl takes to ask a feed.
HEAD = "0019"
COPYING = "copying"  # stands in its place until the copy of a catalogue is finished

_FOLDER = Path(__file__).parent / "migrations"
_LOCK_NUMBER = 0x6E657773  # of PostgreSQL's advisory lock: "news"
_VERSION = Table(  # as Alembic itself makes it
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
_one_at_a_time = Lock()  # Alembic keeps its context in a module


def alembic_config() -> Config:
    """Alembic's settings, without an ini file."""
    from alembic.config import Config  # see HEAD

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def revision_of(engine: Engine) -> str | None:
    """The revision of a catalogue's tables; None where there are none."""
    with reading(engine).connect() as conn:
        return _revision(conn)


def migrate(engine: Engine, *, create: bool) -> None:
    """Make or upgrade to the newest revision, in one transaction, unless it is there.

    Raises:
        NoArchiveError: where there are no tables and `create` is false.
        CatalogueError: where the tables are of a newer version of the program, or the copy of a
            catalogue that was not finished.
    """
    with reading(engine).connect() as conn:
        revision = _revision(conn)
    if revision == HEAD:
        return
    thing = engine.url.render_as_string()
    if revision == COPYING:
        raise CatalogueError(
            "is the copy of a catalogue that has not come to its end",
            thing=thing,
            todo="Go on with it: archiver catalogue copy FROM TO.",
        )
    if revision is None and not create:
        raise NoArchiveError("no archive here", thing=thing, todo="Make one: archiver init DIR.")
    # of a migration and a crawl that wait for each other PostgreSQL undoes one
    again = Patience(LONG)
    if revision is not None or not again.try_out(lambda: _make(engine), "making the tables"):
        again.try_out(lambda: _upgrade(engine, revision), "the migration")


def _make(engine: Engine) -> bool:
    """Make all tables as they are now; False where another process was quicker."""
    with engine.begin() as conn:
        _lock(conn)
        if _revision(conn) is not None:
            return False
        make_tables(conn, HEAD)
    return True


def make_tables(conn: Connection, revision: str) -> None:
    """Make all tables as they are now, and say that they are of a revision."""
    if conn.dialect.name == "postgresql":
        prepare_for_postgresql()
    metadata.create_all(conn)
    _VERSION.create(conn)
    conn.execute(_VERSION.insert().values(version_num=revision))


def set_revision(conn: Connection, revision: str) -> None:
    """Say that the tables are of a revision."""
    conn.execute(_VERSION.update().values(version_num=revision))


def _upgrade(engine: Engine, revision: str | None) -> None:
    from alembic import command  # see HEAD
    from alembic.util import CommandError

    config = alembic_config()
    try:
        with _one_at_a_time, engine.begin() as conn:
            _lock(conn)
            config.attributes["connection"] = conn
            command.upgrade(config, "head")
    except CommandError as error:
        raise CatalogueError(
            f"its tables are of a revision that this version does not know ({revision})",
            thing=engine.url.render_as_string(),
            todo="Use the newer news-archiver that wrote it.",
        ) from error


def _lock(conn: Connection) -> None:
    """Wait for other processes that migrate; SQLite has one writer anyway."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})


def _revision(conn: Connection) -> str | None:
    """What Alembic's own table says; None where there is none."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    found: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return found
