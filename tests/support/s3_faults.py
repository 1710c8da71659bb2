"""A proxy in front of an S3 server that loses, repeats, delays and refuses, by a plan.

Each request is read whole, passed on over a connection of its own, and the answer read whole. The
headers that are signed are passed on as they came, Host too. Python's own `random` makes the plan:
one seed, one plan, in the order in which requests come.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from random import Random
from typing import BinaryIO, Self
from urllib.parse import urlsplit

from support.s3_place import Certificate, S3Place


class Fault(Enum):
    """What may befall one request."""

    RESET_BEFORE = auto()  # the connection is reset; the server never hears of the request
    RESET_AFTER = auto()  # the server has done it; the connection is reset before the answer
    CUT = auto()  # the server has done it; half of the answer's body, then the end
    STALL = auto()  # not passed on, and not answered until the client leaves
    STALL_AFTER = auto()  # the server has done it; not answered until the client leaves
    ERROR = auto()  # 500 InternalError; not passed on
    ERROR_AFTER = auto()  # the server has done it; 500 InternalError
    SLOW_DOWN = auto()  # 503 SlowDown; not passed on
    REPEAT = auto()  # passed on twice, one after another; the second answer


_PASSED = {None: 1, Fault.RESET_AFTER: 1, Fault.CUT: 1, Fault.STALL_AFTER: 1, Fault.ERROR_AFTER: 1}
_PASSED[Fault.REPEAT] = 2
_SAID = {
    Fault.ERROR: (500, "InternalError"),
    Fault.ERROR_AFTER: (500, "InternalError"),
    Fault.SLOW_DOWN: (503, "SlowDown"),
}
_OUR_HOP = (b"connection", b"expect", b"keep-alive")  # headers of one connection, never signed
_NO_LINGER = struct.pack("ii", 1, 0)  # closing resets


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request that came, and what became of it."""

    method: str
    target: str  # path and query
    fault: Fault | None
    statuses: tuple[int, ...]  # the server's answers, one for each time that it was passed on


