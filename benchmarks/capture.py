"""What capturing costs: CPU and wall seconds a page beside peers, memory, durability.

    python benchmarks/capture.py [--quick]

Everything runs on loopback, against one nginx that this starts. Writes the section `capture` of
benchmarks/results.md. A run whose server log or archive does not show every page raises.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fastwarc.warc import ArchiveIterator
from support import machine, writing
from support.bound import least_work
from support.contenders import CONCURRENCY, OURS, Contender, kept, ours_in, peers
from support.measure import BenchmarkError, Command, Cost, best, measure
from support.results import RESULTS, put_section, table, verdict
from support.site import HOST, Site, served

_MB = 1_000_000
_STOCK_LIMIT = 1.05  # of stock Scrapy's CPU: the contender that has it is that one
_MEMORY_LIMIT = 150 * _MB
_RECOVERY_LIMIT = 100.0  # MB a second
_NOTE = """\
CPU is user and system seconds of the client's whole process tree, from start to exit (the
servers' is not counted); the best of all runs, which are interleaved: ours, each peer, ours, ...
Wall seconds and pages a second depend on what else the machine does (see its load above; other
work beside it makes CPU seconds somewhat longer, too), so that CPU and its ratios are what counts.
"Without start-up" is the same after taking off what a crawl of one page costs. Every run must
have been answered every page (by the server's log) and have kept it (by its WARC).

Ours fetches through `network.connect_to`, keeps robots.txt and the sitemap too, syncs before it
answers, and writes its catalogue; both Scrapy peers have its settings and read the same sitemap.
`crawl.requisites` is off (no peer reads the pages for pictures and style sheets); the row "looking
for requisites" has it on. scrapy-webarchive packs its WACZ at the end: it offers no WARC without.
wget fetches one page at a time. warcprox is counted with its curl, and told to allow loopback.
"""


def main() -> None:
    """Measure, print, write results.md."""
    options = _options()
    command = shlex.join(["python", "benchmarks/capture.py", *machine.without_places(sys.argv[1:])])
    with tempfile.TemporaryDirectory(prefix="archiver-bench-", dir=options.dir) as name:
        folder = Path(name)
        contenders, absent, versions = peers(options.cache)
        facts = table(
            ("what", "value"), machine.facts(command=command, folder=folder, peers=versions)
        )
        sections = [facts]
        (folder / "site").mkdir()
        with served(folder / "site", pages=options.pages, gzip=options.gzip) as site:
            steps: list[tuple[str, Callable[[], str]]] = [
                ("peers", lambda: _beside_peers(site, folder, contenders, absent, options)),
                ("bound", lambda: _bound(site, folder, options)),
                ("extraction", lambda: _with_extraction(site, folder, options)),
                ("sync", lambda: _syncing(folder, options)),
                ("codecs", lambda: _codecs(options)),
                ("reading", lambda: _reading(folder, options)),
                ("memory", lambda: _memory(site, folder, options)),
            ]
            for step, make in steps:
                if options.only and step not in options.only:
                    continue
                text = make()
                print(text, flush=True)
                sections.append(text)
    if not options.only:
        put_section("capture", "Capture", "\n".join([*sections, _NOTE]))
        print(f"written: {RESULTS}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="300 pages, one run, small files")
    parser.add_argument("--pages", type=int, help="pages of 88 KB (default 2000)")
    parser.add_argument("--runs", type=int, help="runs of each; the best counts (default 3)")
    parser.add_argument("--extract-pages", type=int, help="pages with extraction (default 300)")
    parser.add_argument("--file-mb", type=int, help="MB of the file recovered (default 200)")
    parser.add_argument("--body-mb", type=int, help="MB of the one large body (default 2000)")
    parser.add_argument("--gzip", action="store_true", help="nginx compresses the pages")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=["peers", "bound", "extraction", "sync", "codecs", "reading", "memory"],
        help="these figures only, printed and not written",
    )
    parser.add_argument("--dir", type=Path, help="where to write archives (default: temporary)")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path("~/.cache/news-archiver-bench").expanduser(),
        help="where the peers' environments are kept",
    )
    options = parser.parse_args()
    usual = (300, 1, 60, 40, 300) if options.quick else (2000, 3, 300, 200, 2000)
    names = ("pages", "runs", "extract_pages", "file_mb", "body_mb")
    for name, default in zip(names, usual, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, default)
    return options


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


def _beside_peers(
    site: Site,
    folder: Path,
    contenders: Sequence[Contender],
    absent: Sequence[tuple[str, str]],
    options: argparse.Namespace,
) -> str:
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


def _bound(site: Site, folder: Path, options: argparse.Namespace) -> str:
    parts = dict(least_work(site, folder, pages=options.pages, runs=options.runs))
    stock = next(each for each in peers(options.cache)[0] if each.limit == _STOCK_LIMIT)
    cost = best([_run(site, folder, stock, options.pages)[0] for _ in range(options.runs)]).cpu
    least = sum(parts.values())
    rows = [
        (name, f"{cpu:.2f}", f"{cpu / options.pages * 1000:.2f}") for name, cpu in parts.items()
    ]
    rows += [
        ("**together**", f"**{least:.2f}**", f"{least / options.pages * 1000:.2f}"),
        ("stock Scrapy, no archiving, in the same run", f"{cost:.2f}", ""),
        ("together / stock Scrapy", f"**{least / cost:.2f} x**", ""),
    ]
    columns = ("part", "CPU s", "CPU ms a page")
    return (
        f"### What cannot be left out\n\n{options.pages} pages: Scrapy with a download handler that"
        " answers from memory, and what must be done to their bytes in any case. No handler, no"
        " record, no index, no sync, no line of Python of ours is in it.\n\n"
        f"{table(columns, rows)}"
    )


def _with_extraction(site: Site, folder: Path, options: argparse.Namespace) -> str:
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


def _syncing(folder: Path, options: argparse.Namespace) -> str:
    place = folder / "sync"
    count = min(options.pages, 1000)
    costs = dict(writing.sync_costs(place, exchanges=count, runs=options.runs))
    free = costs["never"]
    rows = [
        (
            name,
            f"{cost.wall / count * 1000:.2f}",
            f"{cost.cpu / count * 1000:.2f}",
            f"{(cost.wall - free.wall) / count * 1000:.2f}",
            f"{count / cost.wall:.0f}",
        )
        for name, cost in costs.items()
    ]
    columns = ("synced", "wall ms an exchange", "CPU ms", "wall ms of it for syncs", "exchanges/s")
    return (
        f"### Cost of the sync policy\n\nWarcWriter alone, {count} exchanges of 88 KB, records made"
        " before. A crawl syncs whatever waits as one group, of 32 at most.\n\n"
        f"{table(columns, rows)}"
    )


def _codecs(options: argparse.Namespace) -> str:
    rows = [
        (each.codec, f"{each.rate:.0f}", f"{each.share * 100:.1f} %")
        for each in writing.codec_costs(pages=min(options.pages, 300))
    ]
    columns = ("codec and level", "MB a second of CPU", "size left")
    return f"### Codecs\n\nThe records of these pages.\n\n{table(columns, rows)}"


def _reading(folder: Path, options: argparse.Namespace) -> str:
    place = folder / "reading"
    rows = []
    for each in writing.passes(place, size=options.file_mb * _MB, runs=options.runs):
        rate = each.size / each.cost.wall / _MB
        target = each.what.startswith("recovery, no")
        rows.append(
            (
                each.what,
                f"{each.cost.wall:.2f}",
                f"{each.cost.cpu:.2f}",
                f"**{rate:.0f}**",
                f"{each.content / each.cost.wall / _MB:.0f}",
                f"at least {_RECOVERY_LIMIT:g}" if target else "-",
                verdict(rate, _RECOVERY_LIMIT, at_least=True) if target else "-",
            )
        )
    columns = ("pass", "wall s", "CPU s", "MB/s of file", "MB/s of content", "target", "")
    return (
        f"### Recovery, reading, check\n\nOne WARC of {options.file_mb} MB (gzip, isal), in the"
        f" page cache, best of {options.runs}; one core.\n\n{table(columns, rows)}"
    )


def _memory(site: Site, folder: Path, options: argparse.Namespace) -> str:
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


if __name__ == "__main__":
    main()
