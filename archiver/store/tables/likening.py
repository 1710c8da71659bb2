"""Which articles have nearly the same text: signatures, and the keys by which they are found."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    text,
)

from archiver.store.columntypes import Micros
from archiver.store.tables.naming import metadata

ACROSS = text("outlets > 1")

# Partial in PostgreSQL too: see `prepare_for_postgresql`.
across = Index("ix_likeness_group_across", "joined", sqlite_where=ACROSS)

# Articles whose texts are alike, two or more.
likeness_group = Table(
    "likeness_group",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("joined", Micros, nullable=False),  # first capture of the member that came last
    Column("articles", Integer, nullable=False),
    Column("outlets", Integer, nullable=False),
    across,
)

likeness = Table(
    "likeness",
    metadata,
    Column("article_id", ForeignKey("article.id"), primary_key=True, autoincrement=False),
    Column("group_id", ForeignKey("likeness_group.id"), index=True),
    Column("signature", LargeBinary),  # none of a text that is too short
)

likeness_band = Table(
    "likeness_band",
    metadata,
    Column("key", BigInteger, nullable=False),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    PrimaryKeyConstraint("key", "article_id"),
    sqlite_with_rowid=False,
)
