"""When outlets are due, how often they bring news, what was planned, what is amiss."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.add_column("run", sa.Column("planned", sa.BigInteger))
    op.add_column("warc_file", sa.Column("checked", sa.BigInteger))
    op.create_index("ix_run_started", "run", ["started"])
    op.create_index("ix_run_outlet_id_started", "run", ["outlet_id", "started"])
    op.create_table(
        "rhythm",
        sa.Column("outlet_id", sa.Integer, sa.ForeignKey("outlet.id"), primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("last_new", sa.BigInteger),
        sa.Column("a_day", sa.Float),
    )
    op.create_table(
        "alert",
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject", "what"),
    )


def downgrade() -> None:
    """To the one before."""
    op.drop_table("alert")
    op.drop_table("rhythm")
    op.drop_index("ix_run_outlet_id_started", "run")
    op.drop_index("ix_run_started", "run")
    with op.batch_alter_table("warc_file") as table:
        table.drop_column("checked")
    with op.batch_alter_table("run") as table:
        table.drop_column("planned")
