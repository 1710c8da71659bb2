"""Generated histories of articles of which some go, through outages, and what is made of them."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from archiver.config.recheck import RecheckSettings
from archiver.revise.planning import RecheckPlan, timetable_of
from archiver.revise.removals import AWAY, MISSED, Sight, State
from archiver.revise.sightings import MOST_CONTROLS, Answers, Sighting, verdict
from archiver.store.rechecks import EditCounts, Recheck

START = datetime(2026, 1, 1, tzinfo=UTC)
RUN = timedelta(hours=1)
FATES = {  # and how many of a hundred
    "stays": 40,
    "removed": 12,
    "soft 404": 8,
    "front page": 5,
    "flapping": 15,
    "moved": 5,
    "paywalled": 8,
    "blocked": 7,
}
GOES = frozenset({"removed", "soft 404", "front page"})
_MISSED = {"removed": Sight.GONE, "soft 404": Sight.SOFT, "front page": Sight.SOFT}
_AFTER = {"moved": Sight.MOVED, "paywalled": Sight.WALLED, "blocked": Sight.BLOCKED}
OUTAGES = (Sight.FAILED, Sight.GONE, Sight.SOFT, Sight.BLOCKED)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One article: what becomes of it, and when."""

    number: int
    first: datetime
    fate: str
    at: datetime

    def sight(self, now: datetime) -> Sight:
        """What a check shows while the outlet is there."""
        if self.fate == "flapping":
            slot = int((now - START) / timedelta(hours=6))
            down = random.Random(f"{self.number} {slot}").random() < 0.3
            return Sight.GONE if down else Sight.CAME
        if self.fate == "stays" or now < self.at:
            return Sight.SAME
        return _MISSED.get(self.fate) or _AFTER[self.fate]


@dataclass(kw_only=True)
class Tally:
    """What was said of articles, by their fate: the state at the end, and `ever` removed."""

    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    checks: int = 0
    waits: list[float] = field(default_factory=list)  # days from going to "removed"

    @property
    def precision(self) -> float:
        """Of those that were ever said to be removed, the part that is."""
        said = sum(self.removed.values())
        return sum(self.removed[fate] for fate in GOES) / said if said else 1.0

    @property
    def recall(self) -> float:
        """Of those that are removed, the part that is said to be."""
        gone = sum(n for (fate, _), n in self.ends.items() if fate in GOES)
        return sum(self.removed[fate] for fate in GOES) / gone if gone else 1.0


def outlet(
    tally: Tally,
    *,
    seed: int,
    stories: int = 300,
    days: int = 60,
    outages: int = 2,
    hours: tuple[float, float] = (2, 30),
    fates: dict[str, int] | None = None,
) -> None:
    """One outlet's days, with a crawl each hour; what is due is looked at by the crawl's code."""
    chance = random.Random(seed)
    shares = fates or FATES
    plan = RecheckPlan(timetable_of(SETTINGS), EditCounts())
    known: dict[int, Story] = {}
    rows: dict[int, Recheck] = {}
    said: dict[int, datetime] = {}
    for number in range(stories):
        first = START + timedelta(days=chance.uniform(0, 15))
        [fate] = chance.choices(list(shares), list(shares.values()))
        at = first + timedelta(days=chance.uniform(0.02, 25))
        known[number] = Story(number=seed * 10_000 + number, first=first, fate=fate, at=at)
    down = [_outage(chance, days, hours) for _ in range(outages)]
    late = sorted(known, key=lambda n: known[n].first, reverse=True)
    now = START
    while now < START + timedelta(days=days):
        now += RUN
        broken = next((how for begin, end, how in down if begin <= now < end), None)
        answers = Answers()
        answers.source("feed", good=broken is None or chance.random() < 0.5)  # a cache may have it
        while late and known[late[-1]].first <= now:
            if broken is not None:
                break
            number = late.pop()
            answers.page(str(number), good=True)
            row = Recheck(article_id=number + 1, url=str(number), first=now, checked=now)
            rows[number] = plan.planned(row)
        _look(rows, known, answers, plan, now=now, broken=broken, tally=tally, said=said)
    for number, story in known.items():
        row = rows.get(number)
        if row is not None:
            tally.ends[story.fate, row.state] += 1
            tally.removed[story.fate] += number in said
            if number in said and story.fate in GOES:
                tally.waits.append((said[number] - story.at).total_seconds() / 86_400)


SETTINGS = RecheckSettings()


def _outage(
    chance: random.Random, days: int, hours: tuple[float, float]
) -> tuple[datetime, datetime, Sight]:
    begin = START + timedelta(days=chance.uniform(1, days - 3))
    return begin, begin + timedelta(hours=chance.uniform(*hours)), chance.choice(OUTAGES)


def _look(
    rows: dict[int, Recheck],
    known: dict[int, Story],
    answers: Answers,
    plan: RecheckPlan,
    *,
    now: datetime,
    broken: Sight | None,
    tally: Tally,
    said: dict[int, datetime],
) -> None:
    """One crawl's checks, judged at its end as a crawl does."""
    due = [n for n, row in rows.items() if row.due is not None and row.due <= now]
    seen = {n: broken or known[n].sight(now) for n in due}
    _note(answers, seen)
    if any(sight in (*MISSED, Sight.BLOCKED) for sight in seen.values()):
        away = [str(n) for n in seen if rows[n].state in AWAY]
        wanting = min(answers.wanting(known_away=away), MOST_CONTROLS)
        live = [n for n, row in rows.items() if row.state == State.LIVE and n not in seen]
        live.sort(key=lambda n: rows[n].checked, reverse=True)
        controls = {n: broken or known[n].sight(now) for n in live[:wanting]}
        _note(answers, controls)
        seen |= controls
    away = [str(n) for n in seen if rows[n].state in AWAY]
    for number, sight in seen.items():
        company = answers.company(str(number), known_away=away)
        sighting = Sighting(page=str(number), sight=sight, at=now, reason="simulated")
        found = verdict(rows[number], sighting, company, SETTINGS)
        if found.change is not None and found.change.state == State.REMOVED:
            said.setdefault(number, now)
        if found.change is not None and found.change.state == State.MISSING:
            tally.missing[known[number].fate] += 1
        changed = sight is Sight.CAME and known[number].fate != "flapping"
        row = replace(found.row, url=str(number))
        rows[number] = plan.checked(row, now, changed=changed, told=found.told)
        tally.checks += 1


def _note(answers: Answers, seen: dict[int, Sight]) -> None:
    for number, sight in seen.items():
        good = sight in (Sight.SAME, Sight.CAME, Sight.WALLED, Sight.MOVED)
        answers.page(str(number), good=good)
