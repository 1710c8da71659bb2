from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import START, after

from archiver.revise.removals import (
    AWAY,
    MISSED,
    Check,
    Company,
    Rules,
    Sight,
    Standing,
    State,
    judge,
    same_story,
)

RULES = Rules()


def check(sight: Sight, hours: float = 0.0, *, answering: bool = True) -> Check:
    return Check(at=after(hours=hours), sight=sight, answering=answering)


def judged(*checks: Check, rules: Rules = RULES) -> Standing:
    standing = Standing()
    for one in checks:
        standing = judge(standing, one, rules)
    return standing


def test_what_is_not_there_is_missing_and_then_removed() -> None:
    gone = Sight.GONE
    assert judged(check(gone)) == Standing(state=State.MISSING, since=START, evidence=1)
    assert judged(check(gone), check(gone, 24), check(gone, 48)).state is State.MISSING  # not long
    assert judged(check(gone), check(gone, 100)).state is State.MISSING  # not often
    long = judged(check(gone), check(Sight.SOFT, 36), check(gone, 72))
    assert long == Standing(state=State.REMOVED, since=START, evidence=3)


def test_an_outlet_that_is_down_says_nothing() -> None:
    down = [check(Sight.GONE, 12.0 * n, answering=False) for n in range(20)]
    assert judged(*down) == Standing()
    assert judged(check(Sight.GONE), *down[1:]).evidence == 1
    assert judged(*(check(Sight.FAILED, 12.0 * n) for n in range(20))) == Standing()


def test_what_comes_back_begins_anew() -> None:
    gone, came = Sight.GONE, Sight.CAME
    flapping = [check(gone), check(gone, 40), check(came, 60), check(gone, 90), check(gone, 100)]
    assert judged(*flapping) == Standing(state=State.MISSING, since=after(hours=90), evidence=2)
    removed = [check(gone), check(gone, 36), check(gone, 72)]
    assert judged(*removed, check(Sight.SAME, 100)) == Standing()


def test_walls_and_payments() -> None:
    assert judged(check(Sight.BLOCKED)).state is State.BLOCKED
    assert judged(check(Sight.BLOCKED, answering=False)) == Standing()
    # what cannot be seen through a wall stays as it was
    assert judged(check(Sight.GONE), check(Sight.BLOCKED, 1)).state is State.MISSING
    walled = judged(check(Sight.WALLED), check(Sight.WALLED, 5), check(Sight.SAME, 9))
    assert walled == Standing(state=State.PAYWALLED, since=START)
    assert judged(check(Sight.WALLED), check(Sight.CAME, 1)) == Standing()
    assert judged(check(Sight.WALLED), check(Sight.GONE, 1)).state is State.MISSING


def test_what_moved_does_not_go_with_its_old_address() -> None:
    moved = [check(Sight.MOVED), check(Sight.GONE, 100), check(Sight.GONE, 200)]
    assert judged(*moved) == Standing(state=State.MOVED, since=START)
    assert judged(*moved, check(Sight.CAME, 300)) == Standing()


def test_an_old_check_changes_nothing() -> None:
    missing = judged(check(Sight.GONE, 10))
    assert judge(missing, check(Sight.CAME, 9)) == missing


@pytest.mark.parametrize(
    ("company", "answering"),
    [
        (Company(good=1), True),
        (Company(good=2, bad=1), True),
        (Company(good=1, bad=1), False),  # half of it is not most
        (Company(good=1, bad=5, good_sources=9), False),  # a cache may hold the feeds
        (Company(good_sources=1), True),
        (Company(good_sources=1, bad_sources=1), False),
        (Company(), False),
    ],
)
def test_an_outlet_is_there_when_most_of_it_is(company: Company, answering: bool) -> None:
    assert company.answering is answering


def test_same_story() -> None:
    whole = "It rains in the north. " * 9 + "The harbour is closed, and no ferry has left since."
    assert same_story(whole, whole.upper()) == same_story(whole, "It rains in the north.") == 1.0
    assert same_story("", "") == 1.0
    assert same_story(whole, "") == same_story(whole, "short") == 0.0
    error = "The page that you are looking for is not there. Look for it in the search."
    assert same_story(whole, error) < 0.1


checks_of = st.builds(
    Check,
    at=st.floats(0, 400).map(lambda hours: START + timedelta(hours=hours)),
    sight=st.sampled_from(Sight),
    answering=st.booleans(),
)
rules_of = st.builds(Rules, after=st.integers(0, 200 * 3600), checks=st.integers(1, 6))
histories = st.lists(checks_of, max_size=30).map(lambda all_: sorted(all_, key=lambda c: c.at))


@given(histories, rules_of)
def test_nothing_is_removed_without_enough_checks_time_and_company(
    checks: list[Check], rules: Rules
) -> None:
    standing, missed = Standing(), list[datetime]()
    for one in checks:
        before, standing = standing, judge(standing, one, rules)
        if standing.state not in AWAY:
            missed.clear()
        elif one.sight in MISSED and one.answering:
            missed.append(one.at)
        if standing.state is State.REMOVED and before.state is not State.REMOVED:
            assert one.sight in MISSED
            assert one.answering
            assert len(missed) >= rules.checks
            assert (missed[-1] - missed[0]).total_seconds() >= rules.after
            assert standing.evidence == len(missed)


@given(histories, rules_of)
def test_a_history_goes_one_way_in_time(checks: list[Check], rules: Rules) -> None:
    standing = Standing()
    for one in checks:
        after_ = judge(standing, one, rules)
        assert (after_.since is None) == (after_.state is State.LIVE)
        assert after_.since is None or after_.since <= one.at
        if standing.since and after_.since and standing.state in AWAY and after_.state in AWAY:
            assert after_.since == standing.since
        if after_ != standing:
            assert one.sight is not Sight.FAILED
            assert one.answering or one.sight not in (*MISSED, Sight.BLOCKED)
        standing = after_


@given(histories, rules_of)
def test_evidence_is_of_what_is_away(checks: list[Check], rules: Rules) -> None:
    standing = judged(*checks, rules=rules)
    assert (standing.evidence > 0) == (standing.state in AWAY)
