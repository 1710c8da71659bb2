"""Several workers at one target: how many requests a second each of its hosts gets."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

# The tests' own tools. After this folder's: both have a folder `support`.
sys.path.append(str(Path(__file__).parents[2] / "tests"))

from support.fleets import eventually, fleet
from support.postgres import Server, own_server
from support.results import table


def add_options(group: argparse._ArgumentGroup) -> None:
    """The options of this part."""
    group.add_argument("--requests", type=int, default=120, help="of each outlet, to time requests")


def measure(options: argparse.Namespace, folder: Path) -> str:
    """At two rates."""
    with own_server() as server:
        return _rates(server, folder, 10 if options.quick else options.requests)


def _rates(server: Server, folder: Path, pages: int) -> str:
    """Requests a second at each host, of four workers with a place for each outlet."""
    rows = []
    for delay in (1.0, 0.25):
        crawl = f"delay = {delay}\nconcurrency = 4"
        with fleet(
            folder / str(delay),
            server.new_database(),
            machines=4,
            outlets=4,
            crawl=crawl,
            pause=0.0,
        ) as made:
            made.target.publish(pages)
            for machine in made.machines:
                machine.start()
            eventually(lambda made=made: not made.missing(), within=60 + 10 * pages * delay)
            rates = []
            for host in made.target.pages:
                at = [
                    line.at
                    for line in made.target.log
                    if line.host == host and line.path[1:].isdecimal()
                ]
                rates.append((len(at) - 1) / (at[-1] - at[0]))
            together = " ".join(f"{rate:.2f}" for rate in sorted(rates))
            rows.append((f"{1 / delay:g}", together, str(len(made.target.overlaps()))))
    head = ("configured, requests a second and host", "measured, each of 4 hosts", "overlaps")
    return table(head, rows)
