"""When known articles are asked for again: one row an article, found by outlet and due time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select, update

from archiver.contract import article_from_json
from archiver.model import Article
from archiver.store import tables as t
from archiver.store.base import Store, batches, intern_outlets
from archiver.store.engine import insert


@dataclass(frozen=True, kw_only=True, slots=True)
class Recheck:
    """An article's place in the timetable of checks.

    `url` is its page's; `due` is None until it is planned; `checked`: its last check, or its first
    capture. `checks` since then, the last `unchanged` in a row without an edit; `failed`: those in
    a row without an answer; `evidence`: those that found it missing, in state missing or removed,
    in which it has been `since`.
    """

    article_id: int
    url: str
    first: datetime
    checked: datetime
    due: datetime | None = None
    modified: datetime | None = None
    step: int = 0
    checks: int = 0
    unchanged: int = 0
    failed: int = 0
    evidence: int = 0
    live_blog: bool = False
    state: str = "live"
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EditCounts:
    """How many checks of an outlet's young articles there were, and how many found an edit."""

    checks: float = 0.0
    changes: float = 0.0


class Rechecks(Store):
    """The part of the catalogue that knows when to look at an article again."""

    def due_rechecks(self, outlet: str, now: datetime, *, limit: int) -> list[Recheck]:
        """Articles of an outlet that are due, longest due first; one range of an index."""
        due = t.recheck.c.due
        return self._found(_rows(outlet).where(due <= now).order_by(due).limit(limit))

    def unplanned(self, outlet: str, *, limit: int) -> list[Recheck]:
        """Articles that have no due time yet: those that are older than the timetable, say."""
        return self._found(_rows(outlet).where(t.recheck.c.due.is_(None)).limit(limit))

    def rechecks_of(self, outlet: str, urls: Collection[str]) -> dict[str, Recheck]:
        """The articles of pages, or of what they call themselves; two look-ups in indexes a URL."""
        found: dict[str, Recheck] = {}
        for batch in batches(dict.fromkeys(urls)):
            with self._reading() as conn:
                ids = {
                    row.id: row.url
                    for row in conn.execute(
                        select(t.url.c.id, t.url.c.url).where(t.url.c.url.in_(batch))
                    )
                }
                article = t.article.c
                wanted = _rows(outlet).where(or_(article.page_id.in_(ids), article.url_id.in_(ids)))
                for row in conn.execute(wanted.order_by(article.last_seen)):
                    for number in (row.url_id, row.page_id):
                        if number in ids:
                            found[ids[number]] = _to_recheck(row)
        return found

    def plan_rechecks(self, rows: Sequence[Recheck]) -> None:
        """Keep the places of articles in the timetable; their states stand elsewhere."""
        if not rows:
            return
        with self._writing() as conn:
            conn.execute(
                _PLANNING,
                [
                    {
                        "number": row.article_id,
                        "new_due": row.due,
                        "new_checked": row.checked,
                        "new_modified": row.modified,
                        "new_step": row.step,
                        "new_checks": row.checks,
                        "new_unchanged": row.unchanged,
                        "new_failed": row.failed,
                        "new_evidence": row.evidence,
                        "new_live_blog": row.live_blog,
                    }
                    for row in sorted(rows, key=lambda row: row.article_id)
                ],
            )

    def newest_article(self, article_id: int) -> Article | None:
        """An article as its newest revision has it; None of an unknown one."""
        article, revision = t.article.c, t.revision.c
        newest = and_(revision.article_id == article.id, revision.number == article.revision)
        with self._reading() as conn:
            kept = conn.scalar(
                select(revision.article)
                .join_from(t.article, t.revision, newest)
                .where(article.id == article_id)
            )
        return article_from_json(kept) if kept is not None else None

    def next_recheck(self, outlet: str) -> datetime | None:
        """When the next article of an outlet is due; one look into an index."""
        number = select(t.outlet.c.id).where(t.outlet.c.name == outlet).scalar_subquery()
        row = t.recheck.c
        wanted = select(row.due).where(row.outlet_id == number, row.due.is_not(None))
        with self._reading() as conn:
            return conn.scalars(wanted.order_by(row.due).limit(1)).first()

    def due_counts(self, now: datetime) -> dict[str, int]:
        """How many articles of each outlet are due; cost grows with those, and with the outlets."""
        due = (
            select(func.count())
            .where(t.recheck.c.outlet_id == t.outlet.c.id, t.recheck.c.due <= now)
            .correlate(t.outlet)
            .scalar_subquery()
        )
        with self._reading() as conn:
            return {row[0]: row[1] for row in conn.execute(select(t.outlet.c.name, due))}

    def edits_of(self, outlet: str) -> EditCounts:
        """How often an outlet edits; of an unknown one, nothing."""
        row = t.edits.c
        with self._reading() as conn:
            found = conn.execute(
                select(row.checks, row.changes)
                .join_from(t.edits, t.outlet)
                .where(t.outlet.c.name == outlet)
            ).one_or_none()
        return EditCounts(checks=found[0], changes=found[1]) if found else EditCounts()

    def keep_edits(self, outlet: str, counts: EditCounts) -> None:
        """Remember it, in place of what was known."""
        values = {"checks": counts.checks, "changes": counts.changes}
        with self._writing() as conn:
            number = intern_outlets(conn, [outlet])[outlet]
            wanted = insert(conn.dialect.name, t.edits).values(outlet_id=number, **values)
            conn.execute(wanted.on_conflict_do_update(index_elements=["outlet_id"], set_=values))

    def _found(self, wanted: Select[Any]) -> list[Recheck]:
        with self._reading() as conn:
            return [_to_recheck(row) for row in conn.execute(wanted)]


def begin_rechecks(conn: Connection, article_id: int, outlet_id: int, at: datetime) -> None:
    """Give a new article its row, within the transaction that makes it; it is yet to be planned."""
    values = {"article_id": article_id, "outlet_id": outlet_id, "checked": at, "live_blog": False}
    values |= dict.fromkeys(("step", "checks", "unchanged", "failed", "evidence"), 0)
    conn.execute(insert(conn.dialect.name, t.recheck).values(values).on_conflict_do_nothing())


_PLANNING = (
    update(t.recheck)
    .where(t.recheck.c.article_id == bindparam("number"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=t.recheck.c[name].type)
            for name in (
                "due",
                "checked",
                "modified",
                "step",
                "checks",
                "unchanged",
                "failed",
                "evidence",
                "live_blog",
            )
        }
    )
)


def _rows(outlet: str) -> Select[Any]:
    number = select(t.outlet.c.id).where(t.outlet.c.name == outlet).scalar_subquery()
    return (
        select(
            t.recheck,
            t.article.c.first_seen,
            t.article.c.state,
            t.article.c.gone_at,
            t.article.c.url_id,
            t.article.c.page_id,
            _page.c.url,
        )
        .join_from(t.recheck, t.article, t.recheck.c.article_id == t.article.c.id)
        .join(_page, t.article.c.page_id == _page.c.id)
        .where(t.recheck.c.outlet_id == number)
    )


_page = t.url.alias("page")


def _to_recheck(row: Row[Any]) -> Recheck:
    facts = dict(row._mapping)
    own = ("article_id", "url", "checked", "due", "modified", "step", "checks", "unchanged")
    return Recheck(
        **{name: facts[name] for name in (*own, "failed", "evidence", "live_blog", "state")},
        first=row.first_seen,
        since=row.gone_at,
    )
