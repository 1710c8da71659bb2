"""The first catalogue.

Types are spelt out here, not taken from `tables`: a revision never changes once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "outlet",
    "run",
    "url",
    "warc_file",
    "discovery",
    "capture",
    "article",
    "revision",
    "problem",
    "tally",
)

BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
PENDING = sa.text("extraction = 1")
UNANSWERED = sa.text("NOT answered")


def _to(table: str, column: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(column, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=nullable)


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "outlet",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("next_due", sa.BigInteger, index=True),
        sa.Column("last_run_id", sa.Integer),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        _to("outlet", "outlet_id"),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("counts", sa.JSON),
    )
    op.create_table(
        "url",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        _to("outlet", "outlet_id"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("answered", sa.Boolean, nullable=False),
        sa.Column("url", BYTEWISE, nullable=False, unique=True),
        sa.Column("urlkey", BYTEWISE, nullable=False, index=True),
        sa.Index("ix_url_outlet_id_urlkey", "outlet_id", "urlkey"),
        sa.Index(
            "ix_url_unanswered",
            "outlet_id",
            sqlite_where=UNANSWERED,
            postgresql_where=UNANSWERED,
        ),
    )
    op.create_table(
        "warc_file",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("opened", sa.BigInteger, nullable=False),
        sa.Column("closed", sa.BigInteger),
        sa.Column("size", sa.BigInteger),
        sa.Column("sha256", sa.LargeBinary),
    )
    op.create_table(
        "discovery",
        _to("url", "url_id"),
        _to("url", "source_id"),
        sa.Column("words", sa.BigInteger, nullable=False),
        sa.Column("found_at", sa.BigInteger, nullable=False),
        sa.Column("published", sa.BigInteger),
        sa.Column("modified", sa.BigInteger),
        _to("outlet", "outlet_id"),
        sa.Column("run_id", sa.Integer),
        sa.Column("via", sa.SmallInteger, nullable=False),
        sa.Column("guid", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("published_raw", sa.Text),
        sa.PrimaryKeyConstraint("url_id", "source_id", "words"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "capture",
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
        sa.Column("body_size", sa.BigInteger),
        _to("url", "url_id"),
        _to("warc_file", "file_id"),
        _to("outlet", "outlet_id"),
        sa.Column("run_id", sa.Integer),
        sa.Column("status", sa.Integer),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("record_type", sa.SmallInteger, nullable=False),
        sa.Column("extraction", sa.SmallInteger, nullable=False),
        sa.Column("record_id", sa.LargeBinary, nullable=False),
        sa.Column("payload_digest", sa.LargeBinary),
        sa.Column("body_digest", sa.LargeBinary),
        sa.Column("mime", sa.Text),
        sa.Column("redirect_to", sa.Text),
        sa.Column("truncated", sa.Text),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.PrimaryKeyConstraint("url_id", "at", "file_id", "offset"),
        sa.Index("ix_capture_payload_digest", "payload_digest"),
        sa.Index("ix_capture_pending", "at", sqlite_where=PENDING, postgresql_where=PENDING),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "article",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
        sa.Column("gone_at", sa.BigInteger),
        _to("url", "url_id"),
        _to("url", "page_id"),
        _to("outlet", "outlet_id"),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("gone_status", sa.Integer),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.UniqueConstraint("url_id", "outlet_id"),
        sa.Index("ix_article_page_id", "page_id"),
        sa.Index("ix_article_outlet_id_state_last_seen", "outlet_id", "state", "last_seen"),
    )
    op.create_table(
        "revision",
        sa.Column("captured_at", sa.BigInteger, nullable=False),
        sa.Column("offset", sa.BigInteger),
        _to("warc_file", "file_id", nullable=True),
        _to("article", "article_id"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("word_count", sa.Integer, nullable=False),
        sa.Column("text_digest", sa.LargeBinary, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("article", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "number"),
    )
    op.create_table(
        "problem",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        _to("outlet", "outlet_id"),
        sa.Column("run_id", sa.Integer, index=True),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("detail", sa.Text),
    )
    op.create_table(
        "tally",
        _to("outlet", "outlet_id"),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("outlet_id", "what", "key"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Back to an empty database."""
    for table in reversed(TABLES):
        op.drop_table(table)
