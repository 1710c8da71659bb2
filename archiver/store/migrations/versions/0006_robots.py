"""What hosts' robots.txt said last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "robots",
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("fetched", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.Column("unreachable_since", sa.BigInteger),
        sa.Column("rules", sa.Text),
        sa.Column("record", sa.Text),
        sa.PrimaryKeyConstraint("origin"),
    )


def downgrade() -> None:
    """To the one before."""
    op.drop_table("robots")
