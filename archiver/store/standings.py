"""How articles stand: their states, each change with the record that showed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    or_,
    select,
    true,
    tuple_,
    update,
)

from archiver.model import WarcRef
from archiver.store import tables as t
from archiver.store.aliases import with_targets
from archiver.store.base import BATCH, Store, count, intern, intern_urls, key_of
from archiver.store.engine import insert

LIVE = "live"
AWAY = frozenset({"missing", "removed"})  # what `gone` counts
# Why an article is live again, by its state before.
BACK = {
    "missing": "reappeared",
    "removed": "reappeared",
    "moved": "reappeared",
    "blocked": "let-in",
    "paywalled": "free",
}
# A page that came is what undoes these; that it is free again is for who reads it to see.
_UNDONE_BY_A_CAPTURE = frozenset({*AWAY, "blocked", "moved"})
# Those that are looked at again when all known articles are.
ASKED = ("live", "missing", "paywalled", "blocked")


@dataclass(frozen=True, kw_only=True, slots=True)
class StateChange:
    """An article's state from a moment on, and why.

    `reason` is a word (http-404, front-page, redirect, reappeared), `status` that of the answer;
    `file` and `offset` are the place of its record; `target`: the address that it moved to.
    """

    article_id: int
    state: str
    at: datetime
    reason: str
    status: int | None = None
    file: str | None = None
    offset: int | None = None
    target: str | None = None

    @classmethod
    def shown_by(
        cls,
        warc: WarcRef | None,
        *,
        article_id: int,
        state: str,
        at: datetime,
        reason: str,
        status: int | None = None,
        target: str | None = None,
    ) -> StateChange:
        """A change whose evidence is a record; None where none was kept."""
        return cls(
            article_id=article_id,
            state=state,
            at=at,
            reason=reason,
            status=status,
            file=warc.file if warc else None,
            offset=warc.offset if warc else None,
            target=target,
        )


class Standings(Store):
    """The part of the catalogue that knows which articles still stand."""

    def change_states(self, changes: Sequence[StateChange]) -> int:
        """Note new states of articles; how many are new.

        Each costs some look-ups by key. One that is older than the article's present state, or than
        its last capture where it says that the article is away, changes nothing; so neither does
        the same again.
        """
        with self._writing() as conn:
            return sum(change_state(conn, change) for change in changes)

    def known_articles(self, outlet: str) -> list[str]:
        """The pages of an outlet's articles, to look at again: longest unseen first.

        Without those that were removed or have moved. Read in pages, in the order of an index: of
        all at once PostgreSQL would rather read every outlet's.
        """
        article = t.article.c
        number = select(t.outlet.c.id).where(t.outlet.c.name == outlet).scalar_subquery()
        found: list[Row[datetime, int, str]] = []
        with self._reading() as conn:
            for state in ASKED:
                beyond: ColumnElement[bool] = true()
                while True:
                    some = conn.execute(
                        select(article.last_seen, article.id, t.url.c.url)
                        .join_from(t.article, t.url, article.page_id == t.url.c.id)
                        .where(article.outlet_id == number, article.state == state, beyond)
                        .order_by(article.last_seen, article.id)
                        .limit(BATCH)
                    ).all()
                    found += some
                    if len(some) < BATCH:
                        break
                    last = some[-1]
                    beyond = and_(
                        article.last_seen >= last.last_seen,
                        tuple_(article.last_seen, article.id) > (last.last_seen, last.id),
                    )
        return [row.url for row in sorted(found)]

    def seen_last(self, outlet: str, *, limit: int) -> list[str]:
        """The pages of those live articles of an outlet that were seen last."""
        article = t.article.c
        number = select(t.outlet.c.id).where(t.outlet.c.name == outlet).scalar_subquery()
        with self._reading() as conn:
            return list(
                conn.scalars(
                    select(t.url.c.url)
                    .join_from(t.article, t.url, article.page_id == t.url.c.id)
                    .where(article.outlet_id == number, article.state == LIVE)
                    .order_by(article.last_seen.desc())
                    .limit(limit)
                )
            )

    def states_of(self, url: str) -> list[StateChange]:
        """The history of the states of a URL's articles, those it has moved to as well."""
        row, article = t.article_state.c, t.article.c
        with self._reading() as conn:
            known = select(t.url.c.id).where(t.url.c.urlkey == key_of(url))
            ids = with_targets(conn, conn.scalars(known).all())
            own = select(article.id).where(or_(article.url_id.in_(ids), article.page_id.in_(ids)))
            found = conn.execute(
                select(
                    row.article_id,
                    row.state,
                    row.at,
                    row.reason,
                    row.status,
                    t.warc_file.c.name.label("file"),
                    row.offset,
                    t.url.c.url.label("target"),
                )
                .join_from(
                    t.article_state, t.warc_file, row.file_id == t.warc_file.c.id, isouter=True
                )
                .join(t.url, row.target_id == t.url.c.id, isouter=True)
                .where(row.article_id.in_(own))
                .order_by(row.at, row.article_id, row.state)
            ).all()
        return [StateChange(**one._mapping) for one in found]


