"""The figures of capture that come from crawls: beside peers, their bound, extraction, memory."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fastwarc.warc import ArchiveIterator
from support.bound import least_work
from support.contenders import CONCURRENCY, OURS, Contender, kept, ours_in, peers
from support.measure import BenchmarkError, Command, Cost, best, measure
from support.results import table, verdict
from support.site import HOST, Site

_MB = 1_000_000
_MEMORY_LIMIT = 150 * _MB


def _run(site: Site, folder: Path, contender: Contender, pages: int) -> tuple[Cost, int]:
    """One run of a contender, proved to have done it all; its cost, its archive's bytes."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        command = contender.command(site, place, pages)
        site.answered()
        os.sync()
        cost = measure(command)
        answered = site.answered()
        found, size = kept(contender, place)
        if answered != pages or (contender.archives and found != pages):
            raise BenchmarkError(
                f"{contender.name}: {answered} pages answered, {found} kept, of {pages}"
            )
    return cost, size


def beside_peers(
    site: Site,
    folder: Path,
    contenders: Sequence[Contender],
    absent: Sequence[tuple[str, str]],
    options: argparse.Namespace,
) -> str:
    """What the same pages cost us and each peer."""
    everyone = [OURS, *contenders]
    costs: dict[str, list[Cost]] = {each.name: [] for each in everyone}
    starts: dict[str, list[Cost]] = {each.name: [] for each in everyone}
    sizes: dict[str, int] = {}
    for number in range(options.runs):
        for each in everyone:
            cost, sizes[each.name] = _run(site, folder, each, options.pages)
            start, _ = _run(site, folder, each, 1)
            costs[each.name].append(cost)
            starts[each.name].append(start)
            print(f"run {number + 1}: {each.name}: {cost.cpu:.2f} s CPU", flush=True)
    rows: list[tuple[str, ...]] = []
    own, own_start = best(costs[OURS.name]), best(starts[OURS.name])
    for each in everyone:
        cost, start = best(costs[each.name]), best(starts[each.name])
        worst = max(run.cpu for run in costs[each.name])
        ratio = own.cpu / cost.cpu
        without = (own.cpu - own_start.cpu) / max(cost.cpu - start.cpu, 1e-9)
        rows.append(
            (
                each.name,
                f"{cost.cpu:.2f} (worst {worst:.2f})",
                f"{cost.cpu / options.pages * 1000:.2f}",
                f"{start.cpu:.2f}",
                f"{cost.wall:.2f}",
                f"{options.pages / cost.wall:.0f}",
                f"{sizes[each.name] / _MB:.1f}" if each.archives else "-",
                "-" if each is OURS else f"**{ratio:.2f} x**",
                "-" if each is OURS else f"{without:.2f} x",
                f"at most {each.limit} x" if each.limit else "-",
                verdict(ratio, each.limit) if each.limit else "-",
            )
        )
    rows += [(name, f"not measured: {reason}", *["-"] * 9) for name, reason in absent]
    columns = (
        "archiver",
        "CPU s",
        "CPU ms a page",
        "start-up CPU s",
        "wall s",
        "pages/s",
        "WARC MB",
        "CPU: ours / it",
        "without start-up",
        "target",
        "",
    )
    gzipped = "gzip on" if options.gzip else "gzip off"
    return (
        f"### Beside peers\n\n{options.pages} pages of 88 KB, {CONCURRENCY} side by side, no delay,"
        f" {gzipped}, extraction off, best of {options.runs}.\n\n{table(columns, rows)}"
    )


