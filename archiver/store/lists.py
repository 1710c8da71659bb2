"""What crawls and people ask for as lists: runs, what is left to fetch, articles by state."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select

from archiver.store import tables as t
from archiver.store.base import Store
from archiver.store.hiding import hides_payloads, veil_of
from archiver.store.revisions import shown_revisions


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticleRow:
    """An article as a list shows it; `revision` is the number of its newest."""

    url: str
    title: str | None
    revision: int
    first_seen: datetime
    last_seen: datetime
    state: str
    gone_at: datetime | None  # since when its state is another than live
    gone_status: int | None
    published: str | None = None  # the page's own word, ISO 8601; of new articles only


class Lists(Store):
    """The part of the catalogue that answers with short lists."""

    def last_run(self, outlet: str) -> dict[str, Any] | None:
        """The outlet's newest run: id, trigger, started, ended, state, reason, counts."""
        run = t.run.c
        with self._reading() as conn:
            row = conn.execute(
                select(t.run)
                .join_from(t.run, t.outlet, run.outlet_id == t.outlet.c.id)
                .where(t.outlet.c.name == outlet, run.id == t.outlet.c.last_run_id)
            ).first()
        if row is None:
            return None
        names = ("id", "trigger", "started", "ended", "state", "reason")
        return {**{name: getattr(row, name) for name in names}, "counts": row.counts or {}}

    def backlog(self, outlet: str, *, max_attempts: int, limit: int = 10_000) -> list[str]:
        """URLs that sources mentioned and that have no final answer yet, newest mention first.

        What an earlier run left over by its limit, by a stop or by failures. Reads an index of
        unanswered URLs: cost grows with what is left over, not with the archive.
        """
        url = t.url.c
        mentioned = select(t.discovery.c.url_id).where(t.discovery.c.url_id == url.id).exists()
        with self._reading() as conn:
            return list(
                conn.scalars(
                    select(url.url)
                    .join_from(t.url, t.outlet, url.outlet_id == t.outlet.c.id)
                    .where(
                        t.outlet.c.name == outlet,
                        t.UNANSWERED,
                        url.attempts < max_attempts,
                        mentioned,
                    )
                    .order_by(url.first_seen.desc(), url.id)
                    .limit(limit)
                )
            )

    def article_list(
        self, outlet: str, *, state: str = "live", min_revision: int = 1, limit: int = 100
    ) -> Sequence[ArticleRow]:
        """Articles of an outlet in one state, last seen first; nothing that is redacted."""
        article = t.article.c
        wanted = (
            _rows(outlet)
            .where(article.state == state, article.revision >= min_revision)
            .order_by(article.last_seen.desc(), article.id)
        )
        found: list[ArticleRow] = []
        step = wanted.limit(limit)
        with self._reading() as conn:
            while True:
                rows = conn.execute(step).all()
                found += _shown(conn, rows)
                if len(rows) < limit or len(found) >= limit:
                    break
                last = rows[-1]
                further = or_(
                    article.last_seen < last.last_seen,
                    and_(article.last_seen == last.last_seen, article.id > last.id),
                )
                step = wanted.where(article.last_seen <= last.last_seen, further).limit(limit)
        return found[:limit]

    def new_articles(
        self, outlet: str, *, since: datetime, until: datetime, limit: int = 100
    ) -> Sequence[ArticleRow]:
        """Articles of an outlet that were captured first in a span of time, in that order.

        None that is redacted. Steps through an index: cost grows with what came in that time.
        """
        first = t.article.c.first_seen
        said = t.revision.c.article["published"].as_string().label("published")
        wanted = _rows(outlet).add_columns(said).where(first >= since, first < until)
        wanted = wanted.order_by(first, t.article.c.id)
        found: list[ArticleRow] = []
        with self._reading() as conn:
            for start in itertools.count(step=limit):
                rows = conn.execute(wanted.limit(limit).offset(start)).all()
                found += _shown(conn, rows)
                if len(rows) < limit or len(found) >= limit:
                    break
        return found[:limit]


def _rows(outlet: str) -> Select[Any]:
    """An outlet's articles, with their newest revisions."""
    article, revision = t.article.c, t.revision.c
    newest = and_(revision.article_id == article.id, revision.number == article.revision)
    number = select(t.outlet.c.id).where(t.outlet.c.name == outlet).scalar_subquery()
    return (
        select(
            article.id,
            t.url.c.url,
            revision.title,
            article.revision,
            article.first_seen,
            article.last_seen,
            article.state,
            article.gone_at,
            article.gone_status,
        )
        .join_from(t.article, t.url, article.page_id == t.url.c.id)
        .join(t.revision, newest)
        # first looked up by itself: joined, PostgreSQL does not see that an index has the order
        .where(article.outlet_id == number)
    )


def _shown(conn: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> Iterator[ArticleRow]:
    """What may be shown of articles; where the newest revision is redacted, as the one before."""
    veil = veil_of(conn, [row.url for row in rows])
    closely = veil.finer or hides_payloads(conn)
    open_ones = _openly_shown(conn, [row.id for row in rows]) if closely else set()
    for row in rows:
        facts = {name: value for name, value in row._mapping.items() if name != "id"}
        if veil.of_url(row.url) is not None:
            continue
        if closely and row.id not in open_ones:
            revisions = shown_revisions(conn, row.id)
            if not revisions:
                continue
            newest = revisions[-1]
            facts |= {"title": newest.article.title, "revision": newest.number}
            if "published" in facts:
                facts["published"] = newest.article.published
        yield ArticleRow(**facts)


def _openly_shown(conn: Connection, ids: Sequence[int]) -> set[int]:
    """Those articles of which nothing hides the newest revision: one look-up for all of them."""
    article, revision, named = t.article.c, t.revision.c, t.url.c.url
    newest = and_(revision.article_id == article.id, revision.number == article.revision)
    said = revision.article
    rows = conn.execute(
        select(
            article.id,
            named.label("named"),
            said["url"].as_string().label("url"),
            revision.captured_at,
            said[("warc", "payload_digest")].as_string().label("digest"),
        )
        .join_from(t.article, t.revision, newest)
        .join(t.url, article.url_id == t.url.c.id)
        .where(article.id.in_(ids))
    ).all()
    urls = {url for row in rows for url in (row.named, row.url)}
    veil = veil_of(conn, urls, {row.digest for row in rows})
    return {
        row.id
        for row in rows
        if veil.of_url(row.named) is None and veil.of(row.url, row.captured_at, row.digest) is None
    }
