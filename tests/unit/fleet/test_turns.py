"""A fleet follows the timetable as one machine does; clocks go only when they are set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from archiver.daemon.children import Limits
from archiver.daemon.dispatch import CrawlOrder
from archiver.daemon.outcome import RunReport
from archiver.daemon.plan import Timetable, align, urgency
from archiver.daemon.rule import Rule
from archiver.daemon.turns import Conditions, Turns
from archiver.fleet.kinds import CRAWLS, crawl_key
from archiver.fleet.queue import Job, Queue
from archiver.fleet.ticking import tick
from archiver.fleet.turns import FleetTurns
from archiver.store.catalogue import Catalogue

START = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the day before clocks change in Europe
MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
RULES = {
    "every": Rule(every=3600.0, jitter=300.0),
    "slow": Rule(every=10_000.0),
    "cron": Rule(every=1.0, cron="15 */3 * * *", zone=BERLIN, jitter=60.0),
    "quiet": Rule(every=5400.0, zone=BERLIN, quiet=((time(22), time(6)),)),
    "adaptive": Rule(every=7200.0, adaptive=True),
}


class Script(CrawlOrder):
    """A child that is no crawl, but a line of shell; `$0` is the outlet's id."""

    line = "exit 0"

    def command(self, outlet: str) -> list[str]:
        said = [f"{key}={value}" for key, value in self.arguments.items()]
        return ["/bin/sh", "-c", self.line, outlet, *said]


class Clock:
    """A clock that goes only when it is set."""

    now = START

    def __call__(self) -> datetime:
        return self.now


def parts(catalogue: Catalogue, folder: Path, **rules: Rule) -> dict[str, Any]:
    """What turns of either kind are made of; `reports` and `clock` among it."""
    reports: list[RunReport] = []

    async def keep(report: RunReport) -> None:
        reports.append(report)

    conditions = Conditions(
        jobs=1,
        limits=Limits(time=60, memory=10**10, stop_within=20),
        overlap_waits=False,
        reserve=0,
        archive=folder,
        warcs=folder / "warc",
    )
    return {
        "catalogue": catalogue,
        "timetable": Timetable(rules=rules),
        "order": Script(folder=folder),
        "conditions": conditions,
        "clock": Clock(),
        "on_run": keep,
    } | {"reports": reports}


def made(kind: type[Turns], given: dict[str, Any], **more: Any) -> Any:
    return kind(**{name: one for name, one in given.items() if name != "reports"}, **more)


@pytest.fixture
def catalogue(database: str) -> Iterator[Catalogue]:
    with Catalogue.open(database, create=True) as opened:
        yield opened


@pytest.fixture
async def queue(catalogue: Catalogue, database: str) -> AsyncIterator[Queue]:
    async with Queue.open(database) as opened:
        yield opened


async def work(turns: FleetTurns) -> None:
    """Have a machine tick, and do all that waits."""
    await turns.tick()
    turns.worker.until_empty = True
    await turns.worker.run()


async def followed(turns: Turns, given: dict[str, Any], until: datetime) -> list[Any]:
    """The runs that came of following a timetable, by when they were planned."""
    clock = given["clock"]
    align(turns.catalogue, turns.timetable, clock.now)
    while (due := turns.catalogue.next_due()) and due <= until:
        clock.now = max(clock.now, due)
        if isinstance(turns, FleetTurns):
            await work(turns)
        else:
            await turns.tick()
            await asyncio.wait(set(turns._tasks))
    return [(one.ended.planned, one.ended.outlet, one.turn.due) for one in given["reports"]]


