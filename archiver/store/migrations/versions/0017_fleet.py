"""Leases of outlets, and on which machine a WARC file waits for the store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("length", sa.BigInteger, nullable=False),
    )
    op.add_column("warc_file", sa.Column("spool", sa.Text))


def downgrade() -> None:
    """To the one before."""
    op.drop_column("warc_file", "spool")
    op.drop_table("lease")
