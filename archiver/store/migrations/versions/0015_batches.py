"""Batches over WARC files, and captures by their file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("made", sa.BigInteger, nullable=False),
        sa.Column("fleet", sa.Boolean, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
    )
    op.create_index("ix_batch_asked", "batch", ["asked"])
    op.create_table(
        "batch_job",
        sa.Column("started", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batch.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("counts", sa.JSON),
        sa.Column("faults", sa.JSON),
        sa.PrimaryKeyConstraint("batch_id", "number"),
        sa.UniqueConstraint("batch_id", "place"),
    )
    op.create_index("ix_batch_job_batch_id_state", "batch_job", ["batch_id", "state"])
    # What a file holds is asked for each file that is checked: not of all captures there are.
    op.create_index("ix_capture_file_id", "capture", ["file_id"])


def downgrade() -> None:
    """To the one before."""
    op.drop_index("ix_capture_file_id", "capture")
    op.drop_index("ix_batch_job_batch_id_state", "batch_job")
    op.drop_table("batch_job")
    op.drop_index("ix_batch_asked", "batch")
    op.drop_table("batch")
