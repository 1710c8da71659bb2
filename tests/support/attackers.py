"""Who a hostile page would like to reach, and a replay without any policy that lets it."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

ATTACKS = Path(__file__).parents[1] / "hostile" / "replay" / "attacks"
_KINDS = {".js": "text/javascript", ".css": "text/css", ".png": "image/png", ".html": "text/html"}
_INTERFACE = """<!doctype html><title>Interface</title><p>Secret words of the interface</p>
<iframe src="{}"></iframe>"""


def attack(path: Path, *, attacker: Attacker, ui: str) -> bytes:
    """An attack's whole answer, aimed at an attacker and at the interface's origin."""
    text = path.read_text("utf-8")
    # A host of its own for each: browsers prepare no connection to one that they know already.
    origin = f"http://{path.stem}.attacker.localhost:{attacker.port}"
    aimed = text.replace("ATTACKER", origin).replace("STUN", attacker.peer)
    head, _, body = aimed.replace("UI/", f"{ui}/").partition("\n\n")
    return head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body.encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler: type[BaseHTTPRequestHandler], heard: list[str]) -> None:
        self.heard = heard
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no fault of the server."""


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        """Nothing."""


class _Running:
    """A server in a thread. A context manager."""

    heard: list[str]
    _server: _Server

    @property
    def port(self) -> int:
        """Its port of 127.0.0.1."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Attacker(_Running):
    """Another host than those of replay: each connection and each datagram is heard."""

    def __init__(self) -> None:
        self.heard = []

        class Server(_Server):
            def get_request(self) -> tuple[socket.socket, Any]:
                taken = super().get_request()
                self.heard.append("a connection")
                return taken

        class Handler(_Quiet):
            def do_GET(self) -> None:
                self.server.heard.append(f"asked for {self.path}")  # type: ignore[attr-defined]
                body = b"owned"
                self.send_response(200)
                suffix = Path(self.path.partition("?")[0]).suffix
                self.send_header("Content-Type", _KINDS.get(suffix, "text/plain"))
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")  # so that each attack needs its own
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - its name in the base

        self._server = Server(Handler, self.heard)
        self._peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._peer.bind(("127.0.0.1", 0))
        self._listening = threading.Thread(target=self._listen)

    @property
    def peer(self) -> str:
        """Where it takes datagrams."""
        return f"127.0.0.1:{self._peer.getsockname()[1]}"

    def _listen(self) -> None:
        while self._peer.recv(4096) != b"stop":
            self.heard.append("a datagram")

    def __enter__(self) -> Self:
        self._listening.start()
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._peer.sendto(b"stop", self._peer.getsockname())
        self._listening.join()
        self._peer.close()


class NaiveReplay(_Running):
    """Shows attacks in a frame as they came, with all of their fields, on the interface's origin.

    `heard` gets what is asked of the interface.
    """

    def __init__(self, attacker: Attacker) -> None:
        self.heard = []
        naive = self

        class Handler(_Quiet):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path.startswith("/view/"):
                    page = _INTERFACE.format(f"/page/{path.removeprefix('/view/')}").encode()
                    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close"
                    self.wfile.write(head + b"\r\n\r\n" + page)
                elif path.startswith("/page/"):
                    file = ATTACKS / f"{path.removeprefix('/page/')}.http"
                    raw = b"HTTP/1.1 404 Not Found\r\n\r\n"
                    if file.is_file():
                        raw = attack(file, attacker=attacker, ui=naive.ui)
                    self.wfile.write(raw.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
                else:
                    naive.heard.append(path)
                    self.send_error(404)
                self.close_connection = True

            do_POST = do_GET  # noqa: N815 - its name in the base

        self._server = _Server(Handler, self.heard)

    @property
    def ui(self) -> str:
        """Origin of its interface, and of the archived pages alike."""
        return f"http://127.0.0.1:{self.port}"
