"""When an article is asked for again. Pure functions: facts in, a moment out.

Articles are edited mostly in their first hours. So the times between two checks grow with an
article's age, and what is learned bends them: of the outlet, how often a check finds an edit; of
the article, whether the last one did.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

DAY = 86_400.0
LEARNED_FROM = 7 * DAY  # the age up to which a check tells how often an outlet edits
_NEARLY = 1.1  # an age is not waited for that is less than a tenth away
_USUAL = 0.1  # part of checks that find an edit, of an outlet of which nothing is known
_WEIGHT = 20.0  # checks that this counts as
_MEMORY = 1000.0  # checks after which older ones count half
_AFTER_EDIT = 0.25  # part of its age after which an article that was edited is looked at again
_PATIENCE = 3  # checks in a row that find a live blog unchanged, before it counts as slower
_WORST = 7 * DAY  # between two checks of an article whose checks fail
_JITTER = 0.05  # part of a wait by which checks are spread
_DOUBLINGS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """Times in seconds; see `archiver.config.recheck` for what each means."""

    ages: tuple[float, ...] = (3600.0, 10_800.0, 43_200.0, DAY, 3 * DAY, 7 * DAY, 30 * DAY)
    then: float = 365 * DAY
    live_every: float = 900.0
    missing_every: float = 43_200.0
    fastest: float = 0.5
    slowest: float = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Edits:
    """How many checks of an outlet's young articles there were, and how many found an edit."""

    checks: float = 0.0
    changes: float = 0.0

    def learn(self, *, changed: bool) -> Edits:
        """With one more check; long ago ones fade."""
        fade = 0.5 if self.checks >= _MEMORY else 1.0
        return Edits(checks=self.checks * fade + 1, changes=self.changes * fade + changed)

    @property
    def rate(self) -> float:
        """The part of checks that find an edit, above 0 and at most 1."""
        return (self.changes + _USUAL * _WEIGHT) / (self.checks + _WEIGHT)

    def pace(self, timetable: Timetable) -> float:
        """By what an outlet's waits are longer (above 1) or shorter than usual."""
        return min(max(_USUAL / self.rate, timetable.fastest), timetable.slowest)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of an article when its next check is set.

    `checked`: its last check, or its first capture; `checks` since then, of which the last
    `unchanged` in a row found no edit; `failed`: how many in a row had no answer. `spread`: 0 to
    1, its own, by which checks are spread that would come together.
    """

    first: datetime
    checked: datetime
    checks: int = 0
    unchanged: int = 0
    failed: int = 0
    live_blog: bool = False
    missing: bool = False
    modified: datetime | None = None  # when a source says that it was, last
    spread: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """When an article is due; `step`: how many of the timetable's ages it will have passed."""

    at: datetime
    step: int


def next_check(
    facts: Facts, edits: Edits | None = None, timetable: Timetable | None = None
) -> Next:
    """The next check of an article; never before its last one."""
    plan = timetable or Timetable()
    wait = _wait(facts, (edits or Edits()).pace(plan), plan)
    called = _called(facts, plan)
    if called is not None:
        wait = min(wait, called)
    at = facts.checked + timedelta(seconds=wait)
    return Next(at=at, step=bisect_right(plan.ages, _seconds(at - facts.first)))


def first_plan(
    facts: Facts, now: datetime, edits: Edits | None = None, timetable: Timetable | None = None
) -> Next:
    """The next check of an article that never had one planned.

    What was missed is not caught up: an archive that is older than its timetable would ask for
    all of it at once. Such an article goes on at its age, as if it had been looked at now.
    """
    planned = next_check(facts, edits, timetable)
    if planned.at > now:
        return planned
    return next_check(replace(facts, checked=max(now, facts.checked)), edits, timetable)


def spread_of(number: int) -> float:
    """A number from 0 to 1 for an article's: the same each time, even over many."""
    return (number * 2_654_435_761 % 2**32) / 2**32


def _wait(facts: Facts, pace: float, plan: Timetable) -> float:
    """Seconds from the last check to the next."""
    if facts.failed:
        return min(plan.ages[0] * _doubled(facts.failed - 1), max(_WORST, plan.ages[0]))
    age = max(0.0, _seconds(facts.checked - facts.first))
    usual = _usual(age, pace, plan)
    usual += usual * _JITTER * facts.spread
    waits = [usual]
    if facts.missing:
        waits.append(plan.missing_every)
    if facts.checks and not facts.unchanged:
        waits.append(max(plan.ages[0] * min(pace, 1.0), age * _AFTER_EDIT))
    if facts.live_blog:
        waits.append(plan.live_every * _doubled(facts.unchanged - _PATIENCE))
    return min(waits)


def _usual(age: float, pace: float, plan: Timetable) -> float:
    """Seconds to the next of the timetable's ages.

    A fast outlet's ages are shorter. A slow one's come as they are, but only those that lie far
    enough beyond the one before: so it costs fewer checks, not the same later.
    """
    ages = [one * min(pace, 1.0) for one in plan.ages]
    least = max(age * max(_NEARLY, pace), ages[0] * max(pace, 1.0))
    for one in (*ages, plan.ages[-1]):
        if one >= least and one > age:
            return one - age
    if age < ages[0]:  # all lie before what a slow outlet waits at first
        return ages[0] * max(pace, 1.0) - age
    return plan.then


def _called(facts: Facts, plan: Timetable) -> float | None:
    """Seconds to the check that a source's word calls for; None where it calls for none.

    The first word is believed at once. Some say "modified" each time they are read: the more
    checks found nothing, the longer the next one waits.
    """
    if facts.modified is None or facts.modified <= facts.checked:
        return None
    doubted = plan.live_every * _doubled(facts.unchanged - 1) if facts.unchanged else 0.0
    return max(_seconds(facts.modified - facts.checked), doubted)


def _doubled(times: int) -> float:
    return float(2 ** min(max(times, 0), _DOUBLINGS))


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
