"""Revisions read: all that may be shown of an article."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, or_, select

from archiver.contract import article_from_json
from archiver.model import Revision
from archiver.store import tables as t
from archiver.store.aliases import with_targets
from archiver.store.base import key_of
from archiver.store.hiding import veil_of


def article_revisions(conn: Connection, url: str) -> list[Revision]:
    """Every revision of the article of a URL that may be shown, by time of capture."""
    article = t.article.c
    alike = select(t.url.c.id, t.url.c.url).where(t.url.c.urlkey == key_of(url))
    ids = {row.id: row.url for row in conn.execute(alike)}
    named = with_targets(conn, ids)
    found = conn.execute(
        select(article.id, article.url_id, article.page_id)
        .where(or_(article.url_id.in_(named), article.page_id.in_(named)))
        .order_by(article.last_seen.desc())
    ).all()
    if not found or veil_of(conn, [url]).of_url(url) is not None:
        return []
    best = max(found, key=lambda row: (ids.get(row.url_id) == url, ids.get(row.page_id) == url))
    return shown_revisions(conn, best.id)


def shown_revisions(conn: Connection, article_id: int) -> list[Revision]:
    """The revisions of an article by its number that may be shown, by time of capture."""
    revision, page = t.revision.c, t.article.c
    rows = conn.execute(
        select(t.revision)
        .where(revision.article_id == article_id)
        .order_by(revision.captured_at, revision.number)
    )
    found = [_to_revision(row) for row in rows]
    names = [t.url.c.id == page.url_id, t.url.c.id == page.page_id]
    own = select(t.url.c.url).join_from(t.article, t.url, or_(*names)).where(page.id == article_id)
    urls = set(conn.scalars(own))
    pages = {one.article.url for one in found}
    veil = veil_of(conn, urls | pages, map(_digest, found))
    if not veil:
        return found
    if any(veil.of_url(url) for url in urls):
        return []
    return [one for one in found if veil.of(one.article.url, one.captured_at, _digest(one)) is None]


def _digest(one: Revision) -> str | None:
    return one.article.warc.payload_digest if one.article.warc else None


def _to_revision(row: Row[Any]) -> Revision:
    return Revision(
        article_id=row.article_id,
        number=row.number,
        captured_at=row.captured_at,
        text_digest=row.text_digest,
        article=article_from_json(row.article),
    )
