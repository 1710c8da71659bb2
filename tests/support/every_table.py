"""A catalogue with rows in every table, of every kind of value: nobody made them by crawling."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Connection, Float, Integer, SmallInteger
from sqlalchemy.types import TypeDecorator

from archiver.store.columntypes import Code, Micros
from archiver.store.copying import copied_tables
from archiver.store.rawrows import add_rows, set_sequence

_WORDS = ("", "rain", "Zürich", "Straße", "日本の新聞", "a\tb\\n", "'; --", "🗞 \u0301e", "İstanbul")


def fill(conn: Connection, rows: int, *, seed: int = 1) -> None:
    """Add so many rows to each table; what they name is there."""
    random = Random(seed)
    for table in copied_tables():
        made = [
            tuple(_value(column, number, random) for column in table.columns)
            for number in range(1, rows + 1)
        ]
        add_rows(conn, table, made)
        set_sequence(conn, table)


def _value(column: Column[Any], number: int, random: Random) -> Any:
    if isinstance(column.type, Micros):
        return 1_700_000_000_000_000 + random.randrange(10**15)
    kind: Any = column.type
    kind = kind.impl if isinstance(kind, TypeDecorator) else kind
    if column.foreign_keys:
        return number
    if column.primary_key and isinstance(column.type, Code):
        return 0
    if column.primary_key and isinstance(kind, Integer):
        return number
    if column.nullable and random.random() < 0.3:
        return None
    return _of_kind(kind, number, random)


def _of_kind(kind: Any, number: int, random: Random) -> Any:
    if isinstance(kind, JSON):
        return json.dumps({"a": [random.choice(_WORDS), number]}, ensure_ascii=False)
    if isinstance(kind, Float):
        return random.random() * 1e9
    if isinstance(kind, Boolean | SmallInteger):
        return random.randrange(2)
    if isinstance(kind, BigInteger):
        return random.randrange(-(2**50), 2**50)  # their sums are asked for
    if isinstance(kind, Integer):
        return random.randrange(2**31)
    if kind.__visit_name__ == "large_binary":
        return b"\1" + random.randbytes(20)
    return f"{random.choice(_WORDS)} {number}"
