"""Very many outlets that are due at once: planning, ticking, and jobs a second."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

# The tests' own tools. After this folder's: both have a folder `support`.
sys.path.append(str(Path(__file__).parents[2] / "tests"))

from support.postgres import own_server
from support.results import table

from archiver.daemon.plan import Timetable, align, outlook
from archiver.daemon.rule import Rule
from archiver.fleet.kinds import CRAWLS
from archiver.fleet.queue import Queue
from archiver.fleet.ticking import tick
from archiver.fleet.working import Pace, Worker
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue

_TICKS = 5
_WAITING = 256
_AT_ONCE = 32


def add_options(group: argparse._ArgumentGroup) -> None:
    """The options of this part."""
    group.add_argument("--outlets", type=int, default=50_000, help="that are due")
    group.add_argument("--jobs", type=int, default=5_000, help="to be done of them")


def measure(options: argparse.Namespace, folder: Path) -> str:
    """Plan, tick and work through the queue; jobs do nothing but settle their turn."""
    outlets, jobs = (2_000, 400) if options.quick else (options.outlets, options.jobs)
    with own_server() as server:
        return asyncio.run(_measure(server.new_database(), outlets, jobs))


async def _measure(database: str, outlets: int, jobs: int) -> str:
    rules = {
        f"outlet-{n}": Rule(every=(300.0, 900.0, 3600.0, 86400.0)[n % 4]) for n in range(outlets)
    }
    timetable = Timetable(rules=rules)
    rows: list[tuple[str, str]] = [("outlets due", f"{outlets:,}")]
    with Catalogue.open(database, create=True) as catalogue:
        now = utcnow()
        begun = time.perf_counter()
        align(catalogue, timetable, now)
        rows.append(("planning all, at the first start", _seconds(time.perf_counter() - begun)))
        turns = catalogue.turns()
        begun = time.perf_counter()
        until = now + timedelta(hours=1)
        planned = sum(1 for _ in outlook(timetable, turns, now=now, until=until))
        took = time.perf_counter() - begun
        rows.append((f"planning an hour ahead ({planned:,} turns)", _seconds(took)))
        now += timedelta(days=2)  # all are due
        async with Queue.open(database) as queue:
            ticks = []
            for number in range(_TICKS):
                begun = time.perf_counter()
                await tick(queue, catalogue, timetable, now, waiting=3 * 3**number, silent=60.0)
                ticks.append(time.perf_counter() - begun)
            rows.append(("a tick, median", _seconds(statistics.median(ticks))))
            rows.append(("a tick, longest", _seconds(max(ticks))))
            rate = await _work(queue, catalogue, timetable, jobs)
        rows.append((f"jobs a second, {_AT_ONCE} at once, with ticks", f"{rate:.0f}"))
    return table(("what", "value"), rows)


async def _work(queue: Queue, catalogue: Catalogue, timetable: Timetable, jobs: int) -> float:
    """Jobs a second that are put in, taken, settled and gone."""
    done = 0
    later = utcnow() + timedelta(days=30)
    now = utcnow() + timedelta(days=2)

    async def settle(arguments: Mapping[str, Any]) -> None:
        nonlocal done
        await asyncio.to_thread(catalogue.set_due, {arguments["outlet"]: later})
        done += 1
        if done >= jobs:
            worker.stop()

    worker = Worker(
        queue=queue, kinds={CRAWLS: settle}, queues=[CRAWLS], jobs=_AT_ONCE, pace=Pace(look=0.05)
    )
    begun = time.perf_counter()
    running = asyncio.create_task(worker.run())
    while not running.done():
        await tick(queue, catalogue, timetable, now, waiting=_WAITING, silent=60.0)
        worker.wake()
        await asyncio.wait({running}, timeout=0.5)
    await running
    return done / (time.perf_counter() - begun)


def _seconds(taken: float) -> str:
    return f"{taken:.3f} s"
