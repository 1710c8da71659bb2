"""When each source was asked, what it brought, and when it is to be asked again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from archiver.model import SourceKind
from archiver.store import tables as t
from archiver.store.base import Store, batches, intern_outlets, intern_urls
from archiver.store.engine import insert


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """How a source stood after it was last asked.

    `answered_by`: the address that it redirects to. `same_as`: the source whose duplicate it is,
    by `same_rule` (redirect, same-bytes, self-link). `interval` and `hint` are in seconds; the
    hint is how long the source said that it need not be read again, 0 where it did not.
    """

    source: str
    kind: SourceKind
    polled: datetime
    due: datetime
    interval: float
    brought: datetime | None = None  # when it last had something new
    answered_by: str | None = None
    same_as: str | None = None
    same_rule: str | None = None
    hint: float = 0.0


_MOST = 2**31 - 1  # seconds that a column holds
_answered = t.url.alias("answered")
_same = t.url.alias("same")


class Polls(Store):
    """The part of the catalogue that knows how often sources bring something."""

    def polls(self, outlet: str, sources: Collection[str]) -> dict[str, Poll]:
        """How those sources stood when last asked, by URL; cost grows with the sources given."""
        poll = t.poll.c
        found: dict[str, Poll] = {}
        with self._reading() as conn:
            for batch in batches(dict.fromkeys(sources)):
                rows = conn.execute(
                    select(
                        t.url.c.url.label("source"),
                        poll.kind,
                        poll.polled,
                        poll.due,
                        poll.interval,
                        poll.hint,
                        poll.brought,
                        poll.same_rule,
                        _answered.c.url.label("answered_by"),
                        _same.c.url.label("same_as"),
                    )
                    .join_from(t.url, t.poll, poll.source_id == t.url.c.id)
                    .join(t.outlet, poll.outlet_id == t.outlet.c.id)
                    .join(_answered, poll.answered_by_id == _answered.c.id, isouter=True)
                    .join(_same, poll.same_as_id == _same.c.id, isouter=True)
                    .where(t.url.c.url.in_(batch), t.outlet.c.name == outlet)
                )
                for row in rows:
                    facts = dict(row._mapping)
                    found[row.source] = Poll(**{**facts, "kind": SourceKind(row.kind)})
        return found

    def note_poll(self, outlet: str, poll: Poll, *, of: Iterable[str] = ()) -> None:
        """Keep how a source stands now.

        `of` are all sources of the outlet's seed: the outlet is due when the first of them is.
        """
        with self._writing() as conn:
            outlet_id = intern_outlets(conn, [outlet])[outlet]
            named = {poll.source, poll.answered_by, poll.same_as, *of} - {None}
            numbers = intern_urls(
                conn, {url: (outlet_id, poll.polled) for url in named if url is not None}
            )
            row = {
                "source_id": numbers[poll.source],
                "outlet_id": outlet_id,
                "kind": poll.kind,
                "polled": poll.polled,
                "due": poll.due,
                "interval": round(poll.interval),
                "hint": round(min(poll.hint, _MOST)),
                "brought": poll.brought,
                "answered_by_id": numbers[poll.answered_by] if poll.answered_by else None,
                "same_as_id": numbers[poll.same_as] if poll.same_as else None,
                "same_rule": poll.same_rule,
            }
            statement = insert(conn.dialect.name, t.poll).values(row)
            conn.execute(
                statement.on_conflict_do_update(
                    index_elements=["outlet_id", "source_id"],
                    set_={name: statement.excluded[name] for name in row},
                )
            )
            own = [numbers[url] for url in of]
            first = select(func.min(t.poll.c.due)).where(
                t.poll.c.outlet_id == outlet_id, t.poll.c.source_id.in_(own)
            )
            if own:
                conn.execute(
                    update(t.outlet)
                    .where(t.outlet.c.id == outlet_id)
                    .values(next_due=first.scalar_subquery())
                )

    def name_children(self, index: str, children: Collection[str]) -> None:
        """Keep the sitemaps that an index names, in its order; those of before go."""
        with self._writing() as conn:
            number = select(t.url.c.id).where(t.url.c.url == index)
            index_id = conn.scalar(number)
            if index_id is None:
                return
            conn.execute(t.child.delete().where(t.child.c.index_id == index_id))
            if children:
                conn.execute(
                    t.child.insert(),
                    [
                        {"index_id": index_id, "place": place, "url": url}
                        for place, url in enumerate(dict.fromkeys(children))
                    ],
                )

    def children_of(self, index: str) -> list[str]:
        """The sitemaps that an index named when it was last read, in its order."""
        wanted = (
            select(t.child.c.url)
            .join_from(t.child, t.url, t.child.c.index_id == t.url.c.id)
            .where(t.url.c.url == index)
            .order_by(t.child.c.place)
        )
        with self._reading() as conn:
            return list(conn.scalars(wanted))
