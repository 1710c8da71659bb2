"""Serves the demo's outlet on loopback over HTTP/1.1.

python -m archiver.demo.server [--port 8000] [--edition 2]
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from archiver.demo import outlet
from archiver.demo.site import Answer, Site

_LOOPBACK = "127.0.0.1"
_IDLE = 60.0  # seconds that a kept connection may stay silent


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedRequest:
    """One request that was answered; `path` as it was sent, with its query."""

    method: str
    host: str
    path: str
    status: int
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """The value of a request header, by name in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class DemoServer:
    """The site on a port of loopback, in threads of its own, until `stop`; a context manager.

    `edition` may be set while it runs: the next request gets the other edition. `log` holds
    every request in the order in which they were answered. Requests for the agency's host get
    the agency's site, and so do those in absolute form, as a proxy is asked (RFC 9112
    section 3.2.2).

    Args:
        edition: Which edition of the site to begin with.
        base: What stands before all addresses; None means the server's own address.
    """

    def __init__(self, edition: int = 1, *, base: str | None = outlet.BASE) -> None:
        self.edition = edition
        self.log: list[LoggedRequest] = []
        self._base = base
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that it listens on.

        Raises:
            RuntimeError: where it was not started.
        """
        if self._server is None:
            raise RuntimeError("the demo server was not started; call start() first")
        return int(self._server.server_address[1])

    @property
    def site(self) -> Site:
        """The edition that is served now."""
        return _site(self.edition, self._base or f"http://{_LOOPBACK}:{self.port}")

    def start(self, port: int = 0) -> Self:
        """Listen on a port of loopback, any free one by default.

        Raises:
            OSError: where the port is taken.
        """
        self._server = _Server(self, port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="demo-server"
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection, and wait for the threads."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        """Start it, where `start` was not called before."""
        return self if self._server else self.start()

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()


@cache
def _site(edition: int, base: str) -> Site:
    return Site(edition, base=base)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close waits for them
    request_queue_size = 128

    def __init__(self, demo: DemoServer, port: int) -> None:
        self.demo = demo
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((_LOOPBACK, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is nothing to report; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """Wake the threads that wait on kept connections."""
        with self._lock:
            waiting = list(self._open)
        for connection in waiting:
            with contextlib.suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Lantern/1.0"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # one write an answer
    timeout = _IDLE
    server: _Server

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        """Say nothing: requests stand in `DemoServer.log`."""

    def _answer(self, *, with_body: bool) -> None:
        host, path = self.headers.get("Host", ""), self.path
        if path.startswith("http://"):  # absolute form
            host, slash, rest = path.removeprefix("http://").partition("/")
            path = slash + rest or "/"
        headers = tuple(self.headers.items())
        demo = self.server.demo
        answer = demo.site.answer(path, dict(headers), host=host)
        demo.log.append(
            LoggedRequest(
                method=self.command, host=host, path=path, status=answer.status, headers=headers
            )
        )
        chunked = len(answer.chunks) > 1 and self.request_version != "HTTP/1.0"
        self._head(answer, chunked=chunked)
        if with_body and chunked:
            for chunk in answer.chunks:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n")
        elif with_body:
            self.wfile.write(answer.body)

    def _head(self, answer: Answer, *, chunked: bool) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve one edition until Ctrl-C, under the server's own address."""
    parser = argparse.ArgumentParser(description="Serve the demo's news site on loopback.")
    parser.add_argument("--port", type=int, default=8000, help="0 means any free port")
    parser.add_argument("--edition", type=int, choices=sorted(outlet.CLOCK), default=1)
    chosen = parser.parse_args(arguments)
    server = DemoServer(chosen.edition, base=None).start(chosen.port)
    sys.stderr.write(
        f"{outlet.NAME}, edition {chosen.edition}: {server.site.base}/ (Ctrl-C ends)\n"
    )
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
