"""When an outlet is due next: pure functions of its rule, its last turn and the clock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from archiver.config.timetable import Times, TimetableSettings, standard_cron
from archiver.model import Outlet

_SET_BACK = timedelta(hours=1)  # of a clock; less is an adjustment, after which no turn comes twice
_SHIFT = timedelta(hours=3)  # more than any clock is changed by
_UTC = ZoneInfo("UTC")
_FOREVER = timedelta(days=366)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """When one outlet is crawled. Durations in seconds.

    `cron`: five fields, or "" for intervals. `quiet`: spans of local time, each from a time up to
    another, over midnight where the second is earlier. `blackout`: ISO dates, or "12-24".
    """

    every: float
    cron: str = ""
    adaptive: bool = False
    shortest: float = 300.0
    longest: float = 86400.0
    jitter: float = 0.0
    zone: ZoneInfo = _UTC
    quiet: tuple[tuple[time, time], ...] = ()
    blackout: frozenset[str] = frozenset()


def rule_for(outlet: Outlet, settings: TimetableSettings, own: Times | None = None) -> Rule:
    """The rule of an outlet: its seed's table before groups, a later group before an earlier one.

    Where one of them gives cron fields, an interval of one behind it no longer counts; and the
    other way round.
    """
    said: dict[str, object] = settings.model_dump(include=set(Times.model_fields))
    groups: Iterable[Times] = (group for group in settings.groups if group.has(outlet.id))
    for times in (*groups, *([own] if own else [])):
        given = times.model_dump(include=set(Times.model_fields), exclude_none=True)
        if "every" in given or "adaptive" in given:
            said["cron"] = ""
        if given.get("cron"):
            said["adaptive"] = False
        said.update(given)
    name = str(said["timezone"])
    zone = outlet.timezone or "UTC" if name == "outlet" else name or "UTC"
    spans = said["quiet"]
    days = said["blackout"]
    return Rule(
        every=float(str(said["every"])),
        cron=str(said["cron"] or ""),
        adaptive=bool(said["adaptive"]),
        shortest=float(str(said["shortest"])),
        longest=float(str(said["longest"])),
        jitter=float(str(said["jitter"])),
        zone=ZoneInfo(zone),
        quiet=tuple(
            (time.fromisoformat(span[:5]), time.fromisoformat(span[6:]))
            for span in (spans if isinstance(spans, tuple) else ())
        ),
        blackout=frozenset(days if isinstance(days, tuple) else ()),
    )


def interval(rule: Rule, a_day: float | None) -> float:
    """Seconds between two crawls, by how many new articles a day the outlet brings.

    None: not known yet. Adaptive: so that a crawl finds about one.
    """
    if not rule.adaptive or a_day is None:
        return rule.every
    wanted = 86400.0 / a_day if a_day > 0 else rule.longest
    return min(max(wanted, rule.shortest), rule.longest)


def next_turn(
    rule: Rule, *, after: datetime, last: datetime | None, outlet: str, a_day: float | None = None
) -> datetime:
    """When an outlet is due next, strictly after `after` unless it is overdue: then at `after`.

    `last`: the turn (as planned, not as begun) that it had last; None: never. One that lies in
    the future counts as now: the clock was set back. Missed turns are one turn, however many they
    were. A turn in quiet hours or on a day without crawls moves to
    their end; one that cron fields name is left out. Jitter is made from the outlet's name and the
    turn, so that the same plan comes out each time.

    Raises:
        ValueError: the rule leaves no turn within a year.
    """
    if last is not None and last - after > _SET_BACK:
        last = after
    if rule.cron:
        turn = _fire(rule, after if last is None else max(last, after), outlet)
        if turn is None:
            raise ValueError(f"{outlet}: its timetable leaves no turn within a year")
        return turn + timedelta(seconds=_spread(outlet, turn, rule.jitter))
    if last is None:
        start = after + timedelta(seconds=_spread(outlet, None, min(rule.jitter, rule.every)))
    else:
        start = max(last + timedelta(seconds=interval(rule, a_day)), after)
        start += timedelta(seconds=_spread(outlet, last, rule.jitter))
    return _open(rule, start, outlet)


def turn_after_run(
    rule: Rule,
    *,
    planned: datetime,
    started: datetime,
    ended: datetime,
    outlet: str,
    wait: bool,
    a_day: float | None = None,
) -> tuple[datetime, datetime | None]:
    """The turn after a run, and the turn that passed while it ran; None where none did.

    Such a turn is had at once (`wait`), or left out. A run that began late, because the daemon was
    down or all places were taken, counts from its beginning.

    Raises:
        ValueError: the rule leaves no turn within a year.
    """
    every = interval(rule, a_day)
    begun = started if started - planned > timedelta(seconds=every) else planned
    usual = next_turn(rule, after=begun, last=begun, outlet=outlet, a_day=a_day)
    if usual > ended:
        return usual, None
    if wait:
        return _open(rule, ended, outlet), usual
    if rule.cron:
        return next_turn(rule, after=ended, last=ended, outlet=outlet, a_day=a_day), usual
    missed = (ended - begun) // timedelta(seconds=every)
    last = begun + missed * timedelta(seconds=every)
    return next_turn(rule, after=ended, last=last, outlet=outlet, a_day=a_day), usual


@lru_cache(maxsize=256)
def _trigger(cron: str) -> CronTrigger:
    return CronTrigger.from_crontab(standard_cron(cron), timezone=UTC)


def cron_turn(cron: str, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first turn of cron fields after a moment, in UTC; None where there is none.

    Where clocks change, as people expect it of cron: a turn in the hour that is left out comes an
    hour later on the clock; in the hour that comes twice, a turn of a certain hour comes once, and
    one of every hour both times.
    """
    every_hour = cron.split()[1].startswith("*")
    wall = after.astimezone(zone).replace(tzinfo=UTC) - _SHIFT
    best: datetime | None = None
    while True:
        # Asked on a clock that never changes: on one that does, APScheduler 3.11.3 leaves out the
        # day after a change.
        found = _trigger(cron).get_next_fire_time(None, wall + timedelta(microseconds=1))
        if found is None or (best and found > best.astimezone(zone).replace(tzinfo=UTC) + _SHIFT):
            return best
        wall = found
        for fold in (0, 1) if every_hour else (0,):
            turn = found.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            real = turn.astimezone(zone).replace(tzinfo=UTC, fold=0) == found
            if turn > after and (real or not fold) and (best is None or turn < best):
                best = turn


