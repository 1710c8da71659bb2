"""One crawl as a child process of the daemon: begun, watched, asked to end, made to end.

A child leads a process group of its own, so that its extraction workers go with it and a signal
to the daemon's group does not reach it. Scrapy takes one SIGINT as the order to close its WARC
files and end; a second one would make it stop uncleanly.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archiver.daemon.dispatch import CrawlOrder
from archiver.fetch.parent import PARENT
from archiver.model import utcnow

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a crawl may take: seconds, bytes, and seconds to end in once it is told to.

    `look_every`: seconds between two looks at its clock and memory.
    """

    time: float
    memory: int
    stop_within: float
    look_every: float = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a crawl ended: its exit code (negative: the signal that killed it), and why early.

    `cut` is "time-limit", "memory-limit" or "stopped"; None where it ended by itself.
    """

    outlet: str
    planned: datetime
    started: datetime
    exit_code: int
    cut: str | None = None
    peak_memory: int = 0  # bytes, as far as it was seen


class Crawl:
    """A running crawl of one outlet."""

    def __init__(self, outlet: str, planned: datetime, process: asyncio.subprocess.Process) -> None:
        self.outlet = outlet
        self.planned = planned
        self.started = utcnow()
        self.peak_memory = 0
        self._process = process
        self._cut: str | None = None
        self._told = asyncio.Event()

    @classmethod
    async def begin(cls, outlet: str, planned: datetime, order: CrawlOrder) -> Crawl:
        """Start the child of an outlet.

        No code of ours runs between fork and exec: that costs 2 ms a child instead of 50, since
        vfork(2) serves. So the child itself sees to it that it ends with this process.

        Raises:
            OSError: the process could not be made.
        """
        own = {"ARCHIVER_PLANNED": planned.isoformat(), PARENT: str(os.getpid())}
        process = await asyncio.create_subprocess_exec(
            *order.command(outlet),
            cwd=order.folder,
            env=order.child_environment() | own,
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(outlet, planned, process)

    def stop(self, why: str = "stopped") -> None:
        """Ask the crawl to close its files and end; asked again, nothing happens."""
        if self._cut is None and self._process.returncode is None:
            self._cut = why
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)
            self._told.set()

    def kill(self) -> None:
        """End the crawl and its workers at once, whatever is left open."""
        self._cut = self._cut or "stopped"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def ended(self, limits: Limits) -> Ended:
        """Wait for the end, and bring it about where a limit is reached."""
        waiting = asyncio.ensure_future(self._process.wait())
        deadline = asyncio.get_running_loop().time() + limits.time
        while not waiting.done() and self._cut is None:
            told = asyncio.ensure_future(self._told.wait())
            await asyncio.wait(
                {waiting, told}, timeout=limits.look_every, return_when=asyncio.FIRST_COMPLETED
            )
            told.cancel()
            memory = group_memory(self._process.pid)
            self.peak_memory = max(self.peak_memory, memory)
            if asyncio.get_running_loop().time() > deadline:
                self.stop("time-limit")
            elif memory > limits.memory:
                self.stop("memory-limit")
        done, _ = await asyncio.wait({waiting}, timeout=limits.stop_within)
        if not done:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        return Ended(
            outlet=self.outlet,
            planned=self.planned,
            started=self.started,
            exit_code=await waiting,
            cut=self._cut,
            peak_memory=self.peak_memory,
        )


def group_memory(group: int) -> int:
    """Bytes of resident memory of all processes of a group; 0 where it is gone.

    Reads /proc (proc(5)): once for every process of this machine, some microseconds each.
    """
    return sum(_resident(pid) for pid in _members(group))


def _members(group: int) -> Iterator[int]:
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if os.getpgid(int(entry.name)) == group:
                    yield int(entry.name)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0