@dataclass
class FaultProxy:
    """Listens over TLS on loopback in front of `server`. A context manager.

    A request whose "METHOD /path?query" has a match of `matching` meets a fault of `kinds` with a
    probability of `rate`. All three may be changed while it runs.
    """

    server: S3Place
    rate: float = 0.0
    seed: int = 0
    kinds: Sequence[Fault] = tuple(Fault)
    matching: str = ""
    log: list[Seen] = field(default_factory=list)
    injected: Counter[Fault] = field(default_factory=Counter)
    place: S3Place = field(init=False)  # `server` as it is reached through the proxy

    def __enter__(self) -> Self:
        self._random = Random(self.seed)
        self._next: deque[Fault | None] = deque()
        self._lock = threading.Lock()
        self._down = False
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._there = urlsplit(self.server.endpoint)
        self._trust: ssl.SSLContext | None = None
        if self._there.scheme == "https":
            self._trust = ssl.create_default_context(cafile=self.server.ca_file)
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="s3-faults-")))
            certificate = Certificate.in_folder(folder)
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(certificate.chain, certificate.key)
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
            self._stack = stack.pop_all()
        port = self._listener.getsockname()[1]
        self.place = replace(
            self.server, endpoint=f"https://127.0.0.1:{port}", ca_file=str(certificate.ca)
        )
        self._main = threading.Thread(target=self._accept, daemon=True)
        self._main.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._main.join(10)
        self._listener.close()
        self.down = True
        for thread in self._threads:
            thread.join(10)
        self._stack.close()

    @property
    def down(self) -> bool:
        """Whether every connection is reset, those that are open and those that come."""
        return self._down

    @down.setter
    def down(self, now: bool) -> None:
        with self._lock:
            self._down = now
            for connection in self._open if now else ():
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def inject(self, *faults: Fault | None) -> None:
        """Let the next requests that match meet these, whatever the plan says; None is no fault."""
        with self._lock:
            self._next.extend(faults)

    def _draw(self, request: str) -> Fault | None:
        with self._lock:
            if not re.search(self.matching, request):
                return None
            if self._next:
                return self._next.popleft()
            # both drawn for every request, so that the rate changes no later draw
            lot, kind = self._random.random(), self._random.random()
            return self.kinds[int(kind * len(self.kinds))] if lot < self.rate else None

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                raw, _ = self._listener.accept()
                thread = threading.Thread(target=self._run, args=(raw,), daemon=True)
                with self._lock:
                    self._open.add(raw)
                    self._threads = [one for one in self._threads if one.is_alive()] + [thread]
                    thread.start()

    def _run(self, raw: socket.socket) -> None:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # a second name of the connection, since wrapping takes the first one away from `down`
        with suppress(OSError, EOFError), socket.fromfd(raw.fileno(), raw.family, raw.type) as ours:
            try:
                if self._down:
                    # reset in the handshake: before it, Python's ssl leaks the client's socket
                    ours.recv(1)
                else:
                    self._serve(ours)
            finally:
                if self._down:
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        with self._lock:
            self._open.discard(raw)
            raw.close()

    def _serve(self, ours: socket.socket) -> None:
        with (
            self._tls.wrap_socket(ours, server_side=True) as connection,
            connection.makefile("rb") as stream,
        ):
            while (message := _read_request(stream, connection)) is not None:
                if not self._answer(connection, *message):
                    return

    def _answer(self, connection: ssl.SSLSocket, head: bytes, body: bytes) -> bool:
        """Treat one request; whether the connection is to be kept."""
        method, target = head.split(b" ", 2)[:2]
        fault = self._draw(f"{method.decode()} {target.decode()}")
        answers = [self._pass_on(head, body) for _ in range(_PASSED.get(fault, 0))]
        if self._down:
            return False
        statuses = tuple(int(answer.split(b" ", 2)[1]) for answer in answers)
        with self._lock:
            self.log.append(
                Seen(method=method.decode(), target=target.decode(), fault=fault, statuses=statuses)
            )
            if fault is not None:
                self.injected[fault] += 1
        if fault in (Fault.RESET_BEFORE, Fault.RESET_AFTER):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            return False
        if fault in (Fault.STALL, Fault.STALL_AFTER):
            while connection.recv(65536):
                pass
            return False
        if fault is Fault.CUT:
            start, _, rest = answers[-1].partition(b"\r\n\r\n")
            # nothing of one without: http.client takes the start of a head for a whole answer
            if rest not in (b"", b"0\r\n\r\n"):
                connection.sendall(start + b"\r\n\r\n" + rest[: len(rest) // 2])
            return False
        answer = _said(*_SAID[fault], method) if fault in _SAID else answers[-1]
        connection.sendall(answer)
        return _header(answer.partition(b"\r\n\r\n")[0], b"connection") is None

    def _pass_on(self, head: bytes, body: bytes) -> bytes:
        """The server's answer, whole.

        Raises:
            EOFError: The server ended it early.
        """
        with ExitStack() as stack:
            address = (self._there.hostname or "", self._there.port or 443)
            server: socket.socket = stack.enter_context(socket.create_connection(address))
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._trust is not None:
                server = stack.enter_context(
                    self._trust.wrap_socket(server, server_hostname=address[0])
                )
            server.sendall(_changed(head, b"Connection: close") + body)
            stream = stack.enter_context(server.makefile("rb"))
            while (start := _read_head(stream)).split(b" ", 2)[1].startswith(b"1"):
                pass  # 100 Continue
            content = b"" if head.startswith(b"HEAD ") else stream.read()
        length = _header(start, b"content-length")
        if length is not None and content and len(content) != int(length):
            raise EOFError
        framed = length is not None or _header(start, b"transfer-encoding") is not None
        return _changed(start, *() if framed else (b"Connection: close",)) + content


def _read_request(stream: BinaryIO, connection: ssl.SSLSocket) -> tuple[bytes, bytes] | None:
    """Head and body as they came, or None at the connection's end."""
    try:
        head = _read_head(stream)
    except EOFError:
        return None
    if (_header(head, b"expect") or b"").lower() == b"100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if b"chunked" in (_header(head, b"transfer-encoding") or b"").lower():
        return head, _read_chunks(stream)
    return head, _exactly(stream, int(_header(head, b"content-length") or 0))


def _read_head(stream: BinaryIO) -> bytes:
    lines = []
    while (line := stream.readline(65536)) not in (b"\r\n", b""):
        lines.append(line)
    if not line:
        raise EOFError
    return b"".join([*lines, line])


def _read_chunks(stream: BinaryIO) -> bytes:
    parts = []
    while True:
        line = stream.readline(65536)
        parts.append(line)
        size = int(line.split(b";")[0] or b"0", 16)
        if size == 0:
            return b"".join([*parts, _read_head(stream)])  # trailers look like a head
        parts.append(_exactly(stream, size + 2))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _header(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        if line.lower().startswith(name + b":"):
            return line.split(b":", 1)[1].strip()
    return None


def _changed(head: bytes, *more: bytes) -> bytes:
    """The head without the headers that concern one connection, and with `more`."""
    lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    kept = [line for line in lines if line.split(b":", 1)[0].lower() not in _OUR_HOP]
    return b"\r\n".join([*kept, *more]) + b"\r\n\r\n"


def _said(status: int, code: str, method: bytes) -> bytes:
    """An error as S3 says it."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
        "<Message>Injected by the tests.</Message><RequestId>0</RequestId></Error>"
    ).encode()
    head = (
        f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    return head if method == b"HEAD" else head + body
