"""Hubs that sources name, and the shapes of URLs that turned out to be articles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _to(table: str, column: str) -> sa.Column[int]:
    return sa.Column(column, sa.Integer, sa.ForeignKey(f"{table}.id"), nullable=False)


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "hub",
        _to("url", "source_id"),
        _to("outlet", "outlet_id"),
        sa.Column("seen", sa.BigInteger, nullable=False),
        sa.Column("hub", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("source_id", "hub"),
    )
    op.create_index("ix_hub_outlet_id", "hub", ["outlet_id"])
    op.create_table(
        "shape",
        _to("outlet", "outlet_id"),
        sa.Column("shape", BYTEWISE, nullable=False),
        sa.Column("articles", sa.Integer, nullable=False),
        sa.Column("others", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("outlet_id", "shape"),
    )


def downgrade() -> None:
    """To the one before."""
    op.drop_table("shape")
    op.drop_table("hub")
