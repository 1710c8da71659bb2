"""The timetable: every outlet's rule, who is due, and what would come of it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import exp

from archiver.config.load import Loaded
from archiver.config.seeds import Seeds
from archiver.daemon.rule import Rule, cron_turn, next_turn, rule_for
from archiver.store.catalogue import Catalogue
from archiver.store.schedule import Rhythm, Turn

GRACE = timedelta(minutes=10)  # that an outlet may be overdue before anybody is told
_MEMORY = 7 * 86400.0  # seconds after which what was learned of a rhythm counts for a third
_FIRST = timedelta(hours=6)  # of watching before anything is said of a rhythm
_URGENT = (timedelta(hours=1), timedelta(minutes=15), timedelta(minutes=5))
_SOME_DAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """The rules of all enabled outlets, by id."""

    rules: Mapping[str, Rule]

    def next(
        self, outlet: str, *, after: datetime, turn: Turn | None, last: datetime | None
    ) -> datetime | None:
        """When an outlet is due after its turn at `last`; None where its rule leaves none."""
        try:
            return next_turn(
                self.rules[outlet],
                after=after,
                last=last,
                outlet=outlet,
                a_day=known_a_day(turn.rhythm if turn else None),
            )
        except ValueError:
            return None


def make_timetable(loaded: Loaded, seeds: Seeds) -> Timetable:
    """The timetable of a working folder; cost grows with the outlets."""
    return Timetable(
        rules={
            name: rule_for(outlet, loaded.settings.timetable, seeds.times.get(name))
            for name, outlet in seeds.outlets.items()
            if outlet.enabled
        }
    )


def align(catalogue: Catalogue, timetable: Timetable, now: datetime, *, gone: bool = True) -> None:
    """Bring the catalogue's due times in line with the timetable, at start and after a reload.

    An outlet that is new gets its first turn; one that is gone has none any more. A due time that
    has passed stays: it is caught up, once. One that a changed rule would have sooner moves there;
    one that it would never have there moves to what the rule says. Where `gone` is false, outlets
    that this timetable does not have stay as they are: another machine's may.
    """
    turns = catalogue.turns()
    due: dict[str, datetime | None] = {
        name: None
        for name, turn in turns.items()
        if gone and turn.due and name not in timetable.rules
    }
    for name in timetable.rules:
        turn = turns.get(name)
        if turn is None or turn.due is None or turn.due > now:
            last = (turn.planned or turn.started) if turn else None
            wanted = timetable.next(name, after=now, turn=turn, last=last)
            if turn is None or wanted != turn.due:
                due[name] = wanted
    catalogue.set_due(due)


def outlook(
    timetable: Timetable, turns: Mapping[str, Turn], *, now: datetime, until: datetime
) -> Iterator[tuple[datetime, str]]:
    """Every turn from now on in order of time, as the daemon would plan it; writes nothing."""
    queue: list[tuple[datetime, str]] = []
    for name in timetable.rules:
        turn = turns.get(name)
        last = (turn.planned or turn.started) if turn else None
        due = turn.due if turn and turn.due else None
        first = due or timetable.next(name, after=now, turn=turn, last=last)
        if first is not None:
            queue.append((max(first, now), name))
    heapq.heapify(queue)
    while queue and queue[0][0] <= until:
        when, name = heapq.heappop(queue)
        yield when, name
        following = timetable.next(name, after=when, turn=turns.get(name), last=when)
        if following is not None:
            heapq.heappush(queue, (following, name))


def learn(rhythm: Rhythm | None, *, new: int, at: datetime) -> Rhythm:
    """The rhythm after a run that found so many new articles.

    A mean over what was watched, which forgets after a week. What the first run finds is no
    rhythm: a feed holds the articles of days.
    """
    if rhythm is None:
        return Rhythm(since=at, updated=at, last_new=at if new else None)
    seconds = max((at - rhythm.updated).total_seconds(), 1.0)
    watched = max((at - rhythm.since).total_seconds(), seconds)
    weight = max(1 - exp(-seconds / _MEMORY), seconds / watched)
    before = rhythm.a_day or 0.0
    return replace(
        rhythm,
        updated=at,
        last_new=at if new else rhythm.last_new,
        a_day=round(before + weight * (new * 86400.0 / seconds - before), 6),
    )


def known_a_day(rhythm: Rhythm | None) -> float | None:
    """New articles a day, where an outlet was watched for long enough to say so."""
    if rhythm is None or rhythm.updated - rhythm.since < _FIRST:
        return None
    return rhythm.a_day


@lru_cache(maxsize=4096)
def urgency(rule: Rule) -> int:
    """How much an outlet's crawls are before those of others where there are not places for all.

    3 where the rule has one at least every 5 minutes, 2: every 15, 1: every hour; otherwise 0.
    """
    between = timedelta(seconds=rule.every)
    if rule.cron:
        first = cron_turn(rule.cron, rule.zone, _SOME_DAY)
        second = cron_turn(rule.cron, rule.zone, first) if first else None
        between = second - first if first and second else timedelta.max
    return sum(between <= bound for bound in _URGENT)
