"""The turns of a machine in a fleet: what it begins comes from the queue that all share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from archiver.daemon.children import Ended
from archiver.daemon.outcome import AGAIN, RunReport, Settling, settle
from archiver.daemon.turns import Turns
from archiver.errors import ArchiverError
from archiver.fetch.recovery import finish_left_files
from archiver.fleet.kinds import BATCH, CRAWLS, outlet_of
from archiver.fleet.queue import Queue
from archiver.fleet.ticking import tick
from archiver.fleet.working import Pace, Work, Worker

log = structlog.get_logger("fleet")

_LEAST_WAITING = 50
_SOON = timedelta(seconds=1)  # until the next tick, where somebody else is at it
_WHOLE = (0, 3, 130, 11)  # exit codes after which no file is left open


@dataclass(kw_only=True)
class FleetTurns(Turns):
    """Crawls of a fleet on this machine: it ticks for all, and does jobs as far as it has places.

    `lease`: seconds, as of `outlet_fence`. `kinds`: other work, by the kind of its jobs, which
    `ending` ends.
    """

    queue: Queue
    lease: float
    queues: tuple[str, ...] = (CRAWLS, BATCH)
    kinds: Mapping[str, Work] = field(default_factory=dict)
    ending: Callable[[], None] = lambda: None  # called where jobs are to end soon
    pace: Pace = field(default_factory=Pace)
    _followed: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _working: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.worker = Worker(
            queue=self.queue,
            kinds={**self.kinds, CRAWLS: self.crawl},
            queues=self.queues,
            jobs=self.conditions.jobs,
            pace=self.pace,
            may_take=lambda: not self.paused,
        )

    async def start(self) -> None:
        """Begin to take jobs."""
        self._working = asyncio.create_task(self.worker.run())

    async def tick(self) -> int:
        """Put in what is due anywhere in the fleet; how many jobs."""
        async with self._ticking:
            self.pause = await asyncio.to_thread(self._shortage)
            self.worker.jobs = self.conditions.jobs
            if self.stopping:
                return 0
            asked = dict(self._asked)
            workers = await self.queue.workers(silent=self.pace.silent)
            done = await tick(
                self.queue,
                self.catalogue,
                self.timetable,
                self.clock(),
                waiting=max(_LEAST_WAITING, 8 * self.conditions.jobs * max(1, workers)),
                silent=self.pace.silent,
                held=self._held_back(),
                asked=asked,
            )
            for name in done.asked:
                if self._asked.get(name) == asked[name]:
                    del self._asked[name]
            if done.begun:
                self.worker.wake()
            return done.begun

    async def next_tick(self) -> datetime | None:
        """When the next outlet will be due that is in no job yet, as far as that is soon."""
        if self.stopping:
            return None
        there = {outlet_of(key) for key in await self.queue.keys(queue=CRAWLS)}
        due = await asyncio.to_thread(self.catalogue.next_due, but={*there, *self._held_back()})
        return max(due, self.clock() + _SOON) if due else None

    async def crawl(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The work of a job: a crawl of an outlet whose turn is not settled yet."""
        name = str(arguments["outlet"])
        asked: Mapping[str, str] = arguments.get("asked") or {}
        while name in self._followed:  # this worker was taken for dead, and gets its own job
            await asyncio.wait({self._followed[name]})
        turn = await asyncio.to_thread(self.catalogue.turn, name)
        now = self.clock()
        due = turn.due if turn else None
        if not asked and (due is None or due > now):
            return {"state": "settled"}
        if self.stopping:
            return {"state": "left"}
        if name not in self.timetable.rules:
            log.error("outlet-not-known-here", outlet=name)
            await asyncio.to_thread(self.catalogue.set_due, {name: now + AGAIN})
            return {"state": "unknown"}
        if asked:
            self._asked[name] = {**asked}
        task = await self._begin(name, min(due or now, now))
        if task is None:
            return {"state": "not-begun"}
        self._followed[name] = task
        try:
            await asyncio.wait({task})
        finally:
            self._followed.pop(name, None)
        return {"state": "ended"}

    def _settled(self, ended: Ended) -> RunReport:
        if ended.exit_code not in _WHOLE:  # before the next one anywhere asks what is known
            try:
                finish_left_files(self.conditions.warcs, self.catalogue)
            except ArchiverError as error:
                log.error("files-left-open", outlet=ended.outlet, reason=str(error))
        by = Settling(
            catalogue=self.catalogue,
            rule=self.timetable.rules.get(ended.outlet),
            overlap_waits=self.conditions.overlap_waits,
            locked=timedelta(seconds=self.lease),
        )
        return settle(ended, by, self.clock())

    async def stop(self) -> None:
        """Take no job any more, and let crawls close their files and end."""
        self.worker.stop()
        await asyncio.to_thread(self.ending)
        await super().stop()
        if self._working is not None:
            await asyncio.gather(self._working, return_exceptions=True)

    def stop_at_once(self) -> None:
        """Do not wait for crawls to close their files; the next one finishes them."""
        for crawl in list(self.running.values()):
            crawl.kill()
