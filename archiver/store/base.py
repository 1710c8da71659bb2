"""What the parts of the catalogue share: transactions, rows by name, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Engine, Select, Table, bindparam, select
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.sql.dml import ReturningInsert

from archiver.store.columntypes import clean
from archiver.store.engine import durable, insert, reading
from archiver.store.patience import LONG, Patience, make_patient, receipted
from archiver.store.tables import outlet, tally, url
from archiver.urls import urlkey

BATCH = 1000


class Store:
    """An open database. Every method of its subclasses is one transaction of its own.

    May be shared by threads: each transaction takes a connection of its own from the pool. While
    a server is away, a method waits for it, `patience` seconds at most, and begins anew.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Wait for the database in all methods alike."""
        super().__init_subclass__(**options)
        make_patient(cls)

    def __init__(self, engine: Engine, *, patience: float = LONG) -> None:
        self.patience = Patience(patience)
        self._engine = engine
        self._reader = reading(engine)
        self._known: dict[str, dict[str, int]] = {}  # row numbers by name, by column

    def _writing(self) -> AbstractContextManager[Connection]:
        return self._transaction(self._engine)

    def _durably(self) -> AbstractContextManager[Connection]:
        """As `_writing`; no loss of power undoes it, nor any transaction before it."""
        return self._transaction(durable(self._engine))

    def _transaction(self, engine: Engine) -> AbstractContextManager[Connection]:
        if engine.dialect.name == "sqlite":  # a file is not away
            return engine.begin()
        return receipted(engine, self.patience)

    def _reading(self) -> AbstractContextManager[Connection]:
        return self._reader.begin()

    def _numbers(
        self, conn: Connection, column: Column[str], rows: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, int]:
        """As `intern`, but what is there is looked up once and remembered: rows never go."""
        known = self._known.setdefault(str(column), {})
        unknown = {name: row for name, row in rows.items() if name not in known}
        found, new = intern(conn, column, unknown) if unknown else ({}, set())
        # what this transaction makes may yet be rolled back
        known |= {name: number for name, number in found.items() if name not in new}
        return known | found


def batches(items: Iterable[str]) -> Iterator[list[str]]:
    """The items in lists of at most `BATCH`."""
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


def key_of(address: str) -> str:
    """The urlkey; of what is no usable URL, the text itself."""
    try:
        return urlkey(address)
    except ValueError:
        return address


def look_up(conn: Connection, column: Column[str], names: Iterable[str]) -> dict[str, int]:
    """The row numbers of those names that are there; cost grows with the names asked."""
    found: dict[str, int] = {}
    for batch in batches(names):
        rows = conn.execute(_looking_up(column), {"names": batch})
        found |= {row[0]: row[1] for row in rows}
    return found


@cache
def _looking_up(column: Column[str]) -> Select[str, int]:
    """The statement, which takes as long to make as to execute."""
    wanted = column.in_(bindparam("names", expanding=True))
    return select(column, column.table.c.id).where(wanted)


def intern(
    conn: Connection, column: Column[str], rows: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, int], set[str]]:
    """The row number of every name, and the names that were not there before.

    `rows` holds the other columns of each name's row, should it have to be made. Rows go in
    sorted, so that two writers of the same names cannot wait for each other.
    """
    names = {clean(name): name for name in rows}
    found = look_up(conn, column, names)
    missing = sorted(names.keys() - found.keys())
    made: dict[str, int] = {}
    if missing:
        table = column.table
        if not isinstance(table, Table):
            raise TypeError(f"no table's column: {column}")
        wanted = _making(conn.dialect.name, table, column)
        values = [{**rows[names[name]], column.name: name} for name in missing]
        made = {row[0]: row[1] for row in conn.execute(wanted, values)}
        found |= made
        # what another writer made in between (PostgreSQL only)
        found |= look_up(conn, column, [name for name in missing if name not in found])
    # by the names as they were given: two may be one once cleaned
    return {name: found[clean(name)] for name in rows}, {names[name] for name in made}


@cache
def _making(dialect: str, table: Table, column: Column[str]) -> ReturningInsert[str, int]:
    return insert(dialect, table).on_conflict_do_nothing().returning(column, table.c.id)


def intern_outlets(conn: Connection, names: Iterable[str]) -> dict[str, int]:
    """The row number of every outlet."""
    return intern(conn, outlet.c.name, {name: {} for name in names})[0]


def intern_urls(conn: Connection, urls: Mapping[str, tuple[int, datetime]]) -> dict[str, int]:
    """The row number of every URL; new ones get the outlet's number and time that stand there."""
    rows = {text: url_row(key_of(text), outlet_id, at) for text, (outlet_id, at) in urls.items()}
    return add_urls(conn, rows)[0]


def url_row(urlkey: str, outlet_id: int, at: datetime) -> dict[str, Any]:
    """The row of a URL that is first heard of, and was never asked for."""
    return {
        "urlkey": urlkey,
        "outlet_id": outlet_id,
        "first_seen": at,
        "attempts": 0,
        "answered": False,
    }


def add_urls(
    conn: Connection, rows: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, int], set[str]]:
    """The row number of every URL, and those that had no row before: they have these now."""
    numbers, new = intern(conn, url.c.url, rows)
    count(conn, Counter((rows[text]["outlet_id"], "urls", "") for text in new))
    return numbers, new


def count(conn: Connection, changes: Mapping[tuple[int, str, str], int]) -> None:
    """Add to the tallies, by outlet's number, what is counted, and key."""
    if not changes:
        return
    rows: Sequence[dict[str, Any]] = [
        {"outlet_id": number, "what": what, "key": clean(key), "n": changes[number, what, key]}
        for number, what, key in sorted(changes)
    ]
    conn.execute(_counting(conn.dialect.name), rows)


@cache
def _counting(dialect: str) -> Insert:
    statement = insert(dialect, tally)
    return statement.on_conflict_do_update(
        index_elements=["outlet_id", "what", "key"],
        set_={"n": tally.c.n + statement.excluded.n},
    )
