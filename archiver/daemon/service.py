"""The daemon: a timetable that is followed until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from archiver.config.load import Loaded
from archiver.config.seeds import Seeds, read_seeds
from archiver.daemon import jobs
from archiver.daemon.children import Limits
from archiver.daemon.chores import Chores, Duties
from archiver.daemon.dispatch import CrawlOrder
from archiver.daemon.health import Metrics, Sights, make_app
from archiver.daemon.holder import asked_for, forget_asked
from archiver.daemon.notify import notify, reloading
from archiver.daemon.plan import Timetable, align, make_timetable
from archiver.daemon.turns import Conditions, Turns
from archiver.daemon.watch import Watch
from archiver.errors import ArchiverError, ConfigError
from archiver.model import utcnow
from archiver.replay.server import listen, make_server
from archiver.store.catalogue import Catalogue

log = structlog.get_logger("daemon")

_SLEEP = timedelta(seconds=30)  # between two ticks at most, whatever the clock does meanwhile
_SET_BACK = timedelta(minutes=5)  # of a clock against the machine's own, that is noticed


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A daemon's place among others: what begins its crawls, and what else it does.

    `sleep`: between two ticks at most. `jobs`: crawls at once; None: as the settings say.
    """

    make_turns: Callable[..., Turns] = Turns
    duties: Duties = "all"
    sleep: timedelta = _SLEEP
    jobs: int | None = None

    @property
    def alone(self) -> bool:
        """Whether this is the archive's only one."""
        return self.duties == "all"


