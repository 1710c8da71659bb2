"""What changed lately: questions over all articles of an outlet, or of all."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from archiver.model import ChangeKind, Changes, Revision
from archiver.store import tables as t
from archiver.store.base import Store
from archiver.store.judging import kinds_to_bits
from archiver.store.revisions import shown_revisions
from archiver.store.standings import AWAY


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedArticle:
    """What changed to one revision of an article from the one before; `at`: its capture."""

    outlet: str
    url: str
    title: str | None
    at: datetime
    revision: int
    against: int
    changes: Changes


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovedArticle:
    """An article that is not there: since when, by which status, and its state.

    That is missing, or removed, once that held for long enough; `at`: since when it is so.
    """

    outlet: str
    url: str
    title: str | None
    at: datetime
    status: int | None
    revision: int
    state: str = "removed"


class History(Store):
    """The part of the catalogue that tells what changed in a span of time."""

    def changed_articles(
        self,
        *,
        since: datetime,
        until: datetime,
        kinds: Collection[ChangeKind] = (),
        outlets: Collection[str] = (),
        stealth: bool = False,
        words: Collection[str] = (),
        limit: int | None = None,
    ) -> list[ChangedArticle]:
        """Changes whose later capture is of `since` or after, and before `until`; newest first.

        Those of any of `kinds` (all where there are none) in any of `outlets`; with `stealth`
        only those that are marked so; with `words` only those of articles that have all of them,
        whatever their case, before or after the change; at most `limit`. What is redacted is left
        out. Steps through an index of the span: cost grows with the changes in it.
        """
        change = t.change.c
        wanted = (
            select(change.article_id, change.number, change.against, change.at, t.outlet.c.name)
            .join_from(t.change, t.outlet, change.outlet_id == t.outlet.c.id)
            .where(change.at >= since, change.at < until)
            .order_by(change.at.desc(), change.article_id, change.number)
        )
        bits = kinds_to_bits(kinds or tuple(ChangeKind))
        wanted = wanted.where(change.kinds.bitwise_and(bits) != 0)
        if outlets:
            numbers = select(t.outlet.c.id).where(t.outlet.c.name.in_(outlets))
            wanted = wanted.where(change.outlet_id.in_(numbers))
        if stealth:
            wanted = wanted.where(change.stealth != 0)
        found: list[ChangedArticle] = []
        with self._reading() as conn:
            for row in conn.execute(wanted).all():
                if len(found) == limit:
                    break
                pair = shown_revisions(conn, row.article_id, (row.number, row.against))
                new = next((one for one in pair if one.number == row.number), None)
                if new is None or new.changes is None or not _has_words(pair, words):
                    continue
                found.append(
                    ChangedArticle(
                        outlet=row.name,
                        url=new.article.url,
                        title=new.article.title,
                        at=row.at,
                        revision=row.number,
                        against=row.against,
                        changes=new.changes,
                    )
                )
        return found

    def removed_articles(
        self,
        *,
        since: datetime,
        until: datetime,
        outlets: Collection[str] = (),
        words: Collection[str] = (),
    ) -> list[RemovedArticle]:
        """Articles that are away since a moment in the span; newest first, redacted ones not."""
        article, revision = t.article.c, t.revision.c
        wanted: Select[Any] = (
            select(
                article.id,
                t.outlet.c.name.label("outlet"),
                t.url.c.url,
                revision.title,
                article.gone_at.label("at"),
                article.gone_status.label("status"),
                article.revision,
                article.state,
            )
            .join_from(t.article, t.outlet, article.outlet_id == t.outlet.c.id)
            .join(t.url, article.page_id == t.url.c.id)
            .join(
                t.revision,
                (revision.article_id == article.id) & (revision.number == article.revision),
            )
            .where(article.state.in_(AWAY), article.gone_at >= since, article.gone_at < until)
            .order_by(article.gone_at.desc(), article.id)
        )
        # by outlet, for the index begins with it
        names = outlets or select(t.outlet.c.name)
        wanted = wanted.where(
            article.outlet_id.in_(select(t.outlet.c.id).where(t.outlet.c.name.in_(names)))
        )
        with self._reading() as conn:
            found = []
            for row in conn.execute(wanted).all():
                shown = shown_revisions(conn, row.id)
                if shown and _has_words(shown[-1:], words):  # by its newest words that may be read
                    newest = {"title": shown[-1].article.title, "revision": shown[-1].number}
                    facts = {name: value for name, value in row._mapping.items() if name != "id"}
                    found.append(RemovedArticle(**(facts | newest)))
            return found


def _has_words(revisions: Iterable[Revision], words: Collection[str]) -> bool:
    """Whether one of them has all the words, in headline, standfirst or text."""
    wanted = [word.casefold() for word in words]
    for one in revisions if wanted else ():
        article = one.article
        text = "\n".join(filter(None, (article.title, article.standfirst, article.text)))
        if all(word in text.casefold() for word in wanted):
            return True
    return not wanted
