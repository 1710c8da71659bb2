"""Another program writes to the catalogue for long: no run is lost, none comes twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archiver.daemon.rule import Rule
from archiver.store import engine
from archiver.store.catalogue import Catalogue

from .test_turns import MINUTE, START, Scene


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
