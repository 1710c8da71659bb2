"""What a command costs, and the best of several times."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TREE = Path(__file__).with_name("tree.py")


class BenchmarkError(Exception):
    """A run did not do what it was to be measured at: its figure would mean nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """CPU seconds (user and system, all processes), wall seconds, bytes of the largest process."""

    cpu: float
    wall: float
    rss: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What to run, in which folder, with which additions to the environment."""

    argv: Sequence[str]
    folder: Path
    env: dict[str, str] = field(default_factory=dict)


def measure(command: Command, *, timeout: float = 900.0) -> Cost:
    """Run a command to its end.

    Raises:
        BenchmarkError: it failed, or took longer than `timeout` seconds.
    """
    plain = {name: text for name, text in os.environ.items() if not name.startswith("ARCHIVER_")}
    with tempfile.NamedTemporaryFile(suffix=".json") as report, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, str(_TREE), report.name, *command.argv],
            cwd=command.folder,
            env={**plain, **command.env},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise BenchmarkError(f"{command.argv} took over {timeout:g} seconds") from error
            raise
        if code:
            said.seek(0)
            tail = said.read()[-3000:].decode(errors="replace")
            raise BenchmarkError(f"{command.argv} ended with {code}:\n{tail}")
        facts = json.loads(Path(report.name).read_bytes())
    return Cost(cpu=facts["cpu"], wall=facts["wall"], rss=facts["rss"])


def best(costs: Sequence[Cost]) -> Cost:
    """The least of each figure: what disturbs a run only ever adds to it."""
    return Cost(
        cpu=min(cost.cpu for cost in costs),
        wall=min(cost.wall for cost in costs),
        rss=min(cost.rss for cost in costs),
    )


@dataclass(slots=True)
class Stopwatch:
    """CPU and wall seconds of this process within a `timed` block."""

    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def timed() -> Iterator[Stopwatch]:
    """Time a block of this process."""
    watch = Stopwatch()
    cpu, wall = time.process_time(), time.monotonic()
    yield watch
    watch.cpu, watch.wall = time.process_time() - cpu, time.monotonic() - wall
