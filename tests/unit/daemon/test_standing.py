"""Who is due, late, fresh, at work, and what is amiss."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.workdir import add_seed, working_folder

from archiver.config.load import Loaded, load
from archiver.daemon.holder import daemon_lock
from archiver.daemon.plan import Timetable
from archiver.daemon.rule import Rule
from archiver.daemon.standing import place_of, standing
from archiver.store.catalogue import Catalogue
from archiver.store.lock import outlet_lock
from archiver.store.schedule import GoodRun, Turn

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TIMETABLE = Timetable(rules={"a": Rule(every=1800)})
GOOD = GoodRun(planned=START, started=START, ended=START + MINUTE)


def turn(due: float | None, *, started: float = 0, state: str = "done") -> Turn:
    """A turn; minutes after START."""
    return Turn(
        outlet="a",
        due=None if due is None else START + due * MINUTE,
        state=state,
        started=START + started * MINUTE,
    )


@pytest.mark.parametrize(
    ("at", "found", "good", "freshness", "late"),
    [
        (5, turn(30), GOOD, "fresh", 0),
        (40, turn(30), GOOD, "fresh", 10),
        (41, turn(30), GOOD, "stale", 11),
        # no source is due before: it waits for good reason
        (41, turn(90), GOOD, "fresh", 0),
        # the run after it failed, whatever has been planned since
        (39, turn(60, started=30, state="failed"), GOOD, "fresh", 0),
        (41, turn(60, started=30, state="failed"), GOOD, "stale", 0),
        # at work for long: no verdict before its end, and it is not waiting
        (99, turn(30, started=31, state="running"), GOOD, "fresh", 0),
        (99, turn(30, started=45, state="running"), GOOD, "stale", 0),
        (5, turn(4, state="failed"), None, "never", 1),
        (5, None, None, "never", 0),
    ],
)
def test_freshness_is_that_of_the_turn_after_the_last_good_run(
    at: float, found: Turn | None, good: GoodRun | None, freshness: str, late: float
) -> None:
    place = place_of("a", TIMETABLE, found, good, START + at * MINUTE)
    assert (place.freshness, place.late) == (freshness, late * 60)


def test_an_outlet_that_is_in_no_timetable_is_not_judged() -> None:
    place = place_of("b", TIMETABLE, turn(None), GOOD, START + timedelta(days=9))
    assert (place.freshness, place.age) == ("off", 9 * 86400 - 60)


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    working_folder(tmp_path, connect_to={})
    for name in ("bbc", "cnn", "sky-news"):
        seed = f'id = "{name}"\nname = "x"\nhomepage = "https://{name}.example/"\n'
        add_seed(tmp_path, name, seed + f'feeds = ["https://{name}.example/feed"]\n')
    add_seed(tmp_path, "broken", "id = 5\n")
    return load(start=tmp_path, explicit=None, env={}, flags={"daemon.disk_reserve": "1MB"})


def test_the_whole_timetable(loaded: Loaded, catalogue: Catalogue) -> None:
    archive = loaded.archive_folder
    catalogue.start_run("bbc", trigger="timetable", at=START, planned=START)
    catalogue.start_run("gone", trigger="timetable", at=START)  # its process is nowhere
    catalogue.set_due({"sky-news": START - MINUTE, "bbc": START})
    catalogue.set_alert("bbc", "blocked", START)
    with daemon_lock(archive), outlet_lock(archive / "locks", "bbc"):
        found = standing(loaded, catalogue, START + MINUTE)
    assert list(found.places) == ["bbc", "cnn", "gone", "sky-news"]
    assert found.places["gone"].freshness == "off"
    said = found.to_json()
    process = said["daemon"]["process"]
    at = START.isoformat()
    assert said["running"] == {
        "bbc": {"since": at, "process": process},
        "gone": {"since": at, "process": None},
    }
    assert said["queue"] == {"due": 1, "longest": 120.0}
    assert said["amiss"] == [{"subject": "bbc", "what": "blocked", "since": at}]
    assert said["timetable"]["bbc"]["next_due"] == at
    assert "seeds/broken.toml" in said["seed_faults"][0]
    assert not found.paused
    assert standing(loaded, catalogue, START).daemon is None
