"""What replay costs: its index of millions of captures, and requests a second beside pywb.

    python benchmarks/replay.py [--quick] [--captures N] [--part index]

Everything runs on loopback. pywb comes from `make judges` and reads the same WARC files; without it
it is left out. Writes the section `replay` of benchmarks/results.md.
"""

from __future__ import annotations

import argparse
import random
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

# The tests' own tools. After this folder's: both have a folder `support`.
sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support import machine, pywb
from support.exchanges import answer
from support.interface_pages import interface
from support.many_captures import BUSY, BUSY_CAPTURES, fill, page_url
from support.measure import BenchmarkError, timed
from support.replay_site import Archive, day
from support.replays import Rate, Replayer, our_replay, rate_of
from support.results import RESULTS, put_section, table, verdict
from support.site import page_bodies
from support.workdir import add_seed, run, working_folder

from archiver.config.load import load
from archiver.demo.server import DemoServer
from archiver.demo.site import SEED
from archiver.replay.stored import Stored
from archiver.replay.timemap import read_timemap
from archiver.store.catalogue import Catalogue
from archiver.store.spans import Span
from archiver.store.warcs import Warcs
from archiver.urls import urlkey
from archiver.warc.cdxj import file_lines

_INDEX = """\
A catalogue in SQLite of {captures:,} captures, five a URL, and one URL of {busy:,}; rows inserted
in bulk, not crawled. Bytes are those of the whole file, URLs and all indexes included. Look-ups
are in this process, the median and the worst of {looks} at random places; a page has 1,000 rows,
one of a TimeMap 500.
"""
_SPEED = """\
{large} pages of 88 KB, and the demo's site, crawled once ({pages} small pages). Both servers run at
once on the same WARC files, are asked in turn by four clients that keep their connections, and
{rounds} times {count} requests; the best. pywb is one process with gevent and an index in a file.
Its readable view is `mp_`. CPU is that of the server alone, for a request.
"""
_MEMORY = """\
Resident memory of `archiver replay`: raw and readable pages and the index in turn, and between them
the index of URLs that are not there, each with a pattern of its own.
"""
_Pages = list[tuple[str, str]]  # time (14 digits) and URL
_LARGE, _LARGE_HOST = 20, "large.example"
_MARKS = (10, 25, 50, 75, 100)  # percent of the requests after which memory is looked at


