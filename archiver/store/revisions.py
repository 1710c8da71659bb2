"""Revisions read: all that may be shown of an article."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from archiver.contract import article_from_json
from archiver.model import Changes, Evidence, Revision
from archiver.store import tables as t
from archiver.store.aliases import with_targets
from archiver.store.base import key_of
from archiver.store.captures import select_captures, to_capture
from archiver.store.hiding import veil_of
from archiver.store.judging import marks_of_bits, sizes_of_json


def article_revisions(conn: Connection, url: str) -> list[Revision]:
    """Every revision of the article of a URL that may be shown, by time of capture."""
    number = find_article(conn, url)
    return shown_revisions(conn, number) if number is not None else []


def find_article(conn: Connection, url: str) -> int | None:
    """The number of the article of a URL; None where there is none, or the URL is redacted."""
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
        return None
    best = max(found, key=lambda row: (ids.get(row.url_id) == url, ids.get(row.page_id) == url))
    return int(best.id)


def revisions_around(
    conn: Connection, article_id: int, at: datetime
) -> tuple[Revision | None, Revision | None, Revision | None]:
    """The revision that stood at a moment (the first one, before that), between its neighbours.

    Reads these three, however many there are; all of them only where one of the three is redacted.
    """
    revision = t.revision.c
    rows = conn.execute(
        select(revision.number, revision.captured_at)
        .where(revision.article_id == article_id)
        .order_by(revision.captured_at, revision.number)
    ).all()
    place = _standing([row.captured_at for row in rows], at)
    near = [row.number for row in rows[max(place - 1, 0) : place + 2]]
    found = shown_revisions(conn, article_id, near)
    if len(found) < len(near):
        found = shown_revisions(conn, article_id)
    if not found:
        return None, None, None
    place = _standing([one.captured_at for one in found], at)
    before = found[place - 1] if place else None
    return before, found[place], found[place + 1] if place + 1 < len(found) else None


def _standing(times: Sequence[datetime], at: datetime) -> int:
    return max(bisect_right(times, at) - 1, 0)


def shown_revisions(
    conn: Connection, article_id: int, numbers: Collection[int] | None = None
) -> list[Revision]:
    """The revisions of an article by its number that may be shown, by time of capture.

    What changed is told only where both captures may be shown. `numbers`: of those alone.
    """
    revision, page = t.revision.c, t.article.c
    wanted = select(t.revision).where(revision.article_id == article_id)
    if numbers is not None:
        wanted = wanted.where(revision.number.in_(numbers))
    rows = conn.execute(wanted.order_by(revision.captured_at, revision.number))
    found = [_to_revision(row) for row in rows]
    names = [t.url.c.id == page.url_id, t.url.c.id == page.page_id]
    own = select(t.url.c.url).join_from(t.article, t.url, or_(*names)).where(page.id == article_id)
    urls = set(conn.scalars(own))
    pages = {one.article.url for one in found}
    veil = veil_of(conn, urls | pages, map(_digest, found))
    if any(veil.of_url(url) for url in urls):
        return []
    if veil:
        found = [
            one for one in found if veil.of(one.article.url, one.captured_at, _digest(one)) is None
        ]
    return _with_changes(conn, article_id, found)


def _with_changes(conn: Connection, article_id: int, found: Sequence[Revision]) -> list[Revision]:
    """The revisions, each with what is kept of what changed to it from the one before."""
    change, line = t.change.c, t.baseline.c
    by_number = {one.number: one for one in found}
    rows = {
        row.number: row
        for row in conn.execute(select(t.change).where(change.article_id == article_id))
    }
    if not rows:
        return list(found)
    based = {
        row.number: row
        for row in conn.execute(select(t.baseline).where(line.article_id == article_id))
    }
    return [
        replace(
            one,
            against=row.against,
            changes=Changes(
                changes=sizes_of_json(row.sizes),
                stealth=marks_of_bits(row.stealth),
                moved=row.moved,
                old=_old_evidence(conn, old, based.get(old.number), before=one.captured_at),
                new=Evidence.of(one.article),
            ),
        )
        if (row := rows.get(one.number)) and (old := by_number.get(row.against))
        else one
        for one in found
    ]


def _old_evidence(
    conn: Connection, old: Revision, based: Row[Any] | None, *, before: datetime
) -> Evidence:
    """The capture that a later one was compared with: the revision's own, or one since then."""
    if based is None or based.at >= before:
        return Evidence.of(old.article)
    taken = t.capture.c
    row = conn.execute(
        select_captures(taken.url_id == based.page_id, taken.at == based.at).limit(1)
    ).first()
    if row is None:
        return Evidence(captured_at=based.at, modified=None)
    ref = to_capture(row).warc
    return Evidence(
        captured_at=based.at,
        modified=None,
        file=ref.file,
        offset=ref.offset,
        record_id=ref.record_id,
        payload_digest=ref.payload_digest,
    )


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
