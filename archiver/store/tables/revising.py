"""What changed from one revision of an article to the next."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
)

from archiver.store.columntypes import Micros, Packed
from archiver.store.tables.naming import metadata

# No words of any article: what they are is told from the two revisions when it is asked for, so
# that nothing of a text stays here that is taken down there.
change = Table(
    "change",
    metadata,
    Column("at", Micros, nullable=False),  # when the later one was captured
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("number", Integer, nullable=False),  # of the later revision
    Column("against", Integer, nullable=False),  # number of the earlier one
    Column("kinds", Integer, nullable=False),  # a bit a kind; 0: it turned out to be nothing
    Column("stealth", Integer, nullable=False),  # a bit a mark
    Column("moved", Integer, nullable=False),  # paragraphs
    Column("sizes", JSON, nullable=False),  # words added and removed, by kind
    PrimaryKeyConstraint("article_id", "number"),
    Index("ix_change_outlet_id_at", "outlet_id", "at"),
    Index("ix_change_at", "at"),
    sqlite_with_rowid=False,
)

# The capture with which the next one is compared in place of a revision's own: that one could not
# be extracted again by a newer version of the extractor, or has another template.
baseline = Table(
    "baseline",
    metadata,
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Micros, nullable=False),
    Column("page_id", ForeignKey("url.id"), nullable=False),
    Column("text_digest", Packed, nullable=False),
    Column("marks", BigInteger, nullable=False),
    PrimaryKeyConstraint("article_id", "number"),
    sqlite_with_rowid=False,
)

# Digests of paragraphs that came or went in revisions: those of many articles are furniture.
changed_line = Table(
    "changed_line",
    metadata,
    Column("digest", BigInteger, nullable=False),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("outlet_id", "digest", "article_id", "number"),
    Index("ix_changed_line_article_id_number", "article_id", "number"),
    sqlite_with_rowid=False,
)
