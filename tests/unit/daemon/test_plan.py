"""The timetable as a whole, and what is learned of an outlet's rhythm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archiver.daemon.alerts import amiss
from archiver.daemon.plan import Timetable, align, known_a_day, learn, outlook
from archiver.daemon.rule import Rule
from archiver.store.catalogue import Catalogue
from archiver.store.schedule import Rhythm

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def due_of(catalogue: Catalogue) -> dict[str, datetime | None]:
    return {name: turn.due for name, turn in catalogue.turns().items()}


def test_the_catalogue_follows_the_timetable(catalogue: Catalogue) -> None:
    overdue = NOW - timedelta(days=3)
    catalogue.set_due({"old": overdue, "gone": NOW + MINUTE, "later": NOW + timedelta(days=9)})
    rules = {name: Rule(every=600) for name in ("new", "old", "later")}
    align(catalogue, Timetable(rules=rules), NOW)
    assert due_of(catalogue) == {
        "new": NOW,
        "old": overdue,  # caught up, once
        "gone": None,
        "later": NOW,  # whoever said so, the rule does not
    }


def test_a_changed_rule_moves_a_due_time_and_the_same_rule_does_not(catalogue: Catalogue) -> None:
    run = catalogue.start_run("a", trigger="timetable", at=NOW, planned=NOW)
    catalogue.end_run(run, at=NOW, state="done", reason=None, counts={})
    catalogue.set_due({"a": NOW + 60 * MINUTE})
    align(catalogue, Timetable(rules={"a": Rule(every=3600)}), NOW + MINUTE)
    assert due_of(catalogue) == {"a": NOW + 60 * MINUTE}
    align(catalogue, Timetable(rules={"a": Rule(every=600)}), NOW + MINUTE)
    assert due_of(catalogue) == {"a": NOW + 10 * MINUTE}


def test_after_the_clock_was_set_back_nobody_waits_a_day(catalogue: Catalogue) -> None:
    ahead = NOW + timedelta(days=1)
    run = catalogue.start_run("a", trigger="timetable", at=ahead, planned=ahead)
    catalogue.end_run(run, at=ahead, state="done", reason=None, counts={})
    catalogue.set_due({"a": ahead + 10 * MINUTE})
    align(catalogue, Timetable(rules={"a": Rule(every=600)}), NOW)
    assert due_of(catalogue) == {"a": NOW + 10 * MINUTE}


def test_the_outlook_lists_every_turn_in_order(catalogue: Catalogue) -> None:
    rules = {"a": Rule(every=1200), "b": Rule(every=1, cron="*/30 * * * *")}
    catalogue.set_due({"a": NOW + 5 * MINUTE})
    found = list(
        outlook(Timetable(rules=rules), catalogue.turns(), now=NOW, until=NOW + 60 * MINUTE)
    )
    assert [((when - NOW) // MINUTE, name) for when, name in found] == [
        (5, "a"),
        (25, "a"),
        (30, "b"),
        (45, "a"),
        (60, "b"),
    ]
    assert due_of(catalogue) == {"a": NOW + 5 * MINUTE}  # nothing was written


def followed(counts: list[int], every: timedelta) -> Rhythm:
    rhythm = learn(None, new=1000, at=NOW)
    for number, new in enumerate(counts, 1):
        rhythm = learn(rhythm, new=new, at=NOW + number * every)
    return rhythm


def test_a_rhythm_is_learned_without_the_backlog_of_the_first_run() -> None:
    rhythm = followed([2] * 48, timedelta(minutes=30))
    assert known_a_day(rhythm) == pytest.approx(96, rel=0.01)
    assert known_a_day(followed([2] * 4, timedelta(minutes=30))) is None  # too early to say


def test_a_rhythm_forgets() -> None:
    busy_then_quiet = [48] * 10 + [1] * 30
    assert known_a_day(followed(busy_then_quiet, timedelta(days=1))) == pytest.approx(1, abs=1.5)


USUAL = Rhythm(since=NOW - timedelta(days=30), updated=NOW, last_new=NOW, a_day=24.0)


@pytest.mark.parametrize(
    ("hours", "a_day", "silent"),
    [(30, 24.0, True), (20, 240.0, False), (30, 2.0, False), (24 * 7, 2.0, True)],
)
def test_an_outlet_is_silent_when_its_rhythm_explains_it_no_more(
    hours: int, a_day: float, silent: bool
) -> None:
    rhythm = Rhythm(
        since=USUAL.since, updated=NOW, last_new=NOW - timedelta(hours=hours), a_day=a_day
    )
    assert ("silent" in amiss(rhythm=rhythm, run={}, day={}, now=NOW)) is silent


@pytest.mark.parametrize(
    ("run", "day", "what"),
    [
        ({"articles/new": 3}, {"articles/new": 100}, set()),
        ({"articles/new": 3}, {"articles/new": 117}, {"volume"}),
        ({"problems/fetch/http-403": 2, "articles/new": 3}, {}, set()),
        ({"problems/fetch/http-403": 3, "articles/new": 3}, {}, {"blocked"}),
        ({"problems/extract/no-text": 6, "articles/new": 5}, {}, {"quality"}),
        ({"problems/extract/no-text": 3, "articles/new": 1}, {}, set()),
        ({"articles/new": 6, "articles/undated": 4}, {}, {"quality"}),
    ],
)
def test_other_things_that_are_amiss(
    run: dict[str, int], day: dict[str, int], what: set[str]
) -> None:
    assert set(amiss(rhythm=USUAL, run=run, day=day, now=NOW)) == what
