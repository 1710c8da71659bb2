"""Days of a daemon in minutes: its whole self on a clock that skips what nothing happens in.

The crawls are real (see `soak_nursery`). What must have been planned is computed apart from the
daemon's own code, by Python's zones alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import apscheduler.schedulers.base as scheduling
from sqlalchemy import select
from support.faults_site import HOST
from support.soak_nursery import CLIENT
from support.workdir import add_seed, environment, run, working_folder

from archiver.config.load import Loaded, load
from archiver.daemon.dispatch import CrawlOrder
from archiver.daemon.service import Daemon
from archiver.store import tables as t
from archiver.store.catalogue import Catalogue

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe")
_STOOD = 2000  # looks at something that is due before it is taken for forgotten
_TABLES = """\
[timetable]
jitter = "0s"
timezone = "outlet"
recheck = ""
[daemon]
port = 0
jobs = {jobs}
disk_reserve = "1MB"
[polling]
min_interval = "1s"
max_interval = "1m"
first_interval = "1s"
"""
_SEED = """\
id = "{name}"
name = "Soak"
homepage = "http://{host}/"
timezone = "{zone}"
feeds = ["http://{host}/feed.xml"]
[articles]
include = ["/a/"]
[timetable]
cron = "{minute} {hours} * * *"
"""

_HISTORY = (
    select(
        t.outlet.c.name,
        t.run.c.trigger,
        t.run.c.state,
        t.run.c.reason,
        t.run.c.planned,
        t.run.c.started,
        t.run.c.ended,
        t.run.c.counts,
    )
    .join_from(t.run, t.outlet, t.run.c.outlet_id == t.outlet.c.id)
    .order_by(t.run.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Beat:
    """The cron fields of an outlet: these hours at this minute, by the clock of a zone."""

    zone: str
    hours: tuple[int, ...]
    minute: int

    def turns(self, after: datetime, until: datetime) -> list[datetime]:
        """Its turns in (after, until]: those of an hour left out come later, doubled ones once."""
        zone = ZoneInfo(self.zone)
        day, last = after.astimezone(zone).date(), until.astimezone(zone).date()
        found = []
        while day <= last:
            for hour in self.hours:
                local = datetime(day.year, day.month, day.day, hour, self.minute, tzinfo=zone)
                moment = local.astimezone(UTC)
                if after < moment <= until:
                    found.append(moment)
            day += timedelta(days=1)
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Simulated time that a daemon is up, and to where its clock is set then (None: it ends)."""

    since: datetime
    until: datetime


def expected(beat: Beat, stretches: Sequence[Stretch]) -> list[datetime]:
    """The turns that must be in the history: all while a daemon is up, one of those missed."""
    found: list[datetime] = []
    for before, now in zip((None, *stretches), stretches, strict=False):
        if before is not None and before.until < now.since:
            found += beat.turns(before.until, now.since)[:1]
        found += beat.turns(now.since, now.until)
    return sorted(found)


@dataclass
class Clock:
    """Wall clock and event loop's clock, which go on together and can be moved ahead."""

    now: datetime
    ahead: float = 0.0  # seconds that the loop's clock was moved

    def __post_init__(self) -> None:
        self._begun = time.monotonic()

    def __call__(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self._begun + self.ahead)

    def skip(self, seconds: float) -> None:
        """Go ahead; nothing but time passes."""
        self.ahead += seconds

    def set(self, moment: datetime) -> None:
        """Set the wall clock alone."""
        self.now += moment - self()


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is that of a `Clock`."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._skipped = clock

    def time(self) -> float:
        """Seconds, of which some were skipped."""
        return super().time() + self._skipped.ahead


@dataclass(frozen=True, kw_only=True, slots=True)
class NurseryOrder(CrawlOrder):
    """Crawls by the nursery."""

    nursery: Path
    clock: Callable[[], datetime]

    def command(self, outlet: str) -> list[str]:
        """A client of the nursery."""
        line = {
            "outlet": outlet,
            "arguments": dict(self.arguments),
            "folder": str(self.folder),
            "now": self.clock().isoformat(),
        }
        return [sys.executable, "-I", "-S", "-c", CLIENT, str(self.nursery), json.dumps(line)]


