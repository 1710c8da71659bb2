"""Articles of nearly the same text, in groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "likeness_group",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("joined", sa.BigInteger, nullable=False),
        sa.Column("articles", sa.Integer, nullable=False),
        sa.Column("outlets", sa.Integer, nullable=False),
    )
    op.create_index(
        "ix_likeness_group_across",
        "likeness_group",
        ["joined"],
        sqlite_where=sa.text("outlets > 1"),
        postgresql_where=sa.text("outlets > 1"),
    )
    op.create_table(
        "likeness",
        sa.Column(
            "article_id",
            sa.Integer,
            sa.ForeignKey("article.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("group_id", sa.Integer, sa.ForeignKey("likeness_group.id")),
        sa.Column("signature", sa.LargeBinary),
    )
    op.create_index("ix_likeness_group_id", "likeness", ["group_id"])
    op.create_table(
        "likeness_band",
        sa.Column("key", sa.BigInteger, nullable=False),
        sa.Column("article_id", sa.Integer, sa.ForeignKey("article.id"), nullable=False),
        sa.PrimaryKeyConstraint("key", "article_id"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """To the one before."""
    op.drop_table("likeness_band")
    op.drop_table("likeness")
    op.drop_table("likeness_group")
