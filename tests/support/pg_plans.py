"""PostgreSQL's plans for what a catalogue asks, and what in them grows with the archive."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event, text

from archiver.store.catalogue import Catalogue
from archiver.store.tables import metadata

_WHOLE = ("Index Scan", "Index Only Scan")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A statement, and its plan as EXPLAIN (FORMAT JSON) tells it."""

    sql: str
    root: dict[str, Any]

    def whole_reads(self, tables: Collection[str], *, indexes: bool = True) -> list[str]:
        """What reads all of one of these tables, or all of an index of it that is not partial.

        Of small tables PostgreSQL likes to read whole indexes: then have `indexes` false.
        """
        return [
            f"{node['Node Type']} of {node['Relation Name']} <- {' '.join(self.sql.split())}"
            for node, bounded in _nodes(self.root, bounded=False)
            if node.get("Relation Name") in tables
            and (
                node["Node Type"].endswith("Seq Scan")
                or (
                    indexes
                    and node["Node Type"] in _WHOLE
                    and "Index Cond" not in node
                    and not bounded
                )
            )
            and not any(part in node.get("Index Name", "") for part in PARTIAL)
        ]


# Those that hold few rows, whatever the archive holds.
PARTIAL = ("pending", "unanswered", "uncopied", "local", "across")


def _nodes(node: dict[str, Any], *, bounded: bool) -> Iterator[tuple[dict[str, Any], bool]]:
    """Every step of a plan, and whether some step above it stops after so many rows."""
    yield node, bounded
    inner = bounded or node["Node Type"] == "Limit"
    # an aggregate or a sort reads all that is below it first
    if node["Node Type"] in ("Aggregate", "Sort", "Hash", "Materialize"):
        inner = False
    # min() and max() of an index are made into such a limit by PostgreSQL itself
    for below in node.get("Plans", ()):
        yield from _nodes(below, bounded=inner)


@contextmanager
def plans_of(catalogue: Catalogue) -> Iterator[list[Plan]]:
    """The plans of every SELECT and UPDATE of a catalogue in PostgreSQL, made as they are asked."""
    found: list[Plan] = []

    def explain(conn: Connection, _cursor: object, sql: str, values: Any, *_: object) -> None:
        if sql.startswith(("SELECT", "UPDATE", "DELETE", "WITH")) and "pg_" not in sql:
            row = values[0] if isinstance(values, list) else values
            driver: Any = conn.connection.dbapi_connection
            with driver.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", row)
                told = cursor.fetchone()[0]
            plan = json.loads(told) if isinstance(told, str) else told
            found.append(Plan(sql=sql, root=plan[0]["Plan"]))

    event.listen(catalogue._engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(catalogue._engine, "before_cursor_execute", explain)


def without_whole_reads(catalogue: Catalogue) -> None:
    """Have the planner take an index wherever one serves, also for tables that are small."""

    def connected(dbapi: Any, _record: object) -> None:
        for way in ("seqscan", "mergejoin", "hashjoin"):
            dbapi.execute(f"SET enable_{way} = off")
        dbapi.commit()

    event.listen(catalogue._engine, "connect", connected)
    catalogue._engine.dispose()


def begin_anew(catalogue: Catalogue) -> None:
    """Empty every table, and have numbers begin at 1."""
    catalogue._known.clear()
    with catalogue._writing() as conn:
        names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
        conn.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
