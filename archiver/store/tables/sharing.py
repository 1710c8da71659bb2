"""What machines that share one catalogue in PostgreSQL tell each other."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from archiver.store.columntypes import Micros, Words
from archiver.store.tables.naming import metadata

# Until when, by the database's clock, whoever took a lock may go on without it: see fence.py.
lease = Table(
    "lease",
    metadata,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),  # machine, process and a random word
    Column("until", Micros, nullable=False),
    Column("length", BigInteger, nullable=False),  # microseconds
)
