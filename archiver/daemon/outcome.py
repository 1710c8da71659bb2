"""What came of a crawl, kept: its run, its outlet's rhythm, and when the outlet is due next.

The same for one machine and for a fleet of them.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from archiver.daemon.children import Ended
from archiver.daemon.plan import known_a_day, learn
from archiver.daemon.rule import Rule, interval, next_turn, turn_after_run
from archiver.errors import LockedError
from archiver.store.catalogue import Catalogue
from archiver.store.schedule import Turn

log = structlog.get_logger("daemon")

AGAIN = timedelta(minutes=1)  # after a crawl that could not begin
_STATES = {0: "done", 3: "partial", 130: "interrupted", 11: "locked", 5: "disk-full"}
_STATES[-signal.SIGINT] = "interrupted"  # while it was still starting


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """What came of a run: how it ended, its counts, and the outlet's place afterwards."""

    ended: Ended
    state: str
    counts: Mapping[str, int]
    turn: Turn
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Settling:
    """By what a turn is settled: its outlet's rule (None: no longer watched), and the settings.

    `locked`: after which time an outlet that somebody else has locked is tried again, be turns
    left out or not; None: as the settings say.
    """

    catalogue: Catalogue
    rule: Rule | None
    overlap_waits: bool
    locked: timedelta | None = None


def settle(ended: Ended, by: Settling, now: datetime) -> RunReport:
    """Keep what came of a run, and when its outlet is due next."""
    name, catalogue = ended.outlet, by.catalogue
    if ended.cut or ended.exit_code < 0:
        reason = ended.cut or f"killed-by-signal-{-ended.exit_code}"
        catalogue.end_left_run(name, since=ended.started, at=now, reason=reason)
    counts = catalogue.counts_since(ended.started - timedelta(seconds=1), name)
    counts_of = counts.get(name, {})
    turn = catalogue.turn(name) or Turn(outlet=name, due=None)
    if ended.exit_code in (0, 3):
        rhythm = learn(turn.rhythm, new=counts_of.get("articles/new", 0), at=now)
        catalogue.save_rhythm(name, rhythm)
        turn = replace(turn, rhythm=rhythm)
    due = _next(ended, turn, by, now)
    catalogue.set_due({name: due})
    return RunReport(
        ended=ended,
        state=_STATES.get(ended.exit_code, "failed"),
        counts=counts_of,
        turn=replace(turn, due=due),
        seconds=round((now - ended.started).total_seconds(), 3),
    )


def _next(ended: Ended, turn: Turn, by: Settling, now: datetime) -> datetime | None:
    rule, locked = by.rule, ended.exit_code == LockedError.exit_code
    if rule is None:
        return None
    if ended.cut == "stopped":
        return ended.planned  # it is to be caught up
    if locked and by.locked is not None:
        return now + by.locked
    try:
        due, passed = turn_after_run(
            rule,
            planned=ended.planned,
            started=ended.started,
            ended=now,
            outlet=ended.outlet,
            wait=by.overlap_waits,
            a_day=known_a_day(turn.rhythm),
        )
    except ValueError as error:
        log.warning("no-turn", outlet=ended.outlet, reason=str(error))
        return None
    if turn.due and turn.due > due and not rule.cron:
        check = by.catalogue.next_recheck(ended.outlet)  # known articles may be due first
        first = min(turn.due, check) if check else turn.due
        if first > due:
            due = _when_sources_are(first, due, rule, ended.outlet)
    if locked:
        passed = ended.planned
        due = now + AGAIN if by.overlap_waits else due
    if passed is not None and not by.overlap_waits:
        reason = "locked" if locked else "still-running"
        by.catalogue.skip_turn(ended.outlet, planned=passed, at=now, reason=reason)
    return due


def _when_sources_are(first: datetime, due: datetime, rule: Rule, outlet: str) -> datetime:
    """The turn at which something is due, where nothing is before `first`, as a crawl left it.

    One that comes up within a tenth of the interval is due then, too.
    """
    every = timedelta(seconds=interval(rule, None))
    turns = max(0, -((due + every / 10 - first) // every))  # rounded up
    plain = replace(rule, jitter=0.0)
    return next_turn(plain, after=due + turns * every, last=None, outlet=outlet)
