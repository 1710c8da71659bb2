"""What was taken down: tombstones, and the keys by which they are found."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Table,
)

from archiver.store.columntypes import BYTEWISE, Code, Micros, Packed, Words
from archiver.store.tables.naming import metadata

# Words stand in the database by their place: add at the end only.
SCOPES = Code(("url", "prefix", "capture"))
KEYS = Code(("url", "prefix", "payload"))

redaction = Table(
    "redaction",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made", Micros, nullable=False),
    Column("moment", Micros),  # of the one capture, in whole seconds
    Column("lifted", Micros),
    Column("rewritten", Micros),
    Column("scope", SCOPES, nullable=False),
    Column("name", Words, nullable=False, unique=True),
    Column("url", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("lifted_by", Words),
    Column("lifted_why", Words),
    Column("urls", JSON, nullable=False),
    Column("payloads", JSON, nullable=False),
    Column("files", JSON, nullable=False),
)

# In the order in which look-ups come: a urlkey, one of its prefixes, a payload's digest.
redacted = Table(
    "redacted",
    metadata,
    Column("redaction_id", ForeignKey("redaction.id"), nullable=False),
    Column("what", KEYS, nullable=False),
    Column("key", BYTEWISE, nullable=False),
    PrimaryKeyConstraint("key", "what", "redaction_id"),
    sqlite_with_rowid=False,
)

# WARC files that went by a rule of retention; what stood in them is counted by kind.
removal = Table(
    "removal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Micros, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("name", Words, nullable=False, unique=True),
    Column("sha256", Packed),
    Column("by", Words, nullable=False),
    Column("rule", Words, nullable=False),
    Column("copy_url", Words),  # of a copy that was left where it stood
    Column("records", JSON, nullable=False),
)
