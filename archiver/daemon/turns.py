"""Who is due is crawled: at most so many at once, never two crawls of one outlet.

The catalogue's due times are the truth; this only keeps who is running. A tick may come at any
time and as often as it likes.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog

from archiver.daemon.children import Crawl, Ended, Limits
from archiver.daemon.dispatch import CrawlOrder
from archiver.daemon.outcome import AGAIN, RunReport, Settling, settle
from archiver.daemon.plan import Timetable
from archiver.errors import ArchiverError
from archiver.store.catalogue import Catalogue
from archiver.store.spool import Spool, spool_of

log = structlog.get_logger("daemon")


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """Under which crawls begin: side by side, limits of each, and free bytes on the disk.

    `spool_max`: bytes of WARC files in the folder `warcs` that may wait for the store; None where
    there is no store.
    """

    jobs: int
    limits: Limits
    overlap_waits: bool
    reserve: int
    archive: Path
    warcs: Path
    spool_max: int | None = None


@dataclass(kw_only=True)
class Turns:
    """The crawls of a timetable. `on_run` is told of every run that ended."""

    catalogue: Catalogue
    timetable: Timetable
    order: CrawlOrder
    conditions: Conditions
    clock: Callable[[], datetime]
    on_run: Callable[[RunReport], Awaitable[None]]
    wake: Callable[[], None] = lambda: None  # somebody is due, or a place is free
    running: dict[str, Crawl] = field(default_factory=dict)
    pause: Literal["disk", "spool"] | None = None  # for what crawls wait
    stopping: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _asked: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _held: dict[str, datetime] = field(default_factory=dict)
    _ticking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self) -> None:
        """Nothing: ticks begin what is due."""

    async def tick(self) -> int:
        """Begin the crawls that are due as far as there are places; how many.

        Costs one look into an index, however many outlets there are.
        """
        async with self._ticking:
            self.pause = await asyncio.to_thread(self._shortage)
            free = self.conditions.jobs - len(self.running)
            if self.stopping or self.paused or free <= 0:
                return 0
            busy = {*self.running, *self._held_back()}
            due = await asyncio.to_thread(self.catalogue.due, self.clock(), limit=free, but=busy)
            begun = 0
            for turn in due:
                if turn.due is not None:
                    begun += await self._begin(turn.outlet, turn.due) is not None
            return begun

    async def next_tick(self) -> datetime | None:
        """When the next crawl could begin; None where none is due, or no place is free."""
        if self.stopping or self.paused or len(self.running) >= self.conditions.jobs:
            return None
        held = self._held_back()
        due = await asyncio.to_thread(self.catalogue.next_due, but={*self.running, *held})
        return min((when for when in (due, *held.values()) if when), default=None)

    def _held_back(self) -> dict[str, datetime]:
        """The outlets of which the catalogue does not say that their turn is over, until when.

        It could not be kept; without this they would be crawled without a pause.
        """
        now = self.clock()
        self._held = {
            name: until
            for name, until in self._held.items()
            if now < until <= now + AGAIN  # a clock that was set back holds up nobody
        }
        return self._held

    @property
    def paused(self) -> bool:
        """Whether no crawl begins, for want of disk or since the store takes no files."""
        return self.pause is not None

    def _shortage(self) -> Literal["disk", "spool"] | None:
        if self.free_disk() < self.conditions.reserve:
            return "disk"
        bound = self.conditions.spool_max
        if bound is not None and self.spool().total >= bound:
            return "spool"
        return None

    def spool(self) -> Spool:
        """What waits for the store."""
        return spool_of(self.conditions.warcs, self.catalogue)

    def free_disk(self) -> int:
        """Free bytes where the archive stands."""
        return shutil.disk_usage(self.conditions.archive).free

    def ask(self, outlet: str, arguments: Mapping[str, str]) -> None:
        """Let an outlet's next crawl have these arguments as well, and all its sources."""
        self._asked[outlet] = {**self._asked.get(outlet, {}), "due": "0", **arguments}

    async def _begin(self, outlet: str, planned: datetime) -> asyncio.Task[None] | None:
        if outlet not in self.timetable.rules:  # its seed is gone since
            await asyncio.to_thread(self.catalogue.set_due, {outlet: None})
            return None
        try:
            crawl = await Crawl.begin(outlet, planned, self._order(outlet))
        except OSError as error:
            log.error("crawl-not-begun", outlet=outlet, reason=str(error))
            again = {outlet: self.clock() + AGAIN}
            await asyncio.to_thread(self.catalogue.set_due, again)
            return None
        crawl.started = self.clock()
        self.running[outlet] = crawl
        log.debug("crawl-begun", outlet=outlet, planned=planned.isoformat())
        task = asyncio.create_task(self._follow(crawl))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _order(self, outlet: str) -> CrawlOrder:
        """The order for a crawl of an outlet; what was asked for of it is then done with."""
        # Cron fields say when to ask; an interval leaves room for each source's own.
        usual = {} if self.timetable.rules[outlet].cron else {"due": "1"}
        arguments = {**self.order.arguments, **usual, **self._asked.pop(outlet, {})}
        return replace(self.order, arguments=arguments)

    async def _follow(self, crawl: Crawl) -> None:
        try:
            ended = await crawl.ended(self.conditions.limits)
            report = await asyncio.to_thread(self._settled, ended)
        except ArchiverError as error:
            self._held[crawl.outlet] = self.clock() + AGAIN
            log.error("run-not-kept", outlet=crawl.outlet, reason=str(error))
        else:
            await self._tell(report)
        finally:
            self.running.pop(crawl.outlet, None)
            self.wake()

    def _settled(self, ended: Ended) -> RunReport:
        by = Settling(
            catalogue=self.catalogue,
            rule=self.timetable.rules.get(ended.outlet),
            overlap_waits=self.conditions.overlap_waits,
        )
        return settle(ended, by, self.clock())

    async def _tell(self, report: RunReport) -> None:
        try:
            await self.on_run(report)
        except ArchiverError as error:
            log.error("run-not-told", outlet=report.ended.outlet, reason=str(error))

    async def stop(self) -> None:
        """Begin no crawl any more, and let those that run close their files and end."""
        self.stopping = True
        for crawl in list(self.running.values()):
            crawl.stop()
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def stop_at_once(self) -> None:
        """Told to end a second time: nothing, since crawls have their time to end in."""
