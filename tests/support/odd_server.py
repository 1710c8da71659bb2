"""Servers on raw sockets that answer oddly and log every byte: the other side's testimony."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto


class Act(Enum):
    """What a server does between or after what it sends."""

    GAP = auto()  # lets the client read what was sent so far by itself
    DRIP = auto()  # from here on one byte a packet
    CLOSE = auto()
    RESET = auto()
    STALL = auto()  # says nothing more until the client leaves
    DEAF = auto()  # reads nothing more until all is over
    CLOSE_IF_REUSED = auto()  # a keep-alive connection that was closed in the meantime
    TOGETHER = auto()  # goes on when eight requests have come this far
    MUTE = auto()  # closes; connections that come later are not even greeted


@dataclass
class Logged:
    """One request as it came and all that was sent in return."""

    connection: int
    request: bytes = b""
    sent: bytes = b""

    @property
    def target(self) -> str:
        parts = self.request.split(b" ", 2)
        return parts[1].decode("latin-1") if len(parts) > 2 else ""


@dataclass
class OddServer:
    """Answers a request for /NAME with the steps of `answers[NAME]`, over TLS if it has a context.

    After the steps the connection is kept for another request.
    """

    answers: Mapping[str, Iterable[bytes | Act]]
    tls: ssl.SSLContext | None = None
    log: list[Logged] = field(default_factory=list)
    port: int = 0
    muted: bool = False
    together: threading.Barrier = field(default_factory=lambda: threading.Barrier(8))

    def __enter__(self) -> OddServer:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._main = threading.Thread(target=self._accept, daemon=True)
        self._main.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in [self._main, *self._threads]:
            thread.join(5)

    def logged(self, name: str) -> list[Logged]:
        """What was logged of requests whose path is /NAME."""
        return [entry for entry in self.log if entry.target.split("?")[0].endswith(f"/{name}")]

    def _accept(self) -> None:
        number = 0
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                number += 1
                thread = threading.Thread(target=self._run, args=(connection, number), daemon=True)
                with self._lock:
                    self._open.add(connection)
                    self._threads.append(thread)
                thread.start()

    def _run(self, connection: socket.socket, number: int) -> None:
        raw = connection
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.muted and connection.recv(4096):
                pass
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._serve(connection, number)
        except (OSError, ValueError, threading.BrokenBarrierError):
            pass
        finally:
            with self._lock:
                self._open.discard(raw)
            connection.close()

    def _serve(self, connection: socket.socket, number: int) -> None:
        served = 0
        while request := read_request(connection):
            entry = Logged(number, request)
            self.log.append(entry)
            served += 1
            name = entry.target.split("?")[0].rsplit("/", 1)[-1]
            if not self._answer(connection, entry, self.answers[name], reused=served > 1):
                return

    def _answer(
        self,
        connection: socket.socket,
        entry: Logged,
        steps: Iterable[bytes | Act],
        *,
        reused: bool,
    ) -> bool:
        drip = False
        for step in steps:
            if isinstance(step, bytes):
                for piece in (bytes([byte]) for byte in step) if drip else (step,):
                    connection.sendall(piece)
                    entry.sent += piece
            elif step is Act.GAP:
                time.sleep(0.02)
            elif step is Act.TOGETHER:
                self.together.wait(30)
            elif step is Act.DRIP:
                drip = True
            elif step is Act.CLOSE_IF_REUSED:
                if reused:
                    return False
            elif step is Act.STALL:
                while connection.recv(4096):
                    pass
                return False
            elif step is Act.DEAF:
                self._over.wait()
                return False
            else:
                self.muted = step is Act.MUTE
                self._leave(connection, reset=step is Act.RESET)
                return False
        return True

    def _leave(self, connection: socket.socket, *, reset: bool) -> None:
        if reset:
            time.sleep(0.05)  # a reset overtakes what the client has not read yet
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif isinstance(connection, ssl.SSLSocket):
            connection.unwrap()


def read_request(connection: socket.socket) -> bytes:
    """One request with a Content-Length body at most; empty at the end, and where TLS begins."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more or more.startswith(b"\x16"):
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        more = connection.recv(65536)
        data += more
        body += more
    return data


@dataclass
class Proxy:
    """An HTTP proxy that answers plain requests itself and opens tunnels to `targets`.

    `targets` maps "host:port" to a local port; other tunnels are refused.
    """

    targets: Mapping[str, int]
    tls: ssl.SSLContext | None = None
    answer: bytes = b"HTTP/1.1 200 From proxy\r\nContent-Length: 5\r\n\r\nproxy"
    requests: list[bytes] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Proxy:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            stack.enter_context(connection)
            while request := read_request(connection):
                self.requests.append(request)
                method, target, _ = request.split(b" ", 2)
                if method != b"CONNECT":
                    connection.sendall(self.answer)
                elif target.decode() in self.targets:
                    connection.sendall(b"HTTP/1.1 200 Tunnel\r\nX-Proxy: y\r\n\r\n")
                    _relay(connection, self.targets[target.decode()])
                    return
                else:
                    connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")


def _relay(client: socket.socket, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
        back.start()
        _pass_on(client, server)
        back.join(5)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
