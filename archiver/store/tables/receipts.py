"""Which transaction a connection has committed last: see `archiver.store.patience`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from archiver.store.columntypes import BYTEWISE, Micros
from archiver.store.tables.naming import metadata

# Written in PostgreSQL only, and of no use once its connection has ended.
receipt = Table(
    "receipt",
    metadata,
    Column("number", BigInteger, nullable=False),  # of the transaction, among its connection's
    Column("at", Micros, nullable=False),
    Column("connection", BYTEWISE, primary_key=True),  # a random name
)
