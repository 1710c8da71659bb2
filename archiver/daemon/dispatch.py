"""Launching crawls: each is one `scrapy` child process, however it was asked for.

Children stand in process groups of their own, so that a Ctrl-C at the terminal reaches this
process alone, which passes on exactly one SIGINT: Scrapy takes a second one as an order to
stop uncleanly.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class CrawlOrder:
    """How outlets are to be crawled: `scrapy crawl`'s arguments, settings and feed exports."""

    folder: Path
    arguments: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    trigger: str = "command"

    def command(self, outlet: str) -> list[str]:
        """The child's command line."""
        line = [sys.executable, "-m", "scrapy", "crawl", outlet]
        for name, value in self.arguments.items():
            line += ["-a", f"{name}={value}"]
        for name, value in self.settings.items():
            line += ["-s", f"{name}={value}"]
        for output in self.outputs:
            line += ["-o", output]
        return line

    def child_environment(self) -> dict[str, str]:
        """The child's environment: this process's, and what makes it load these very settings."""
        return {
            **os.environ,
            **self.environment,
            "SCRAPY_SETTINGS_MODULE": "spiders.settings",
            "ARCHIVER_TRIGGER": self.trigger,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class CrawlOutcome:
    """How a child ended: its exit code (see DESIGN: 0, 1, 3, 11, 130 …) and its wall time."""

    outlet: str
    exit_code: int
    seconds: float


class Dispatcher:
    """Runs crawls side by side, at most `jobs` at once."""

    def __init__(self, order: CrawlOrder, *, jobs: int) -> None:
        self._order = order
        self._jobs = max(1, jobs)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopping = False

    def run(self, outlets: Sequence[str]) -> Iterator[CrawlOutcome]:
        """Crawl every outlet once; outcomes come as crawls end.

        Raises:
            KeyboardInterrupt: after every child has closed its WARC and ended.
        """
        with ThreadPoolExecutor(self._jobs) as pool:
            waiting = [pool.submit(self._crawl, outlet) for outlet in outlets]
            try:
                for done in as_completed(waiting):
                    outcome = done.result()
                    if outcome is not None:
                        yield outcome
            except BaseException:
                self._stop()
                raise

    def _crawl(self, outlet: str) -> CrawlOutcome | None:
        started = time.monotonic()
        with self._lock:
            if self._stopping:
                return None
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments, no shell
                self._order.command(outlet),
                cwd=self._order.folder,
                env=self._order.child_environment(),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._running.add(child)
        code = child.wait()
        with self._lock:
            self._running.discard(child)
        return CrawlOutcome(
            outlet=outlet, exit_code=code, seconds=round(time.monotonic() - started, 3)
        )

    def _stop(self) -> None:
        with self._lock:
            self._stopping = True
            for child in self._running:
                child.send_signal(signal.SIGINT)
