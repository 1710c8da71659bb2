"""Who is due is crawled: real child processes, and a clock that the tests set."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.captures import make_article

from archiver.daemon.children import Limits
from archiver.daemon.dispatch import CrawlOrder
from archiver.daemon.outcome import RunReport
from archiver.daemon.plan import Timetable, align
from archiver.daemon.rule import Rule
from archiver.daemon.turns import Conditions, Turns
from archiver.fetch.parent import PARENT
from archiver.store.catalogue import Catalogue

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Script(CrawlOrder):
    """A child that is no crawl, but a line of shell; `$0` is the outlet's id."""

    line: str = "exit 0"

    def command(self, outlet: str) -> list[str]:
        return [
            "/bin/sh",
            "-c",
            self.line,
            outlet,
            *(f"{k}={v}" for k, v in self.arguments.items()),
        ]


@dataclass
class Clock:
    """A clock that goes only when it is set."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass(kw_only=True)
class Scene:
    """Turns with a clock, and every report of a run."""

    turns: Turns
    clock: Clock
    reports: list[RunReport] = field(default_factory=list)

    @classmethod
    def make(
        cls, catalogue: Catalogue, folder: Path, rules: dict[str, Rule], **more: object
    ) -> Scene:
        clock = Clock()
        line = str(more.pop("line", "exit 0"))
        limits = more.pop("limits", Limits(time=60, memory=10**10, stop_within=20))
        conditions = Conditions(
            jobs=4,
            limits=limits,
            overlap_waits=False,
            reserve=0,
            archive=folder,
            warcs=folder / "warc",
        )
        reports: list[RunReport] = []

        async def keep(report: RunReport) -> None:
            reports.append(report)

        turns = Turns(
            catalogue=catalogue,
            timetable=Timetable(rules=rules),
            order=Script(folder=folder, line=line),
            conditions=replace(conditions, **more),
            clock=clock,
            on_run=keep,
        )
        align(catalogue, turns.timetable, clock())
        return cls(turns=turns, clock=clock, reports=reports)

    async def rest(self) -> None:
        """Wait until nobody runs."""
        while self.turns.running:
            await asyncio.wait(set(self.turns._tasks))

    def history(self) -> list[str]:
        with self.turns.catalogue._reading() as conn:
            rows = conn.exec_driver_sql("SELECT state || ' ' || reason FROM run ORDER BY id")
            return [row[0] for row in rows]


async def test_never_more_side_by_side_than_configured_and_never_two_of_one_outlet(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    rules = {f"o{n:02}": Rule(every=600) for n in range(10)}
    may_end = tmp_path / "may-end"
    line = f"until [ -e {may_end} ]; do sleep 0.05; done"
    scene = Scene.make(catalogue, tmp_path, rules, line=line, jobs=3)
    assert await scene.turns.tick() == 3
    assert await scene.turns.tick() == 0
    assert await scene.turns.next_tick() is None
    assert len(scene.turns.running) == 3
    may_end.touch()
    await scene.rest()
    assert await scene.turns.tick() == 3
    await scene.rest()
    assert len({report.ended.outlet for report in scene.reports}) == 6


def own_memory() -> int:
    """Resident bytes of this process."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def test_ticks_at_one_time_begin_nobody_twice_and_not_too_many(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    rules = {f"o{n}": Rule(every=600) for n in range(6)}
    may_end = tmp_path / "may-end"
    line = f"until [ -e {may_end} ]; do sleep 0.05; done"
    scene = Scene.make(catalogue, tmp_path, rules, line=line, jobs=4)
    assert sorted(await asyncio.gather(*(scene.turns.tick() for _ in range(3)))) == [0, 0, 4]
    scene.turns.conditions = replace(scene.turns.conditions, jobs=9)
    assert await scene.turns.tick() == 2  # not those that run, though they are still due
    may_end.touch()
    await scene.rest()
    assert sorted(report.ended.outlet for report in scene.reports) == sorted(rules)


