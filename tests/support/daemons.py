"""A daemon that runs as a process, the log that it writes, and receivers of its webhooks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.workdir import environment

_LONG = 240.0  # seconds; a guard against hanging, never a measure


class Running:
    """A daemon that runs, and the lines that it has logged."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "archiver.cli.main", "daemon"],
            cwd=folder,
            env=environment(**more),
            stderr=subprocess.PIPE,
            text=True,
        )
        self._guard = threading.Timer(_LONG, self.process.kill)
        self._guard.start()
        self.url = ""
        while not self.url:
            line = self._line()
            if line.startswith("health: "):
                self.url = line.split()[1].removesuffix("healthz")
        self.until("daemon-begun")

    def _line(self) -> str:
        assert self.process.stderr
        line = self.process.stderr.readline()
        assert line, f"the daemon ended with {self.process.wait()}"
        return line

    def until(self, event: str, **fields: object) -> dict[str, Any]:
        """Read the log up to a line of this event with these fields."""
        while True:
            said = self.until_any(event)
            if fields.items() <= said.items():
                return said

    def until_any(self, *events: str) -> dict[str, Any]:
        """Read the log up to a line of one of these events."""
        while True:
            line = self._line()
            if line.startswith("{"):
                said: dict[str, Any] = json.loads(line)
                if said["event"] in events:
                    return said

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of one of its addresses."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end; its exit code."""
        self.process.send_signal(number)
        assert self.process.stderr
        self.process.stderr.read()
        return self.process.wait(timeout=60)


@contextmanager
def daemon(folder: Path, **more: str) -> Iterator[Running]:
    """A daemon in a folder, with variables of its environment, until the block ends."""
    running = Running(folder, **more)
    try:
        yield running
    finally:
        running._guard.cancel()
        running.process.kill()
        running.process.wait()
        assert running.process.stderr
        running.process.stderr.close()


def eventually(true: Callable[[], object]) -> None:
    """Wait until something is so that no log tells of."""
    until = time.monotonic() + _LONG
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


class Target(ThreadingHTTPServer):
    """Keeps what it is sent, and answers with the next of its statuses, the last for ever."""

    daemon_threads = True

    def __init__(self, *statuses: int, location: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses) or [200]
        self.location = location
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook?key=1"

    @property
    def events(self) -> list[tuple[str, str, str]]:
        """Event, subject and state of each post."""
        said = [json.loads(body) for _, _, body in self.got]
        return [(one["event"], one["subject"], one["state"]) for one in said]

    @contextmanager
    def serving(self) -> Iterator[Target]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Target

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.got.append((self.path, dict(self.headers), body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Content-Length", "0")
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing."""
