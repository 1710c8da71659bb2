"""A real browser that finds this machine alone, and a socket where whoever asks the web ends."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: no browser to test with"
)

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install it, or name it in CHROMIUM"
)


def screenshots() -> Path:
    """The folder in which pictures of pages are kept: no part of the repository."""
    default = Path(__file__).parents[2] / "artefacts" / "replay"
    folder = Path(os.environ.get("REPLAY_SCREENSHOTS") or default)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class Trap:
    """A socket that whoever looks for the live web ends in; keeps the first bytes of each."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with closing(connection):
                connection.settimeout(1)
                try:
                    first = connection.recv(4096)  # of TLS a ClientHello, which names the host
                except OSError:
                    first = b"silence"
                if first == b"stop":
                    self._socket.close()
                    return
                self.heard.append(first)

    def hits(self) -> list[bytes]:
        """Connections that were meant for the web; not what the browser's maker wants to know."""
        return [first for first in self.heard if b"google" not in first]

    def close(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as wire:
            wire.sendall(b"stop")
            self._thread.join()


@contextmanager
def chromium(trap: Trap) -> Iterator[Any]:
    """A browser for which every name but those of loopback leads into the trap."""
    with playwright_api.sync_playwright() as playwright:
        launched = launch(playwright.chromium, trap)
        try:
            yield launched
        finally:
            launched.close()


def launch(kind: Any, trap: Trap) -> Any:
    """As `chromium`, of a kind of browser that is there already (`browser.browser_type`)."""
    rules = f"MAP * 127.0.0.1:{trap.port}, EXCLUDE 127.0.0.1, EXCLUDE *.localhost"
    return kind.launch(
        executable_path=CHROMIUM,
        args=[
            f"--host-resolver-rules={rules}",
            "--no-sandbox",  # tests may run as root
            # What the browser itself would like to know of the world.
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
        ],
    )


class Visit:
    """A fresh browser profile and all that it asked for."""

    def __init__(self, browser: Any, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.requests: list[Any] = []
        self.context.on("request", lambda request: self.requests.append(request))
        self.page = self.context.new_page()

    def origins(self) -> set[str]:
        """Whom the browser asked anything, but for what the policy stopped."""
        asked = [one.url for one in self.requests if one.failure != "csp"]
        return {url.split("/")[2] for url in asked if url.startswith("http")}
