from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import START

from archiver.config.recheck import RecheckSettings
from archiver.revise.policy import DAY, Edits, Facts, Timetable, first_plan, next_check, spread_of

HOUR = 3600.0
NEVER_EDITS = Edits(checks=1000, changes=0)
OFTEN_EDITS = Edits(checks=1000, changes=900)
NEW = Facts(first=START, checked=START)


def hours(facts: Facts, edits: Edits | None = None) -> float:
    """Hours from the last check to the next."""
    return (next_check(facts, edits).at - facts.checked).total_seconds() / HOUR


def history(days: float, edits: Edits | None = None, *, edited: int = -1) -> list[float]:
    """Ages in hours at which an article is looked at, each as soon as it is due.

    `edited`: the number of the check that finds an edit.
    """
    facts, ages = NEW, []
    while (found := next_check(facts, edits)).at <= START + timedelta(days=days):
        changed = len(ages) == edited
        ages.append(round((found.at - START).total_seconds() / HOUR, 3))
        unchanged = 0 if changed else facts.unchanged + 1
        facts = replace(facts, checked=found.at, checks=facts.checks + 1, unchanged=unchanged)
    return ages


def test_the_timetable_decays_with_the_age() -> None:
    assert history(700) == [1, 3, 12, 24, 72, 168, 720, 720 + 365 * 24]


def test_what_was_late_skips_what_it_missed() -> None:
    late = replace(NEW, checked=START + timedelta(hours=30), checks=1, unchanged=1)
    assert hours(late) == 72 - 30


def test_steps_say_how_many_ages_will_have_passed() -> None:
    assert next_check(NEW).step == 1
    old = replace(NEW, checked=START + timedelta(days=31), checks=7, unchanged=7)
    assert next_check(old).step == 7


def test_an_outlet_that_rarely_edits_costs_fewer_checks() -> None:
    assert history(40, NEVER_EDITS) == [12, 72, 720]
    assert len(history(40, OFTEN_EDITS)) > len(history(40))
    assert history(40, OFTEN_EDITS)[0] == 0.5


def test_after_an_edit_an_article_is_looked_at_sooner() -> None:
    quiet, edited = history(60), history(60, edited=5)
    assert len(edited) > len(quiet)
    assert edited[6] == 168 + 168 / 4
    fresh = replace(NEW, checked=START + timedelta(hours=1), checks=1)
    assert hours(fresh) == 1  # never sooner than the first age


def test_live_blogs_are_looked_at_often_until_they_rest() -> None:
    live = replace(NEW, live_blog=True, checks=1)
    waits = [hours(replace(live, unchanged=number)) for number in range(7)]
    assert waits == [0.25, 0.25, 0.25, 0.25, 0.5, 1.0, 1.0]  # then as any other


def test_a_sources_word_is_believed_at_first() -> None:
    word = START + timedelta(minutes=5)
    assert next_check(replace(NEW, modified=word)).at == word
    assert next_check(replace(NEW, modified=START)).at == next_check(NEW).at  # known already
    doubted = [hours(replace(NEW, modified=word, unchanged=n)) for n in (1, 2, 3, 4)]
    assert doubted == [0.25, 0.5, 1.0, 1.0]  # never later than without


def test_what_is_missing_is_looked_at_until_it_is_decided() -> None:
    old = replace(NEW, checked=START + timedelta(days=90), checks=9, unchanged=9)
    assert hours(replace(old, missing=True)) == 12
    assert hours(old) == 365 * 24


def test_checks_that_fail_wait_longer_each_time() -> None:
    waits = [hours(replace(NEW, failed=number)) for number in (1, 2, 3, 20)]
    assert waits == [1, 2, 4, 7 * 24]


def test_an_old_archive_does_not_catch_up() -> None:
    now = START + timedelta(days=20)
    found = first_plan(NEW, now)
    assert (found.at - START).total_seconds() / DAY == pytest.approx(30)
    ancient = first_plan(NEW, START + timedelta(days=3000))
    assert (ancient.at - START).total_seconds() / DAY == pytest.approx(3365)
    planned = first_plan(NEW, START)
    assert planned == next_check(NEW)


def test_articles_of_one_moment_are_spread() -> None:
    now = START + timedelta(days=100)
    due = [first_plan(replace(NEW, spread=spread_of(number)), now).at for number in range(1000)]
    assert max(due) - min(due) > timedelta(days=15)
    assert len({moment.date() for moment in due}) > 15


def test_edits_are_learned_and_forgotten() -> None:
    plan = Timetable()
    assert Edits().pace(plan) == pytest.approx(1.0)
    edits = Edits()
    for _ in range(100):
        edits = edits.learn(changed=True)
    assert edits.pace(plan) == plan.fastest
    for _ in range(5000):
        edits = edits.learn(changed=False)
    assert edits.pace(plan) == plan.slowest
    assert edits.checks <= 1001


def test_the_settings_defaults_are_the_policys() -> None:
    settings, plan = RecheckSettings(), Timetable()
    for name in ("ages", "then", "live_every", "missing_every", "fastest", "slowest"):
        assert getattr(settings, name) == getattr(plan, name)


@pytest.mark.parametrize("ages", [["3h", "1h"], ["1h", "1h"], [], "", "0s", ["no time"]])
def test_ages_that_do_not_rise_are_none(ages: object) -> None:
    with pytest.raises(ValueError, match="ages"):
        RecheckSettings.model_validate({"ages": ages})


def test_ages_may_be_a_text() -> None:
    text = RecheckSettings.model_validate({"ages": "1h, 3h,12h"})
    assert text.ages == (3600.0, 10_800.0, 43_200.0)


moments = st.floats(0, 5 * 365 * DAY).map(lambda s: START + timedelta(seconds=s))
facts_of = st.builds(
    Facts,
    first=st.just(START),
    checked=moments,
    checks=st.integers(0, 500),
    unchanged=st.integers(0, 500),
    failed=st.integers(0, 500),
    live_blog=st.booleans(),
    missing=st.booleans(),
    modified=st.none() | moments,
    spread=st.floats(0, 1),
)
edits_of = st.builds(
    lambda checks, part: Edits(checks=checks, changes=checks * part),
    st.floats(0, 2000),
    st.floats(0, 1),
)


@given(facts_of, edits_of)
def test_a_check_lies_ahead_and_no_longer_than_the_longest_wait(facts: Facts, edits: Edits) -> None:
    found = next_check(facts, edits)
    wait = (found.at - facts.checked).total_seconds()
    assert 0 < wait <= 365 * DAY * 1.05 + 1
    assert 0 <= found.step <= 7


@given(facts_of, edits_of)
def test_what_calls_for_a_check_never_makes_it_later(facts: Facts, edits: Edits) -> None:
    if facts.failed:
        return
    calm = replace(facts, live_blog=False, missing=False, modified=None)
    assert next_check(facts, edits).at <= next_check(calm, edits).at


@given(facts_of, edits_of, moments)
def test_a_first_plan_is_never_overdue(facts: Facts, edits: Edits, now: object) -> None:
    assert isinstance(now, type(START))
    assert first_plan(facts, now, edits).at > now


@given(edits_of)
def test_an_article_costs_no_more_than_a_dozen_checks_in_its_first_year(edits: Edits) -> None:
    assert 2 <= len(history(364, edits)) <= 12