def change_state(conn: Connection, change: StateChange) -> bool:
    """Note a new state within a transaction: see `Standings.change_states`."""
    article = t.article.c
    own = article.id == change.article_id
    before = conn.execute(
        select(article.state, article.gone_at, article.last_seen, article.outlet_id)
        .where(own)
        .with_for_update()
    ).one_or_none()
    if before is None or (before.gone_at is not None and change.at < before.gone_at):
        return False
    if change.state in AWAY and change.at < before.last_seen:
        return False
    if change.state == before.state and change.target is None:
        return False
    live = change.state == LIVE
    conn.execute(
        update(t.article)
        .where(own)
        .values(
            state=change.state,
            gone_at=None if live else change.at,
            gone_status=None if live else change.status,
        )
    )
    if live:
        conn.execute(
            update(t.recheck).where(t.recheck.c.article_id == change.article_id).values(evidence=0)
        )
    _keep(conn, change, before.outlet_id)
    _count(conn, before.outlet_id, before.state, change.state)
    return True


def reappeared(conn: Connection, article_id: int, at: datetime, warc: WarcRef | None) -> bool:
    """Make an article live that was away and was captured since; whether it did."""
    article = t.article.c
    row = conn.execute(select(article.state, article.gone_at).where(article.id == article_id)).one()
    if row.state not in _UNDONE_BY_A_CAPTURE or (row.gone_at is not None and at <= row.gone_at):
        return False
    back = StateChange.shown_by(
        warc, article_id=article_id, state=LIVE, at=at, reason=BACK[row.state], status=200
    )
    return change_state(conn, back)


def forget_standing(conn: Connection, article_id: int) -> None:
    """Drop what is known of an article's states and checks, before it goes itself."""
    article = t.article.c
    row = conn.execute(
        select(article.state, article.outlet_id).where(article.id == article_id)
    ).one()
    _count(conn, row.outlet_id, row.state, LIVE)
    conn.execute(delete(t.article_state).where(t.article_state.c.article_id == article_id))
    conn.execute(delete(t.recheck).where(t.recheck.c.article_id == article_id))


def move_evidence(
    conn: Connection, file_id: int, places: Mapping[int, tuple[int, int] | None]
) -> None:
    """Have evidence in a file that was written anew stand where it is now; see `Places`.

    Of a record that is gone the state stays, without its evidence.
    """
    row = t.article_state.c
    rows = conn.execute(select(t.article_state).where(row.file_id == file_id)).all()
    for one in rows:
        place = places.get(one.offset)
        conn.execute(
            update(t.article_state)
            .where(row.article_id == one.article_id, row.at == one.at, row.state == one.state)
            .values(file_id=file_id if place else None, offset=place[0] if place else None)
        )


def _keep(conn: Connection, change: StateChange, outlet_id: int) -> None:
    file_id = target_id = None
    if change.file is not None:
        files = {change.file: {"opened": change.at}}
        file_id = intern(conn, t.warc_file.c.name, files)[0][change.file]
    if change.target is not None:
        target_id = intern_urls(conn, {change.target: (outlet_id, change.at)})[change.target]
    conn.execute(
        insert(conn.dialect.name, t.article_state)
        .values(
            article_id=change.article_id,
            at=change.at,
            state=change.state,
            reason=change.reason,
            status=change.status,
            file_id=file_id,
            offset=change.offset,
            target_id=target_id,
        )
        .on_conflict_do_nothing()
    )


def _count(conn: Connection, outlet_id: int, before: str, after: str) -> None:
    if before == after:
        return
    changes = {(outlet_id, "gone", ""): (after in AWAY) - (before in AWAY)}
    changes |= {
        (outlet_id, "states", state): by
        for state, by in ((before, -1), (after, 1))
        if state != LIVE
    }
    count(conn, {key: by for key, by in changes.items() if by})
