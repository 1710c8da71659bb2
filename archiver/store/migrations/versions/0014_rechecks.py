"""When articles are asked for again, and the history of their states."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# None of them has a due time: crawls plan some thousand each, so that they do not come at once.
_ROWS = """
INSERT INTO recheck (article_id, outlet_id, checked, step, checks, unchanged, failed, evidence,
                     live_blog)
SELECT id, outlet_id, last_seen, 0, 0, 0, 0, 0, false FROM article
"""
# What was gone at the first 404 is missing from now on: the code is the same.
_STATES = """
INSERT INTO article_state (article_id, at, state, status, reason)
SELECT id, gone_at, state, gone_status, 'http-' || gone_status FROM article
WHERE state = 1 AND gone_at IS NOT NULL AND gone_status IS NOT NULL
"""
_TALLIES = """
INSERT INTO tally (outlet_id, what, key, n)
SELECT outlet_id, 'states', 'missing', n FROM tally WHERE what = 'gone' AND n > 0
"""


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "recheck",
        sa.Column("due", sa.BigInteger),
        sa.Column("checked", sa.BigInteger, nullable=False),
        sa.Column("modified", sa.BigInteger),
        sa.Column(
            "article_id",
            sa.Integer,
            sa.ForeignKey("article.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("outlet_id", sa.Integer, sa.ForeignKey("outlet.id"), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("checks", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("evidence", sa.Integer, nullable=False),
        sa.Column("live_blog", sa.Boolean, nullable=False),
    )
    op.create_index("ix_recheck_outlet_id_due", "recheck", ["outlet_id", "due"])
    op.create_table(
        "edits",
        sa.Column(
            "outlet_id",
            sa.Integer,
            sa.ForeignKey("outlet.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("checks", sa.Float, nullable=False),
        sa.Column("changes", sa.Float, nullable=False),
    )
    op.create_table(
        "article_state",
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("offset", sa.BigInteger),
        sa.Column("article_id", sa.Integer, sa.ForeignKey("article.id"), nullable=False),
        sa.Column("file_id", sa.Integer, sa.ForeignKey("warc_file.id")),
        sa.Column("target_id", sa.Integer, sa.ForeignKey("url.id")),
        sa.Column("status", sa.Integer),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "at", "state"),
    )
    op.execute(_ROWS)
    op.execute(_STATES)
    op.execute(_TALLIES)


def downgrade() -> None:
    """To the one before."""
    op.execute("DELETE FROM tally WHERE what = 'states'")
    # An older version knows live and gone alone: what has the words of an article is live.
    op.execute("UPDATE article SET state = 1 WHERE state = 2")
    op.execute("UPDATE article SET state = 0, gone_at = NULL, gone_status = NULL WHERE state > 2")
    op.drop_table("article_state")
    op.drop_table("edits")
    op.drop_index("ix_recheck_outlet_id_due", "recheck")
    op.drop_table("recheck")
