"""The catalogue on PostgreSQL at the size of years: what writing and looking up costs there.

Makes a server of its own below /tmp (PostgreSQL's programs are needed), about 600 bytes on the disk
for each capture, and removes it.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import psycopg
from support.measure import timed
from support.results import table

from archiver.model import Capture
from archiver.store.catalogue import Catalogue
from archiver.store.columntypes import from_micros

# The tests' own tools, and the questions that they ask of a catalogue.
sys.path.append(str(Path(__file__).parents[2] / "tests"))

from support.captures import make_article, make_capture, make_ref
from support.many_captures import BUSY, BUSY_CAPTURES, PER_URL, page_url
from support.many_rows import HOUR, START, fill, outlet_name
from support.pg_plans import plans_of
from support.postgres import Server, own_server
from unit.store.test_plans import PAGE, QUESTIONS, TABLES

_LIKE_A_REAL_ONE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
}
_FAST = {"shared_buffers": "1GB", "max_wal_size": "16GB", "maintenance_work_mem": "512MB"}
_GROUP = 200  # captures that a crawl writes at once
_ASKED = 1000  # URLs that a crawl asks for at once
_LARGE = 20_000  # rows: a table with fewer may be read whole
_WRITERS = 4
_TEXT = """\
{captures:,} captures of {urls:,} URLs in PostgreSQL {version} ({size:.1f} GB on the disk), made by
COPY in {filled:.0f} s. Everything goes through the catalogue's own code, every commit is synced,
the server is on the same machine. Captures are added {group} at once, as crawls write them.
"""


def add_options(group: argparse._ArgumentGroup) -> None:
    """The options of this part."""
    group.add_argument("--captures", type=int, default=10_000_000, help="in the catalogue")


def measure(options: argparse.Namespace, _folder: Path) -> str:
    """Fill a catalogue, and measure."""
    captures = 50_000 if options.quick else options.captures
    rounds = 20 if options.quick else 200
    with own_server() as server:
        url = server.new_database()
        Catalogue.open(url, create=True).close()
        _restart(server, _FAST)
        with timed() as filling:
            fill(url, captures, say=lambda name: print(f"filling: {name}", flush=True))
        _restart(server, _LIKE_A_REAL_ONE)
        urls = captures // PER_URL
        with Catalogue.open(url) as catalogue:
            rows = [*_look_ups(catalogue, urls, rounds), *_insertions(catalogue, url, urls, rounds)]
            faults, asked = _plans(catalogue, url)
        with psycopg.connect(url) as conn:
            size = conn.execute("SELECT pg_database_size(current_database())").fetchone()
            version = conn.execute("SHOW server_version").fetchone()
    text = _TEXT.format(
        captures=captures + BUSY_CAPTURES,
        urls=urls,
        version=version[0].split()[0] if version else "?",
        size=(size[0] if size else 0) / 1e9,
        filled=filling.wall,
        group=_GROUP,
    )
    what = ("what", "a second", "median", "19 of 20 within")
    return f"{text}\n{table(what, rows)}\n{_told(faults, asked)}"


def _restart(server: Server, settings: dict[str, str]) -> None:
    server.stop("fast")
    server.start(**settings)


def _timed(acts: Iterable[Callable[[], object]]) -> list[float]:
    found = []
    for act in acts:
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return found


def _row(name: str, times: Sequence[float], *, each: int = 1) -> tuple[str, ...]:
    most = sorted(times)[int(len(times) * 0.95)]
    rate = len(times) * each / sum(times)
    return name, f"{rate:,.0f}", f"{statistics.median(times) * 1e3:.2f} ms", f"{most * 1e3:.2f} ms"


def _look_ups(catalogue: Catalogue, urls: int, rounds: int) -> Iterable[tuple[str, ...]]:
    pick = random.Random(1)
    end = from_micros(START + 9 * HOUR * BUSY_CAPTURES)

    def some(count: int) -> list[str]:
        """As many, half of them unknown."""
        return [page_url(pick.randrange(2 * urls)) for _ in range(count)]

    batches = [some(_ASKED) for _ in range(rounds)]
    _timed([lambda: catalogue.unfetched("sky-news", some(_ASKED)) for _ in range(3)])  # warm
    asked = _timed([partial(catalogue.unfetched, "sky-news", one) for one in batches])
    yield _row(f"URLs looked up, {_ASKED} at once, half of them unknown", asked, each=_ASKED)
    moments = [
        (page_url(pick.randrange(urls)), from_micros(START + pick.randrange(5) * HOUR))
        for _ in range(rounds * 10)
    ]
    yield _row(
        "nearest capture of a URL", _timed([lambda m=m: catalogue.nearest(*m) for m in moments])
    )  # type: ignore[misc]
    busy = [from_micros(START + pick.randrange(BUSY_CAPTURES) * HOUR) for _ in range(rounds * 5)]
    name = f"nearest capture of one with {BUSY_CAPTURES:,}"
    yield _row(name, _timed([partial(catalogue.nearest, BUSY, at) for at in busy]))
    newest = [lambda: catalogue.captures_before(BUSY, end, limit=20)] * (rounds * 5)
    yield _row(f"newest 20 captures of one with {BUSY_CAPTURES:,}", _timed(newest))
    last = [lambda: catalogue.latest_capture(BUSY)] * (rounds * 5)
    yield _row("last capture with a body, of the same", _timed(last))
    listed = [page_url(pick.randrange(urls)) for _ in range(rounds * 5)]
    articles = [partial(catalogue.get_article, one) for one in listed]
    yield _row("an article with its revisions", _timed(articles))


def _group(number: int, urls: int) -> list[Capture]:
    """Captures of a crawl: half of URLs that are new, half of known ones."""
    at = from_micros(START + 10**6 * HOUR + number)
    file = f"crawl-{number % 64}.warc.gz"
    return [
        make_capture(
            page_url(10 * urls + number * _GROUP + n if n % 2 else (number * 977 + n) % urls),
            at + timedelta(milliseconds=n),
            outlet=outlet_name(number % 7 + 1),
            warc=make_ref(file, (number * _GROUP + n) * 9000),
        )
        for n in range(_GROUP)
    ]


def _insertions(
    catalogue: Catalogue, url: str, urls: int, rounds: int
) -> Iterable[tuple[str, ...]]:
    groups = [_group(number, urls) for number in range(rounds)]
    alone = _timed([partial(catalogue.add_captures, one) for one in groups])
    yield _row("captures added by one process", alone, each=_GROUP)
    context = get_context("spawn")
    with ProcessPoolExecutor(_WRITERS, context) as pool:
        firsts = [10**6 * (n + 1) for n in range(_WRITERS)]
        list(pool.map(partial(_write, url, urls, 1), firsts))  # warm
        began = time.perf_counter()
        work = pool.map(partial(_write, url, urls, rounds), [first + 1 for first in firsts])
        times = [one for part in work for one in part]
        wall = time.perf_counter() - began
    _, _, middle, most = _row("", times)
    rate = f"{_WRITERS * rounds * _GROUP / wall:,.0f}"
    yield f"captures added by {_WRITERS} processes, all together", rate, middle, most


def _write(url: str, urls: int, rounds: int, first: int) -> list[float]:
    with Catalogue.open(url) as catalogue:
        groups = [_group(first + number, urls) for number in range(rounds)]
        return _timed([partial(catalogue.add_captures, one) for one in groups])


def _plans(catalogue: Catalogue, url: str) -> tuple[dict[str, list[str]], int]:
    """What reads whole tables or indexes, by the question; and how many statements were asked."""
    catalogue.start_run("sky-news", trigger="hand", at=from_micros(START))
    catalogue.add_captures([make_capture(PAGE)])
    catalogue.save_article(make_article(PAGE, "old"))
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("ANALYZE")
        found = conn.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r'")
        large = {name for name, rows in found.fetchall() if rows >= _LARGE}
    known = {*TABLES.split("|"), "problem", "run"}
    faults: dict[str, list[str]] = {}
    count = 0
    for name, ask in QUESTIONS.items():
        with plans_of(catalogue) as plans:
            try:
                ask(catalogue)
            except Exception as error:  # noqa: BLE001 - what it says is part of the result
                faults[name] = [f"failed: {error}"]
        count += len(plans)
        if reads := [read for plan in plans for read in plan.whole_reads(large & known)]:
            faults.setdefault(name, []).extend(reads)
    return faults, count


def _told(faults: dict[str, list[str]], asked: int) -> str:
    head = f"Plans of {asked} statements of {len(QUESTIONS)} questions were looked at. "
    if not faults:
        return f"{head}None reads a whole table that grows, nor a whole index of one.\n"
    lines = [f"- `{name}`: {read[:300]}\n" for name, reads in faults.items() for read in reads]
    return f"{head}These read all of a table that grows, or of an index of it:\n\n{''.join(lines)}"
