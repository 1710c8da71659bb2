"""What an archive of so many outlets and pages a day takes: cores, memory, database, store, money.

    python benchmarks/sizing.py --outlets 50000 --pages 5000000 [--turns 12] [--requisites 0] …

Figures are those of benchmarks/results.md, taken on one machine, and prices are assumptions: give
your own. All that comes out is extrapolated from these; docs/guides/fleet.md says from what.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

DAY, YEAR = 86_400.0, 365.0
GB, TB = 1e9, 1e12


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What is assumed; each is an option of the command line.

    Of a day: `outlets`, `pages` that are captured, `turns` of an outlet, `polls` of sources in a
    turn. `requisites`: pictures, style sheets and fonts a page that are not here yet; `new`: share
    of pages that are of a URL not known before. `delay`: seconds between two requests to a host.
    Times are CPU seconds, prices in dollars.
    """

    outlets: float = 50_000
    pages: float = 5_000_000
    turns: float = 12
    polls: float = 2
    new: float = 0.5
    requisites: float = 4
    requisite_bytes: float = 40_000
    requisite_cpu: float = 0.003
    delay: float = 1
    crawl_start: float = 1.26
    page_cpu: float = 0.066
    busy: float = 0.6
    crawl_memory: float = 300e6
    page_bytes: float = 27_700
    poll_bytes: float = 2_000
    url_bytes: float = 850
    capture_bytes: float = 390
    article_bytes: float = 3_500
    again_pages: float = 26
    keep_years: float = 1
    price_storage: float = 0.023
    price_put: float = 0.005
    price_get: float = 0.0004


def sizes(g: Given) -> list[tuple[str, str]]:
    """The lines of the account."""
    turns = g.outlets * g.turns
    others = g.pages * g.requisites
    starts = turns * g.crawl_start
    work = g.pages * g.page_cpu + others * g.requisite_cpu
    cores = (starts + work) / DAY / g.busy
    waits = (g.pages + turns * (g.polls + 1)) * g.delay  # requisites stand on other hosts mostly
    at_once = waits / DAY / g.busy
    rows = g.pages + others + turns * g.polls
    urls = g.pages * g.new + others
    database = urls * g.url_bytes + g.pages * g.new * g.article_bytes + rows * g.capture_bytes
    stored = g.pages * g.page_bytes + others * g.requisite_bytes + turns * g.polls * g.poll_bytes
    puts = 3 * turns  # a WARC file a turn, with its index and its digest
    years = g.keep_years
    kept = stored * YEAR * years
    return [
        ("outlets, pages a day", f"{g.outlets:,.0f}, {g.pages:,.0f}"),
        ("crawls a day", f"{turns:,.0f}"),
        ("cores, of which for starting crawls", f"{cores:,.1f}, {starts / (starts + work):.0%}"),
        (
            "crawls at once, and their memory",
            f"{at_once:,.0f}, {at_once * g.crawl_memory / GB:,.0f} GB",
        ),
        ("rows of captures a day, a second", f"{rows:,.0f}, {rows / DAY:,.0f}"),
        (
            "database a day, after the years kept",
            f"{database / GB:,.1f} GB, {database * YEAR * years / TB:,.2f} TB",
        ),
        ("store a day, after the years kept", f"{stored / GB:,.0f} GB, {kept / TB:,.1f} TB"),
        ("WARC files a day, their mean size", f"{turns:,.0f}, {stored / turns / 1e6:,.2f} MB"),
        (
            "cores that extract a year again in a week",
            f"{g.pages * YEAR / g.again_pages / DAY / 7:,.0f}",
        ),
        ("store: dollars a month at the end", f"{kept / GB * g.price_storage:,.0f}"),
        ("store: dollars a month for requests", f"{puts * 30.4 / 1000 * g.price_put:,.0f}"),
        (
            "store: dollars to read each file once",
            f"{max(kept / 8e6, turns * YEAR * years) / 1000 * g.price_get:,.0f}",
        ),
    ]


def main() -> None:
    """Print the account of what is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, field in Given.__dataclass_fields__.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=field.default)
    given = Given(**vars(parser.parse_args()))
    print("| what | how much |\n| --- | --- |")
    for what, how_much in sizes(given):
        print(f"| {what} | {how_much} |")


if __name__ == "__main__":
    main()
