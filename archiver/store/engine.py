"""Engines for SQLite and PostgreSQL that behave alike, and the few things that differ."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError

from archiver.errors import ArchiverError, CatalogueError, DiskFullError, UndoneError

BUSY_SECONDS = 60.0  # how long a writer waits for another one before it gives up
_WAL_RETRY_SECONDS = 0.01
_READING = "archiver_reading"
_DURABLE = "archiver_durable"
# Connections of a process to PostgreSQL: those it keeps, and those that it may open beside them.
# Many processes share one server, whose connections are counted (max_connections).
_KEPT, _MORE = 2, 13
# A machine that vanished is noticed after a minute, not after the two hours that are usual.
_PG_CONNECTION = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

# SQLSTATE, PostgreSQL appendix A.
_PG_DISK_FULL = "53100"
_PG_UNDONE = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "53300",  # too_many_connections
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
    }
)


def catalogue_url(text: str) -> URL:
    """The database URL, checked, with its driver named.

    Raises:
        CatalogueError: where it is no URL of a SQLite file or a PostgreSQL database.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise CatalogueError(
            "not a database URL",
            thing=text,
            todo="Use sqlite:///path/to/catalogue.db or postgresql://user@host/database.",
        ) from error
    backend = url.get_backend_name()
    if backend == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise CatalogueError(
        "the catalogue lives in a SQLite file or a PostgreSQL database",
        thing=url.render_as_string(),
        todo="Use sqlite:///path/to/catalogue.db or postgresql://user@host/database.",
    )


def make_engine(url: URL) -> Engine:
    """An engine whose transactions write: on SQLite each takes the write lock as it begins.

    With a plain BEGIN two transactions that have both read cannot both go on to write, and one
    fails at once with "database is locked"; BEGIN IMMEDIATE makes the second one wait instead.

    Raises:
        CatalogueError: where the database's driver is not installed.
    """
    options: dict[str, Any] = {"json_serializer": _to_json}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": BUSY_SECONDS}
    else:
        options |= {"pool_pre_ping": True, "pool_size": _KEPT, "max_overflow": _MORE}
        options |= {"pool_timeout": BUSY_SECONDS, "connect_args": _PG_CONNECTION}
    try:
        engine = create_engine(url, **options)
    except ModuleNotFoundError as error:
        raise CatalogueError(
            "the driver for PostgreSQL is not installed",
            thing=url.render_as_string(),
            todo="pip install 'news-archiver[postgres]'",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    else:
        event.listen(engine, "connect", _on_postgresql_connect)
    event.listen(engine, "handle_error", _on_error, retval=True)
    return engine


def reading(engine: Engine) -> Engine:
    """The same engine, same connections, for transactions that only read: they never wait."""
    return engine.execution_options(**{_READING: True, "postgresql_readonly": True})


def durable(engine: Engine) -> Engine:
    """The same engine, for transactions that no loss of power undoes, nor any before them."""
    return engine.execution_options(**{_DURABLE: True})


def insert(dialect: str, table: Table) -> Insert:
    """The database's own INSERT, for its `on_conflict_do_nothing` and `on_conflict_do_update`.

    Both dialects' constructs have the same methods; the type is that of one of them.
    """
    if dialect == "sqlite":
        return Insert(table)
    from sqlalchemy.dialects import postgresql  # slow to import, and seldom needed

    return postgresql.insert(table)  # type: ignore[return-value]  # same methods, see above


def _to_json(value: Any) -> str:
    """Compact JSON; text outside ASCII in half the bytes, lone surrogates replaced."""
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return plain.encode("utf-8", "replace").decode("utf-8")


def _on_sqlite_connect(dbapi: sqlite3.Connection, _record: object) -> None:
    dbapi.isolation_level = None  # transactions begin where we say so: see _on_sqlite_begin
    _use_wal(dbapi)
    dbapi.execute("PRAGMA synchronous=NORMAL")  # a power cut may cost the last commits, no more
    dbapi.execute("PRAGMA foreign_keys=ON")


def _use_wal(dbapi: sqlite3.Connection) -> None:
    """Write ahead, so that readers and the writer do not wait for each other.

    Where several processes meet a new file, SQLite tells all but one of them at once that it is
    locked, whatever the time-out: going over to WAL does not wait. So the waiting is done here.
    """
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            dbapi.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(_WAL_RETRY_SECONDS)


def _on_postgresql_connect(dbapi: Any, _record: object) -> None:
    """Have each statement planned for the values that it is asked with.

    A plan for any value at all, which PostgreSQL makes of a statement that comes often, takes a URL
    for one of few captures, and sorts all of one that has 20,000.
    """
    dbapi.autocommit = True
    dbapi.execute("SET plan_cache_mode = force_custom_plan")
    dbapi.autocommit = False


def _on_sqlite_begin(conn: Connection) -> None:
    options = conn.get_execution_options()
    # What touches no file, and so cannot fail, goes by the driver alone: it takes less than
    # SQLAlchemy does to pass it on.
    execute = cast("sqlite3.Connection", conn.connection.driver_connection).execute
    if options.get(_READING, False):
        execute("BEGIN")
        return
    # Of the connection, and not to be changed within a transaction; by default see above.
    level = "FULL" if options.get(_DURABLE, False) else "NORMAL"
    execute(f"PRAGMA synchronous={level}")
    conn.exec_driver_sql("BEGIN IMMEDIATE")


def _on_error(context: ExceptionContext) -> BaseException | None:
    """Faults of the database, not of the caller, as errors of ours."""
    fault = type(context.sqlalchemy_exception) in (OperationalError, DatabaseError)
    if context.is_pre_ping or not fault:
        return None
    away = context.is_disconnect or context.connection is None
    return database_error(context.original_exception, context.engine, away=away)


def database_error(
    cause: BaseException, engine: Engine | None, *, away: bool = False
) -> ArchiverError:
    """The error of ours that says what a database driver's error said.

    `away`: the database cannot be reached, or has broken the connection off.
    """
    thing = engine.url.render_as_string() if engine else "catalogue"
    words = str(cause).strip() or type(cause).__name__
    exactly = getattr(cause, "sqlite_errorcode", 0)
    code = exactly & 0xFF  # without what its upper bits add
    # The file shared by WAL's readers could not be made: there is no room even for that.
    full = code == sqlite3.SQLITE_FULL or exactly == sqlite3.SQLITE_IOERR_SHMSIZE
    if full or getattr(cause, "sqlstate", None) == _PG_DISK_FULL:
        return DiskFullError(words, thing=thing, todo="Make room, then run the same again.")
    if not code and (away or getattr(cause, "sqlstate", None) in _PG_UNDONE):
        todo = "See that the database runs and can be reached, then run the same again."
        return UndoneError(" ".join(words.split()), thing=thing, todo=todo)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        todo = "Another process is writing; run the same again when it has ended."
    else:
        todo = "See that the database is there, in order, and may be written by this user."
    return CatalogueError(words, thing=thing, todo=todo)
