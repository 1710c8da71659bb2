"""What capturing costs: CPU and wall seconds a page beside peers, memory, durability.

    python benchmarks/capture.py [--quick] [--gzip]

Everything runs on loopback, against one nginx that this starts. Writes the section `capture` of
benchmarks/results.md, or, with --gzip, `capture-gzip`: beside peers alone, of pages that nginx has
compressed, as servers do. A run whose server log or archive does not show every page raises.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from support import capture_crawls, capture_writer, machine
from support.contenders import peers
from support.results import RESULTS, put_section, table
from support.site import served

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
    only = options.only or (["peers"] if options.gzip else None)
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
                (
                    "peers",
                    lambda: capture_crawls.beside_peers(site, folder, contenders, absent, options),
                ),
                ("bound", lambda: capture_crawls.bound(site, folder, options)),
                ("extraction", lambda: capture_crawls.with_extraction(site, folder, options)),
                ("sync", lambda: capture_writer.syncing(folder, options)),
                ("codecs", lambda: capture_writer.codecs(options)),
                ("reading", lambda: capture_writer.reading(folder, options)),
                ("memory", lambda: capture_crawls.memory(site, folder, options)),
            ]
            for step, make in steps:
                if only and step not in only:
                    continue
                text = make()
                print(text, flush=True)
                sections.append(text)
    if not options.only:
        name, title = "capture", "Capture"
        if options.gzip:
            name, title = "capture-gzip", "Capture of pages that come compressed"
        put_section(name, title, "\n".join([*sections, _NOTE]))
        print(f"written: {RESULTS}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="300 pages, one run, small files")
    parser.add_argument("--pages", type=int, help="pages of 88 KB (default 2000)")
    parser.add_argument("--runs", type=int, help="runs of each; the best counts (default 3)")
    parser.add_argument("--extract-pages", type=int, help="pages with extraction (default 300)")
    parser.add_argument("--file-mb", type=int, help="MB of the file recovered (default 200)")
    parser.add_argument("--body-mb", type=int, help="MB of the one large body (default 2000)")
    parser.add_argument("--gzip", action="store_true", help="nginx compresses pages; peers only")
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


if __name__ == "__main__":
    main()
