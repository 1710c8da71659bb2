"""The catalogue's tables, for SQLite and PostgreSQL.

Everything here can be rebuilt from the WARC files. Times are integer microseconds UTC. Run
numbers stand without foreign keys, since a rebuilt catalogue does not know old runs.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    TextClause,
    UniqueConstraint,
    text,
)

from archiver.store.columntypes import BYTEWISE, Code, Micros, Packed, Words
from archiver.store.tables.batching import JOB_STATES, batch, batch_job
from archiver.store.tables.likening import (
    ACROSS,
    across,
    likeness,
    likeness_band,
    likeness_group,
)
from archiver.store.tables.naming import SOURCES, metadata
from archiver.store.tables.receipts import receipt
from archiver.store.tables.rechecking import ARTICLE_STATES, article_state, edits, recheck
from archiver.store.tables.redacting import redacted, redaction, removal
from archiver.store.tables.revising import baseline, change, changed_line
from archiver.store.tables.sharing import lease
from archiver.store.tables.watching import (
    alert,
    child,
    host_state,
    hub,
    outlet_state,
    poll,
    rhythm,
    robots,
    shape,
    signal,
)

__all__ = [
    "ACROSS",
    "ARTICLE_STATES",
    "EXTRACTION",
    "JOB_STATES",
    "KINDS",
    "LOCAL_TOO",
    "PAGES",
    "PENDING",
    "RECORD_TYPES",
    "RESPONSES",
    "SOURCES",
    "UNANSWERED",
    "UNCOPIED",
    "alert",
    "alias",
    "article",
    "article_state",
    "baseline",
    "batch",
    "batch_job",
    "capture",
    "change",
    "changed_line",
    "child",
    "discovery",
    "edits",
    "host_state",
    "hub",
    "lease",
    "likeness",
    "likeness_band",
    "likeness_group",
    "metadata",
    "outlet",
    "outlet_state",
    "poll",
    "prepare_for_postgresql",
    "problem",
    "receipt",
    "recheck",
    "redacted",
    "redaction",
    "removal",
    "revision",
    "rhythm",
    "robots",
    "run",
    "shape",
    "signal",
    "tally",
    "url",
    "warc_file",
]

# Words stand in the database by their place: add at the end only.
KINDS = Code(("page", "feed", "sitemap", "section", "robots", "other", "requisite"))

RECORD_TYPES = Code(("response", "revisit", "resource"))

EXTRACTION = Code(("none", "pending", "done", "failed"))

# A literal, not a parameter: only so does a planner know that the partial index serves.
PENDING = text("extraction = 1")

UNANSWERED = text("NOT answered")

RESPONSES = text("record_type = 0")

PAGES = text("kind IN (0, 3)")  # pages and sections: what people read

UNCOPIED = text("copied IS NULL AND closed IS NOT NULL AND size > 0")

LOCAL_TOO = text("copied IS NOT NULL AND removed IS NULL")

_partial_indexes: list[tuple[Index, TextClause]] = [(across, ACROSS)]


def _partial(name: str, *columns: str, where: TextClause) -> Index:
    index = Index(name, *columns, sqlite_where=where)
    _partial_indexes.append((index, where))
    return index


def prepare_for_postgresql() -> None:
    """Make the partial indexes partial there too, before its tables are made.

    Saying so where they are defined would import that dialect into every program.
    """
    for index, where in _partial_indexes:
        index.dialect_options["postgresql"]["where"] = where


outlet = Table(
    "outlet",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Words, nullable=False, unique=True),  # the seed's id, such as "sky-news"
    Column("next_due", Micros, index=True),
    Column("last_run_id", Integer),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("trigger", Words, nullable=False),
    Column("started", Micros, nullable=False),
    Column("ended", Micros),
    Column("state", Words, nullable=False),  # running, done, partial, failed, interrupted, skipped
    Column("reason", Words),
    Column("counts", JSON(none_as_null=True)),
    Column("planned", Micros),  # by the timetable
    Index("ix_run_started", "started"),
    Index("ix_run_outlet_id_started", "outlet_id", "started"),
)

url = Table(
    "url",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("first_seen", Micros, nullable=False),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),  # those that failed
    # with a final status, ever, or by the page of which this is another spelling
    Column("answered", Boolean, nullable=False, default=False),
    Column("url", BYTEWISE, nullable=False, unique=True),
    Column("urlkey", BYTEWISE, nullable=False, index=True),
    Index("ix_url_outlet_id_urlkey", "outlet_id", "urlkey"),
    _partial("ix_url_unanswered", "outlet_id", where=UNANSWERED),
)

warc_file = Table(
    "warc_file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Words, nullable=False, unique=True),
    Column("opened", Micros, nullable=False),
    Column("closed", Micros),
    Column("size", BigInteger),  # bytes
    Column("sha256", Packed),
    Column("checked", Micros),  # last, by the daemon
    Column("copy_url", Words),  # s3://bucket/key or file:///path, once that copy is verified
    Column("copied", Micros),
    Column("copied_how", Words),  # by what it was verified: checksum, etag, signature, read-back
    Column("removed", Micros),  # the local file, which its copy outlives
    Column("spool", Words),  # of many machines: on which the local file stands
    # What waits for its copy, and what of that is yet to be removed: few, however many files.
    _partial("ix_warc_file_uncopied", "id", where=UNCOPIED),
    _partial("ix_warc_file_local", "copied", where=LOCAL_TOO),
)

discovery = Table(
    "discovery",
    metadata,
    Column("url_id", ForeignKey("url.id"), nullable=False),
    Column("source_id", ForeignKey("url.id"), nullable=False),
    # 64 bits of a digest over the source's words: the same mention again is no news
    Column("words", BigInteger, nullable=False),
    Column("found_at", Micros, nullable=False),
    Column("published", Micros),
    Column("modified", Micros),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("run_id", Integer),
    Column("via", SOURCES, nullable=False),
    Column("guid", Words),
    Column("title", Words),
    Column("published_raw", Words),
    PrimaryKeyConstraint("url_id", "source_id", "words"),
    sqlite_with_rowid=False,
)

# URLs that are one page; the target is the one under which it is known.
alias = Table(
    "alias",
    metadata,
    Column("first_seen", Micros, nullable=False),
    Column("url_id", ForeignKey("url.id"), nullable=False),
    Column("target_id", ForeignKey("url.id"), nullable=False, index=True),
    Column("rule", Words, nullable=False),
    PrimaryKeyConstraint("url_id", "target_id"),
    sqlite_with_rowid=False,
)

# Columns of eight bytes first, then of four and two: PostgreSQL pads for alignment.
capture = Table(
    "capture",
    metadata,
    Column("at", Micros, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("body_size", BigInteger),
    Column("url_id", ForeignKey("url.id"), nullable=False),
    Column("file_id", ForeignKey("warc_file.id"), nullable=False),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("run_id", Integer),
    Column("status", Integer),
    Column("kind", KINDS, nullable=False),
    Column("record_type", RECORD_TYPES, nullable=False),
    Column("extraction", EXTRACTION, nullable=False),
    Column("record_id", Packed, nullable=False),
    Column("payload_digest", Packed),
    Column("body_digest", Packed),
    Column("mime", Words),
    Column("redirect_to", Words),
    Column("truncated", Words),
    Column("etag", Words),
    Column("last_modified", Words),
    # In the order in which replay looks up; without row ids the table itself stands in it.
    PrimaryKeyConstraint("url_id", "at", "file_id", "offset"),
    Index("ix_capture_file_id", "file_id"),  # for what a file holds
    # Revisits point at nothing else.
    _partial("ix_capture_payload_digest", "payload_digest", where=RESPONSES),
    _partial("ix_capture_pending", "at", where=PENDING),
    # For the days of an outlet; the kind, so that counting reads the index alone.
    _partial("ix_capture_outlet_id_at", "outlet_id", "at", "kind", where=PAGES),
    sqlite_with_rowid=False,
)

article = Table(
    "article",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("first_seen", Micros, nullable=False),
    Column("last_seen", Micros, nullable=False),
    Column("gone_at", Micros),  # since when its state is another than live
    Column("url_id", ForeignKey("url.id"), nullable=False),  # what the page calls itself
    Column("page_id", ForeignKey("url.id"), nullable=False, index=True),  # what was fetched last
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("revision", Integer, nullable=False),  # number of the newest by time of capture
    Column("gone_status", Integer),  # HTTP, of the answer that showed it
    Column("state", ARTICLE_STATES, nullable=False),
    UniqueConstraint("url_id", "outlet_id"),
    Index("ix_article_outlet_id_state_last_seen", "outlet_id", "state", "last_seen"),
    Index("ix_article_outlet_id_first_seen", "outlet_id", "first_seen"),
)

revision = Table(
    "revision",
    metadata,
    Column("captured_at", Micros, nullable=False),
    Column("offset", BigInteger),  # of the capture's record in its file, where it has one
    Column("file_id", ForeignKey("warc_file.id")),
    Column("article_id", ForeignKey("article.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("word_count", Integer, nullable=False),
    Column("text_digest", Packed, nullable=False),
    Column("title", Words),
    Column("article", JSON, nullable=False),  # the contract's JSON
    Column("marks", BigInteger),  # digest of what it says beside its text; not of old rows
    PrimaryKeyConstraint("article_id", "number"),
    Index("ix_revision_file_id", "file_id"),  # for a file that is written anew
)

problem = Table(
    "problem",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Micros, nullable=False),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("run_id", Integer, index=True),
    Column("stage", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("url", Words),
    Column("detail", Words),
)

# Counts kept by the transaction that changes what they count, so that a status costs nothing.
tally = Table(
    "tally",
    metadata,
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("what", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("n", BigInteger, nullable=False),
    PrimaryKeyConstraint("outlet_id", "what", "key"),
    sqlite_with_rowid=False,
)
