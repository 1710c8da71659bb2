"""When outlets are due, the history of their turns, and how often they bring news."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from archiver.store import tables as t
from archiver.store.base import Store, intern_outlets
from archiver.store.engine import insert


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How often an outlet brings news: `a_day` new articles, once that can be said."""

    since: datetime
    updated: datetime
    last_new: datetime | None = None
    a_day: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """An outlet's place in the timetable: when it is due next, and its last run."""

    outlet: str
    due: datetime | None
    state: str | None = None  # of the last run
    started: datetime | None = None
    ended: datetime | None = None
    planned: datetime | None = None
    rhythm: Rhythm | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GoodRun:
    """A run that brought what was to be had; `planned` only where the timetable had it."""

    planned: datetime | None
    started: datetime
    ended: datetime


class Schedule(Store):
    """The part of the catalogue that the daemon plans by."""

    def set_due(self, due: Mapping[str, datetime | None]) -> None:
        """Say when outlets are due next; None: never. Unknown outlets become known."""
        if not due:
            return
        with self._writing() as conn:
            numbers = intern_outlets(conn, due)
            conn.execute(
                update(t.outlet).where(t.outlet.c.id == _NUMBER).values(next_due=_DUE),
                [{"number": numbers[name], "due": when} for name, when in due.items()],
            )

    def due(self, now: datetime, *, limit: int, but: Collection[str] = ()) -> list[Turn]:
        """The outlets that are due, longest first; cost grows with `limit` and `but` alone."""
        wanted = (
            select(t.outlet.c.name, t.outlet.c.next_due)
            .where(t.outlet.c.next_due <= now)
            .order_by(t.outlet.c.next_due, t.outlet.c.id)
            .limit(limit + len(but))
        )
        with self._reading() as conn:
            rows = conn.execute(wanted).all()
        found = [Turn(outlet=row.name, due=row.next_due) for row in rows if row.name not in but]
        return found[:limit]

    def next_due(self, *, but: Collection[str] = ()) -> datetime | None:
        """When the next outlet is due; None where none is. One look into an index."""
        wanted = (
            select(t.outlet.c.name, t.outlet.c.next_due)
            .where(t.outlet.c.next_due.is_not(None))
            .order_by(t.outlet.c.next_due)
            .limit(1 + len(but))
        )
        with self._reading() as conn:
            return next((r.next_due for r in conn.execute(wanted) if r.name not in but), None)

    def turns(self) -> dict[str, Turn]:
        """Every outlet's place in the timetable; cost grows with the outlets."""
        with self._reading() as conn:
            return {row.name: _turn(row) for row in conn.execute(_TURNS)}

    def turn(self, outlet: str) -> Turn | None:
        """One outlet's place in the timetable; None for one that nobody knows."""
        with self._reading() as conn:
            row = conn.execute(_TURNS.where(t.outlet.c.name == outlet)).one_or_none()
        return _turn(row) if row else None

    def good_runs(self) -> dict[str, GoodRun]:
        """The last run of each outlet that was done, at least in part.

        Cost grows with the outlets, and with the runs that failed since.
        """
        with self._reading() as conn:
            return {
                row.name: GoodRun(planned=row.planned, started=row.started, ended=row.ended)
                for row in conn.execute(_GOOD_RUNS)
            }

    def skip_turn(self, outlet: str, *, planned: datetime, at: datetime, reason: str) -> None:
        """Keep in the history that a planned run was left out, and why."""
        with self._writing() as conn:
            conn.execute(
                t.run.insert().values(
                    outlet_id=intern_outlets(conn, [outlet])[outlet],
                    trigger="timetable",
                    planned=planned,
                    started=at,
                    ended=at,
                    state="skipped",
                    reason=reason,
                )
            )

    def end_left_run(self, outlet: str, *, since: datetime, at: datetime, reason: str) -> None:
        """Say why an outlet's last run, begun at `since` or later, was ended from outside.

        A run that still stands as running was killed, and has failed.
        """
        last = select(t.outlet.c.last_run_id).where(t.outlet.c.name == outlet).scalar_subquery()
        own = (t.run.c.id == last, t.run.c.started >= since)
        with self._writing() as conn:
            conn.execute(
                update(t.run)
                .where(*own, t.run.c.state == "running")
                .values(state="failed", ended=at)
            )
            conn.execute(update(t.run).where(*own).values(reason=reason))

    def counts_since(self, since: datetime, outlet: str | None = None) -> dict[str, dict[str, int]]:
        """The counts of all runs begun since then, added up by outlet, with `runs/STATE`.

        Cost grows with the runs since then, of the one outlet where it is named.
        """
        wanted = (
            select(t.outlet.c.name, t.run.c.state, t.run.c.counts)
            .join_from(t.run, t.outlet, t.run.c.outlet_id == t.outlet.c.id)
            .where(t.run.c.started >= since)
        )
        if outlet is not None:
            wanted = wanted.where(t.outlet.c.name == outlet)
        sums: dict[str, dict[str, int]] = {}
        with self._reading() as conn:
            for row in conn.execute(wanted):
                own = sums.setdefault(row.name, {})
                for key, n in ((f"runs/{row.state}", 1), *(row.counts or {}).items()):
                    own[key] = own.get(key, 0) + n
        return sums

    def save_rhythm(self, outlet: str, rhythm: Rhythm) -> None:
        """Keep how often an outlet brings news."""
        values = {
            "since": rhythm.since,
            "updated": rhythm.updated,
            "last_new": rhythm.last_new,
            "a_day": rhythm.a_day,
        }
        with self._writing() as conn:
            number = intern_outlets(conn, [outlet])[outlet]
            wanted = insert(conn.dialect.name, t.rhythm).values(outlet_id=number, **values)
            conn.execute(wanted.on_conflict_do_update(index_elements=["outlet_id"], set_=values))

    def alerts(self) -> dict[tuple[str, str], datetime]:
        """What is amiss, by subject and what: since when."""
        with self._reading() as conn:
            return {(r.subject, r.what): r.since for r in conn.execute(select(t.alert))}

    def set_alert(self, subject: str, what: str, since: datetime | None) -> bool:
        """Begin (or with None: end) something amiss; whether that is new."""
        own = (t.alert.c.subject == subject, t.alert.c.what == what)
        with self._writing() as conn:
            if since is None:
                return conn.execute(delete(t.alert).where(*own)).rowcount > 0
            wanted = insert(conn.dialect.name, t.alert).values(
                subject=subject, what=what, since=since
            )
            done = conn.execute(wanted.on_conflict_do_nothing().returning(t.alert.c.what))
            return done.first() is not None

    def least_checked(self, share: float) -> list[str]:
        """Names of that share (0 to 1, one at least) of closed WARC files checked longest ago."""
        closed = t.warc_file.c.closed.is_not(None)
        with self._reading() as conn:
            count = conn.execute(select(func.count()).where(closed)).scalar_one()
            wanted = (
                select(t.warc_file.c.name)
                .where(closed)
                .order_by(func.coalesce(t.warc_file.c.checked, 0), t.warc_file.c.id)
                .limit(max(1, round(count * share)))
            )
            return list(conn.scalars(wanted))

    def note_checked(self, names: Iterable[str], at: datetime) -> None:
        """Keep that WARC files were checked."""
        with self._writing() as conn:
            for name in names:
                conn.execute(
                    update(t.warc_file).where(t.warc_file.c.name == name).values(checked=at)
                )

    def prune(self, before: datetime) -> dict[str, int]:
        """Remove the accounts of runs and problems that are older; what was captured stays."""
        last = select(t.outlet.c.last_run_id).where(t.outlet.c.last_run_id.is_not(None))
        with self._writing() as conn:
            runs = conn.execute(
                delete(t.run).where(t.run.c.started < before, t.run.c.id.not_in(last))
            ).rowcount
            problems = conn.execute(delete(t.problem).where(t.problem.c.at < before)).rowcount
        return {"runs": runs, "problems": problems}


