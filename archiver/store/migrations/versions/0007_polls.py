"""When each source was asked and what it brought, and the sitemaps that an index names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _to(table: str, column: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(column, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=nullable)


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "poll",
        sa.Column("polled", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("brought", sa.BigInteger),
        _to("outlet", "outlet_id"),
        _to("url", "source_id"),
        _to("url", "answered_by_id", nullable=True),
        _to("url", "same_as_id", nullable=True),
        sa.Column("interval", sa.Integer, nullable=False),
        sa.Column("hint", sa.Integer, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("same_rule", sa.Text),
        sa.PrimaryKeyConstraint("outlet_id", "source_id"),
    )
    op.create_table(
        "child",
        _to("url", "index_id"),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("index_id", "place"),
    )


def downgrade() -> None:
    """To the one before."""
    op.drop_table("child")
    op.drop_table("poll")
