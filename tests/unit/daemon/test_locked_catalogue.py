"""Another program writes to the catalogue for long: no run is lost, none comes twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.workdir import add_seed, working_folder

from archiver.config.load import load
from archiver.daemon.rule import Rule
from archiver.daemon.service import Daemon
from archiver.store import engine
from archiver.store.catalogue import Catalogue

from .test_turns import MINUTE, START, Clock, Scene


@contextmanager
def locked(folder: Path) -> Iterator[sqlite3.Connection]:
    """A transaction that writes, and stays open."""
    other = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.close()


async def test_a_tick_does_not_wait_and_the_end_of_a_run_does(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)})
    with locked(tmp_path) as other:
        assert await scene.turns.tick() == 1
        await scene.turns.running["a"]._process.wait()
        assert await scene.turns.tick() == 0  # nobody else is due, and it is not begun twice
        assert scene.reports == []
        other.rollback()
        await scene.rest()
    assert [report.state for report in scene.reports] == ["done"]
    turn = catalogue.turn("a")
    assert turn is not None
    assert turn.due == START + 10 * MINUTE


async def test_a_run_whose_end_could_not_be_kept_is_had_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.01)  # shorter than the lock, as ever it is
    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as catalogue:
        scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)})
        with locked(tmp_path):
            assert await scene.turns.tick() == 1
            await scene.rest()
            assert scene.reports == []
            assert await scene.turns.next_tick() == START + MINUTE  # due as before, but not at once
            assert await scene.turns.tick() == 0
        scene.clock.now += MINUTE
        assert await scene.turns.tick() == 1
        await scene.rest()
        assert [report.state for report in scene.reports] == ["done"]
        assert await scene.turns.next_tick() == START + 10 * MINUTE


@pytest.fixture
def hasty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Catalogue]]:
    """A folder with an outlet that is not due, and a catalogue that waits for no lock."""
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.01)
    folder = working_folder(tmp_path, connect_to={})
    seed = 'id = "a"\nname = "X"\nhomepage = "http://a.example/"\n'
    add_seed(folder, "a", seed + 'feeds = ["http://a.example/feed"]\n[timetable]\nevery = "10m"')
    (folder / "archive").mkdir(exist_ok=True)
    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as catalogue:
        catalogue.set_due({"a": START + 8 * MINUTE})
        yield folder, catalogue


def make_daemon(folder: Path, catalogue: Catalogue, clock: Clock) -> Daemon:
    loaded = load(start=folder, explicit=None, env={}, flags={})
    return Daemon(loaded, catalogue=catalogue, reload=lambda: loaded, clock=clock)


async def test_what_was_asked_for_stays_asked_for_until_it_is_kept(
    hasty: tuple[Path, Catalogue],
) -> None:
    folder, catalogue = hasty
    daemon = make_daemon(folder, catalogue, Clock())
    asked = folder / "archive" / "daemon" / "asked"
    asked.mkdir(parents=True)
    (asked / "a").touch()
    with locked(folder), capture_logs() as log:
        await daemon._take_asked()
    assert [line["event"] for line in log] == ["asked-not-taken"]
    assert (asked / "a").exists()
    await daemon._take_asked()
    assert not (asked / "a").exists()
    turn = catalogue.turn("a")
    assert turn is not None
    assert turn.due == START


async def test_what_cannot_be_removed_is_had_once(
    hasty: tuple[Path, Catalogue], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where root has asked, whose folder it then is."""
    folder, catalogue = hasty
    daemon = make_daemon(folder, catalogue, Clock())
    (folder / "archive" / "daemon" / "asked" / "a").mkdir(parents=True)  # unlink(2) refuses it
    with capture_logs() as log:
        await daemon._take_asked()
        catalogue.set_due({"a": START + 8 * MINUTE})  # it was had
        await daemon._take_asked()
    assert [line["event"] for line in log] == ["asked-not-taken"]
    turn = catalogue.turn("a")
    assert turn is not None
    assert turn.due == START + 8 * MINUTE


async def test_a_clock_that_is_set_meanwhile_counts_afterwards(
    hasty: tuple[Path, Catalogue],
) -> None:
    folder, catalogue = hasty
    clock = Clock()
    daemon = make_daemon(folder, catalogue, clock)
    other = sqlite3.connect(folder / "catalogue.sqlite", isolation_level=None)
    ticks = 0

    async def nobody() -> None:
        """Called once a tick, before it: the clock jumps, the lock goes, the end comes."""
        nonlocal ticks
        ticks += 1
        daemon._woken.set()
        if ticks == 1:
            other.execute("BEGIN IMMEDIATE")
        elif ticks == 2:
            clock.now -= 1440 * MINUTE
        elif ticks == 5:
            other.close()
        elif ticks == 7:
            daemon.stop()

    daemon._take_asked = nobody  # type: ignore[method-assign]
    with capture_logs() as log:
        await daemon._follow()
    events = [line["event"] for line in log]
    assert "tick-failed" in events
    assert events.count("clock-was-set") > 1  # until it could be minded
    turn = catalogue.turn("a")
    assert turn is not None
    assert turn.due is not None
    assert turn.due <= clock.now + 11 * MINUTE
