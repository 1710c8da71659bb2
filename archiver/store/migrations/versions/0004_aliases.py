"""URLs that are one page, and the rule that says so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "alias",
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("url_id", sa.Integer, sa.ForeignKey("url.id"), nullable=False),
        sa.Column("target_id", sa.Integer, sa.ForeignKey("url.id"), nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("url_id", "target_id"),
        sa.Index("ix_alias_target_id", "target_id"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """To the one before."""
    op.drop_table("alias")
