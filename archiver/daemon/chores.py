"""What the timetable does beside crawls: jobs at their hours, made from the configuration."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from archiver.config.load import Loaded
from archiver.daemon import jobs
from archiver.daemon.keeping import backup, backup_interval
from archiver.daemon.notify import notify, watchdog_interval
from archiver.daemon.rule import cron_turn
from archiver.daemon.shipping import Shipping, ShippingError
from archiver.daemon.turns import Turns
from archiver.daemon.watch import Watch
from archiver.daemon.webhooks import send
from archiver.errors import ArchiverError
from archiver.store.catalogue import Catalogue

log = structlog.get_logger("daemon")

_ROTATE = "*/10 * * * *"
_FIRST_BACKUP = timedelta(minutes=2)  # after the start, where one is due
_ONE_TURN = timedelta(seconds=50)  # within which machines' clocks come to the same turn
_SHIP = 60  # seconds between two looks at what waits for the store


class WallTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Cron fields on the clock of a zone, whose changes are minded (see `cron_turn`)."""

    def __init__(self, cron: str, zone: ZoneInfo) -> None:
        self._cron = cron
        self._zone = zone

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """The next turn; what was missed is not caught up."""
        return cron_turn(self._cron, self._zone, now.astimezone(UTC))


Duties = Literal["all", "shared", "own"]
"""Which jobs: all; all, but those of the archive only where no other machine does them; or those
of this machine alone, which are its spool and its own signs of life."""


