"""Due times, the history of turns, rhythms, alerts, what is checked, what is pruned."""

from __future__ import annotations

from datetime import datetime, timedelta

from support.captures import START

from archiver.model import Problem
from archiver.store.catalogue import Catalogue
from archiver.store.schedule import GoodRun, Rhythm

HOUR = timedelta(hours=1)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_who_is_due_comes_longest_first(catalogue: Catalogue) -> None:
    catalogue.set_due({"a": START, "b": START - HOUR, "c": START + HOUR, "d": None})
    assert [turn.outlet for turn in catalogue.due(START, limit=10)] == ["b", "a"]
    assert [turn.outlet for turn in catalogue.due(START, limit=1)] == ["b"]
    assert [turn.outlet for turn in catalogue.due(START, limit=1, but={"b"})] == ["a"]
    assert catalogue.next_due() == START - HOUR
    assert catalogue.next_due(but={"a", "b"}) == START + HOUR
    catalogue.set_due({"a": None, "b": None, "c": None})
    assert catalogue.next_due() is None


def test_a_turn_shows_the_last_run(catalogue: Catalogue) -> None:
    run = catalogue.start_run("a", trigger="timetable", at=after(2), planned=START)
    catalogue.end_run(run, at=after(9), state="done", reason="finished", counts={"x": 1})
    turn = catalogue.turn("a")
    assert turn is not None
    assert (turn.state, turn.planned, turn.started, turn.ended) == (
        "done",
        START,
        after(2),
        after(9),
    )
    assert catalogue.turns() == {"a": turn}
    assert catalogue.turn("nobody") is None


def test_the_last_good_run_is_found_behind_those_that_failed(catalogue: Catalogue) -> None:
    for seconds, state in ((0, "done"), (60, "partial"), (120, "failed"), (180, "running")):
        run = catalogue.start_run("a", trigger="hand", at=after(seconds), planned=after(seconds))
        if state != "running":
            catalogue.end_run(run, at=after(seconds + 9), state=state, reason=None, counts={})
    catalogue.start_run("b", trigger="hand", at=START)
    good = GoodRun(planned=after(60), started=after(60), ended=after(69))
    assert catalogue.good_runs() == {"a": good}


def test_a_skipped_turn_is_history_and_not_the_last_run(catalogue: Catalogue) -> None:
    run = catalogue.start_run("a", trigger="timetable", at=START)
    catalogue.skip_turn("a", planned=after(60), at=after(70), reason="still-running")
    assert catalogue.last_run("a")["id"] == run
    assert catalogue.counts_since(START)["a"] == {"runs/running": 1, "runs/skipped": 1}


def test_a_run_ended_from_outside_says_why(catalogue: Catalogue) -> None:
    catalogue.start_run("a", trigger="timetable", at=START)
    catalogue.end_left_run("a", since=START, at=after(5), reason="memory-limit")
    run = catalogue.last_run("a")
    assert (run["state"], run["reason"]) == ("failed", "memory-limit")
    again = catalogue.start_run("a", trigger="timetable", at=after(60))
    catalogue.end_run(again, at=after(70), state="interrupted", reason="shutdown", counts={})
    catalogue.end_left_run("a", since=after(60), at=after(71), reason="time-limit")
    run = catalogue.last_run("a")
    assert (run["state"], run["reason"]) == ("interrupted", "time-limit")
    catalogue.end_left_run("a", since=after(600), at=after(700), reason="too late")  # no such run
    assert catalogue.last_run("a")["reason"] == "time-limit"


def test_counts_add_up_by_outlet(catalogue: Catalogue) -> None:
    for name, new, minute in (("a", 3, 0), ("a", 4, 10), ("b", 5, 10), ("a", 100, -90)):
        run = catalogue.start_run(name, trigger="timetable", at=after(60 * minute))
        catalogue.end_run(
            run, at=after(60 * minute + 1), state="done", reason=None, counts={"articles/new": new}
        )
    found = catalogue.counts_since(START - HOUR)
    assert found == {
        "a": {"runs/done": 2, "articles/new": 7},
        "b": {"runs/done": 1, "articles/new": 5},
    }
    assert catalogue.counts_since(START - HOUR, "b") == {"b": found["b"]}


def test_a_rhythm_is_kept(catalogue: Catalogue) -> None:
    catalogue.save_rhythm("a", Rhythm(since=START, updated=START))
    kept = Rhythm(since=START, updated=after(60), last_new=after(30), a_day=12.5)
    catalogue.save_rhythm("a", kept)
    turn = catalogue.turn("a")
    assert turn is not None
    assert turn.rhythm == kept


def test_what_is_amiss_is_told_once(catalogue: Catalogue) -> None:
    assert catalogue.set_alert("a", "silent", START)
    assert not catalogue.set_alert("a", "silent", after(60))
    assert catalogue.alerts() == {("a", "silent"): START}
    assert catalogue.set_alert("a", "silent", None)
    assert not catalogue.set_alert("a", "silent", None)
    assert catalogue.alerts() == {}


def test_files_are_checked_in_turn(catalogue: Catalogue) -> None:
    assert catalogue.least_checked(0.5) == []
    for n in range(4):
        catalogue.open_file(f"{n}.warc.gz", START)
        catalogue.close_file(f"{n}.warc.gz", at=START, size=1, sha256=None)
    catalogue.open_file("open.warc.gz", START)
    seen = []
    for night in range(4):
        names = catalogue.least_checked(0.25)
        catalogue.note_checked(names, START + night * timedelta(days=1))
        seen += names
    assert sorted(seen) == [f"{n}.warc.gz" for n in range(4)]
    assert catalogue.least_checked(0.001) == [seen[0]]  # one at least


def test_old_accounts_go_and_the_last_run_stays(catalogue: Catalogue) -> None:
    def run(name: str, at: datetime) -> None:
        number = catalogue.start_run(name, trigger="timetable", at=at)
        problem = Problem(stage="fetch", reason="dns", url=None, at=at)
        catalogue.add_problems(number, name, [problem])
        catalogue.end_run(number, at=at, state="done", reason=None, counts={})

    run("a", START)
    run("a", after(60))
    run("quiet", START)
    assert catalogue.prune(after(30)) == {"runs": 1, "problems": 2}
    assert catalogue.last_run("quiet") is not None
    assert catalogue.counts_since(START)["a"] == {"runs/done": 1}