async def test_a_fleet_makes_the_plan_that_one_machine_makes(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    until = START + timedelta(hours=26)
    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.db", create=True) as own:
        alone = parts(own, tmp_path, **RULES)
        wanted = await followed(made(Turns, alone), alone, until)
    shared = parts(catalogue, tmp_path, **RULES)
    found = await followed(made(FleetTurns, shared, queue=queue, lease=3.0), shared, until)
    assert len(wanted) > 50
    assert found == wanted


async def test_what_is_due_is_put_in_once_however_many_tick(
    catalogue: Catalogue, queue: Queue, database: str
) -> None:
    timetable = Timetable(rules={name: Rule(every=600.0) for name in "abc"})
    catalogue.set_due(dict.fromkeys("abc", START))

    async def one() -> int:
        async with Queue.open(database) as own:
            done = await tick(own, catalogue, timetable, START, waiting=50, silent=60.0)
            return done.begun

    assert sum(await asyncio.gather(*(one() for _ in range(5)))) == 3
    assert sum(await asyncio.gather(*(one() for _ in range(5)))) == 0
    taken = await queue.take(await queue.register(), [CRAWLS])
    assert taken
    assert await one() == 0  # of one that is at work neither


async def test_the_queue_is_kept_short_and_breaking_outlets_come_first(
    catalogue: Catalogue, queue: Queue
) -> None:
    rules = {f"slow{n}": Rule(every=86400.0) for n in range(20)}
    rules |= {"hourly": Rule(every=3600.0), "breaking": Rule(every=300.0)}
    timetable = Timetable(rules=rules)
    due = {name: START + n * MINUTE for n, name in enumerate(rules)}
    catalogue.set_due(due)
    now = START + 60 * MINUTE
    done = await tick(queue, catalogue, timetable, now, waiting=5, silent=60.0)
    assert done.begun == 5
    me = await queue.register()
    order = []
    while taken := await queue.take(me, [CRAWLS]):
        order.append(taken.job.arguments["outlet"])
    assert order == ["breaking", "hourly", "slow0", "slow1", "slow2"]


async def test_the_queue_is_filled_again_when_half_of_it_is_gone(
    catalogue: Catalogue, queue: Queue
) -> None:
    timetable = Timetable(rules={f"o{n}": Rule(every=600.0) for n in range(20)})
    catalogue.set_due(dict.fromkeys(timetable.rules, START))
    me = await queue.register()
    put_in = []
    for _ in range(5):
        done = await tick(queue, catalogue, timetable, START, waiting=4, silent=60.0)
        put_in.append(done.begun)
        assert await queue.take(me, [CRAWLS])
    assert put_in == [4, 0, 0, 3, 0]


def test_urgency_is_by_the_time_between_two_crawls() -> None:
    assert [urgency(Rule(every=s)) for s in (300.0, 301.0, 900.0, 3600.0, 3601.0)] == [
        3,
        2,
        2,
        1,
        0,
    ]
    assert urgency(Rule(every=1.0, cron="*/5 * * * *")) == 3
    assert urgency(Rule(every=1.0, cron="0 4 * * *")) == 0
    assert urgency(Rule(every=1.0, cron="0 0 30 2 *")) == 0  # never


async def test_the_job_of_a_turn_that_is_settled_does_nothing(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    given = parts(catalogue, tmp_path, a=Rule(every=600.0))
    turns = made(FleetTurns, given, queue=queue, lease=3.0)
    catalogue.set_due({"a": START + MINUTE})
    assert await turns.crawl({"outlet": "a"}) == {"state": "settled"}
    assert await turns.crawl({"outlet": "b"}) == {"state": "settled"}
    assert given["reports"] == []


async def test_a_dead_workers_crawl_is_done_by_another_for_the_same_turn(
    catalogue: Catalogue, queue: Queue, tmp_path: Path, database: str
) -> None:
    given = parts(catalogue, tmp_path, a=Rule(every=600.0))
    turns = made(FleetTurns, given, queue=queue, lease=3.0)
    catalogue.set_due({"a": START})
    await tick(queue, catalogue, turns.timetable, START, waiting=5, silent=60.0)
    assert await queue.take(await queue.register(), [CRAWLS])
    with psycopg.connect(database) as conn:
        conn.execute("UPDATE procrastinate.procrastinate_workers SET last_heartbeat = '2000-01-01'")
    given["clock"].now = START + MINUTE
    await work(turns)
    [report] = given["reports"]
    assert report.ended.planned == START
    assert await queue.keys() == set()


async def test_what_was_asked_for_goes_with_the_job(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    said = tmp_path / "said"

    class Says(Script):
        line = f'echo "$0 $*" >> {said}'

    given = parts(catalogue, tmp_path, a=Rule(every=600.0), b=Rule(every=600.0))
    given["order"] = Says(folder=tmp_path)
    catalogue.set_due(dict.fromkeys("ab", START))
    asking = made(FleetTurns, given, queue=queue, lease=3.0)
    asking.ask("a", {"recheck": "all"})
    doing = made(FleetTurns, given, queue=queue, lease=3.0)  # another machine
    await asking.tick()
    assert asking._asked == {}
    await work(doing)
    assert sorted(said.read_text().splitlines()) == ["a due=0 recheck=all", "b due=1"]


async def test_what_was_asked_for_while_a_job_waits_follows_it(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    given = parts(catalogue, tmp_path, a=Rule(every=600.0))
    asking = made(FleetTurns, given, queue=queue, lease=3.0)
    doing = made(FleetTurns, given, queue=queue, lease=3.0)
    catalogue.set_due({"a": START})
    await asking.tick()
    asking.ask("a", {"recheck": "all"})
    await asking.tick()
    await work(doing)
    await asking.tick()
    await work(doing)
    assert len(given["reports"]) == 2


async def test_a_crawl_that_somebody_else_is_at_is_tried_again_soon(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    class Locked(Script):
        line = "exit 11"

    given = parts(catalogue, tmp_path, a=Rule(every=86400.0))
    given["order"] = Locked(folder=tmp_path)
    turns = made(FleetTurns, given, queue=queue, lease=3.0)
    catalogue.set_due({"a": START})
    await work(turns)
    assert catalogue.next_due() == START + timedelta(seconds=3)


async def test_an_outlet_that_this_machine_does_not_know_is_left_to_others(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    given = parts(catalogue, tmp_path, a=Rule(every=600.0))
    turns = made(FleetTurns, given, queue=queue, lease=3.0)
    catalogue.set_due({"new": START})
    align(catalogue, turns.timetable, START, gone=False)
    await work(turns)
    turn = catalogue.turn("new")
    assert turn
    assert turn.due == START + MINUTE


async def at_work(given: dict[str, Any], queue: Queue, begun: Path) -> FleetTurns:
    """A machine whose crawl has said that it has begun."""
    turns: FleetTurns = made(FleetTurns, given, queue=queue, lease=3.0)
    turns.catalogue.set_due({"a": START})
    await turns.start()
    await turns.tick()
    while not begun.exists():  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.01)
    return turns


async def test_a_machine_that_stops_leaves_its_turns_to_others(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    class Long(Script):
        line = "trap 'exit 130' INT; echo > begun; while :; do sleep 0.05; done"

    given = parts(catalogue, tmp_path, a=Rule(every=600.0))
    given["order"] = Long(folder=tmp_path)
    turns = await at_work(given, queue, tmp_path / "begun")
    await turns.stop()
    [report] = given["reports"]
    assert (report.ended.cut, report.turn.due) == ("stopped", START)
    assert await queue.keys() == set()
    assert await queue.workers(silent=60.0) == 0


async def test_a_machine_that_is_told_twice_waits_for_nobody(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    class Deaf(Script):
        line = "trap '' INT; echo > begun; while :; do sleep 0.05; done"

    given = parts(catalogue, tmp_path, a=Rule(every=600.0))
    given["order"] = Deaf(folder=tmp_path)
    turns = await at_work(given, queue, tmp_path / "begun")
    stopping = asyncio.create_task(turns.stop())
    await asyncio.sleep(0)
    turns.stop_at_once()
    await stopping
    [report] = given["reports"]
    assert (report.ended.exit_code, report.turn.due) == (-9, START)


async def test_a_full_disk_takes_no_job(
    catalogue: Catalogue, queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = parts(catalogue, tmp_path, a=Rule(every=600.0))
    turns = made(FleetTurns, given, queue=queue, lease=3.0)
    monkeypatch.setattr(turns, "_shortage", lambda: "disk")
    catalogue.set_due({"a": START})
    await work(turns)
    assert given["reports"] == []
    assert await queue.keys() == {crawl_key("a")}  # for others to do


async def test_crawls_go_before_the_jobs_of_batches(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    await queue.defer([Job(kind="batch", key=f"{n}", queue="batch") for n in range(3)])
    catalogue.set_due({"a": START})
    timetable = Timetable(rules={"a": Rule(every=86400.0)})
    await tick(queue, catalogue, timetable, START, waiting=5, silent=60.0)
    taken = await queue.take(await queue.register(), [CRAWLS, "batch"])
    assert taken
    assert taken.job.kind == CRAWLS


async def test_another_machines_batch_jobs_are_left_to_it(
    catalogue: Catalogue, queue: Queue, tmp_path: Path
) -> None:
    given = parts(catalogue, tmp_path)
    turns = made(FleetTurns, given, queue=queue, lease=3.0, queues=(CRAWLS,))
    await queue.defer([Job(kind="extract", key="x")])
    await work(turns)
    assert await queue.keys() == {"x"}
