"""Where the verified copy of a WARC file stands, and whether the local one was removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("copy_url", sa.Text),
    ("copied", sa.BigInteger),
    ("copied_how", sa.Text),
    ("removed", sa.BigInteger),
)
_INDEXES = (
    ("ix_warc_file_uncopied", "id", "copied IS NULL AND closed IS NOT NULL AND size > 0"),
    ("ix_warc_file_local", "copied", "copied IS NOT NULL AND removed IS NULL"),
)


def upgrade() -> None:
    """To this revision."""
    for name, kind in _COLUMNS:
        op.add_column("warc_file", sa.Column(name, kind))
    for name, column, where in _INDEXES:
        op.create_index(
            name,
            "warc_file",
            [column],
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def downgrade() -> None:
    """To the one before."""
    for name, _, _ in _INDEXES:
        op.drop_index(name, "warc_file")
    with op.batch_alter_table("warc_file") as table:
        for name, _ in _COLUMNS:
            table.drop_column(name)
