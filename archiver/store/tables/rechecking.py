"""When articles are asked for again, and how they stood at each change of their state."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
)

from archiver.store.columntypes import Code, Micros, Words
from archiver.store.tables.naming import metadata

# As KINDS: add at the end only.
ARTICLE_STATES = Code(("live", "missing", "removed", "paywalled", "blocked", "moved"))

# One row an article that may be asked for again; `due` is null until somebody plans it.
recheck = Table(
    "recheck",
    metadata,
    Column("due", Micros),
    Column("checked", Micros, nullable=False),  # last, or captured first
    Column("modified", Micros),  # by a source's word, since
    Column("article_id", ForeignKey("article.id"), primary_key=True, autoincrement=False),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("step", Integer, nullable=False),  # how many of the timetable's ages it has passed
    Column("checks", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),  # checks in a row
    Column("failed", Integer, nullable=False),  # checks in a row without an answer
    Column("evidence", Integer, nullable=False),  # checks that found it missing
    Column("live_blog", Boolean, nullable=False),
    Index("ix_recheck_outlet_id_due", "outlet_id", "due"),
)

# How often checks of an outlet's young articles find an edit; older ones fade.
edits = Table(
    "edits",
    metadata,
    Column("outlet_id", ForeignKey("outlet.id"), primary_key=True, autoincrement=False),
    Column("checks", Float, nullable=False),
    Column("changes", Float, nullable=False),
)

# Each change of an article's state, with the record that showed it.
article_state = Table(
    "article_state",
    metadata,
    Column("at", Micros, nullable=False),
    Column("offset", BigInteger),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("file_id", ForeignKey("warc_file.id")),
    Column("target_id", ForeignKey("url.id")),  # where it moved to
    Column("status", Integer),
    Column("state", ARTICLE_STATES, nullable=False),
    Column("reason", Words, nullable=False),
    PrimaryKeyConstraint("article_id", "at", "state"),
)
