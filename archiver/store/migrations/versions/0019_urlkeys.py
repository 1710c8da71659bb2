"""Urlkeys made anew: escaped as little as can be, as other tools' are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from archiver.store.base import key_of
from archiver.store.veil import keys_of

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_BATCH = 10_000
_URL, _PREFIX = 0, 1  # what a redacted key is
_SCOPE_PREFIX = 1

_url = sa.table("url", sa.column("id"), sa.column("url"), sa.column("urlkey"))
_redaction = sa.table(
    "redaction",
    sa.column("id", sa.Integer),
    sa.column("scope", sa.SmallInteger),
    sa.column("url", sa.Text),
    sa.column("urls", sa.JSON),
)
_redacted = sa.table(
    "redacted", sa.column("redaction_id"), sa.column("what"), sa.column("key", sa.Text)
)


def upgrade() -> None:
    """To this revision."""
    conn = op.get_bind()
    change = (
        sa.update(_url)
        .where(_url.c.id == sa.bindparam("number"))
        .values(urlkey=sa.bindparam("key"))
    )
    last = 0
    step = sa.select(_url).where(_url.c.id > sa.bindparam("last")).order_by(_url.c.id)
    while rows := conn.execute(step.limit(_BATCH), {"last": last}).all():
        last = rows[-1].id
        changed = [
            {"number": row.id, "key": key} for row in rows if (key := key_of(row.url)) != row.urlkey
        ]
        if changed:
            conn.execute(change, changed)
    _hide_anew(conn)


def _hide_anew(conn: sa.Connection) -> None:
    """What is redacted is looked up by urlkeys, too."""
    key = _redacted.c
    named = key.what.in_((_URL, _PREFIX))
    marked = set(conn.scalars(sa.select(key.redaction_id).where(named)))
    for row in conn.execute(sa.select(_redaction)).all():
        if row.id not in marked:
            continue
        what = _PREFIX if row.scope == _SCOPE_PREFIX else _URL
        keys = {one for url in row.urls for one in keys_of(url)}
        if what == _PREFIX:
            keys = {key_of(row.url)}
        conn.execute(sa.delete(_redacted).where(key.redaction_id == row.id, named))
        conn.execute(
            sa.insert(_redacted),
            [{"redaction_id": row.id, "what": what, "key": one} for one in sorted(keys)],
        )


def downgrade() -> None:
    """To the one before: its program makes other keys of odd URLs, and does not find those."""
