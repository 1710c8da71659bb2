"""What the daemon costs: its start, planning, idling with 10,000 outlets, beginning 50 at once.

    python benchmarks/daemon.py [--quick | --soak]

Everything runs on loopback. Writes the section `daemon` of benchmarks/results.md; with `--soak`
instead `daemon-days`, days of it with real crawls, in some ten minutes. A daemon that
does something else than it is measured at raises.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

# The tests' own tools. After this folder's: both have a folder `support`.
sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support import machine
from support.days import days
from support.measure import BenchmarkError, timed
from support.results import RESULTS, put_section, table
from support.small_site import Answer, SmallSite, html, xml
from support.workdir import add_seed, environment, working_folder

from archiver.config.load import Loaded, load
from archiver.config.seeds import read_seeds
from archiver.daemon.dispatch import CrawlOrder
from archiver.daemon.log import set_up_log
from archiver.daemon.plan import align, make_timetable, outlook
from archiver.daemon.service import Daemon
from archiver.daemon.standing import standing
from archiver.daemon.turns import RunReport
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue

HOST = "bench.example"
_ROOT = Path(__file__).resolve().parents[1]
_OUTLETS = 10_000
_AT_ONCE = 50
_TABLES = '[timetable]\n{timetable}\n[daemon]\nport = 0\n{daemon}\n[log]\nformat = "json"\n'
_SEED = """id = "{name}"
name = "Bench"
homepage = "http://{host}/"
timezone = "{zone}"
feeds = ["http://{host}/feed"]
"""
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe")
_START = """\
From the start of the process to the first request that a server on loopback got (robots.txt of
the outlet). The crawl is a process of its own, so that its start is a part of the daemon's;
`scrapy crawl` by itself stands beside it. Best of {runs}.
"""
_PLANNING = """\
{outlets:,} seeds in four time zones, a catalogue in SQLite. "First" is with an empty catalogue,
where every due time is written; "again" is a start with nothing to write. A tick asks who is due
and when the next one is; nobody is.
"""
_IDLE = """\
`archiver daemon` with {outlets:,} outlets of which none is due for an hour or more, looked at for
{seconds:.0f} seconds after it had begun and had {settle:.0f} seconds to come to rest. Its own
process; memory is resident.
"""
_DELAY = """\
{outlets} outlets that are due at the same moments, every {every} seconds, all of them allowed at
once. A child sleeps for 3 seconds in place of a crawl, so that crawls are not what is measured.
The delay is from the planned moment to that at which the child had been made; {runs} runs.
"""


def main() -> None:
    """Measure, print, write results.md."""
    options = _options()
    command = shlex.join(["python", "benchmarks/daemon.py", *sys.argv[1:]])
    set_up_log(level="ERROR", json_lines=True)
    with tempfile.TemporaryDirectory(prefix="archiver-bench-", dir=options.dir) as name:
        folder = Path(name)
        facts = machine.facts(command=command, folder=folder, peers={})
        sections = [table(("what", "value"), facts)]
        if options.soak:
            sections.append(days(folder))
            print(sections[-1], flush=True)
            whole = "\n".join(sections)
            put_section("daemon-days", "Days of the daemon", whole, path=options.output)
            return
        many = folder / "many"
        for part in (
            partial(_starting, folder, runs=2 if options.quick else 3),
            partial(_planning, many),
            partial(_idling, many, seconds=10.0 if options.quick else 40.0),
            partial(_beginning, folder / "fifty", seconds=15.0 if options.quick else 35.0),
        ):
            sections.append(part())
            print(sections[-1], flush=True)
    put_section("daemon", "The daemon", "\n".join(sections), path=options.output)


def _folder(
    folder: Path, outlets: int, *, timetable: str, daemon: str = "", address: str = "127.0.0.1:9"
) -> Loaded:
    """A working folder with so many outlets."""
    working_folder(folder, connect_to={HOST: address}, network="allow_private = true")
    config = folder / "config" / "archiver.toml"
    own = _TABLES.format(timetable=timetable, daemon=daemon)
    config.write_text(own + config.read_text("utf-8"), "utf-8")
    for number in range(outlets):
        name = f"o{number:05}"
        zone = _ZONES[number % len(_ZONES)]
        add_seed(folder, name, _SEED.format(name=name, host=HOST, zone=zone))
    (folder / "archive").mkdir(exist_ok=True)
    return load(start=folder, explicit=None, env={}, flags={})


@contextmanager
def _process(folder: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs in a folder for as long as the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment(PYTHONPATH=str(_ROOT), SCRAPY_SETTINGS_MODULE="spiders.settings"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=120)


def _starting(folder: Path, *, runs: int) -> str:
    article = "<html><body><article><h1>A story</h1><p>Words.</p></article></body></html>"
    answers = {
        "/robots.txt": Answer(body=b"User-agent: *\nDisallow: /x\n", kind="text/plain"),
        "/feed": xml("<rss version='2.0'><channel></channel></rss>"),
        "/": html(article),
    }
    commands = {
        "`archiver daemon`": ("archiver.cli.main", "daemon"),
        "`scrapy crawl`": ("scrapy", "crawl", "o00000"),
    }
    found: dict[str, list[float]] = {what: [] for what in commands}
    for run in range(runs):
        for what, command in commands.items():
            with SmallSite(answers) as site:
                place = folder / f"start-{run}-{command[1]}"
                timetable = 'every = "1h"\njitter = "0s"'
                _folder(place, 1, timetable=timetable, address=site.address)
                begun = time.monotonic()
                with _process(place, *command) as process:
                    while not site.asked:
                        if process.poll() is not None or time.monotonic() > begun + 60:
                            raise BenchmarkError(f"{what} fetched nothing")
                        time.sleep(0.002)
                    found[what].append(time.monotonic() - begun)
    rows = [
        (what, f"**{min(walls):.2f} s**", f"{max(walls):.2f} s") for what, walls in found.items()
    ]
    said = table(("what", "to the first request", "worst"), rows)
    return f"### Start to first fetch\n\n{_START.format(runs=runs)}\n{said}"


def _planning(folder: Path) -> str:
    loaded = _folder(folder, _OUTLETS, timetable='every = "30m"')
    rows: list[tuple[str, str, str]] = []

    def note(what: str, wall: float, cpu: float) -> None:
        rows.append((what, f"**{wall:.3f}**", f"{cpu:.3f}"))

    with timed() as watch:
        seeds = read_seeds(loaded.seeds_folder)
    note("reading seeds", watch.wall, watch.cpu)
    with timed() as watch:
        timetable = make_timetable(loaded, seeds)
    if len(timetable.rules) != _OUTLETS:
        raise BenchmarkError(f"{len(timetable.rules)} outlets: {seeds.faults[:1]}")
    note("`make_timetable`", watch.wall, watch.cpu)
    with Catalogue.open(loaded.catalogue_url, create=True) as catalogue:
        now = utcnow() + timedelta(hours=1)
        with timed() as watch:
            align(catalogue, timetable, now)
        note("`align`, first", watch.wall, watch.cpu)
        with timed() as watch:
            align(catalogue, timetable, now)
        note("`align`, again", watch.wall, watch.cpu)
        with timed() as watch:
            daemon = _made(loaded, catalogue)
            begun, due = asyncio.run(_tick(daemon))
        if begun or not due:
            raise BenchmarkError("somebody was due")
        note("reading, planning and a first tick", watch.wall, watch.cpu)
        with timed() as watch:
            for _ in range(100):
                asyncio.run(_tick(daemon))
        note("a tick (mean of 100)", watch.wall / 100, watch.cpu / 100)
        with timed() as watch:
            turns = sum(
                1
                for _ in outlook(
                    timetable, catalogue.turns(), now=now, until=now + timedelta(days=1)
                )
            )
        note(f"a day's {turns:,} turns (`--dry-run --next 24h`)", watch.wall, watch.cpu)
        with timed() as watch:
            standing(loaded, catalogue, utcnow())
        note("the timetable's part of `archiver status`, seeds read", watch.wall, watch.cpu)
    said = table(("what", "wall s", "CPU s"), rows)
    return f"### Planning\n\n{_PLANNING.format(outlets=_OUTLETS)}\n{said}"


def _made(loaded: Loaded, catalogue: Catalogue) -> Daemon:
    return Daemon(loaded, catalogue=catalogue, reload=lambda: loaded)


async def _tick(daemon: Daemon) -> tuple[int, object]:
    return await daemon.turns.tick(), await daemon.turns.next_tick()


def _idling(folder: Path, *, seconds: float, settle: float = 5.0) -> str:
    """The folder is that of `_planning`; nobody is due before cron fields say so."""
    config = folder / "config" / "archiver.toml"
    far = (utcnow() + timedelta(days=40)).strftime("0 0 %d %m *")
    config.write_text(
        config.read_text("utf-8").replace('every = "30m"', f'cron = "{far}"'), "utf-8"
    )
    begun = time.monotonic()
    with _process(folder, "archiver.cli.main", "daemon") as process:
        assert process.stderr
        for line in process.stderr:
            if "daemon-begun" in line:
                break
        else:
            raise BenchmarkError("the daemon did not begin")
        ready = time.monotonic() - begun
        time.sleep(settle)
        before, since = _cpu(process.pid), time.monotonic()
        time.sleep(seconds)
        used = (_cpu(process.pid) - before) / (time.monotonic() - since)
        memory = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        if process.poll() is not None:
            raise BenchmarkError("the daemon ended")
    rows = [
        ("start until it is ready", f"{ready:.2f} s"),
        ("memory", f"**{memory * os.sysconf('SC_PAGE_SIZE') / 2**20:.0f} MiB**"),
        ("CPU, of one core", f"**{used:.3%}**"),
    ]
    note = _IDLE.format(outlets=_OUTLETS, seconds=seconds, settle=settle)
    return f"### At rest\n\n{note}\n{table(('what', 'value'), rows)}"


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sleep(CrawlOrder):
    """A child that is no crawl."""

    def command(self, outlet: str) -> list[str]:
        return ["sleep", "3"]


def _beginning(folder: Path, *, seconds: float, every: int = 10) -> str:
    timetable = f'every = "{every}s"\njitter = "0s"'
    loaded = _folder(folder, _AT_ONCE, timetable=timetable, daemon=f"jobs = {_AT_ONCE}")
    delays: list[float] = []
    most = 0
    with Catalogue.open(loaded.catalogue_url, create=True) as catalogue:
        start = utcnow() + timedelta(seconds=2)
        catalogue.set_due(dict.fromkeys(read_seeds(loaded.seeds_folder).outlets, start))

        async def follow() -> None:
            daemon = _made(loaded, catalogue)
            daemon.turns.order = _Sleep(folder=folder)
            daemon.turns.timetable = make_timetable(loaded, read_seeds(loaded.seeds_folder))

            async def keep(report: RunReport) -> None:
                nonlocal most
                most = max(most, len(daemon.turns.running))
                delays.append((report.ended.started - report.ended.planned).total_seconds())

            daemon.turns.on_run = keep
            serving = asyncio.create_task(daemon.serve())
            await asyncio.sleep(seconds)
            daemon.stop()
            await serving

        asyncio.run(follow())
    delays.sort()
    if most != _AT_ONCE:
        raise BenchmarkError(f"only {most} side by side")
    rows = [
        (
            f"{share:.0%}",
            f"**{delays[min(len(delays) - 1, int(share * len(delays)))] * 1000:.0f} ms**",
        )
        for share in (0.5, 0.95, 1.0)
    ]
    note = _DELAY.format(outlets=_AT_ONCE, every=every, runs=len(delays))
    said = table(("of all runs began within", "delay"), rows)
    return f"### Planned and begun, {_AT_ONCE} at once\n\n{note}\n{said}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="shorter looks")
    parser.add_argument("--soak", action="store_true", help="days with real crawls instead")
    parser.add_argument("--dir", type=Path, help="where the archives are written")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
