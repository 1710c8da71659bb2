"""When an outlet is due next: intervals, cron fields, quiet hours, changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.config.timetable import Group, Times, TimetableSettings, standard_cron
from archiver.daemon.rule import Rule, cron_turn, interval, next_turn, rule_for, turn_after_run
from archiver.model import Outlet

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BERLIN, YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
ZONES = (BERLIN, YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Africa/Cairo"))


def turns(rule: Rule, count: int, start: datetime = START) -> list[datetime]:
    """Turns in a row, each run at its time."""
    found = [next_turn(rule, after=start, last=None, outlet="x")]
    while len(found) < count:
        found.append(next_turn(rule, after=found[-1], last=found[-1], outlet="x"))
    return found


def test_an_interval_counts_from_the_planned_turn() -> None:
    assert [t - START for t in turns(Rule(every=1800), 3)] == [
        timedelta(minutes=minutes) for minutes in (0, 30, 60)
    ]


def test_jitter_is_within_its_bound_and_the_same_each_time() -> None:
    rule = Rule(every=1800, jitter=120)
    found = turns(rule, 40)
    assert found == turns(rule, 40)
    gaps = {(b - a).total_seconds() for a, b in pairwise(found)}
    assert len(gaps) > 30
    assert all(1800 <= gap <= 1920 for gap in gaps)
    first = {next_turn(rule, after=START, last=None, outlet=str(n)) for n in range(50)}
    assert len(first) > 40  # a new installation does not begin all its crawls at once
    rule = Rule(every=60, jitter=3600)
    first = {next_turn(rule, after=START, last=None, outlet=str(n)) for n in range(50)}
    assert max(first) <= START + timedelta(seconds=60)  # nor does it wait for more than one turn


def test_missed_turns_are_caught_up_once() -> None:
    now = START + timedelta(days=3)
    assert next_turn(Rule(every=1800), after=now, last=START, outlet="x") == now


@pytest.mark.parametrize("cron", ["30 2 * * *", "15 0 * * *", "45 1 * * *", "0 12 * * *"])
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_daily_turn_comes_once_a_day_over_both_changes_of_the_clock(
    zone: ZoneInfo, cron: str
) -> None:
    start = datetime(2026, 1, 1, 12, tzinfo=zone).astimezone(UTC)
    days = [
        t.astimezone(zone).date() for t in turns(Rule(every=1, cron=cron, zone=zone), 365, start)
    ]
    first = days[0]
    assert days == [first + timedelta(days=n) for n in range(365)]


CHANGES = ((3, 7, 2), (3, 28, 2), (4, 4, 2), (4, 23, 2), (10, 3, 2), (10, 24, 3), (10, 29, 5))


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_turn_of_every_hour_comes_every_real_hour(zone: ZoneInfo) -> None:
    rule = Rule(every=1, cron="20 * * * *", zone=zone)
    found = [  # around all changes of the clock of 2026
        turns(rule, 24 * days, datetime(2026, month, day, tzinfo=UTC))
        for month, day, days in CHANGES
    ]
    gaps = {b - a for part in found for a, b in pairwise(part)}
    # Lord Howe's clock is changed by half an hour, and that hour has its minute twice or late.
    assert gaps <= {timedelta(minutes=m) for m in (30, 60, 90)}
    if str(zone) != "Australia/Lord_Howe":
        assert gaps == {timedelta(hours=1)}


def test_a_turn_of_every_other_hour_that_is_left_out_comes_later_not_earlier() -> None:
    rule = Rule(every=1, cron="20 */2 * * *", zone=BERLIN)
    found = turns(rule, 2, datetime(2026, 3, 28, 23, 30, tzinfo=UTC))  # 02:20 is left out
    assert [f"{turn:%H:%M}" for turn in found] == ["01:20", "02:20"]


def test_intervals_do_not_know_of_clock_changes() -> None:
    rule = Rule(every=3600, zone=BERLIN)
    found = turns(rule, 24 * 40, datetime(2026, 3, 10, tzinfo=UTC))
    assert {b - a for a, b in pairwise(found)} == {timedelta(hours=1)}


def test_quiet_hours_move_an_interval_to_their_end_and_leave_cron_turns_out() -> None:
    quiet = ((time(22), time(6, 30)),)
    rule = Rule(every=3600, zone=BERLIN, quiet=quiet)
    clocks = {t.astimezone(BERLIN).time() for t in turns(rule, 100)}
    assert all(time(6, 30) <= clock < time(22) for clock in clocks)
    assert time(6, 30) in clocks
    cron = Rule(every=1, cron="0 */4 * * *", zone=BERLIN, quiet=quiet)
    assert {t.astimezone(BERLIN).hour for t in turns(cron, 20)} == {8, 12, 16, 20}


def test_quiet_hours_that_end_where_the_clock_has_no_such_time() -> None:
    rule = Rule(every=600, zone=BERLIN, quiet=((time(1), time(2, 30)),))
    start = datetime(2026, 3, 29, 0, 15, tzinfo=UTC)  # 01:15 in Berlin; 02:00 to 03:00 is left out
    assert next_turn(rule, after=start, last=None, outlet="x") == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


def test_days_without_crawls() -> None:
    rule = Rule(every=7200, zone=YORK, blackout=frozenset({"2026-03-02", "03-04"}))
    days = {t.astimezone(YORK).date() for t in turns(rule, 60)}
    assert date(2026, 3, 1) in days
    assert date(2026, 3, 3) in days
    assert not days & {date(2026, 3, 2), date(2026, 3, 4)}


def test_many_turns_may_be_left_out_in_a_row() -> None:
    days = frozenset(f"2026-03-{day:02}" for day in range(1, 21))
    rule = Rule(
        every=1, cron="* * * * *", zone=YORK, blackout=days, quiet=((time(0), time(4, 30)),)
    )
    opens = datetime(2026, 3, 21, 4, 30, tzinfo=YORK)
    assert next_turn(rule, after=START, last=START, outlet="x") == opens


def test_a_rule_without_any_turn_says_so() -> None:
    shut = ((time(0), time(12)), (time(12), time(0)))
    for rule in (Rule(every=60, quiet=shut), Rule(every=60, cron="0 * * * *", quiet=shut)):
        with pytest.raises(ValueError, match="leaves no turn within a year"):
            next_turn(rule, after=START, last=START, outlet="x")
    with pytest.raises(ValueError, match="leaves no turn within a year"):
        next_turn(Rule(every=60, cron="0 0 30 2 *"), after=START, last=None, outlet="x")
    with pytest.raises(ValueError, match="leaves no turn within a year"):
        next_turn(Rule(every=60, cron="0 0 29 2 *"), after=START, last=None, outlet="x")


def test_a_clock_that_was_set_back_a_day_does_not_stop_an_outlet() -> None:
    last = START + timedelta(days=1)
    assert next_turn(Rule(every=1800), after=START, last=last, outlet="x") == START + timedelta(
        minutes=30
    )
    cron = Rule(every=1, cron="30 * * * *")
    assert next_turn(cron, after=START, last=last, outlet="x") == START + timedelta(minutes=30)


def test_a_clock_that_was_set_back_seconds_repeats_no_turn() -> None:
    turn = START
    rule = Rule(every=1, cron="0 12 * * *")
    early = turn - timedelta(seconds=5)
    assert next_turn(rule, after=early, last=turn, outlet="x") == turn + timedelta(days=1)


def test_an_adaptive_interval_follows_the_outlet_between_its_bounds() -> None:
    rule = Rule(every=1800, adaptive=True, shortest=300, longest=86400)
    assert interval(rule, None) == 1800
    assert interval(rule, 48.0) == 1800
    assert interval(rule, 10_000.0) == 300
    assert interval(rule, 0.0) == 86400
    assert interval(Rule(every=1800), 48_000.0) == 1800


RUN = {"planned": START, "started": START, "outlet": "x"}


@pytest.mark.parametrize(("wait", "minutes"), [(True, 100), (False, 120)])
def test_a_turn_that_passes_while_a_run_goes_on(wait: bool, minutes: int) -> None:
    ended = START + timedelta(minutes=100)
    due, passed = turn_after_run(Rule(every=1800), ended=ended, wait=wait, **RUN)
    assert due == START + timedelta(minutes=minutes)
    assert passed == START + timedelta(minutes=30)


@pytest.mark.parametrize(("wait", "hour"), [(True, None), (False, 15)])
def test_a_cron_turn_that_passes_while_a_run_goes_on(wait: bool, hour: int | None) -> None:
    ended = START + timedelta(hours=2, minutes=10)
    rule = Rule(every=1, cron="0 * * * *")
    due, passed = turn_after_run(rule, ended=ended, wait=wait, **RUN)
    assert due == (ended if hour is None else START.replace(hour=hour))
    assert passed == START + timedelta(hours=1)


def test_a_run_that_began_seconds_late_moves_no_turn() -> None:
    begun = {**RUN, "started": START + timedelta(seconds=50)}
    ended = START + timedelta(minutes=9)
    due, passed = turn_after_run(Rule(every=1800), ended=ended, wait=False, **begun)
    assert (due, passed) == (START + timedelta(minutes=30), None)


def test_a_run_that_began_late_missed_nothing() -> None:
    late = START + timedelta(days=2)
    due, passed = turn_after_run(
        Rule(every=1800),
        planned=START,
        started=late,
        ended=late + timedelta(minutes=1),
        outlet="x",
        wait=False,
    )
    assert due == late + timedelta(minutes=30)
    assert passed is None


@settings(max_examples=200, deadline=None)
@given(
    st.integers(10, 200_000),
    st.integers(0, 3600),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda pair: pair[0] != pair[1]),
)
def test_every_turn_is_later_than_the_last_and_never_in_quiet_hours(
    every: int, jitter: int, zone: ZoneInfo, start: datetime, span: tuple[int, int]
) -> None:
    begin, end = (time(minutes // 60, minutes % 60) for minutes in span)
    rule = Rule(every=every, jitter=jitter, zone=zone, quiet=((begin, end),))
    found = turns(rule, 5, start)
    for one, other in pairwise(found):
        assert other - one >= timedelta(seconds=every)
    for turn in found:
        clock = turn.astimezone(zone).time()
        assert not (begin <= clock < end if begin < end else clock >= begin or clock < end)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("0 6 * * 1-5", "0 6 * * mon,tue,wed,thu,fri"),
        ("0 6 * * 0", "0 6 * * sun"),
        ("0 6 * * 7", "0 6 * * sun"),
        ("0 6 * * 5-7", "0 6 * * fri,sat,sun"),
        ("0 6 * * */2", "0 6 * * sun,tue,thu,sat"),
        ("0 6 * * sat", "0 6 * * sat"),
    ],
)
def test_weekdays_are_those_of_a_crontab(text: str, names: str) -> None:
    assert standard_cron(text) == names
    turn = cron_turn(text, ZoneInfo("UTC"), START)
    assert turn is not None
    assert f"{turn:%a}".lower() in names


def outlet(name: str, timezone: str | None = None) -> Outlet:
    return Outlet(id=name, name=name, homepage="https://a.example/", sources=(), timezone=timezone)


def test_a_seed_goes_before_a_group_and_a_group_before_the_rest() -> None:
    said = TimetableSettings(
        every=3600,
        timezone="outlet",
        groups=(
            Group(outlets=("de-*",), every=600, quiet=("23:00-05:00",)),
            Group(outlets=("*-taz",), adaptive=True),
            Group(outlets=("de-taz",), cron="0 7 * * *"),
        ),
    )
    assert rule_for(outlet("fr-a"), said).every == 3600
    german = rule_for(outlet("de-zeit", "Europe/Berlin"), said)
    assert (german.every, german.cron, str(german.zone)) == (600, "", "Europe/Berlin")
    assert german.quiet == ((time(23), time(5)),)
    daily = rule_for(outlet("de-taz"), said)
    assert (daily.cron, daily.adaptive) == ("0 7 * * *", False)
    own = rule_for(outlet("de-taz"), said, Times(every=60))
    assert (own.every, own.cron) == (60, "")
