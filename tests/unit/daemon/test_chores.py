"""The daemon's other jobs: what each does to the archive, and that none ends another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.workdir import add_seed, working_folder

from archiver.config.load import load
from archiver.daemon.service import Daemon, Place
from archiver.errors import DiskFullError, LockedError
from archiver.store.catalogue import Catalogue

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEED = 'id = "{0}"\nname = "X"\nhomepage = "http://{0}.example/"\nfeeds = ["http://{0}.example/f"]'


@pytest.fixture
def daemon(tmp_path: Path, catalogue: Catalogue) -> Daemon:
    folder = working_folder(tmp_path, connect_to={})
    config = folder / "config" / "archiver.toml"
    store = f'[storage]\nurl = "file://{tmp_path}/store"\n'
    config.write_text(store + config.read_text("utf-8"), "utf-8")
    for name in ("a", "b"):
        add_seed(folder, name, SEED.format(name))
    (folder / "archive").mkdir(exist_ok=True)
    loaded = load(start=folder, explicit=None, env={}, flags={})
    return Daemon(loaded, catalogue=catalogue, reload=lambda: loaded, clock=lambda: NOW)


async def test_a_recheck_asks_for_all_known_articles_of_those_that_are_not_at_work(
    daemon: Daemon, catalogue: Catalogue
) -> None:
    catalogue.set_due({"a": NOW + timedelta(hours=1), "b": NOW + timedelta(hours=1)})
    daemon.turns.running["b"] = None  # type: ignore[assignment]  # looked at by its key alone
    assert await daemon.chores._recheck() == {"outlets": 1}
    assert daemon.turns._asked == {"a": {"due": "0", "recheck": "all"}}
    due = {name: turn.due for name, turn in catalogue.turns().items()}
    assert due == {"a": NOW, "b": NOW + timedelta(hours=1)}


async def test_old_accounts_go_and_the_last_of_an_outlet_stays(
    daemon: Daemon, catalogue: Catalogue
) -> None:
    for days in (900, 800, 1):
        run = catalogue.start_run("a", trigger="timetable", at=NOW - timedelta(days=days))
        catalogue.end_run(
            run, at=NOW - timedelta(days=days), state="done", reason="finished", counts={}
        )
    old = NOW - timedelta(days=800)
    batch, _ = catalogue.begin_batch("check", {}, ["a"], asked="a", fleet=False, at=old)
    catalogue.end_job(batch, 1, "done", at=old)
    assert await daemon.chores._prune() == {"runs": 2, "problems": 0, "batches": 1}
    assert await daemon.chores._prune() == {"runs": 0, "problems": 0, "batches": 0}


async def test_a_report_has_the_last_day_in_numbers(daemon: Daemon, catalogue: Catalogue) -> None:
    for hours in (48, 3, 1):
        at = NOW - timedelta(hours=hours)
        run = catalogue.start_run("a", trigger="timetable", at=at)
        catalogue.end_run(run, at=at, state="done", reason="finished", counts={"articles/new": 2})
    catalogue.set_alert("a", "silent", NOW)
    made = (await daemon.chores._report())["report"]
    assert isinstance(made, dict)
    assert made["counts"] == {"articles/new": 4, "runs/done": 2}
    assert made["amiss"] == [{"subject": "a", "what": "silent", "since": NOW.isoformat()}]


@pytest.mark.parametrize("error", [DiskFullError("full"), OSError("no process can be made")])
async def test_a_job_that_fails_is_said_and_no_more(daemon: Daemon, error: Exception) -> None:
    async def work() -> dict[str, object]:
        raise error

    with capture_logs() as log:
        await daemon.chores._job("check", work)
    assert [(line["event"], line["job"]) for line in log] == [("job-failed", "check")]


async def test_a_shipping_by_hand_is_no_failure(
    daemon: Daemon, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 11: another process is at it."""
    from archiver.daemon import shipping

    async def locked(_loaded: object) -> tuple[int, dict[str, int], str]:
        return LockedError.exit_code, {"shipped": 0, "failed": 0}, "locked by process 1"

    monkeypatch.setattr(shipping, "_child", locked)
    monkeypatch.setattr(shipping, "_has_work", lambda *_: True)
    for _ in range(3):
        await daemon.chores._ship()
    assert daemon.chores._shipping.failures == 0
    assert catalogue.alerts() == {}


async def test_pauses_between_attempts_grow_and_a_signal_ends_them(
    daemon: Daemon, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archiver.daemon import shipping

    tried: list[datetime] = []
    now = NOW

    async def failing(_loaded: object) -> tuple[int, dict[str, int], str]:
        tried.append(now)
        return 1, {"shipped": 0, "failed": 1}, "unreachable"

    monkeypatch.setattr(shipping, "_child", failing)
    monkeypatch.setattr(shipping, "_has_work", lambda *_: True)
    monkeypatch.setattr(daemon.chores, "_clock", lambda: now)
    for minute in range(60):
        now = NOW + timedelta(minutes=minute)
        await daemon.chores._ship()
    after = [round((when - NOW) / timedelta(minutes=1)) for when in tried]
    assert after == [0, 1, 3, 7, 15, 30, 45]
    assert set(catalogue.alerts()) == {("archive", "not-shipped")}
    daemon.wake()
    await daemon.chores._ship()
    assert len(tried) == 8


async def test_a_machine_among_many_does_what_is_its_own_alone(
    daemon: Daemon, catalogue: Catalogue
) -> None:
    place = Place(duties="own")
    worker = Daemon(daemon.loaded, catalogue=catalogue, reload=lambda: daemon.loaded, place=place)
    worker.chores._plan()
    assert {job.id for job in worker.chores._scheduler.get_jobs()} == {"rotate", "ship"}


async def test_a_job_of_the_archive_is_done_by_one_of_many_machines(
    daemon: Daemon, catalogue: Catalogue
) -> None:
    done: list[int] = []

    async def work() -> dict[str, object]:
        done.append(1)
        return {}

    place = Place(duties="shared")
    for _ in range(2):
        one = Daemon(daemon.loaded, catalogue=catalogue, reload=lambda: daemon.loaded, place=place)
        await one.chores._job("report", work)
        await one.chores._job("rotate", work)  # each machine's own
    assert len(done) == 3
