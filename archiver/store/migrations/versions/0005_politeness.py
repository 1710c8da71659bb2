"""What is remembered of hosts and outlets from run to run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "host_state",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("host"),
    )
    op.create_table(
        "outlet_state",
        sa.Column(
            "outlet_id",
            sa.Integer,
            sa.ForeignKey("outlet.id"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("blocks", sa.Integer, nullable=False),
        sa.Column("blocked_kind", sa.Text),
        sa.PrimaryKeyConstraint("outlet_id"),
    )


def downgrade() -> None:
    """To the one before."""
    op.drop_table("outlet_state")
    op.drop_table("host_state")
