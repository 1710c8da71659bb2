"""Work over many WARC files: several processes, workers of a fleet, files of a gigabyte.

The fleet's part needs PostgreSQL (see tests/support/postgres.py) and the extra fleet. What is
extracted again are the pages of ../shared/corpus, where they are.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from support.large_warcs import make_warcs
from support.measure import BenchmarkError, Command, Cost
from support.measure import measure as cost_of
from support.results import table

from archiver.config.load import load
from archiver.config.workdir import lay_out
from archiver.store.catalogue import Catalogue

_OUTLET = "bench-news"
_CONTACT = "https://archive.example/about"
_ARCHIVER = (sys.executable, "-m", "archiver.cli.main")
_LONG = 6 * 3600.0  # seconds
_CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


def add_options(group: argparse._ArgumentGroup) -> None:
    """The options of this part."""
    group.add_argument("--warcs", type=int, default=16, help="files to extract again")
    group.add_argument("--pages", type=int, default=100, help="in each of those")
    group.add_argument("--corpus", type=Path, default=_CORPUS, help="real pages, to extract")
    group.add_argument("--records", type=int, default=40_000, help="pages in the large file")
    group.add_argument("--megabytes", type=int, default=1000, help="of the large file")
    group.add_argument(
        "--large-extract", action="store_true", help="extract the large file too (half an hour)"
    )
    group.add_argument("--no-fleet", action="store_true", help="without PostgreSQL and workers")


def measure(options: argparse.Namespace, folder: Path) -> str:
    """Both parts of the measurement."""
    warcs, pages = (4, 20) if options.quick else (options.warcs, options.pages)
    records, size = (400, 10) if options.quick else (options.records, options.megabytes)
    text = _large(folder / "large", records=records, size=size * 1_000_000, whole=options)
    bodies = _bodies(options.corpus)
    again = _sixteen(folder, bodies, warcs=warcs, pages=pages, fleet=not options.no_fleet)
    return f"{text}\n{again}"


def _bodies(corpus: Path) -> list[bytes]:
    """Real pages, as far as there are any."""
    listed = corpus / "gold.jsonl"
    if not listed.is_file():
        return []
    lines = listed.read_text("utf-8").splitlines()
    return [gzip.decompress((corpus / json.loads(line)["page"]).read_bytes()) for line in lines]


def _large(folder: Path, *, records: int, size: int, whole: argparse.Namespace) -> str:
    """Memory and time of the jobs over one file, at a quarter of its size and at all of it."""
    rows = []
    for share in (4, 1):
        place = folder / str(share)
        count, length = records // share, size // share
        env = _archive(place, files=1, records=count, size=length)
        commands = {"reindex": ("reindex", "--batch"), "check": ("check", "--batch")}
        if whole.large_extract or whole.quick:
            commands["extract, kept"] = ("extract", "--batch")
            commands["extract, as JSON lines"] = ("extract", "--batch", "--to", "parts")
        for name, command in commands.items():
            cost = _run(place, env, *command)
            rows.append(
                (
                    name,
                    f"{count:,}",
                    f"{length / 1e6:,.0f} MB",
                    f"{cost.wall:.1f} s",
                    f"{cost.cpu:.1f} s",
                    f"{count / cost.wall:,.0f}",
                    f"{cost.rss / 1e6:,.0f} MB",
                )
            )
    head = ("job", "pages", "file", "wall", "CPU", "pages/s", "largest process")
    return f"One file as large collections have them, one job:\n\n{table(head, rows)}"


def _sixteen(folder: Path, bodies: Sequence[bytes], *, warcs: int, pages: int, fleet: bool) -> str:
    """The same files extracted again by one process, by two, and by workers of a fleet."""
    ways: list[_Way] = []
    place = folder / "one"
    env = _archive(place, files=warcs, records=pages, size=0, bodies=bodies)
    _run(place, env, "reindex", "--batch", "--extract")
    for jobs in (1, 2):
        with _timed(ways, f"here, --jobs {jobs}, SQLite"):
            _run(place, env, "extract", "--batch", "--jobs", str(jobs), "--anew")
    if fleet:
        _by_workers(folder, ways, bodies, warcs=warcs, pages=pages)
    first = ways[0].wall
    rows = [
        (
            way.name,
            f"{way.wall:.1f} s",
            f"{way.busy:.2f}",
            f"{warcs * pages / way.wall:.1f}",
            f"{first / way.wall:.2f}",
        )
        for way in ways
    ]
    head = ("way", "wall", "cores busy", "pages/s", "times one process")
    kind = f"pages each, {len(bodies)} real ones over and over" if bodies else "small pages each"
    return (
        f"{warcs} files of {pages} {kind}, all extracted again by the same extractor; each job"
        " extracts in one process beside its own. Cores busy: of the whole machine, the database"
        f" and the store among it.\n\n{table(head, rows)}"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    """A way to extract all again: wall seconds, and how many cores were busy on average."""

    name: str
    wall: float
    busy: float


@contextmanager
def _timed(ways: list[_Way], name: str) -> Iterator[None]:
    idle, begun = _idle(), time.monotonic()
    yield
    wall = time.monotonic() - begun
    busy = (os.cpu_count() or 1) - (_idle() - idle) / wall
    ways.append(_Way(name=name, wall=wall, busy=busy))


def _idle() -> float:
    """Seconds that the machine's cores were idle or waited for disks, since it was started."""
    _, _, _, _, idle, waiting, *_ = Path("/proc/stat").read_text("ascii").split()
    return (int(idle) + int(waiting)) / os.sysconf("SC_CLK_TCK")


