"""A news site of a few answers on loopback: a table of paths, and a list of what was asked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a path is answered with."""

    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def xml(text: str, **headers: str) -> Answer:
    """A feed or sitemap."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(body=text.encode(), kind="application/xml", headers=named)


def html(text: str) -> Answer:
    """A page."""
    return Answer(body=text.encode())


class SmallSite:
    """Serves `answers` by path (with its query) on any host name; others are 404.

    An answer with an ETag is not sent again to who has it.
    """

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append(self.path)
                answer = site.answer(self.path)
                tag = answer.headers.get("ETag")
                if tag is not None and self.headers.get("If-None-Match") == tag:
                    answer = Answer(status=304, kind=answer.kind, headers=answer.headers)
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(answer.body)))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, path: str) -> Answer:
        """What a path is answered with; sites without a table say it here."""
        return self.answers.get(path) or Answer(status=404, body=b"no such page")

    def __enter__(self) -> SmallSite:
        """Serve until the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
