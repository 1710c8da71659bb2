"""A whole catalogue from one database to another, which goes on where it was broken off.

Tables come in the order in which they name each other, their rows by key, some thousand in one
transaction with a note of how far it went. Until all of them are there and compared the target's
revision is no revision, so that nothing but another copy opens it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from archiver.errors import CatalogueError, LockedError, NoArchiveError
from archiver.store.engine import catalogue_url, make_engine
from archiver.store.migrate import COPYING, HEAD, make_tables, migrate, revision_of, set_revision
from archiver.store.rawrows import (
    Sum,
    add_rows,
    has_rows,
    key_of_row,
    rows_after,
    set_sequence,
    sum_of,
)
from archiver.store.tables import metadata, receipt

LOCK_SECONDS = 15  # that other transactions have for their end
_LOCK_NOT_AVAILABLE = "55P03"  # SQLSTATE
# A row a table that is begun; the one without a name says of which catalogue this is a copy.
_progress = Table(
    "copying",
    MetaData(),
    Column("name", Text, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    Column("last", Text, nullable=False),  # key of the last row, as JSON
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One table in both catalogues."""

    table: str
    source: Sum
    target: Sum

    @property
    def equal(self) -> bool:
        """Whether both have the same rows."""
        return self.source == self.target


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What was done: rows of a table that were copied, or compared, or were there already."""

    what: str  # copied, compared, there
    table: str
    rows: int


Told = Callable[[Step], None]


def copied_tables() -> list[Table]:
    """All that a catalogue holds, each table after those that it names."""
    return [table for table in metadata.sorted_tables if table is not receipt]


def copy(source: str, target: str, *, told: Told = lambda step: None) -> list[Compared]:
    """Copy a catalogue into another database, or go on with that; compare both in the end.

    Nobody can write to the source meanwhile. Memory is flat.

    Raises:
        NoArchiveError: there is no catalogue at the source.
        LockedError: somebody writes to it.
        CatalogueError: the target has another archive, the source is of another revision, or both
            differ in the end; a database fails.
    """
    if _shown(catalogue_url(source)) == _shown(catalogue_url(target)):
        raise CatalogueError("is both source and target", thing=_shown(catalogue_url(source)))
    with _engine(source) as old, _engine(target) as new, _held(old) as reading:
        begin(new, of=_shown(old.url))
        for table in copied_tables():
            _copy_table(reading, new, table, told)
        with new.begin() as conn:
            for table in copied_tables():
                set_sequence(conn, table)
        with new.connect() as conn:
            compared = _compare(reading, conn, told)
        different = [one.table for one in compared if not one.equal]
        if different:
            raise CatalogueError(
                f"is not as the source in {', '.join(different)}: somebody wrote to one of them",
                thing=_shown(new.url),
                todo="Empty the database, see that nothing writes to the source, and copy again.",
            )
        with new.begin() as conn:
            _progress.drop(conn)
            set_revision(conn, HEAD)
        _analyse(new)
    return compared


def compare(source: str, target: str, *, told: Told = lambda step: None) -> list[Compared]:
    """Compare two catalogues, table by table, whichever databases they are in.

    Raises:
        NoArchiveError: there is none.
        LockedError: somebody writes to the source.
        CatalogueError: one of them is of another revision; a database fails.
    """
    with _engine(source) as old, _engine(target) as new, _held(old) as reading:
        _demand_head(new)
        with new.connect() as conn:
            return _compare(reading, conn, told)


def begin(target: Engine, *, of: str) -> None:
    """Make the tables in an empty database, or see that it has an unfinished copy of the same.

    Raises:
        CatalogueError: it has something else.
    """
    thing = _shown(target.url)
    revision = revision_of(target)
    if revision not in (None, COPYING):
        migrate(target, create=False)
    with target.begin() as conn:
        if revision == COPYING:
            known = conn.scalar(select(_progress.c.last).where(_progress.c.name == ""))
            if known != of:
                raise CatalogueError(
                    f"has an unfinished copy of {known}",
                    thing=thing,
                    todo="Copy that one again, or empty the database.",
                )
            return
        there = set(inspect(conn).get_table_names())
        if revision is None and there & metadata.tables.keys():
            names = ", ".join(sorted(there & metadata.tables.keys()))
            todo = "Take another database, or another schema."
            raise CatalogueError(f"has tables of something else: {names}", thing=thing, todo=todo)
        if revision is None:
            make_tables(conn, COPYING)
        elif any(has_rows(conn, table) for table in copied_tables()):
            todo = "Take an empty database. To compare: archiver catalogue compare."
            raise CatalogueError("has an archive's catalogue already", thing=thing, todo=todo)
        set_revision(conn, COPYING)
        _progress.create(conn)
        conn.execute(_progress.insert().values(name="", rows=0, last=of))


def _copy_table(reading: Connection, target: Engine, table: Table, told: Told) -> None:
    with target.begin() as conn:
        place = conn.execute(select(_progress).where(_progress.c.name == table.name)).first()
        if place is None:
            conn.execute(_progress.insert().values(name=table.name, rows=0, last="null"))
    done = place.rows if place else 0
    last = json.loads(place.last) if place else None
    if done:
        told(Step(what="there", table=table.name, rows=done))
    for batch in rows_after(reading, table, None if last is None else tuple(last)):
        key = json.dumps(key_of_row(table, batch[-1]))
        with target.begin() as conn:
            add_rows(conn, table, batch)
            moved = update(_progress).where(
                _progress.c.name == table.name, _progress.c.rows == done
            )
            done += len(batch)
            if conn.execute(moved.values(rows=done, last=key)).rowcount != 1:
                raise LockedError("another process copies into it", thing=_shown(target.url))
        told(Step(what="copied", table=table.name, rows=len(batch)))


def _compare(reading: Connection, conn: Connection, told: Told) -> list[Compared]:
    found = []
    for table in copied_tables():

        def step(rows: int, name: str = table.name) -> None:
            told(Step(what="compared", table=name, rows=rows))

        one, other = sum_of(reading, table, step), sum_of(conn, table, step)
        found.append(Compared(table=table.name, source=one, target=other))
    return found


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    address = catalogue_url(url)
    if address.get_backend_name() == "sqlite":
        Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(address)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _held(source: Engine) -> Iterator[Connection]:
    """Read one moment of a catalogue, to which nobody can write meanwhile."""
    if source.dialect.name == "sqlite" and not Path(source.url.database or "").is_file():
        raise NoArchiveError("no catalogue here", thing=_shown(source.url))
    _demand_head(source)
    with source.begin() as conn:  # which in SQLite takes the write lock
        if conn.dialect.name != "sqlite":
            _lock_tables(conn)
        yield conn


def _demand_head(engine: Engine) -> None:
    revision = revision_of(engine)
    if revision is None:
        raise NoArchiveError("no catalogue here", thing=_shown(engine.url))
    if revision == COPYING:
        migrate(engine, create=False)  # which says so
    if revision != HEAD:
        raise CatalogueError(
            f"is of revision {revision}, and this version has {HEAD}",
            thing=_shown(engine.url),
            todo="Bring it up to date with the version that copies it: archiver status.",
        )


def _lock_tables(conn: Connection) -> None:
    quoted = [conn.dialect.identifier_preparer.quote(table.name) for table in copied_tables()]
    try:
        # not at once: a table may be being vacuumed, which ends for who waits
        conn.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        conn.execute(text(f"LOCK TABLE {', '.join(quoted)} IN SHARE MODE"))
        conn.execute(text("SET LOCAL lock_timeout = 0"))
    except (CatalogueError, OperationalError) as error:
        cause = error.__cause__ or error
        if getattr(cause, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise LockedError(
            "somebody writes to it",
            thing=_shown(conn.engine.url),
            todo="End crawls, daemons and workers, then copy.",
        ) from error


def _analyse(engine: Engine) -> None:
    """Have PostgreSQL look at what it has got now, before it makes plans."""
    if engine.dialect.name != "sqlite":
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as conn:
            conn.execute(text("ANALYZE"))


def _shown(url: URL) -> str:
    """Where a catalogue is, however its place was written; without password."""
    if url.get_backend_name() == "sqlite":
        return str(Path(url.database or "").resolve())
    return url.render_as_string()