def _by_workers(
    folder: Path, ways: list[_Way], bodies: Sequence[bytes], *, warcs: int, pages: int
) -> None:
    with _postgres() as url, ExitStack() as stack:
        place = folder / "fleet"
        store = f"file://{folder}/store"
        env = _archive(
            place,
            files=warcs,
            records=pages,
            size=0,
            bodies=bodies,
            ARCHIVER_ARCHIVE__CATALOGUE_URL=url,
            ARCHIVER_STORAGE__URL=store,
            ARCHIVER_DAEMON__PORT="0",
        )
        _run(place, env, "ship")
        _run(place, env, "reindex", "--batch", "--extract")
        with _timed(ways, "here, --jobs 1, PostgreSQL"):
            _run(place, env, "extract", "--batch", "--jobs", "1", "--anew")
        for workers in (1, 2):
            other = folder / f"worker-{workers}"
            lay_out(other, seeds=False)
            stack.enter_context(_worker(other, env))
            with _timed(ways, f"fleet, {workers} workers, PostgreSQL and a store"):
                _run(place, env, "extract", "--fleet", "--wait", "--anew")


def _archive(
    folder: Path,
    *,
    files: int,
    records: int,
    size: int,
    bodies: Sequence[bytes] = (),
    **env: str,
) -> dict[str, str]:
    """A working folder with such files; the environment of commands there."""
    env = {"ARCHIVER_OPERATOR__CONTACT": _CONTACT, "ARCHIVER_EXTRACT__WORKERS": "1", **env}
    lay_out(folder, seeds=False)
    loaded = load(start=folder, explicit=None, env=env, flags={})
    with Catalogue.open(loaded.catalogue_url, create=True) as catalogue:
        make_warcs(
            loaded.warc_folder,
            catalogue,
            files=files,
            records=records,
            size=size,
            outlet=_OUTLET,
            bodies=bodies,
        )
    return env


def _run(folder: Path, env: Mapping[str, str], *command: str) -> Cost:
    return cost_of(
        Command(argv=(*_ARCHIVER, *command), folder=folder, env=dict(env)), timeout=_LONG
    )


@contextmanager
def _worker(folder: Path, env: Mapping[str, str]) -> Iterator[None]:
    """A worker for batches, one job at a time, until the end of the block."""
    process = subprocess.Popen(
        [*_ARCHIVER, "worker", "--queues", "batch", "--jobs", "1"],
        cwd=folder,
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "log").open("wb"),
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        if process.wait(120) not in (0, -signal.SIGTERM):
            raise BenchmarkError((folder / "log").read_text("utf-8", "replace")[-2000:])


@contextmanager
def _postgres() -> Iterator[str]:
    """The URL of a database of a PostgreSQL of the benchmark's own, as the tests make one."""
    path = Path(__file__).parents[2] / "tests" / "support" / "postgres.py"
    spec = spec_from_file_location("tests_postgres", path)
    if spec is None or spec.loader is None:
        raise BenchmarkError(f"{path} is not here")
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    programs = next((one for one in made._program_folders() if (one / "initdb").exists()), None)
    if programs is None:
        raise BenchmarkError("no PostgreSQL here: --no-fleet")
    with made._running(programs) as server:
        yield server.new_database()
