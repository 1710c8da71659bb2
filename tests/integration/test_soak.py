"""A daemon through days with both changes of the clock, set clocks and an absence."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from structlog.testing import capture_logs
from support.soak import Soak, Stretch

SPRING = datetime(2026, 3, 28, 20, tzinfo=UTC)  # Berlin's clocks change in the night
AUTUMN = datetime(2026, 10, 24, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_every_planned_run_is_had_once(tmp_path: Path) -> None:
    with Soak.made(tmp_path, outlets=4, a_day=2) as soak, capture_logs() as log:
        soak.live(
            Stretch(since=SPRING, until=SPRING + 10 * HOUR),
            Stretch(since=SPRING + 14 * HOUR, until=SPRING + 20 * HOUR),  # set ahead
            Stretch(since=SPRING + 17 * HOUR, until=SPRING + 26 * HOUR),  # set back
        )
        soak.live(Stretch(since=AUTUMN, until=AUTUMN + 14 * HOUR))  # months later
        faults = soak.faults()
        assert faults == [], "\n".join(faults)
        assert soak.runs >= 16
    done = Counter(line["job"] for line in log if line["event"] == "job-done")
    assert done["rotate"] >= 39 * 6 - 4  # every ten minutes, whatever the clock was set to
    assert done.keys() >= {"check", "prune", "report"}
    assert not [line for line in log if line["log_level"] == "error"]
