"""Kill, starve and cut off crawls far more often than the tests do, and write down what came of it.

python benchmarks/faults.py [--kills 1000] [--calls] [--losses 300] [--seed 1]
"""

from __future__ import annotations

import argparse
import errno
import logging
import shlex
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

# The tests' own tools. After this folder's: both have a folder `support`.
sys.path.append(str(Path(__file__).parents[1] / "tests"))

from support import machine
from support.faults_crawls import TriedArchive, Zygote
from support.faults_errors import failing_crawls
from support.faults_kills import killed_crawls
from support.faults_losses import power_losses
from support.faults_site import FreshSite
from support.results import RESULTS, put_section, table

_LOOK = 20  # kills between two looks at all that is there
_FRESH_ARCHIVE = 250  # kills of one archive: every look reads all of it
_EACH = 30  # losses of power in one crawl
_ERRORS = (
    ("ENOSPC, and then for everything that needs room", errno.ENOSPC, True),
    ("ENOSPC, once", errno.ENOSPC, False),
    ("EIO, once", errno.EIO, False),
)
_NOTE = """\
After each look (kills), trial (calls) and loss (power): recovery has left no file open; every
capture that Scrapy was given stands in a WARC where it was said to stand, in the catalogue once,
and no page stands in the WARCs twice; `archiver check` finds nothing; what was served is what is
stored. At the end of each archive fastwarc, warcio, warcat and a check of dates judge its files.
"Wrong" counts findings of any of these.
"""

Row = tuple[str, str, str, str, str]


def main() -> int:
    """Try, print, write results.md; 1 where something was wrong."""
    options = _options()
    command = shlex.join(["python", "benchmarks/faults.py", *sys.argv[1:]])
    rows: list[Row] = []
    logging.getLogger("archiver").setLevel(logging.ERROR)  # recovery tells of every file
    with tempfile.TemporaryDirectory(prefix="archiver-faults-") as name, Zygote() as zygote:
        folder = Path(name)
        facts = [*machine.facts(command=command, folder=folder, peers={})]
        if options.kills:
            rows.append(_kills(folder, zygote, options.kills, options.seed))
        if options.calls:
            rows += _calls(folder, zygote)
        if options.losses:
            rows.append(_losses(folder, zygote, options.losses, options.seed))
    columns = ("faults", "how many", "what they met", "wrong", "seconds")
    text = table(("what", "value"), facts) + "\n" + table(columns, rows)
    print(text)
    if options.kills and options.calls and options.losses:
        put_section("faults", "Faults", f"{text}\n{_NOTE}")
        print(f"written: {RESULTS}")
    return 1 if any(row[3] != "0" for row in rows) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, metavar="N", help="crawls killed (default 1000)")
    parser.add_argument("--calls", action="store_true", help="each call of a crawl fails once")
    parser.add_argument("--losses", type=int, metavar="N", help="losses of power (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="of all that is random (default 1)")
    options = parser.parse_args()
    if options.kills is None and not options.calls and options.losses is None:
        options.kills, options.calls, options.losses = 1000, True, 300
    return options


def _kills(folder: Path, zygote: Zygote, kills: int, seed: int) -> Row:
    begun = time.monotonic()
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    for first in range(0, kills, _FRESH_ARCHIVE):
        here = min(_FRESH_ARCHIVE, kills - first)
        with FreshSite(fresh=20, large_every=101) as site:
            archive = TriedArchive.make(folder / f"kills-{first}", zygote, site)
            for so_far in killed_crawls(archive, here, seed=seed + first):
                if so_far["kills"] % _LOOK == 0:
                    wrong += _shown(archive.faults())
                    print(f"{first + so_far['kills']} kills, {len(wrong)} wrong", flush=True)
            counts += so_far
            counts["torn"] += len(list(archive.warcs.glob("*.torn")))
            wrong += _shown(archive.faults() + archive.judged())
            counts["captures"] += len(archive.acknowledged())
    met = ", ".join(f"{counts[name]} {name}" for name in ("left open", "torn", "captures"))
    return "kill -9", str(counts["kills"]), met, str(len(wrong)), _seconds(begun)


def _calls(folder: Path, zygote: Zygote) -> list[Row]:
    rows: list[Row] = []
    with FreshSite(fresh=8, large_every=16) as site:
        archive = TriedArchive.make(folder / "calls", zygote, site)
        archive.crawl()
        probe = archive.copy(folder / "probe")
        probe.crawl()
        count = len(probe.calls())
        for name, code, lasting in _ERRORS:
            begun = time.monotonic()
            met: Counter[str] = Counter()
            wrong: list[str] = []
            faults = [(at, code, lasting) for at in range(1, count + 1)]
            for outcome in failing_crawls(archive, folder, faults):
                met[outcome.call[0] if outcome.call else "none"] += 1
                wrong += _shown([str(outcome)] if outcome.wrong else [])
            told = ", ".join(f"{number} {call}" for call, number in met.most_common())
            rows.append((name, str(count), told, str(len(wrong)), _seconds(begun)))
            print(rows[-1], flush=True)
    return rows


def _losses(folder: Path, zygote: Zygote, losses: int, seed: int) -> Row:
    begun = time.monotonic()
    wrong: list[str] = []
    tried = torn = captures = 0
    with FreshSite(fresh=12) as site:
        archive = TriedArchive.make(folder / "losses", zygote, site, warc_age="0.05s")
        crawls = -(-losses // _EACH)
        for lost, number in power_losses(archive, folder, crawls=crawls, each=_EACH, seed=seed):
            wrong += _shown(lost.faults())
            tried += 1
            torn += len(list(lost.warcs.glob("*.torn")))
            captures += len(lost.acknowledged())
            if number % _EACH == 0:
                wrong += _shown(lost.judged())
                print(f"{tried} losses, {len(wrong)} wrong", flush=True)
    return (
        "loss of power",
        str(tried),
        f"{torn} torn, {captures} captures",
        str(len(wrong)),
        _seconds(begun),
    )


def _shown(wrong: list[str]) -> list[str]:
    for fault in wrong:
        print(fault[:2000], flush=True)
    return wrong


def _seconds(begun: float) -> str:
    return f"{time.monotonic() - begun:.0f}"


if __name__ == "__main__":
    sys.exit(main())
