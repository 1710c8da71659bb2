"""What looking at articles again costs, and whether what is called removed is.

    python benchmarks/rechecks.py [--quick]

On a simulated clock, with the policy, the state machine and the catalogue that crawls use. Writes
the section `rechecks` of benchmarks/results.md. A false removal in an outage raises.
"""

from __future__ import annotations

import argparse
import shlex
import statistics
import sys
import tempfile
from pathlib import Path

from support import machine
from support.measure import BenchmarkError, timed
from support.recheck_histories import FATES, GOES, Tally, outlet
from support.recheck_year import PAGE, UNMODIFIED, Bill, by_catalogue, by_day, by_policy
from support.results import RESULTS, put_section, table, verdict

_ROOT = Path(__file__).resolve().parents[1]
_A_DAY = 200
_YEAR = """\
An outlet with {a_day} new articles a day for {days} days, a crawl each half hour. An article is
edited once on average, mostly in its first hours, and one in twenty late. A page is taken for
{page:,} bytes on the wire and a 304 for {small} bytes; "without validators" is a server that
never answers 304. An edit is seen by the first check after it.
"""
_CATALOGUE = """\
The same for {days} days with a catalogue in SQLite, whose index is asked at each crawl.
"""
_OUTAGE = """\
{outlets} outlets of {stories} articles, none of which goes; each outlet is down for a day once:
no answers, or 404, an error page with status 200, or a block for every page, while a cache may
still have the feed.
"""
_HISTORIES = """\
{outlets} outlets of {stories} articles over 60 days with a crawl each hour and the default
settings; each has {outages} outages of 2 to 30 hours. Articles go within 25 days: by 404, by an
error page with status 200, by a redirect to the front page. Flapping ones are 404 in three of
ten spans of six hours.
"""


def main() -> None:
    """Simulate, print, write results.md."""
    options = _options()
    command = shlex.join(["python", "benchmarks/rechecks.py", *sys.argv[1:]])
    with tempfile.TemporaryDirectory(prefix="archiver-bench-") as name:
        facts = machine.facts(command=command, folder=Path(name), peers={})
        sections = [table(("what", "value"), facts)]
        for part in (
            _costs(60 if options.quick else 365),
            _with_catalogue(5 if options.quick else 30, Path(name)),
            _outages(4 if options.quick else 24),
            _histories(4 if options.quick else 40),
        ):
            sections.append(part)
            print(part, flush=True)
    put_section("rechecks", "Looking at articles again", "\n".join(sections), path=options.output)


def _costs(days: int) -> str:
    ours, daily = by_policy(days, _A_DAY), by_day(days, _A_DAY)
    rows = [_cost("the default timetable", ours, days), _cost("everything each day", daily, days)]
    columns = (
        "what",
        "checks",
        "checks on the last day",
        "MB a day",
        "without validators",
        "edits seen",
        "mean wait for an edit",
    )
    text = _YEAR.format(a_day=_A_DAY, days=days, page=PAGE, small=UNMODIFIED)
    ratio = f"Everything each day costs {daily.checks / ours.checks:.0f} times as many checks."
    return f"### Cost\n\n{text}\n{table(columns, rows)}\n{ratio}\n"


def _cost(name: str, bill: Bill, days: int) -> tuple[str, ...]:
    return (
        name,
        f"{bill.checks:,}",
        f"{bill.last_day:,}",
        f"{bill.bytes_of(validators=True) / days / 1e6:.1f}",
        f"{bill.bytes_of(validators=False) / days / 1e6:.1f}",
        f"{bill.edits:,}",
        f"{bill.late / bill.edits / 3600:.1f} h",
    )


def _with_catalogue(days: int, folder: Path) -> str:
    alone = by_policy(days, _A_DAY)
    with timed() as watch:
        bill, most = by_catalogue(days, _A_DAY, folder)
    rows = [
        ("checks", f"{bill.checks:,}"),
        ("checks by the policy alone", f"{alone.checks:,}"),
        ("checks on the last day", f"{bill.last_day:,}"),
        ("most due at one crawl", str(most)),
        ("seconds in all, saving the articles as well", f"{watch.wall:.1f}"),
    ]
    if abs(bill.checks - alone.checks) > alone.checks * 0.05:
        raise BenchmarkError(f"{bill.checks} checks with a catalogue, {alone.checks} without")
    return f"{_CATALOGUE.format(days=days)}\n{table(('what', 'value'), rows)}\n"


def _outages(outlets: int) -> str:
    tally, stories = Tally(), 300
    for seed in range(outlets):
        outlet(
            tally,
            seed=seed,
            stories=stories,
            days=30,
            outages=1,
            hours=(24, 24),
            fates={"stays": 1},
        )
    removed = sum(tally.removed.values())
    rows = [
        ("checks", f"{tally.checks:,}", "", ""),
        ("articles called missing", str(sum(tally.missing.values())), "", ""),
        ("articles called removed", str(removed), "0", verdict(removed, 0)),
    ]
    text = _OUTAGE.format(outlets=outlets, stories=stories)
    if removed:
        raise BenchmarkError(f"{removed} articles were called removed in an outage")
    return f"### A day's outage\n\n{text}\n{table(('what', 'value', 'target', ''), rows)}\n"


def _histories(outlets: int) -> str:
    tally, stories, outages = Tally(), 300, 2
    for seed in range(1000, 1000 + outlets):
        outlet(tally, seed=seed, stories=stories, outages=outages)
    rows = []
    for fate in FATES:
        of = sum(n for (own, _), n in tally.ends.items() if own == fate)
        ends = sorted((state, n) for (own, state), n in tally.ends.items() if own == fate)
        told = ", ".join(f"{state} {n}" for state, n in ends)
        rows.append((fate, str(of), str(tally.removed[fate]), told))
    figures = [
        (name, f"{value:.4f}", "at least 0.95", verdict(value, 0.95, at_least=True))
        for name, value in (("precision", tally.precision), ("recall", tally.recall))
    ]
    wait = statistics.median(tally.waits)
    text = _HISTORIES.format(outlets=outlets, stories=stories, outages=outages)
    return (
        f"### Removals\n\n{text}\n"
        f"{table(('fate', 'articles', 'ever called removed', 'at the end'), rows)}\n"
        f"{table(('removed', 'value', 'target', ''), figures)}\n"
        f"From going to being called removed: {wait:.1f} days in the median, of those that are"
        f" ({', '.join(sorted(GOES))}).\n"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer days and outlets")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
