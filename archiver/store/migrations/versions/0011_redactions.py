"""What was taken down, and by which keys that is found; files that went; revisions by file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    bytewise = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "redaction",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("moment", sa.BigInteger),
        sa.Column("lifted", sa.BigInteger),
        sa.Column("rewritten", sa.BigInteger),
        sa.Column("scope", sa.SmallInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("lifted_by", sa.Text),
        sa.Column("lifted_why", sa.Text),
        sa.Column("urls", sa.JSON, nullable=False),
        sa.Column("payloads", sa.JSON, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.UniqueConstraint("name", name="uq_redaction_name"),
    )
    op.create_table(
        "redacted",
        sa.Column("redaction_id", sa.Integer, sa.ForeignKey("redaction.id"), nullable=False),
        sa.Column("what", sa.SmallInteger, nullable=False),
        sa.Column("key", bytewise, nullable=False),
        sa.PrimaryKeyConstraint("key", "what", "redaction_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "removal",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.LargeBinary),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("copy_url", sa.Text),
        sa.Column("records", sa.JSON, nullable=False),
        sa.UniqueConstraint("name", name="uq_removal_name"),
    )
    op.create_index("ix_revision_file_id", "revision", ["file_id"])


def downgrade() -> None:
    """To the one before."""
    op.drop_index("ix_revision_file_id", "revision")
    op.drop_table("removal")
    op.drop_table("redacted")
    op.drop_table("redaction")