async def test_days_go_by_and_every_planned_run_is_accounted_for(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    """Fifty outlets over two days and a night without the daemon, on a clock that is set."""
    rules = {f"o{n:02}": Rule(every=4 * 3600, jitter=600) for n in range(50)}
    scene = Scene.make(catalogue, tmp_path, rules, jobs=50)
    end, down = START + timedelta(days=2), (START + timedelta(hours=12), timedelta(hours=10))
    counts: Counter[str] = Counter()
    planned: dict[str, datetime] = {}
    memory: list[int] = []
    while scene.clock.now < end:
        due = await scene.turns.next_tick()
        assert due is not None
        scene.clock.now = max(scene.clock.now, due)
        if down[0] < scene.clock.now < down[0] + down[1]:
            scene.clock.now = down[0] + down[1]
        await scene.turns.tick()
        await scene.rest()
        for report in scene.reports:
            counts[report.ended.outlet] += 1
            before = planned.get(report.ended.outlet, START - timedelta(days=1))
            planned[report.ended.outlet] = report.ended.planned
            assert report.ended.planned >= before + timedelta(hours=4)  # no turn twice
            late = report.ended.started - report.ended.planned
            assert late <= down[1] + timedelta(minutes=10)
        scene.reports.clear()
        memory.append(own_memory())
    # 48 hours in turns of 4 hours and up to 10 minutes; those of the night are caught up as one.
    assert set(counts) == set(rules)
    assert set(counts.values()) <= {10, 11}
    assert scene.history() == []  # nothing was skipped
    assert memory[-1] - memory[len(memory) // 4] < 10_000_000  # after what is cached


async def test_a_run_that_goes_on_makes_the_next_turn_be_skipped_and_shown(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)})
    await scene.turns.tick()
    scene.clock.now += 25 * MINUTE
    await scene.rest()
    turn = catalogue.turn("a")
    assert turn is not None
    assert turn.due == START + 30 * MINUTE
    assert scene.history() == ["skipped still-running"]


async def test_a_run_that_goes_on_makes_the_next_turn_wait(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)}, overlap_waits=True)
    await scene.turns.tick()
    scene.clock.now += 25 * MINUTE
    await scene.rest()
    assert await scene.turns.next_tick() == scene.clock.now
    assert scene.history() == []


HUNGRY = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); x = bytearray(4) * 10**8;"
    " signal.pause()"
)


@pytest.mark.parametrize(
    ("line", "cut", "code"),
    [
        ("exec sleep 600", "time-limit", -signal.SIGINT),
        ("trap '' INT; while :; do read line; sleep 1; done", "time-limit", -signal.SIGKILL),
        (f"exec {sys.executable} -c '{HUNGRY}'", "memory-limit", -signal.SIGINT),
    ],
)
async def test_a_crawl_that_hangs_or_eats_memory_is_ended(
    catalogue: Catalogue, tmp_path: Path, line: str, cut: str, code: int
) -> None:
    limits = (
        Limits(time=60, memory=200_000_000, stop_within=10, look_every=0.05)
        if cut == "memory-limit"
        else Limits(time=0.1, memory=10**10, stop_within=0.5, look_every=0.05)
    )
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)}, line=line, limits=limits)
    await scene.turns.tick()
    await scene.rest()
    [report] = scene.reports
    assert report.ended.cut == cut
    assert report.ended.exit_code == code
    assert await scene.turns.next_tick() == START + 10 * MINUTE


async def test_a_crawl_that_is_killed_is_a_failed_run(catalogue: Catalogue, tmp_path: Path) -> None:
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)}, line="kill -9 $$")
    catalogue.start_run("a", trigger="timetable", at=START)
    await scene.turns.tick()
    await scene.rest()
    assert scene.reports[0].state == "failed"
    assert scene.history() == ["failed killed-by-signal-9"]


async def test_a_stopped_daemon_lets_crawls_end_and_has_them_again(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    fifo = tmp_path / "begun"
    os.mkfifo(fifo)
    line = f"trap 'exit 130' INT; echo > {fifo}; while :; do sleep 0.01; done"
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)}, line=line)
    await scene.turns.tick()
    await asyncio.to_thread(fifo.read_bytes)  # until it has set its trap
    await scene.turns.stop()
    assert [report.state for report in scene.reports] == ["interrupted"]
    turn = catalogue.turn("a")
    assert turn is not None
    assert turn.due == START  # caught up by the next daemon
    assert await scene.turns.tick() == 0


async def test_below_the_reserve_nothing_begins_and_above_it_goes_on(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)}, reserve=2**62)
    assert await scene.turns.tick() == 0
    assert scene.turns.paused
    scene.turns.conditions = replace(scene.turns.conditions, reserve=0)
    assert await scene.turns.tick() == 1
    assert not scene.turns.paused
    await scene.rest()


async def test_an_outlet_locked_by_a_crawl_by_hand_is_skipped(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)}, line="exit 11")
    await scene.turns.tick()
    await scene.rest()
    assert scene.history() == ["skipped locked"]