@dataclass(kw_only=True)
class Soak:
    """An archive of outlets, and what its daemons did."""

    folder: Path
    beats: Mapping[str, Beat]
    nursery: Path
    stretches: list[Stretch] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)  # resident bytes at each simulated midnight

    @classmethod
    @contextmanager
    def made(cls, folder: Path, *, outlets: int, a_day: int, fresh: int = 2) -> Iterator[Soak]:
        """So many outlets with so many turns a day, all of a zone at one minute, and a site."""
        with ExitStack() as stack:
            port = stack.enter_context(_said("support.soak_site", str(fresh)))
            socket = folder / "nursery"
            stack.enter_context(_said("support.soak_nursery", str(socket)))
            work = folder / "work"
            working_folder(work, connect_to={HOST: f"127.0.0.1:{port}"}, crawl="delay = 0")
            config = work / "config" / "archiver.toml"
            config.write_text(_TABLES.format(jobs=outlets) + config.read_text("utf-8"), "utf-8")
            (work / "archive").mkdir(exist_ok=True)
            beats = {}
            for number in range(outlets):
                hours = tuple((2 + k * 24 // a_day) % 24 for k in range(a_day))
                beat = Beat(zone=ZONES[number % len(ZONES)], hours=hours, minute=30)
                beats[f"o{number:02}"] = beat
                seed = _SEED.format(
                    name=f"o{number:02}",
                    host=HOST,
                    zone=beat.zone,
                    minute=beat.minute,
                    hours=",".join(map(str, hours)),
                )
                add_seed(work, f"o{number:02}", seed)
            yield cls(folder=work, beats=beats, nursery=socket)

    @property
    def loaded(self) -> Loaded:
        """The settings."""
        return load(start=self.folder, explicit=None, env={}, flags={})

    def live(self, *stretches: Stretch) -> None:
        """One daemon: through all of these, its clock set from each to the next."""
        clock = Clock(stretches[0].since)
        loop = SkippingLoop(clock)
        with (
            _scheduled_by(clock),
            Catalogue.open(self.loaded.catalogue_url, create=True) as catalogue,
            asyncio.Runner(loop_factory=lambda: loop) as runner,
        ):
            runner.run(self._live(catalogue, clock, stretches))
        self.stretches += stretches

    async def _live(self, catalogue: Catalogue, clock: Clock, stretches: Sequence[Stretch]) -> None:
        loaded = self.loaded
        daemon = Daemon(loaded, catalogue=catalogue, reload=lambda: loaded, clock=clock)
        daemon.turns.order = NurseryOrder(
            folder=self.folder, trigger="timetable", nursery=self.nursery, clock=clock
        )
        begun = asyncio.Event()
        serving = asyncio.create_task(daemon.serve(announce=lambda url: begun.set()))
        await begun.wait()
        for number, stretch in enumerate(stretches):
            if number:
                clock.set(stretch.since)
                daemon._woken.set()
            going = asyncio.create_task(self._through(daemon, catalogue, clock, stretch.until))
            await asyncio.wait({going, serving}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():  # it was told to end, or failed
                going.cancel()
                await serving
                return
            await going
        daemon.stop()
        await serving

    async def _through(
        self, daemon: Daemon, catalogue: Catalogue, clock: Clock, until: datetime
    ) -> None:
        """Skip from one thing to do to the next."""
        scheduler = daemon.chores._scheduler
        executor = scheduler._lookup_executor("default")
        day, stood = clock().date(), 0
        while clock() < until:
            ticked = daemon.last_tick
            daemon._woken.set()
            while daemon.last_tick == ticked or daemon.turns.running or executor._pending_futures:
                await asyncio.to_thread(time.sleep, 0.01)  # real time, in which crawls run
            due = catalogue.next_due()
            jobs = [job.next_run_time for job in scheduler.get_jobs() if job.next_run_time]
            ahead = min(when for when in (due, *jobs, until) if when is not None)
            stood = 0 if ahead > clock() else stood + 1
            if stood > _STOOD:
                raise AssertionError(f"at {clock()} nothing comes of what is due: {due}, {jobs}")
            if ahead > clock():
                clock.skip((ahead - clock()).total_seconds() + 0.001)
            await asyncio.to_thread(lambda: None)  # wakes the loop, which looks at its clock
            if clock().date() != day:
                day = clock().date()
                self.memory.append(_resident())

    def faults(self) -> list[str]:
        """What is wrong with history and files; empty if all is well."""
        found = []
        with Catalogue.open(self.loaded.catalogue_url) as catalogue, catalogue._reading() as conn:
            rows = conn.execute(_HISTORY).all()
        had: dict[str, list[datetime]] = {name: [] for name in self.beats}
        for row in rows:
            good = (row.trigger, row.state, row.reason) == ("timetable", "done", "finished")
            if not good or not row.planned <= row.started <= row.ended:
                found.append(f"no good run: {row}")
            if not (row.counts or {}).get("captures/page"):
                found.append(f"nothing came of a run: {row}")
            had[row.name].append(row.planned)
        for name, beat in self.beats.items():
            wanted, got = Counter(expected(beat, self.stretches)), Counter(had[name])
            found += [f"{name} ({beat.zone}): missed {when}" for when in (wanted - got).elements()]
            found += [f"{name} ({beat.zone}): more: {when}" for when in (got - wanted).elements()]
        checked = run(self.folder, "archiver", "check")
        if checked.returncode != 0:
            found.append(f"check: {checked.stdout[-1000:]}{checked.stderr[-1000:]}")
        found += [f"left: {path.name}" for path in self.loaded.warc_folder.glob("*.open")]
        return found

    @property
    def runs(self) -> int:
        """How many there must have been."""
        return sum(len(expected(beat, self.stretches)) for beat in self.beats.values())


@contextmanager
def _said(module: str, *arguments: str) -> Iterator[str]:
    """A helper of the tests as a process, and its first line; ends with its standard input."""
    tests = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=environment(PYTHONPATH=f"{tests}:{tests.parent}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


@contextmanager
def _scheduled_by(clock: Clock) -> Iterator[None]:
    """APScheduler asks `datetime.now` in one module."""

    class Clocked(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return clock().astimezone(tz)

    real = scheduling.datetime
    scheduling.datetime = Clocked
    try:
        yield
    finally:
        scheduling.datetime = real


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