def bound(site: Site, folder: Path, options: argparse.Namespace) -> str:
    """What no archiver on Scrapy can leave out, beside both peers on Scrapy."""

    def cpu(contender: Contender, pages: int) -> float:
        return best([_run(site, folder, contender, pages)[0] for _ in range(options.runs)]).cpu

    parts = dict(least_work(site, folder, pages=options.pages, runs=options.runs))
    found = peers(options.cache)[0]
    bare = next(each for each in found if each.name.startswith("bare"))
    fetching = cpu(bare, options.pages) - cpu(bare, 1)
    scrapy, work = next(iter(parts.values())), sum(parts.values())
    rows = [
        (name, f"{cost:.2f}", f"{cost / options.pages * 1000:.2f}") for name, cost in parts.items()
    ]
    rows += [
        ("**together**", f"**{work:.2f}**", f"{work / options.pages * 1000:.2f}"),
        (
            "the bare protocol (floor), without its start-up",
            f"{fetching:.2f}",
            f"{fetching / options.pages * 1000:.2f}",
        ),
        (
            "**Scrapy, answered from memory, and the bare protocol**",
            f"**{scrapy + fetching:.2f}**",
            f"{(scrapy + fetching) / options.pages * 1000:.2f}",
        ),
    ]
    for peer in found:
        if peer.limit and "crapy" in peer.name:
            cost = cpu(peer, options.pages)
            rows += [
                (f"{peer.name}, in the same run", f"{cost:.2f}", ""),
                (f"together / {peer.name}", f"**{work / cost:.2f} x**", ""),
                (
                    f"Scrapy and the bare protocol / {peer.name}",
                    f"**{(scrapy + fetching) / cost:.2f} x**",
                    f"target of all: {peer.limit} x",
                ),
            ]
    columns = ("part", "CPU s", "CPU ms a page")
    return (
        f"### What cannot be left out\n\n{options.pages} pages: Scrapy with a download handler that"
        " answers from memory, and what must be done to their bytes in any case. No handler, no"
        " record, no index, no sync, no line of Python of ours is in it. Then Scrapy with, instead"
        " of these, the bare protocol, which does fetch and write: still without a catalogue, and"
        " with it without runs, revisits, limits, errors and politeness.\n\n"
        f"{table(columns, rows)}"
    )


def with_extraction(site: Site, folder: Path, options: argparse.Namespace) -> str:
    """Pages a second with one and two extraction workers."""
    pages = min(options.extract_pages, options.pages)
    rows = []
    for workers in (1, 2):

        def command(site: Site, place: Path, count: int, workers: int = workers) -> Command:
            listing = site.listing(count, host=HOST)
            return ours_in(site, place, listing, extract_workers=workers)

        contender = Contender(name="extracting", command=command, archives=OURS.archives)
        found = best([_run(site, folder, contender, pages)[0] for _ in range(options.runs)])
        start = best([_run(site, folder, contender, 1)[0] for _ in range(options.runs)])
        rows.append(
            (
                f"{workers}",
                f"{found.cpu:.2f}",
                f"{found.cpu / pages * 1000:.1f}",
                f"{found.wall:.2f}",
                f"{pages / found.wall:.1f}",
                f"**{(pages - 1) / max(found.wall - start.wall, 1e-9):.1f}**",
            )
        )
    columns = (
        "extraction workers",
        "CPU s",
        "CPU ms a page",
        "wall s",
        "pages/s",
        "without start-up",
    )
    return (
        f"### With extraction\n\nOurs, {pages} pages, from start to exit, best of"
        f" {options.runs}. The crawl, nginx and the workers share {os.cpu_count()} cores.\n\n"
        f"{table(columns, rows)}"
    )


def memory(site: Site, folder: Path, options: argparse.Namespace) -> str:
    """The memory of a crawl that archives one large body."""
    size = options.body_mb * _MB
    target = site.put_large(size)
    name = f"large-{size}.xml"
    (site.folder / "www" / name).write_text(
        f"<urlset><url><loc>http://{HOST}{target}</loc></url></urlset>", encoding="ascii"
    )
    crawl = f'requisites = "none"\nmax_body = {size + _MB}\ntimeout = "900s"\nidle_timeout = "300s"'
    rows = []
    contender = OURS
    idle, _ = _run(site, folder, contender, 1)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        command = ours_in(site, Path(place), f"http://{HOST}/{name}", crawl=crawl)
        cost = measure(command)
        archived = _largest_block(Path(place))
    rows.append(("one page of 88 KB", f"{idle.rss / _MB:.0f}", "-", "-", "-", ""))
    whole = "whole" if archived >= size else f"only {archived / _MB:.0f} MB of it kept"
    rows.append(
        (
            f"one body of {options.body_mb} MB, {whole}",
            f"**{cost.rss / _MB:.0f}**",
            f"{cost.cpu:.1f}",
            f"{cost.wall:.1f}",
            f"at most {_MEMORY_LIMIT / _MB:g}",
            verdict(cost.rss, _MEMORY_LIMIT) if archived >= size else "missed",
        )
    )
    columns = ("crawl", "largest process, MB", "CPU s", "wall s", "target", "")
    return f"### Memory\n\nThe body is a sparse file (zeros).\n\n{table(columns, rows)}"


def _largest_block(folder: Path) -> int:
    largest = 0
    for path in folder.glob(OURS.archives or ""):
        with path.open("rb") as stream:
            for record in ArchiveIterator(stream, parse_http=False):
                largest = max(largest, record.content_length)
    return largest
