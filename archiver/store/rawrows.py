"""Rows of a catalogue as they stand in its database, for those who move all of them.

A row is a tuple of the columns in the order of the table: numbers, texts, bytes, None. Truth values
are 0 and 1, JSON is its text. The same row is the same tuple from either database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Table, func, select, text

Row = tuple[Any, ...]
Key = tuple[Any, ...]  # the values of a row's primary key, in its order

BATCH = 20_000  # rows at once; some tens of megabytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """How many rows a table has, and a digest of all of them in whatever order (32 hex digits).

    It is the sum of the rows' own digests, modulo 2 to the 128th.
    """

    rows: int
    digest: str


def key_columns(table: Table) -> list[str]:
    """The names of the columns of a table's key."""
    return [column.name for column in table.primary_key]


def rows_after(conn: Connection, table: Table, key: Key | None) -> Iterator[Sequence[Row]]:
    """The rows behind a key, or all of them, in the order of the keys, a batch at a time.

    That order is the database's own. Memory is that of a batch.
    """
    names = ", ".join(_read(conn, column) for column in table.columns)
    keys = ", ".join(_quoted(conn, name) for name in key_columns(table))
    mark = "?" if conn.dialect.paramstyle == "qmark" else "%s"
    where = ""
    if key is not None:
        where = f" WHERE ({keys}) > ({', '.join([mark] * len(key))})"
    sql = f"SELECT {names} FROM {_quoted(conn, table.name)}{where} ORDER BY {keys}"  # noqa: S608 - names of our own
    streaming = {"stream_results": True, "max_row_buffer": BATCH}
    found = conn.exec_driver_sql(sql, key or (), execution_options=streaming)
    plain = _plainly(table)
    try:
        for batch in found.partitions(BATCH):
            yield [plain(tuple(row)) for row in batch]
    finally:
        found.close()


def add_rows(conn: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Add rows, by COPY where there is such a thing."""
    names = ", ".join(_quoted(conn, column.name) for column in table.columns)
    into = f"{_quoted(conn, table.name)} ({names})"
    if conn.dialect.name == "sqlite":
        marks = ", ".join(["?"] * len(table.columns))
        conn.exec_driver_sql(f"INSERT INTO {into} VALUES ({marks})", list(rows))  # noqa: S608 - as above
        return
    truths = _truths(table)
    driver: Any = conn.connection.dbapi_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(_as_truths(row, truths) if truths else row)


def key_of_row(table: Table, row: Row) -> Key:
    """The key of a row."""
    places = {column.name: place for place, column in enumerate(table.columns)}
    return tuple(row[places[name]] for name in key_columns(table))


def sum_of(conn: Connection, table: Table, step: Callable[[int], None]) -> Sum:
    """Read a whole table. `step` is told of how many rows were read since the last time."""
    count = total = 0
    for batch in rows_after(conn, table, None):
        for row in batch:
            total += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=16).digest())
        total &= (1 << 128) - 1
        count += len(batch)
        step(len(batch))
    return Sum(rows=count, digest=f"{total:032x}")


def has_rows(conn: Connection, table: Table) -> bool:
    """Whether a table has any row."""
    return conn.execute(select(text("1")).select_from(table).limit(1)).first() is not None


def set_sequence(conn: Connection, table: Table) -> None:
    """Have the next row that is numbered by PostgreSQL get the next number; SQLite does anyway."""
    column = table.autoincrement_column
    if conn.dialect.name == "sqlite" or column is None:
        return
    sequence = func.pg_get_serial_sequence(_quoted(conn, table.name), column.name)
    named = conn.scalar(select(sequence))
    if named is not None:
        last = conn.scalar(select(func.max(column)))
        conn.execute(select(func.setval(named, last or 1, last is not None)))


def _read(conn: Connection, column: Column[Any]) -> str:
    name = _quoted(conn, column.name)
    is_json = isinstance(column.type, JSON) and conn.dialect.name != "sqlite"
    return f"CAST({name} AS TEXT)" if is_json else name


def _quoted(conn: Connection, name: str) -> str:
    return conn.dialect.identifier_preparer.quote(name)


def _truths(table: Table) -> list[int]:
    return [n for n, column in enumerate(table.columns) if isinstance(column.type, Boolean)]


def _plainly(table: Table) -> Callable[[Row], Row]:
    truths = _truths(table)
    if not truths:
        return lambda row: row

    def plain(row: Row) -> Row:
        values = list(row)
        for place in truths:
            values[place] = None if row[place] is None else int(row[place])
        return tuple(values)

    return plain


def _as_truths(row: Row, truths: Sequence[int]) -> Row:
    values = list(row)
    for place in truths:
        values[place] = None if row[place] is None else bool(row[place])
    return tuple(values)