class Chores:
    """The jobs of a daemon. `ask` has outlets crawled soon, with these arguments."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        catalogue: Catalogue,
        turns: Turns,
        watch: Watch,
        ask: Callable[[Sequence[str], Mapping[str, str]], Awaitable[None]],
        clock: Callable[[], datetime],
        duties: Duties = "all",
    ) -> None:
        self.loaded = loaded
        self.catalogue = catalogue
        self.turns = turns
        self.watch = watch
        self._ask = ask
        self._clock = clock
        self._duties = duties
        self._shipping = Shipping()
        self._told_not_shipped = True  # it may be so from another daemon's days
        self._scheduler = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin to keep the hours."""
        self._plan()
        self._scheduler.start()

    def stop(self) -> None:
        """Begin nothing any more."""
        self._scheduler.shutdown(wait=False)

    def follow(self, loaded: Loaded) -> None:
        """Keep the hours of another configuration."""
        self.loaded = loaded
        self._plan()

    def _plan(self) -> None:
        """The timetable's other jobs, made from the configuration; none is ever stored."""
        times = self.loaded.settings.timetable
        zone = ZoneInfo("UTC" if times.timezone in ("", "outlet") else times.timezone)
        self._scheduler.remove_all_jobs()
        for name, cron, work in (
            ("rotate", _ROTATE, self._rotate),
            ("recheck", times.recheck, self._recheck),
            ("check", times.check, self._check),
            ("prune", times.prune, self._prune),
            ("report", times.report, self._report),
        ):
            if cron and (work == self._rotate or self._duties != "own"):
                trigger = WallTrigger(cron, zone)
                self._scheduler.add_job(self._job, trigger, args=(name, work), id=name)
        if self.loaded.settings.storage.url:
            self._scheduler.add_job(
                *(self._ship, "interval"),
                seconds=_SHIP,
                id="ship",
                next_run_time=datetime.now(UTC),  # what waits from before
            )
        if self._duties == "all" and (every := backup_interval(self.loaded)):
            # soon, since a daemon that is started anew often would never come to it
            first = datetime.now(UTC) + min(every, _FIRST_BACKUP)
            seconds = every.total_seconds()
            self._scheduler.add_job(
                self._backup, "interval", seconds=seconds, id="backup", next_run_time=first
            )
        if self.loaded.settings.daemon.ping:
            self._scheduler.add_job(self._ping, "interval", minutes=1, id="ping")
        if interval := watchdog_interval():
            self._scheduler.add_job(notify, "interval", ("WATCHDOG=1",), seconds=interval)

    def ship_now(self) -> None:
        """Try the store at once, however often it failed."""
        self._shipping.not_before = None
        if self._scheduler.get_job("ship"):
            self._scheduler.modify_job("ship", next_run_time=datetime.now(UTC))

    async def _job(self, name: str, work: Callable[[], Awaitable[dict[str, object]]]) -> None:
        try:
            if await self._is_anothers(name):
                return
            log.info("job-done", job=name, **await work())
        except (ArchiverError, OSError) as error:  # OSError: no process can be made, say
            log.error("job-failed", job=name, reason=str(error))
        except asyncio.CancelledError:  # APScheduler would take that for a fault
            log.info("job-stopped", job=name)

    async def _is_anothers(self, name: str) -> bool:
        """Whether another machine has begun this turn of one of the archive's jobs."""
        if self._duties != "shared" or name == "rotate":
            return False
        return not await asyncio.to_thread(
            self.catalogue.claim,
            name,
            by=f"{socket.gethostname()} process {os.getpid()}",
            at=self._clock(),
            lasting=_ONE_TURN,
        )

    async def ship_last(self, within: float) -> None:
        """Ship what waits before this machine goes, as far as that takes no longer (seconds)."""
        if self.loaded.settings.storage.url:
            self._shipping.not_before = None
            try:
                async with asyncio.timeout(within):
                    await self._ship()
            except TimeoutError:
                log.warning("not-all-shipped", waiting=self.turns.spool().files)

    async def _ship(self) -> None:
        try:
            await self._try_to_ship()
        except (ArchiverError, OSError) as error:  # a catalogue that is full, say
            log.error("job-failed", job="ship", reason=str(error))
        except asyncio.CancelledError:
            log.info("job-stopped", job="ship")

    async def _try_to_ship(self) -> None:
        try:
            done = await self._shipping.run(self.loaded, self.catalogue, self._clock())
        except ShippingError as error:
            self.watch.metrics.count_shipping(error.counts, failed=True)
            log.error("job-failed", job="ship", reason=str(error))
            if self._shipping.worrying:
                await self.watch.note("archive", "not-shipped", str(error))
                self._told_not_shipped = True
            return
        if done:
            self.watch.metrics.count_shipping(done)
            log.info("job-done", job="ship", **done)
            self.turns.wake()  # where crawls waited for room
        if done is not None and self._told_not_shipped:  # else this would write every minute
            await self.watch.note("archive", "not-shipped", None)
            self._told_not_shipped = False

    async def _backup(self) -> None:
        try:
            done = await backup(self.loaded)
        except ArchiverError as error:
            log.error("job-failed", job="backup", reason=str(error))
            await self.watch.note("archive", "backup", str(error))
            return
        if done.get("made"):
            log.info("job-done", job="backup", **done)
        if done:  # otherwise somebody else is at it
            await self.watch.note("archive", "backup", None)

    async def _rotate(self) -> dict[str, object]:
        await jobs.rotate(self.loaded, self.catalogue)
        return {}

    async def _recheck(self) -> dict[str, object]:
        names = [name for name in self.turns.timetable.rules if name not in self.turns.running]
        await self._ask(names, {"recheck": "all"})
        return {"outlets": len(names)}

    async def _check(self) -> dict[str, object]:
        done = await jobs.check_slice(self.loaded, self.catalogue, self._clock())
        detail = ", ".join(done.damaged[:20]) or None
        await self.watch.note("archive", "damage", detail)
        unasked = {"unasked": done.unasked} if done.unasked else {}
        return {"files": done.files, "damaged": list(done.damaged[:20]), **unasked}

    async def _prune(self) -> dict[str, object]:
        return dict(await jobs.prune(self.loaded, self.catalogue, self._clock()))

    async def _report(self) -> dict[str, object]:
        made = await jobs.report(self.catalogue, self._clock())
        self.watch.tell("report", made)
        return {"report": made}

    async def _ping(self) -> None:
        settings = self.loaded.settings.daemon
        if self.turns.paused:
            return
        try:
            await asyncio.to_thread(send, settings.ping, None, {}, private=settings.webhook_private)
        except (ArchiverError, OSError, ValueError) as error:
            log.warning("ping-failed", reason=str(error))
