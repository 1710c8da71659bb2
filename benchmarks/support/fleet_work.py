"""Several workers at one target: how soon after a death, how well through faults."""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

# The tests' own tools. After this folder's: both have a folder `support`.
sys.path.append(str(Path(__file__).parents[2] / "tests"))

from support.fleets import FAULTS, a_crawl, eventually, fleet
from support.postgres import Server, own_server
from support.results import table

_LEASE = 5.0
_MINUTE = 60.0


def add_options(group: argparse._ArgumentGroup) -> None:
    """The options of this part."""
    group.add_argument("--rounds", type=int, default=100, help="of faults")
    group.add_argument("--deaths", type=int, default=10, help="of workers, to time recovery")
    group.add_argument("--seed", type=int, default=1)


def measure(options: argparse.Namespace, folder: Path) -> str:
    """Each in a fleet of its own."""
    rounds, deaths = (len(FAULTS), 1) if options.quick else (options.rounds, options.deaths)
    with own_server() as server:
        soon = _recovery(server, folder / "soon", deaths)
        well = _faults(server, folder / "well", rounds, random.Random(options.seed))
    return f"{soon}\n{well}"


def _recovery(server: Server, folder: Path, deaths: int) -> str:
    """Seconds from kill -9 of a worker until another one asks the same outlet."""
    took = []
    with fleet(
        folder, server.new_database(), machines=2, outlets=1, lease=15.0, every="1d"
    ) as made:
        for machine in made.machines:
            machine.start()
        for _ in range(deaths):
            made.target.publish(200)
            # again and again: a crawl that ends may have read the feed before they were in it
            machine, crawl = a_crawl(made, meanwhile=made.hurry)
            assert machine.process
            machine.process.kill()
            begun = time.monotonic()
            machine.process.wait()
            eventually(
                lambda begun=begun, crawl=crawl: any(
                    line.at > begun and line.process not in (0, crawl) for line in made.target.log
                )
            )
            took.append(time.monotonic() - begun)
            machine.start()
            eventually(lambda: not made.missing())
        overlaps, doubled = made.target.overlaps(), made.doubled()
    rows = [
        ("deaths of workers", str(deaths)),
        ("until another one asks, median", f"{statistics.median(took):.1f} s"),
        ("until another one asks, longest", f"{max(took):.1f} s"),
        ("outlets crawled twice at once", str(len(overlaps))),
        ("captures doubled", str(len(doubled))),
    ]
    return table(("recovery", "value"), rows)


def _faults(server: Server, folder: Path, rounds: int, chance: random.Random) -> str:
    """Faults one after the other, and what the target and the catalogue say of it."""
    times: dict[str, list[float]] = {name: [] for name in FAULTS}
    wrong: Counter[str] = Counter()
    order = [
        name
        for _ in range(rounds // len(FAULTS) + 1)
        for name in chance.sample(sorted(FAULTS), len(FAULTS))
    ][:rounds]
    with fleet(
        folder, server.new_database(), machines=3, outlets=4, lease=_LEASE, wired=True, pause=0.1
    ) as made:
        for machine in made.machines:
            machine.start()
        for name in order:
            made.target.publish(30)
            FAULTS[name](made, server)
            begun = time.monotonic()
            eventually(lambda: not made.missing(), within=300)
            took = time.monotonic() - begun
            times[name].append(took)
            wrong[f"late {name}"] += took > _MINUTE
            print(f"{name}: {took:.1f} s, {len(made.target.overlaps())} overlaps", flush=True)
        codes = [machine.end() for machine in made.machines]
        total = sum(len(pages) for pages in made.target.pages.values())
        summary = [
            ("pages published", f"{total:,}"),
            ("outlets crawled twice at once", str(len(made.target.overlaps()))),
            ("requests whose process was not found", str(made.target.unknown)),
            ("pages lost", str(len(made.missing()))),
            ("captures doubled", str(len(made.doubled()))),
            ("pages fetched more than once", str(len(made.target.twice()))),
            ("exit codes of the workers", " ".join(map(str, codes))),
        ]
    rows = [
        (
            name,
            str(len(took)),
            f"{statistics.median(took):.1f} s",
            f"{max(took):.1f} s",
            str(wrong[f"late {name}"]),
        )
        for name, took in times.items()
        if took
    ]
    head = ("fault", "rounds", "all there again: median", "longest", "after a minute or more")
    return table(head, rows) + "\n" + table(("of all rounds", "value"), summary)