async def test_an_outlet_locked_by_a_crawl_by_hand_waits_a_minute(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    rules = {"a": Rule(every=600)}
    scene = Scene.make(catalogue, tmp_path, rules, line="exit 11", overlap_waits=True)
    await scene.turns.tick()
    await scene.rest()
    assert await scene.turns.next_tick() == START + MINUTE
    assert scene.history() == []


async def test_an_outlet_without_a_seed_is_due_no_more(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600), "b": Rule(every=600)})
    scene.turns.timetable = Timetable(rules={"a": Rule(every=600)})
    assert await scene.turns.tick() == 1
    await scene.rest()
    assert {name: turn.due for name, turn in catalogue.turns().items()}["b"] is None


class Missing(CrawlOrder):
    """A program that is not there."""

    def command(self, outlet: str) -> list[str]:
        return ["/nowhere/archiver"]


async def test_a_crawl_that_cannot_begin_is_tried_again_in_a_minute(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)})
    scene.turns.order = Missing(folder=tmp_path)
    assert await scene.turns.tick() == 0
    assert await scene.turns.next_tick() == START + MINUTE


async def test_what_was_asked_for_goes_to_the_next_crawl_only(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    scene = Scene.make(catalogue, tmp_path, {"a": Rule(every=600)}, line=f'echo "$@" >> {out}')
    scene.turns.ask("a", {"recheck": "all"})
    for _ in range(2):
        await scene.turns.tick()
        await scene.rest()
        scene.clock.now += 10 * MINUTE
    assert out.read_text() == "due=0 recheck=all\ndue=1\n"


async def test_a_turn_without_a_source_that_is_due_is_left_out(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    rules = {"often": Rule(every=600), "cron": Rule(every=1, cron="*/10 * * * *")}
    scene = Scene.make(catalogue, tmp_path, rules)
    scene.clock.now += 10 * MINUTE
    await scene.turns.tick()
    for name in rules:  # as a crawl says when its first source is due
        catalogue.set_due({name: scene.clock.now + 35 * MINUTE})
    await scene.rest()
    due = {name: turn.due for name, turn in catalogue.turns().items()}
    assert due == {"often": START + 50 * MINUTE, "cron": START + 20 * MINUTE}


@pytest.mark.parametrize(("check", "turn"), [(5, 20), (28, 40), (60, 50)])
async def test_a_known_article_that_is_due_brings_a_turn(
    catalogue: Catalogue, tmp_path: Path, check: int, turn: int
) -> None:
    scene = Scene.make(catalogue, tmp_path, {"often": Rule(every=600)})
    scene.clock.now += 10 * MINUTE
    await scene.turns.tick()
    page = "https://news.example/rain-1"
    catalogue.save_article(make_article(page, "It rains.", outlet="often"))
    [row] = catalogue.rechecks_of("often", [page]).values()
    catalogue.plan_rechecks([replace(row, due=scene.clock.now + check * MINUTE)])
    catalogue.set_due({"often": scene.clock.now + 35 * MINUTE})  # a source
    await scene.rest()
    assert catalogue.turns()["often"].due == START + turn * MINUTE


_CHILD = """
import signal
from archiver.fetch.parent import end_with_parent

signal.signal(signal.SIGINT, signal.SIG_DFL)
print(int(end_with_parent()), flush=True)
signal.pause()
"""

_DAEMON = """
import asyncio, datetime, sys
from pathlib import Path
from archiver.daemon.children import Crawl
from archiver.daemon.dispatch import CrawlOrder

class Script(CrawlOrder):
    def command(self, outlet):
        return [sys.executable, "-c", sys.argv[1]]

async def main():
    order = Script(folder=Path("."), environment={"PYTHONPATH": ":".join(sys.path)})
    await Crawl.begin("a", datetime.datetime.now(datetime.UTC), order)
    await asyncio.sleep(600)

sys.path[:0] = sys.argv[2:]
asyncio.run(main())
"""


async def test_a_child_ends_with_a_daemon_that_is_killed() -> None:
    daemon = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _DAEMON, _CHILD, *sys.path), stdout=asyncio.subprocess.PIPE
    )
    assert daemon.stdout
    assert await daemon.stdout.readline() == b"1\n"  # its parent is there
    daemon.kill()
    async with asyncio.timeout(20):
        assert await daemon.stdout.read() == b""  # open as long as the child lives
        await daemon.wait()


async def test_a_child_whose_daemon_is_gone_already_is_told() -> None:
    """It has been begun, and its parent killed, before it came to ask for a signal."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _CHILD),
        env={**os.environ, "PYTHONPATH": ":".join(sys.path), PARENT: "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout
    assert await child.stdout.readline() == b"0\n"
    child.kill()
    await child.wait()
