"""The index by payload digest holds responses alone: a revisit points at nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RESPONSES = sa.text("record_type = 0")


def upgrade() -> None:
    """To this revision; cost grows with the captures."""
    op.drop_index("ix_capture_payload_digest", "capture")
    op.create_index(
        "ix_capture_payload_digest",
        "capture",
        ["payload_digest"],
        sqlite_where=RESPONSES,
        postgresql_where=RESPONSES,
    )


def downgrade() -> None:
    """To the one before."""
    op.drop_index("ix_capture_payload_digest", "capture")
    op.create_index("ix_capture_payload_digest", "capture", ["payload_digest"])