def main() -> None:
    """Measure, print, write results.md."""
    options = _options()
    command = shlex.join(["python", "benchmarks/replay.py", *sys.argv[1:]])
    with tempfile.TemporaryDirectory(prefix="archiver-bench-", dir=options.dir) as name:
        folder = Path(name)
        facts = machine.facts(command=command, folder=folder, peers={})
        sections = [table(("what", "value"), facts)]
        captures = options.captures or (200_000 if options.quick else 5_000_000)
        looks = 50 if options.quick else 200
        sections.append(_index(folder / "many", captures, looks=looks))
        print(sections[-1], flush=True)
        sections.append(interface(folder / "pages", captures, looks=looks // 5))
        print(sections[-1], flush=True)
        if options.part == "index":
            return
        many = options.requests or (5_000 if options.quick else 100_000)
        for section in _serving(folder / "demo", quick=options.quick, many=many):
            sections.append(section)
            print(section, flush=True)
    put_section("replay", "Replay", "\n".join(sections), path=options.output)


def _index(folder: Path, captures: int, *, looks: int) -> str:
    folder.mkdir()
    path = folder / "catalogue.sqlite"
    with timed() as watch:
        fill(path, captures)
    total = captures + BUSY_CAPTURES
    size = path.stat().st_size
    rows = [
        ("building it", f"{watch.wall:.0f} s ({total / watch.wall:,.0f} rows a second)", "-", ""),
        ("bytes a row", f"**{size / total:.0f}**", "-", ""),
    ]
    dice = random.Random(7)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with Catalogue.open(f"sqlite:///{path}") as catalogue:
        stored = Stored(catalogue, Warcs(folder, catalogue.file))

        def at() -> datetime:
            return start + timedelta(hours=dice.randrange(BUSY_CAPTURES))

        def page() -> str:
            return page_url(dice.randrange(captures // 5))

        busy = Span(first=urlkey(BUSY))
        questions: list[tuple[str, Callable[[], object], float | None]] = [
            ("nearest capture of a URL", lambda: catalogue.nearest(page(), at()), None),
            (f"nearest of {BUSY_CAPTURES:,}", lambda: catalogue.nearest(BUSY, at()), None),
            ("first, previous, next, last of them", lambda: stored.around(BUSY, at()), None),
            (
                "all captures of a URL",
                lambda: catalogue.index_page(Span(first=urlkey(page()))),
                None,
            ),
            ("a page of a host", lambda: catalogue.index_page(Span.host(urlkey(page()))), None),
            (
                f"a page of the URL of {BUSY_CAPTURES:,}",
                lambda: catalogue.index_page(busy, since=at()),
                0.1,
            ),
            ("a page of its TimeMap", lambda: read_timemap(stored, BUSY, at()), 0.1),
        ]
        for what, ask, limit in questions:
            rows.append((what, *_look(ask, looks, limit)))
    said = table(("what", "median (worst)", "target", ""), rows)
    note = _INDEX.format(captures=captures, busy=BUSY_CAPTURES, looks=looks)
    return f"### The index\n\n{note}\n{said}"


def _look(ask: Callable[[], object], looks: int, limit: float | None) -> tuple[str, str, str]:
    ask()
    times = []
    for _ in range(looks):
        begun = time.perf_counter()
        if ask() is None:
            raise BenchmarkError("nothing was found")
        times.append(time.perf_counter() - begun)
    middle = statistics.median(times)
    told = f"**{middle * 1000:.1f} ms** ({max(times) * 1000:.1f})"
    if limit is None:
        return told, "-", ""
    return told, f"at most {limit * 1000:.0f} ms", verdict(middle, limit)


def _serving(folder: Path, *, quick: bool, many: int) -> Iterator[str]:
    small, large = _archived(folder)
    rounds, count = (2, 300) if quick else (3, 1500)
    with ExitStack() as stack:
        ours = stack.enter_context(our_replay(folder))
        theirs = stack.enter_context(_their_replay(folder)) if pywb.BIN.is_dir() else None
        raw, readable = (
            ("/{at}id_/{url}", "/news/{at}id_/{url}"),
            ("/{at}/{url}", "/news/{at}mp_/{url}"),
        )
        kinds = {
            "raw, 88 KB": (*_paths(large, *raw), 3.0),
            "readable, 88 KB": (*_paths(large, *readable), 3.0),
            "raw, small": (*_paths(small, *raw), None),
            "readable, small": (*_paths(small, *readable), None),
            "index (CDX)": (*_paths(small, "/cdx?url={quoted}", "/news/cdx?url={quoted}"), None),
        }
        rows = []
        for kind, (our_paths, their_paths, wanted) in kinds.items():
            rates: list[tuple[Rate, Rate | None]] = []
            for _ in range(rounds):
                mine = rate_of(ours, our_paths, count)
                rates.append((mine, rate_of(theirs, their_paths, count) if theirs else None))
            rows.append((kind, *_beside(rates, wanted)))
        note = _SPEED.format(large=len(large), pages=len(small), rounds=rounds, count=count)
        columns = ("what", "ours, a second", "pywb", "ours / pywb", "CPU ms, ours", "pywb",
                   "pywb / ours", "target for both", "")  # fmt: skip
        yield f"### Requests a second\n\n{note}\n{table(columns, rows)}"
        turns = [kinds[kind][0] for kind in ("raw, small", "readable, small", "index (CDX)")]
        yield _memory(ours, [path for three in zip(*turns, strict=True) for path in three], many)


def _beside(
    rates: Sequence[tuple[Rate, Rate | None]], wanted: float | None
) -> tuple[str, str, str, str, str, str, str, str]:
    speed, cpu = max(rate.a_second for rate, _ in rates), min(rate.cpu for rate, _ in rates)
    others = [rate for _, rate in rates if rate is not None]
    if not others:
        return f"**{speed:.0f}**", "not here", "-", f"**{cpu:.2f}**", "-", "-", "-", ""
    their_speed, their_cpu = max(rate.a_second for rate in others), min(rate.cpu for rate in others)
    faster, cheaper = speed / their_speed, their_cpu / cpu
    return (
        f"**{speed:.0f}**",
        f"{their_speed:.0f}",
        f"**{faster:.1f} x**",
        f"**{cpu:.2f}**",
        f"{their_cpu:.2f}",
        f"**{cheaper:.1f} x**",
        f"at least {wanted:g} x" if wanted else "-",
        verdict(min(faster, cheaper), wanted, at_least=True) if wanted else "",
    )


def _paths(urls: _Pages, ours: str, theirs: str) -> tuple[list[str], list[str]]:
    def fill_in(form: str) -> list[str]:
        return [form.format(at=at, url=url, quoted=quote(url, safe="")) for at, url in urls]

    return fill_in(ours), fill_in(theirs)


def _memory(ours: Replayer, paths: list[str], many: int) -> str:
    done, seen = 0, []
    for mark in _MARKS:
        count = many * mark // 100 - done
        rate_of(ours, _mixed(paths, done, count), count)
        done += count
        seen.append((done, ours.memory))
    before, half = seen[0][1], seen[len(seen) // 2][1]
    grown, later = seen[-1][1] / before, seen[-1][1] / half
    rows = [
        (
            "start to the first answer",
            f"**{ours.start:.2f} s**",
            "under 1 s",
            verdict(ours.start, 1.0),
        ),
        *(
            (f"after {count:,} requests", f"{memory / 2**20:.1f} MiB", "-", "")
            for count, memory in seen[:-1]
        ),
        (
            f"after {done:,} requests",
            f"**{seen[-1][1] / 2**20:.1f} MiB** ({grown:.2f} x the first)",
            "at most 1.1 x",
            verdict(grown, 1.1),
        ),
        ("the second half", f"**{later:.3f} x**", "at most 1.02 x", verdict(later, 1.02)),
    ]
    return f"### Start and memory\n\n{_MEMORY}\n{table(('what', 'value', 'target', ''), rows)}"


def _mixed(paths: list[str], first: int, count: int) -> list[str]:
    """Pages in turn; every fourth request is one that was never made before."""
    return [
        f"/cdx?url=lantern.example/none/{number}&filter=~url:.*{number}"
        if number % 4 == 0
        else paths[number % len(paths)]
        for number in range(first, first + count)
    ]


def _archived(folder: Path) -> tuple[_Pages, _Pages]:
    """The demo's archive and larger pages in it; time and URL of every page that is there."""
    folder.mkdir()
    with DemoServer() as server:
        target = f"127.0.0.1:{server.port}"
        names = dict.fromkeys(("lantern.example", "www.farwire.example"), target)
        working_folder(folder, connect_to=names)
        add_seed(folder, "lantern", SEED.read_text("utf-8"))
        done = run(folder, "archiver", "crawl", "lantern")
        if done.returncode:
            raise BenchmarkError(done.stderr)
    archive = Archive(folder / "archive")
    for number, body in enumerate(page_bodies(_LARGE)):
        archive.keep(f"https://{_LARGE_HOST}/{number}", day(1), answer(body))
    archive.close()
    loaded = load(start=folder, explicit=None, env={}, flags={})
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        lines = [
            line.replace('"sha1:', '"')
            for name in catalogue.places()
            for line in file_lines(loaded.warc_folder / name)
        ]
        (folder / "index.cdxj").write_text("".join(f"{line}\n" for line in sorted(lines)), "utf-8")
        span = Span(first="", end="\U0010ffff")
        pages = [
            (f"{row.at:%Y%m%d%H%M%S}", row.url)
            for row in catalogue.index_page(span).rows
            if row.status == 200 and row.mime == "text/html" and row.record_type == "response"
        ]
    return (
        [page for page in pages if _LARGE_HOST not in page[1]],
        [page for page in pages if _LARGE_HOST in page[1]],
    )


@contextmanager
def _their_replay(folder: Path) -> Iterator[Replayer]:
    warcs, index = folder / "archive" / "warc", str(folder / "index.cdxj")
    with pywb.running(folder / "pywb", index=index, warcs=warcs) as (port, pid):
        yield Replayer(port=port, pid=pid, start=0.0, host=f"127.0.0.1:{port}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer captures and requests")
    parser.add_argument("--captures", type=int, help="in the catalogue that is measured")
    parser.add_argument("--requests", type=int, help="over which memory is looked at")
    parser.add_argument("--part", choices=["index"], help="only that, and without the results")
    parser.add_argument("--dir", type=Path, help="where the archives are written")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
