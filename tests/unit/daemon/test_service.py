"""The daemon within one process: what a reload changes, and a clock that is set."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.workdir import add_seed, working_folder

from archiver.config.load import Loaded, load
from archiver.daemon.service import Daemon
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue

SEED = """
id = "{0}"
name = "X"
homepage = "http://{0}.example/"
feeds = ["http://{0}.example/feed"]
[timetable]
every = "{1}"
"""
FULL = '[daemon]\ndisk_reserve = "1000TB"\n'  # no crawl begins


def loaded_of(folder: Path) -> Loaded:
    return load(start=folder, explicit=None, env={}, flags={})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = working_folder(tmp_path, connect_to={})
    config = folder / "config" / "archiver.toml"
    config.write_text(FULL + config.read_text("utf-8"), "utf-8")
    for name in ("a", "b", "c"):
        add_seed(folder, name, SEED.format(name, "10m"))
    (folder / "archive").mkdir(exist_ok=True)
    return folder


async def test_a_reload_keeps_the_rules_of_what_is_broken_and_of_nothing_else(
    folder: Path, catalogue: Catalogue
) -> None:
    daemon = Daemon(loaded_of(folder), catalogue=catalogue, reload=lambda: loaded_of(folder))

    def rules() -> dict[str, float]:
        daemon.reload()
        return {name: rule.every for name, rule in daemon.turns.timetable.rules.items()}

    config = folder / "config" / "archiver.toml"
    good = config.read_text("utf-8")
    config.write_text(good + "nonsense", "utf-8")
    assert rules() == {"a": 600, "b": 600, "c": 600}
    config.write_text(good, "utf-8")

    add_seed(folder, "a", SEED.format("a", "20m"))
    add_seed(folder, "b", "nonsense")
    (folder / "seeds" / "c.toml").unlink()
    add_seed(folder, "d", SEED.format("d", "5m"))
    for _ in range(2):
        assert rules() == {"a": 1200, "b": 600, "d": 300}
    add_seed(folder, "b", SEED.format("b", "1h"))
    assert rules() == {"a": 1200, "b": 3600, "d": 300}


@pytest.mark.parametrize(("back", "noticed"), [(timedelta(minutes=4), 0), (timedelta(days=1), 1)])
async def test_a_clock_that_is_set_moves_due_times(
    folder: Path, catalogue: Catalogue, back: timedelta, noticed: int
) -> None:
    now = utcnow()
    daemon = Daemon(
        loaded_of(folder),
        catalogue=catalogue,
        reload=lambda: loaded_of(folder),
        clock=lambda: now,
    )
    ahead = dict.fromkeys(("a", "b", "c"), now + timedelta(minutes=9))
    catalogue.set_due(ahead)
    ticks = 0

    async def tick() -> int:
        nonlocal now, ticks
        ticks += 1
        if ticks == 1:
            now -= back
            daemon._woken.set()
        else:
            daemon.stop()
        return 0

    daemon.turns.tick = tick  # type: ignore[method-assign]  # which would begin crawls
    with capture_logs() as log:
        await daemon._follow()
    assert [line["event"] for line in log].count("clock-was-set") == noticed
    due = {turn.due for turn in catalogue.turns().values()}
    if noticed:
        assert all(when is not None and when <= now + timedelta(minutes=10) for when in due)
    else:
        assert due == set(ahead.values())
