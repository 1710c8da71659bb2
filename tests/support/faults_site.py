"""A news site that always has something new: each look into its feed shows more articles."""

from __future__ import annotations

import hashlib
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

HOST = "faults.example"
LARGE = 6_000_000  # bytes: held in a file on its way, and enough to close a WARC of 1 MB


def body_of(path: str) -> bytes:
    """What is answered to a path: always the same, of a size of its own, hardly compressible."""
    seed = hashlib.sha256(path.encode()).digest()
    chance = random.Random(seed)
    size = LARGE if path.endswith("-large") else chance.choice((300, 2_000, 6_000, 20_000))
    head = f"<!doctype html><title>{path}</title><p>".encode()
    return head + chance.randbytes(size // 2).hex().encode()


class FreshSite:
    """Serves on loopback; `asked` has every article path that was answered, in order.

    `fresh` is how many articles each look into the feed adds; every `large_every`th of them is
    a large one (0: none).
    """

    def __init__(self, *, fresh: int, large_every: int = 0) -> None:
        self.fresh = fresh
        self.large_every = large_every
        self.asked: list[str] = []
        self._articles: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == "/robots.txt":
                    self._answer("text/plain", b"User-agent: *\nAllow: /\n" + b"# fill\n" * 200)
                elif self.path == "/feed.xml":
                    self._answer("application/rss+xml", site.feed())
                else:
                    site.asked.append(self.path)
                    self._answer("text/html; charset=utf-8", body_of(self.path))

            def _answer(self, kind: str, body: bytes) -> None:
                fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                head = f"HTTP/1.1 200 OK\r\n{fields}\r\n"
                self.wfile.write(head.encode() + body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing: a test's output is the test's."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that was killed is no fault of the server."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    def feed(self) -> bytes:
        """The newest articles, so many of them new."""
        first = len(self._articles)
        for number in range(first, first + self.fresh):
            large = self.large_every and number % self.large_every == self.large_every // 2
            self._articles.append(f"/a/{number}{'-large' if large else ''}")
        items = "".join(
            f"<item><link>http://{HOST}{path}</link><title>{path}</title></item>"
            for path in self._articles[first:]
        )
        return (
            f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{items}'
            "</channel></rss>"
        ).encode()

    def __enter__(self) -> Self:
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