class Daemon:
    """One daemon on one archive. `reload` reads the configuration anew."""

    watch: Watch

    def __init__(
        self,
        loaded: Loaded,
        *,
        catalogue: Catalogue,
        reload: Callable[[], Loaded],
        clock: Callable[[], datetime] = utcnow,
        place: Place | None = None,
    ) -> None:
        self.loaded = loaded
        self.catalogue = catalogue
        self._reload = reload
        self._clock = clock
        self._place = place = place or Place()
        self._woken = asyncio.Event()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._taken: dict[str, int] = {}  # what was asked for, by outlet: when
        self.last_tick = clock()
        seeds = read_seeds(loaded.seeds_folder)
        self._files = seeds.files
        _say_faults(seeds)
        self.turns = place.make_turns(
            catalogue=catalogue,
            timetable=make_timetable(loaded, seeds),
            order=_order(loaded),
            conditions=_conditions(loaded, place.jobs),
            clock=clock,
            on_run=lambda report: self.watch.run_ended(report),
            wake=self._woken.set,
        )
        self.metrics = Metrics(self.turns)
        self.watch = Watch(catalogue=catalogue, metrics=self.metrics, clock=clock)
        self.watch.follow(loaded)
        self.chores = Chores(
            loaded,
            catalogue=catalogue,
            turns=self.turns,
            watch=self.watch,
            ask=self._ask,
            clock=clock,
            duties=place.duties,
        )

    def stop(self) -> None:
        """Begin to end: crawls close their files, within `daemon.stop_within`."""
        if self._stop.is_set():
            self.turns.stop_at_once()
        self._stop.set()
        self._woken.set()

    def wake(self) -> None:
        """Somebody has asked for crawls: have them now. The store is tried again, too."""
        self.chores.ship_now()
        self._woken.set()

    async def _take_asked(self) -> None:
        """Plan what somebody has asked for; it stays asked for until that is kept."""
        archive = self.loaded.archive_folder
        try:
            new = {n: at for n, at in asked_for(archive).items() if self._taken.get(n) != at}
            if new:
                await self._ask([n for n in new if n in self.turns.timetable.rules], {})
                self._taken |= new  # once, even where the file cannot be removed
                forget_asked(archive, new)
        except (ArchiverError, OSError) as error:
            log.error("asked-not-taken", reason=str(error))

    async def _ask(self, names: Sequence[str], arguments: Mapping[str, str]) -> None:
        for name in names:
            self.turns.ask(name, arguments)
        await asyncio.to_thread(self.catalogue.set_due, dict.fromkeys(names, self._clock()))
        self._woken.set()

    async def serve(self, announce: Callable[[str], None] = lambda url: None) -> None:
        """Follow the timetable until stopped. `announce` gets the health server's URL.

        Raises:
            ArchiverError: the health server's port is taken.
        """
        settings = self.loaded.settings.daemon
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            bound = stack.enter_context(self._listen(settings.host, settings.port))
            sights = Sights(
                turns=self.turns,
                metrics=self.metrics,
                clock=self._clock,
                last_tick=lambda: self.last_tick,
                longest_sleep=self._place.sleep,
            )
            server = make_server(make_app(sights))
            serving = asyncio.create_task(server._serve([bound]))
            for number, act in (
                (signal.SIGTERM, self.stop),
                (signal.SIGINT, self.stop),
                (signal.SIGHUP, self.reload),
                (signal.SIGUSR1, self.wake),
            ):
                loop.add_signal_handler(number, act)
            await jobs.rotate(self.loaded, self.catalogue)
            await self._aligned()
            await self.turns.start()
            self.chores.start()
            announce(f"http://{settings.host}:{bound.getsockname()[1]}/")
            notify("READY=1", f"STATUS={len(self.turns.timetable.rules)} outlets")
            jobs_at_once = self.turns.conditions.jobs
            outlets = len(self.turns.timetable.rules)
            log.info("daemon-begun", outlets=outlets, jobs=jobs_at_once)
            try:
                await self._follow()
            finally:
                notify("STOPPING=1")
                log.info("daemon-stopping", running=sorted(self.turns.running))
                self.chores.stop()
                await self.turns.stop()
                if not self._place.alone:  # nobody may come here soon again
                    await self.chores.ship_last(settings.stop_within)
                await self.watch.webhooks.close(within=5.0)
                server.should_exit = True
                await serving
                log.info("daemon-ended")

    def _listen(self, host: str, port: int) -> socket.socket:
        try:
            return listen(host, port)
        except ArchiverError as error:
            if self._place.duties != "own":
                raise
            log.warning("another-port", reason=str(error))  # of many workers on one machine
            return listen(host, 0)

    async def _follow(self) -> None:
        """Tick whenever somebody is due, woken by ends of crawls and by signals."""
        loop = asyncio.get_running_loop()
        wall, steady = self._clock(), loop.time()
        told: str | None = ""  # what the catalogue has of a pause: a tick shall not write
        while not self._stop.is_set():
            self._woken.clear()
            here = self._clock(), loop.time()
            set_by = here[0] - wall - timedelta(seconds=here[1] - steady)
            before = self.turns.pause
            await self._take_asked()  # just before our start as well
            try:
                if abs(set_by) > _SET_BACK:
                    log.warning("clock-was-set", by=str(set_by))
                    await self._aligned()
                    self.chores.follow(self.loaded)  # whose hours were those of the other clock
                wall, steady = here
                await self.turns.tick()
                if self.turns.pause != told:
                    await self._note_pause()
                    told = self.turns.pause
                due = await self.turns.next_tick()
            except (ArchiverError, OSError) as error:  # a catalogue that is locked for long, say
                log.error("tick-failed", reason=str(error))
                due = None
            if self.turns.pause != before:
                paused = self.turns.paused
                log.warning(
                    "paused" if paused else "resumed", why=self.turns.pause if paused else before
                )
            self.last_tick = self._clock()
            sleep = self._place.sleep
            wait = sleep if due is None else min(sleep, due - self._clock())
            try:
                async with asyncio.timeout(max(0.05, wait.total_seconds())):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def _note_pause(self) -> None:
        free = f"{self.turns.free_disk()} bytes are free; crawls pause"
        full = "storage.spool_max is reached; crawls pause"
        pause = self.turns.pause
        await self.watch.note("archive", "disk-low", free if pause == "disk" else None)
        await self.watch.note("archive", "spool-full", full if pause == "spool" else None)

    async def _aligned(self) -> None:
        gone = self._place.duties != "own"
        now = self._clock()
        await asyncio.to_thread(align, self.catalogue, self.turns.timetable, now, gone=gone)
        self._woken.set()

    def reload(self) -> None:
        """Read configuration and seeds anew; what is wrong stays as it was, and is said."""
        reloading()
        try:
            loaded = self._reload()
        except ConfigError as error:
            log.error("configuration-kept", faults=list(error.faults))
            notify("READY=1")
            return
        seeds = read_seeds(loaded.seeds_folder)
        _say_faults(seeds)
        kept = {
            name: rule
            for name, rule in self.turns.timetable.rules.items()
            if self._files.get(name) in seeds.broken
        }
        timetable = Timetable(rules={**kept, **make_timetable(loaded, seeds).rules})
        self._files = {**{name: self._files[name] for name in kept}, **seeds.files}
        if loaded.settings.daemon.port != self.loaded.settings.daemon.port:
            log.warning("needs-restart", setting="daemon.port")
        self.loaded = loaded
        self.turns.timetable = timetable
        self.turns.order = _order(loaded)
        self.turns.conditions = _conditions(loaded, self._place.jobs)
        self.watch.follow(loaded)
        self.chores.follow(loaded)
        self._later(self._aligned())
        notify("READY=1", f"STATUS={len(timetable.rules)} outlets")
        log.info("configuration-read", outlets=len(timetable.rules), faults=len(seeds.faults))

    def _later(self, work: Awaitable[None]) -> None:
        async def done() -> None:
            try:
                await work
            except (ArchiverError, OSError) as error:
                log.error("not-planned", reason=str(error))

        task = asyncio.create_task(done())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _say_faults(seeds: Seeds) -> None:
    """A bad seed costs its outlet, and that is said."""
    for fault in seeds.faults:
        log.error("seed-not-read", fault=fault)


def _order(loaded: Loaded) -> CrawlOrder:
    return CrawlOrder(
        folder=loaded.folder,
        settings={"LOG_LEVEL": "WARNING"},
        environment=loaded.child_environment,
        trigger="timetable",
    )


def _conditions(loaded: Loaded, jobs: int | None) -> Conditions:
    settings = loaded.settings.daemon
    return Conditions(
        jobs=jobs or settings.jobs,
        limits=Limits(
            time=settings.crawl_time,
            memory=settings.crawl_memory,
            stop_within=settings.stop_within,
        ),
        overlap_waits=loaded.settings.timetable.overlap == "wait",
        reserve=settings.disk_reserve,
        archive=loaded.archive_folder,
        warcs=loaded.warc_folder,
        spool_max=loaded.settings.storage.spool_max if loaded.settings.storage.url else None,
    )
