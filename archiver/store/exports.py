"""What is given to others: articles and captures by choice, page by page, nothing redacted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, tuple_
from sqlalchemy.sql import ColumnElement

from archiver.model import Capture, Revision
from archiver.store import tables as t
from archiver.store.aliases import with_targets
from archiver.store.base import Store, key_of
from archiver.store.captures import select_captures, to_capture
from archiver.store.hiding import visible
from archiver.store.revisions import shown_revisions

CaptureMark = tuple[int, datetime, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which articles or captures; empty, all of them.

    `since` and `until` (exclusive) are about when something was captured. `state` is that of
    articles, as in the table of states.
    """

    outlets: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    state: str | None = None

    def has(self, at: datetime) -> bool:
        """Whether what was captured at a moment is chosen."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptArticle:
    """An article and its chosen revisions, by time of capture; one at least.

    `url` is what it is known by. `article_id` is a number of this catalogue, and of no other.
    """

    article_id: int
    outlet: str
    url: str
    state: str
    first_seen: datetime
    last_seen: datetime
    gone_at: datetime | None
    gone_status: int | None
    revisions: tuple[Revision, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ArticlePage:
    """Some articles, in the order of their numbers; `after`: what the next page follows."""

    articles: tuple[KeptArticle, ...]
    after: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CapturePage:
    """Some captures, by URL and time; `after`: what the next page follows."""

    captures: tuple[Capture, ...]
    after: CaptureMark | None


class Exports(Store):
    """The part of the catalogue that is read from end to end, a page at a time."""

    def exported_articles(
        self,
        choice: Choice,
        *,
        after: int = 0,
        limit: int = 100,
        numbers: Collection[int] | None = None,
    ) -> ArticlePage:
        """The chosen ones among the next `limit` articles, or among those of these numbers.

        What is redacted is left out, an article all of whose chosen revisions are, too. All
        pages together read each article's row once, and the revisions of those that are chosen.
        """
        page = t.article.c
        where: list[ColumnElement[bool]] = [page.id > after]
        if numbers is not None:
            where.append(page.id.in_(sorted(numbers)))
        if choice.state is not None:
            where.append(page.state == choice.state)
        if choice.since is not None:
            where.append(page.last_seen >= choice.since)
        if choice.until is not None:
            where.append(page.first_seen < choice.until)
        wanted = (
            select(t.article, t.url.c.url, t.outlet.c.name)
            .join_from(t.article, t.url, page.url_id == t.url.c.id)
            .join(t.outlet, page.outlet_id == t.outlet.c.id)
            .order_by(page.id)
            .limit(limit)
        )
        found: list[KeptArticle] = []
        with self._reading() as conn:
            if choice.outlets:
                where.append(page.outlet_id.in_(_outlets(conn, choice.outlets)))
            rows = conn.execute(wanted.where(*where)).all()
            for row in rows:
                revisions = [
                    one for one in shown_revisions(conn, row.id) if choice.has(one.captured_at)
                ]
                if revisions:
                    found.append(
                        KeptArticle(
                            article_id=row.id,
                            outlet=row.name,
                            url=row.url,
                            state=row.state,
                            first_seen=row.first_seen,
                            last_seen=row.last_seen,
                            gone_at=row.gone_at,
                            gone_status=row.gone_status,
                            revisions=tuple(revisions),
                        )
                    )
        return ArticlePage(articles=tuple(found), after=rows[-1].id if len(rows) == limit else None)

    def articles_named(self, urls: Collection[str]) -> list[int]:
        """The numbers of the articles of these URLs, also by a known spelling of theirs."""
        page = t.article.c
        keys = sorted({key_of(url) for url in urls})
        with self._reading() as conn:
            alike = conn.scalars(select(t.url.c.id).where(t.url.c.urlkey.in_(keys)))
            named = with_targets(conn, alike)
            # two steps: of one with "or", PostgreSQL makes a walk through all articles
            found = set(conn.scalars(select(page.id).where(page.url_id.in_(named))))
            found |= set(conn.scalars(select(page.id).where(page.page_id.in_(named))))
        return sorted(found)

    def exported_captures(
        self, choice: Choice, *, after: CaptureMark | None = None, limit: int = 1000
    ) -> CapturePage:
        """The chosen ones of the next captures, by URL and time; nothing that is redacted.

        All pages together read each capture's row once, whatever is chosen.
        """
        taken = t.capture.c
        key = tuple_(taken.url_id, taken.at, taken.file_id, taken.offset)
        where: list[ColumnElement[bool]] = [taken.url_id > 0 if after is None else key > after]
        if choice.since is not None:
            where.append(taken.at >= choice.since)
        if choice.until is not None:
            where.append(taken.at < choice.until)
        with self._reading() as conn:
            if choice.outlets:
                where.append(taken.outlet_id.in_(_outlets(conn, choice.outlets)))
            wanted = select_captures(*where).order_by(
                taken.url_id, taken.at, taken.file_id, taken.offset
            )
            rows = conn.execute(wanted.limit(limit)).all()
            shown = visible(conn, [to_capture(row) for row in rows])
        last = rows[-1] if len(rows) == limit else None
        return CapturePage(
            captures=tuple(shown),
            after=(last.url_id, last.at, last.file_id, last.offset) if last else None,
        )


def _outlets(conn: Connection, names: Sequence[str]) -> list[int]:
    return list(conn.scalars(select(t.outlet.c.id).where(t.outlet.c.name.in_(names))))
