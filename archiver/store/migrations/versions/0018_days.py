"""Pages and articles of an outlet by time, for its days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_PAGES = sa.text("kind IN (0, 3)")


def upgrade() -> None:
    """To this revision."""
    op.create_index(
        "ix_capture_outlet_id_at",
        "capture",
        ["outlet_id", "at", "kind"],
        sqlite_where=_PAGES,
        postgresql_where=_PAGES,
    )
    op.create_index("ix_article_outlet_id_first_seen", "article", ["outlet_id", "first_seen"])


def downgrade() -> None:
    """To the one before."""
    op.drop_index("ix_article_outlet_id_first_seen", "article")
    op.drop_index("ix_capture_outlet_id_at", "capture")