def _fire(rule: Rule, after: datetime, outlet: str) -> datetime | None:
    """The first turn of cron fields outside of quiet hours, within a year; a step a quiet span.

    Raises:
        ValueError: it is always quiet.
    """
    turn = cron_turn(rule.cron, rule.zone, after)
    while turn is not None and turn - after <= _FOREVER:
        if not _closed(rule, turn):
            return turn
        opens = _open(rule, turn, outlet)
        turn = cron_turn(rule.cron, rule.zone, opens - timedelta(microseconds=1))
    return None


def _closed(rule: Rule, moment: datetime) -> bool:
    """Whether a moment lies in quiet hours or on a day without crawls."""
    local = moment.astimezone(rule.zone)
    day = local.date().isoformat()
    if day in rule.blackout or day[5:] in rule.blackout:
        return True
    clock = local.time()
    return any(
        start <= clock < end if start < end else clock >= start or clock < end
        for start, end in rule.quiet
    )


def _open(rule: Rule, start: datetime, outlet: str) -> datetime:
    """The first moment from `start` on that is not closed."""
    moment = start
    while _closed(rule, moment):
        moment = min(_ends(rule, moment))
        if moment - start > _FOREVER:
            raise ValueError(f"{outlet}: its timetable leaves no turn within a year")
    return moment


def _ends(rule: Rule, moment: datetime) -> Iterator[datetime]:
    """The next moments at which something that is closed may open, in UTC."""
    today = moment.astimezone(rule.zone).date()
    clocks = {time.min, *(end for _, end in rule.quiet)}
    for day in (today, today + timedelta(days=1)):
        for clock in clocks:
            found = _instant(day, clock, rule.zone)
            if found > moment:
                yield found


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A local time in UTC; the first of two; one that is left out comes later by what it skips."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _spread(outlet: str, turn: datetime | None, jitter: float) -> float:
    """Seconds of jitter: the same for the same outlet and turn."""
    if not jitter:
        return 0.0
    words = f"{outlet} {turn.isoformat() if turn else ''}".encode()
    share = int.from_bytes(hashlib.blake2b(words, digest_size=8).digest()) / 2**64
    return round(share * jitter, 3)
