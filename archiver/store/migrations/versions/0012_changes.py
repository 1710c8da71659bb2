"""What changed from one revision to the next; a digest of what an article says beside its text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _to(table: str, name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=False)


def upgrade() -> None:
    """To this revision."""
    op.add_column("revision", sa.Column("marks", sa.BigInteger))
    op.create_table(
        "change",
        sa.Column("at", sa.BigInteger, nullable=False),
        _to("outlet", "outlet_id"),
        _to("article", "article_id"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("against", sa.Integer, nullable=False),
        sa.Column("kinds", sa.Integer, nullable=False),
        sa.Column("stealth", sa.Integer, nullable=False),
        sa.Column("moved", sa.Integer, nullable=False),
        sa.Column("sizes", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_change_outlet_id_at", "change", ["outlet_id", "at"])
    op.create_index("ix_change_at", "change", ["at"])
    op.create_table(
        "baseline",
        _to("article", "article_id"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        _to("url", "page_id"),
        sa.Column("text_digest", sa.LargeBinary, nullable=False),
        sa.Column("marks", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "changed_line",
        sa.Column("digest", sa.BigInteger, nullable=False),
        _to("outlet", "outlet_id"),
        _to("article", "article_id"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("outlet_id", "digest", "article_id", "number"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_changed_line_article_id_number", "changed_line", ["article_id", "number"])


def downgrade() -> None:
    """To the one before."""
    for name in ("changed_line", "baseline", "change"):
        op.drop_table(name)
    with op.batch_alter_table("revision") as table:
        table.drop_column("marks")
