"""What checks cost on a simulated clock: an outlet's articles, their edits, and who looks when."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from pathlib import Path

from archiver.model import Article
from archiver.revise.planning import RecheckPlan
from archiver.revise.policy import Edits, Facts, Timetable, next_check, spread_of
from archiver.store.catalogue import Catalogue
from archiver.store.rechecks import EditCounts, Recheck

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = 86_400.0
RUN = 1800.0  # seconds between two crawls
PAGE = 30_000  # bytes of a page as it comes, compressed
UNMODIFIED = 350  # bytes of a 304
OUTLET = "bench"


@dataclass(kw_only=True)
class Bill:
    """What a way to look at articles cost, and what it saw of their edits."""

    checks: int = 0
    changed: int = 0
    last_day: int = 0  # checks of the last day
    edits: int = 0
    late: float = 0.0  # seconds from edits to the checks that saw them, in all

    def bytes_of(self, *, validators: bool) -> int:
        """Bytes of all answers, of a server that answers 304 or of one that never does."""
        whole = self.changed if validators else self.checks
        return whole * PAGE + (self.checks - whole) * UNMODIFIED


def edits_of(number: int, seed: int) -> list[float]:
    """Ages in seconds at which an article is edited: most in its first hours, a few late."""
    chance = random.Random(f"{seed} {number}")
    times = [chance.expovariate(1 / (6 * 3600)) for _ in range(_poisson(chance, 1.0))]
    if chance.random() < 0.05:
        times.append(chance.uniform(DAY, 30 * DAY))
    return sorted(times)


def _poisson(chance: random.Random, mean: float) -> int:
    left, n = chance.expovariate(1.0), 0
    while left < mean:
        left += chance.expovariate(1.0)
        n += 1
    return n


def firsts(days: int, a_day: int) -> Iterator[float]:
    """Seconds since the start at which articles are captured first."""
    return (number * DAY / a_day for number in range(days * a_day))


def by_policy(days: int, a_day: int, *, seed: int = 1) -> Bill:
    """A year of the policy alone; checks wait for the next crawl."""
    plan, bill, learned = Timetable(), Bill(), Edits()
    queue: list[tuple[float, int]] = []
    facts: dict[int, Facts] = {}
    changes: dict[int, list[float]] = {}
    for number, first in enumerate(firsts(days, a_day)):
        at = START + timedelta(seconds=first)
        facts[number] = Facts(first=at, checked=at, spread=spread_of(number))
        changes[number] = edits_of(number, seed)
        heappush(queue, (_run(next_check(facts[number], learned, plan).at), number))
    while queue and queue[0][0] <= days * DAY:
        now, number = heappop(queue)
        own = facts[number]
        began = (own.first - START).total_seconds()
        seen = _seen(changes[number], (own.checked - own.first).total_seconds(), now - began)
        learned = _count(bill, learned, seen, now - began, now > (days - 1) * DAY)
        facts[number] = own = replace(
            own,
            checked=START + timedelta(seconds=now),
            checks=own.checks + 1,
            unchanged=0 if seen else own.unchanged + 1,
        )
        heappush(queue, (_run(next_check(own, learned, plan).at), number))
    return bill


def _count(bill: Bill, learned: Edits, seen: list[float], age: float, last: bool) -> Edits:
    bill.checks += 1
    bill.last_day += last
    bill.changed += bool(seen)
    bill.edits += len(seen)
    bill.late += sum(age - one for one in seen)
    return learned.learn(changed=bool(seen)) if age <= 7 * DAY else learned


def _seen(edits: list[float], since: float, until: float) -> list[float]:
    return edits[bisect_right(edits, since) : bisect_right(edits, until)]


def _run(due: datetime) -> float:
    """The crawl at which something is asked for that is due."""
    return -(-(due - START).total_seconds() // RUN) * RUN


def by_day(days: int, a_day: int, *, seed: int = 1) -> Bill:
    """Everything that is known, once a day."""
    bill = Bill()
    for number, first in enumerate(firsts(days, a_day)):
        edits, since = edits_of(number, seed), 0.0
        for day in range(int(first // DAY) + 1, days + 1):
            age = day * DAY - first
            seen = _seen(edits, since, age) if edits else []
            bill.checks += 1
            bill.last_day += day == days
            bill.changed += bool(seen)
            bill.edits += len(seen)
            bill.late += sum(age - one for one in seen)
            since = age
    return bill


def by_catalogue(days: int, a_day: int, folder: Path, *, seed: int = 1) -> tuple[Bill, int]:
    """As `by_policy`, with a catalogue that is asked at each crawl; and the most rows of one."""
    bill, most = Bill(), 0
    captured = list(firsts(days, a_day))
    with Catalogue.open(f"sqlite:///{folder}/year.sqlite", create=True) as catalogue:
        plan, made = RecheckPlan(Timetable(), EditCounts()), 0
        for run in range(int(days * DAY / RUN) + 1):
            now = START + timedelta(seconds=run * RUN)
            due = catalogue.due_rechecks(OUTLET, now, limit=10_000)
            most = max(most, len(due))
            done: list[Recheck] = []
            for row in due:
                number = int(row.url.rpartition("-")[2])
                age = (now - row.first).total_seconds()
                since = (row.checked - row.first).total_seconds()
                seen = _seen(edits_of(number, seed), since, age)
                _count(bill, Edits(), seen, age, run * RUN > (days - 1) * DAY)
                done.append(plan.checked(row, now, changed=bool(seen), told=True))
            catalogue.plan_rechecks(done)
            while made < len(captured) and captured[made] <= run * RUN:
                at = START + timedelta(seconds=captured[made])
                catalogue.save_article(_article(made, at))
                made += 1
            new = catalogue.unplanned(OUTLET, limit=1000)
            catalogue.plan_rechecks([plan.planned(row) for row in new])
    return bill, most


def _article(number: int, at: datetime) -> Article:
    return Article(
        url=f"https://bench.example/story-{number}",
        canonical_url=None,
        outlet=OUTLET,
        captured_at=at,
        title=f"Story {number}",
        text=f"Words of story {number}.",
    )
