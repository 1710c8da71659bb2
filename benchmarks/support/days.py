"""A daemon through simulated days with real crawls: what it planned, had and took."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.measure import BenchmarkError
from support.results import table
from support.soak import Soak, Stretch

_SPRING = datetime(2026, 3, 28, 12, tzinfo=UTC)
_AUTUMN = datetime(2026, 10, 24, 12, tzinfo=UTC)
_SOUTH = datetime(2026, 10, 3, 12, tzinfo=UTC)  # Lord Howe Island's clocks go on by half an hour
_HOUR = timedelta(hours=1)
_OUTLETS, _A_DAY = 50, 2
_NOTE = """\
The whole daemon on a clock that skips what nothing happens in; the crawls are real (requests,
WARC files, catalogue), forked from a process that has imported everything, without extraction.
{outlets} outlets in four time zones, {a_day} turns a day each, by cron fields, so that all of a
zone are due at one moment, and all of them after an absence. {days:.1f} days over the changes of
the clocks in March and October, with a clock that is set ahead by four hours and back by three,
and two absences of months. What must have been planned is computed apart from the daemon. A run
that is missing, doubled, not done or without a page, or a WARC file that `archiver check` does not
find whole, ends the benchmark without a result.
"""


def days(folder: Path) -> str:
    """The section of results.md.

    Raises:
        BenchmarkError: something is missing, doubled or not whole.
    """
    begun = time.monotonic()
    with Soak.made(folder, outlets=_OUTLETS, a_day=_A_DAY) as soak:
        soak.live(
            Stretch(since=_SPRING, until=_SPRING + 20 * _HOUR),
            Stretch(since=_SPRING + 24 * _HOUR, until=_SPRING + 40 * _HOUR),
            Stretch(since=_SPRING + 37 * _HOUR, until=_SPRING + 60 * _HOUR),
        )
        soak.live(Stretch(since=_SOUTH, until=_SOUTH + 24 * _HOUR))
        soak.live(Stretch(since=_AUTUMN, until=_AUTUMN + 60 * _HOUR))
        took = time.monotonic() - begun
        faults = soak.faults()
        if faults:
            raise BenchmarkError("\n".join(faults[:50]))
        files = list(soak.loaded.warc_folder.glob("*.warc.gz"))
    lived = sum(((s.until - s.since) for s in soak.stretches), timedelta())
    rows = [
        ("runs planned, and had once each", f"**{soak.runs:,}**"),
        ("runs missed, doubled, not done", "**0**"),
        ("WARC files, all whole", f"{len(files):,}"),
        ("memory of the daemon at the first midnight", f"{soak.memory[0] / 2**20:.0f} MiB"),
        ("at the last midnight", f"**{soak.memory[-1] / 2**20:.0f} MiB**"),
        ("at most", f"{max(soak.memory) / 2**20:.0f} MiB"),
        ("wall time", f"{took:.0f} s"),
    ]
    note = _NOTE.format(outlets=_OUTLETS, a_day=_A_DAY, days=lived / timedelta(days=1))
    return f"{note}\n{table(('what', 'value'), rows)}"