_NUMBER = bindparam("number", type_=t.outlet.c.id.type)
_DUE = bindparam("due", type_=t.outlet.c.next_due.type)
_OF_OUTLET = t.run.alias("of_outlet")
_TURNS = (
    select(
        t.outlet.c.name,
        t.outlet.c.next_due,
        t.run.c.state,
        t.run.c.started,
        t.run.c.ended,
        t.run.c.planned,
        t.rhythm.c.since,
        t.rhythm.c.updated,
        t.rhythm.c.last_new,
        t.rhythm.c.a_day,
    )
    .join_from(t.outlet, t.run, t.outlet.c.last_run_id == t.run.c.id, isouter=True)
    .join(t.rhythm, t.rhythm.c.outlet_id == t.outlet.c.id, isouter=True)
)

_GOOD_RUNS = select(t.outlet.c.name, t.run.c.planned, t.run.c.started, t.run.c.ended).join_from(
    t.outlet,
    t.run,
    t.run.c.id
    == select(_OF_OUTLET.c.id)
    .where(_OF_OUTLET.c.outlet_id == t.outlet.c.id, _OF_OUTLET.c.state.in_(("done", "partial")))
    .order_by(_OF_OUTLET.c.started.desc())
    .limit(1)
    .correlate(t.outlet)
    .scalar_subquery(),
)


def _turn(row: Any) -> Turn:
    rhythm = None
    if row.since is not None:
        rhythm = Rhythm(
            since=row.since, updated=row.updated, last_new=row.last_new, a_day=row.a_day
        )
    return Turn(
        outlet=row.name,
        due=row.next_due,
        state=row.state,
        started=row.started,
        ended=row.ended,
        planned=row.planned,
        rhythm=rhythm,
    )
