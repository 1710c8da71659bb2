"""Articles and their revisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from archiver.model import Article, Revision, utcnow
from archiver.store import tables as t
from archiver.store.aliases import Alias, add_aliases, settle
from archiver.store.base import Store, count, intern_outlets, intern_urls
from archiver.store.chain import Newcomer, place
from archiver.store.engine import insert
from archiver.store.identity import CANONICAL, Territory, identity_of
from archiver.store.judging import Judge
from archiver.store.rechecks import begin_rechecks
from archiver.store.revisions import article_revisions, find_article, revisions_around
from archiver.store.standings import reappeared

NO_OUTLET = "unknown"  # of articles that came without one


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """What came of saving an article: `changed` where a revision was added (the first too)."""

    article_id: int
    revision: int
    new: bool
    changed: bool


class Articles(Store):
    """The part of the catalogue that follows what articles say and whether they still stand."""

    def save_article(
        self,
        article: Article,
        *,
        territory: Territory | None = None,
        spellings: Mapping[str, str] | None = None,
        judge: Judge | None = None,
        moved_from: str | None = None,
    ) -> Saved:
        """Keep an article as it stood when it was captured.

        An article is known by its outlet and its URL (see `identity_of`, which is told the
        outlet's `territory`). `spellings` are other URLs of its page, each with the rule that
        says so. Where it says what the revision before or after it by time of capture says, or
        differs from it in noise only by the word of `judge`, there is no new revision; so captures
        may be saved in any order. A revision whose own capture is extracted again is replaced in
        place: the extractor changed, not the page. An article that was missing, removed or blocked
        and was captured since is live again. `moved_from`: the page whose article this one goes on
        with, where it has none of its own yet.

        Raises:
            StaleRevisionError: nothing was saved; `judge.fresh` lacks revisions that another
                version of the extractor made.
        """
        at = article.captured_at or utcnow()
        with self._writing() as conn:
            name = article.outlet or NO_OUTLET
            outlet_id = intern_outlets(conn, [name])[name]
            known_as = identity_of(article, territory)
            identity = known_as.url
            urls = intern_urls(conn, dict.fromkeys([identity, article.url], (outlet_id, at)))
            if moved_from is not None:
                _move(conn, moved_from, urls[identity], outlet_id)
            article_id, new = self._article(conn, urls[identity], urls[article.url], outlet_id, at)
            rules = dict(spellings or {}) | ({article.url: known_as.rule} if known_as.rule else {})
            add_aliases(
                conn,
                outlet_id,
                [
                    Alias(url=url, target=identity, rule=rule, first_seen=at)
                    for url, rule in rules.items()
                ],
            )
            if known_as.rule not in (None, CANONICAL):
                settle(conn, [urls[identity]])
            number, changed = place(
                conn,
                Newcomer(
                    article_id=article_id,
                    outlet_id=outlet_id,
                    page_id=urls[article.url],
                    article=article,
                    at=at,
                ),
                judge,
            )
            changes = {
                (outlet_id, "articles", ""): int(new),
                (outlet_id, "revisions", ""): int(changed),
            }
            reappeared(conn, article_id, at, article.warc)
            _saw(conn, article_id, urls[article.url], at)
            count(conn, {key: n for key, n in changes.items() if n})
        return Saved(article_id=article_id, revision=number, new=new, changed=changed)

    def _article(
        self, conn: Connection, url_id: int, page_id: int, outlet_id: int, at: datetime
    ) -> tuple[int, bool]:
        """The number of the article, locked against other writers, and whether it is new."""
        article = t.article.c
        made = conn.execute(
            insert(conn.dialect.name, t.article)
            .values(
                url_id=url_id,
                page_id=page_id,
                outlet_id=outlet_id,
                first_seen=at,
                last_seen=at,
                revision=1,
                state="live",
            )
            .on_conflict_do_nothing()
            .returning(article.id)
        ).scalar()
        if made is not None:
            begin_rechecks(conn, made, outlet_id, at)
            return made, True
        same = select(article.id).where(article.url_id == url_id, article.outlet_id == outlet_id)
        return conn.execute(same.with_for_update()).scalar_one(), False

    def get_article(self, url: str) -> list[Revision]:
        """Every revision of the article of a URL, by time of capture; empty where unknown.

        The URL may be the canonical one or the page's, any that is known for a spelling of it,
        and, where none is known as it is written, any with the same urlkey (http for https, with
        or without `www.`). What is redacted is left out.
        """
        with self._reading() as conn:
            return article_revisions(conn, url)

    def article_around(
        self, url: str, at: datetime
    ) -> tuple[Revision | None, Revision | None, Revision | None]:
        """The revision of an article that stood at a moment, between the ones before and after.

        The first one where the moment is before all; three times None where `get_article` finds
        nothing. Cost does not grow with the revisions but by their numbers and times.
        """
        with self._reading() as conn:
            number = find_article(conn, url)
            return revisions_around(conn, number, at) if number is not None else (None, None, None)


def _move(conn: Connection, page: str, url_id: int, outlet_id: int) -> None:
    """Let the article of a page be known under another URL, unless that has an article."""
    article = t.article.c
    taken = select(article.id).where(article.url_id == url_id, article.outlet_id == outlet_id)
    if conn.execute(taken).first() is not None:
        return
    old = select(t.url.c.id).where(t.url.c.url == page).scalar_subquery()
    own = select(article.id).where(
        article.outlet_id == outlet_id, or_(article.page_id == old, article.url_id == old)
    )
    newest = own.order_by(article.last_seen.desc()).limit(1)
    conn.execute(
        update(t.article).where(article.id == newest.scalar_subquery()).values(url_id=url_id)
    )


def _saw(conn: Connection, article_id: int, page_id: int, at: datetime) -> None:
    """Widen the time in which the article was seen; the newest sight says which page it is."""
    article = t.article.c
    own = article.id == article_id
    conn.execute(
        update(t.article).where(own, article.last_seen <= at).values(last_seen=at, page_id=page_id)
    )
    conn.execute(update(t.article).where(own, article.first_seen > at).values(first_seen=at))
