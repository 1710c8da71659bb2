"""What discovery costs and finds: polls of an unchanged outlet, seen URLs, links, traps.

    python benchmarks/discovery.py [--quick] [--corpus ../shared/corpus]

Everything runs on loopback. Writes the section `discovery` of benchmarks/results.md. A poll that
asks for another number of things than the others raises.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

# The tests' own tools. After this folder's: both have a folder `support`.
sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support import machine
from support.known import fill, known_url
from support.link_truth import Judged, Score, of_corpus, of_demo
from support.measure import BenchmarkError, Command, Cost, best, measure, timed
from support.results import RESULTS, put_section, table, verdict
from support.small_site import Answer, SmallSite, html, xml
from support.traps import TrapSite, trap_seed
from support.workdir import add_seed, run, status, working_folder

from archiver.store.catalogue import Catalogue

HOST = "bench.example"
_ROOT = Path(__file__).resolve().parents[1]
_MENTIONED = 1000  # articles in the sources, all of them known
_SLOWER = 1.2  # with a million known URLs than with none beside those mentioned
_SEEN = 100_000  # a second
_BUDGET = 1000  # requests to one host in one crawl (crawl.host_requests) for the traps
_SEED = f"""id = "bench"
name = "Bench"
homepage = "http://{HOST}/"
feeds = ["http://{HOST}/feed"]
sitemaps = ["http://{HOST}/sitemap.xml"]
sections = ["http://{HOST}/list"]
[fetch]
delay = 0
"""
_NOTE = """\
An outlet with a feed (100 items), a sitemap (1,000 pages) and a section page (100 links), all of
them known and fetched. The catalogue knows so many more articles of the outlet. Wall seconds are
those of the whole `scrapy crawl` from start to exit, the best of all runs, which are interleaved.
"unchanged (304)": every source has an ETag. "sent again (200)": the server forgets them, so that
all mentions are read and looked up.
"""
_LINKS = """\
"By address" is the form of the address and the length of the words alone; "with its place" is
what section pages are read with: navigation, headlines, pictures, the links beside it. Nothing was
learned of any outlet beforehand. The demo's pages say themselves what is an article. Of the real
pages (132 of 91 publishers, articles with all links around them) two links were drawn at random
from each, twice, and decided by a reader from address and words, with the classifier's guess in
sight: read the figure as how often a person would object.
"""
_TRAPS = f"""\
A site of more than a million addresses that lead to ever more: a section whose every page has a
next one, with forty links to pages of a calendar, of filters and of session ids that look like
articles, and an index of 30 indexes of 30 sitemaps of 1,000 pages. One crawl with a budget of
{_BUDGET:,} requests to a host; requests are counted by the server (robots.txt left out), and what
was not asked for by `archiver status --reasons`.
"""


def main() -> None:
    """Measure, print, write results.md."""
    options = _options()
    command = shlex.join(["python", "benchmarks/discovery.py", *sys.argv[1:]])
    with tempfile.TemporaryDirectory(prefix="archiver-bench-", dir=options.dir) as name:
        folder = Path(name)
        facts = machine.facts(command=command, folder=folder, peers={})
        sections = [table(("what", "value"), facts)]
        sizes = (0, 10_000, 100_000 if options.quick else 1_000_000)
        for part in (
            partial(_polling, folder, sizes, runs=options.runs),
            partial(_seen, folder, sizes[-1]),
            partial(_links, options.corpus),
            partial(_traps, folder),
        ):
            sections.append(part())
            print(sections[-1], flush=True)
    put_section("discovery", "Discovery", "\n".join(sections), path=options.output)


def _sources(*, tagged: bool) -> dict[str, Answer]:
    headers = {"ETag": '"1"'} if tagged else {}
    links = [known_url(HOST, number) for number in range(_MENTIONED)]
    items = "".join(f"<item><title>T</title><link>{link}</link></item>" for link in links[:100])
    pages = "".join(f"<url><loc>{link}</loc></url>" for link in links)
    cards = "".join(
        f"<h2><a href='{link}'>A story of the day that is long</a></h2>" for link in links[:100]
    )
    return {
        "/robots.txt": Answer(body=b"User-agent: *\nDisallow: /x\n", kind="text/plain"),
        "/feed": xml(f'<rss version="2.0"><channel>{items}</channel></rss>', **headers),
        "/sitemap.xml": xml(f"<urlset>{pages}</urlset>", **headers),
        "/list": Answer(body=html(f"<html><body>{cards}").body, headers=headers),
    }


def _polling(folder: Path, sizes: Iterable[int], *, runs: int) -> str:
    rows = []
    archives = {}
    for size in sizes:
        place = folder / f"known-{size}"
        place.mkdir()
        archives[size] = place
        url = f"sqlite:///{place / 'archive' / 'catalogue.sqlite'}"
        fill(url, outlet="bench", host=HOST, count=_MENTIONED + size)
    for what, tagged in (("unchanged (304)", True), ("sent again (200)", False)):
        with SmallSite(_sources(tagged=tagged)) as site:
            for place in archives.values():
                working_folder(
                    place,
                    connect_to={HOST: site.address},
                    network="allow_private = true",
                    crawl="requisites = 'none'",
                )
                add_seed(place, "bench", _SEED)
                _poll(place, site)  # what is there to be known of the sources is known then
            costs: dict[int, list[Cost]] = {size: [] for size in archives}
            asked: dict[int, set[int]] = {size: set() for size in archives}
            for _ in range(runs):
                for size, place in archives.items():
                    cost, requests = _poll(place, site)
                    costs[size].append(cost)
                    asked[size].add(requests)
        if len(set.union(*asked.values())) != 1:
            raise BenchmarkError(f"other requests with more that is known: {asked}")
        first = best(costs[min(costs)])
        for size, each in costs.items():
            least = best(each)
            ratio = least.wall / first.wall
            judged = size and size == max(costs)
            rows.append(
                (
                    what,
                    f"{size:,}",
                    f"**{min(asked[size])}**",
                    f"{least.wall:.2f}",
                    f"{least.cpu:.2f}",
                    f"**{ratio:.2f} x**" if size else "-",
                    f"at most {_SLOWER:g} x" if judged else "-",
                    verdict(ratio, _SLOWER) if judged else "",
                )
            )
    columns = ("sources", "known beside", "requests", "wall s", "CPU s", "wall: it / none", "", "")
    return f"### Polling an unchanged outlet\n\n{_NOTE}\nBest of {runs}.\n\n{table(columns, rows)}"


def _poll(place: Path, site: SmallSite) -> tuple[Cost, int]:
    site.asked.clear()
    command = Command(
        argv=[sys.executable, "-m", "scrapy", "crawl", "bench", "-s", "LOG_LEVEL=WARNING"],
        folder=place,
        env={"SCRAPY_SETTINGS_MODULE": "spiders.settings", "PYTHONPATH": str(_ROOT)},
    )
    return measure(command), len(site.asked)


def _seen(folder: Path, known: int) -> str:
    rows = []
    with Catalogue.open(
        f"sqlite:///{folder / f'known-{known}' / 'archive' / 'catalogue.sqlite'}"
    ) as catalogue:
        for what, every in (("all known", 1), ("half of them known", 2), ("none known", 0)):
            urls = [
                known_url(HOST, number % known)
                if every and number % every == 0
                else f"http://{HOST}/new/story-{number}"
                for number in range(100_000)
            ]
            costs, walls = [], []
            for _ in range(5):
                with timed() as watch:
                    new = catalogue.unfetched("bench", urls)
                costs.append(watch.cpu)
                walls.append(watch.wall)
            rate = len(urls) / min(costs)
            rows.append(
                (what, f"{len(urls):,}", f"{len(new):,}", f"**{rate:,.0f}**",
                 f"{len(urls) / min(walls):,.0f}", f"at least {_SEEN:,}",
                 verdict(rate, _SEEN, at_least=True))
            )  # fmt: skip
    columns = ("URLs", "asked", "new", "a CPU second", "a second", "target", "")
    return (
        f"### Seen URLs\n\nSQLite with {known:,} known URLs, in batches of 1,000, best of 5. What"
        " else the machine does makes seconds longer, and CPU seconds less so.\n\n"
        f"{table(columns, rows)}"
    )


def _links(corpus: Path) -> str:
    rows = [*_scored("the demo's front page and sections", list(of_demo()))]
    if (corpus / "gold.jsonl").is_file():
        rows += _scored("real pages", list(of_corpus(corpus)))
    columns = ("pages", "rule", "links", "articles", "precision", "recall")
    return f"### Links to articles\n\n{_LINKS}\n{table(columns, rows)}"


def _scored(pages: str, judged: list[Judged]) -> Iterator[tuple[str, ...]]:
    articles = sum(one.true for one in judged)
    for rule in ("by address", "with its place"):
        score = Score()
        for one in judged:
            said = one.by_address if rule == "by address" else one.said
            score.count(said=said, true=one.true)
        figures = (f"**{score.precision:.3f}**", f"**{score.recall:.3f}**")
        yield (pages, rule, f"{len(judged):,}", f"{articles:,}", *figures)


def _traps(folder: Path) -> str:
    place = folder / "traps"
    with TrapSite() as site:
        working_folder(
            place,
            connect_to={HOST: site.address},
            network="allow_private = true",
            crawl=f"requisites = 'none'\nhost_requests = {_BUDGET}",
        )
        add_seed(place, "trap", trap_seed(HOST))
        done = run(place, "archiver", "crawl", "trap", timeout=1800)
        if done.returncode not in (0, 3):
            raise BenchmarkError(f"the crawl of the traps ended with {done.returncode}")
        asked = sum(path != "/robots.txt" for path in site.asked)
        refused = status(place)["outlets"]["trap"]["refused"]
    rows = [
        ("requests in all", f"**{asked:,}**", f"at most {_BUDGET:,}", verdict(asked, _BUDGET)),
        *((f"refused: {reason}", f"{n:,}", "-", "") for reason, n in sorted(refused.items())),
    ]
    return f"### Traps\n\n{_TRAPS}\n{table(('what', 'count', 'target', ''), rows)}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a tenth of the known URLs")
    parser.add_argument("--corpus", type=Path, default=_ROOT.parent / "shared" / "corpus")
    parser.add_argument("--runs", type=int, default=5, help="runs of each poll; the best counts")
    parser.add_argument("--dir", type=Path, help="where the archives are written")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
