"""Events posted to webhooks, and the ping of a dead-man's switch: signed, guarded, tried again."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import structlog

from archiver import __version__
from archiver.errors import FetchError
from archiver.fetch.guard import refusal

log = structlog.get_logger("daemon")

_TIMEOUT = 10.0  # seconds for each step of an exchange
_WHOLE = 30.0  # seconds for all of it: a target may send a byte now and then, for ever
_AT_ONCE = 2  # posts to one target
_THREADS = 32
_WAITS = (5.0, 30.0, 180.0, 900.0)  # seconds before further attempts
_MOST_WAITING = 1000  # posts; what comes then is dropped, and said


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The Archiver-Signature header: HMAC-SHA256 (RFC 2104) over timestamp, full stop and body."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


def checked_address(host: str, port: int, *, private: bool) -> tuple[socket.AddressFamily, str]:
    """The first address of a host that may be connected to, as the fetcher's guard says.

    Raises:
        FetchError: it has none.
        OSError: the name cannot be resolved.
    """
    refused = ""
    for family, _, _, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        ip = str(where[0])
        refused = "" if private else refusal(ip) or ""
        if not refused:
            return family, ip
    raise FetchError(
        f"this address may not be connected to ({refused})",
        reason="guard",
        thing=host,
        todo="Set daemon.webhook_private = true where that is meant.",
    )


def send(
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    private: bool = False,
    within: float = _WHOLE,
    under_way: UnderWay | None = None,
) -> int:
    """POST a body, or GET where it is None; the status. Redirects are not followed.

    An exchange that takes longer than `within` seconds is broken off, and so is one that is
    `under_way` when these end, or would begin after that.

    Raises:
        FetchError: the address may not be connected to.
        OSError, http.client.HTTPException: there was no answer.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    family, ip = checked_address(host, port, private=private)
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    with socket.socket(family, socket.SOCK_STREAM) as plain:
        plain.settimeout(_TIMEOUT)
        plain.connect((ip, port))
        with _bounded(plain, within, under_way or UnderWay()):
            if secure:
                context = ssl.create_default_context()
                connection.sock = context.wrap_socket(plain, server_hostname=host)
            else:
                connection.sock = plain
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            sent = {"User-Agent": f"news-archiver/{__version__}", **headers}
            try:
                connection.request("GET" if body is None else "POST", path, body=body, headers=sent)
                return connection.getresponse().status
            finally:
                connection.close()


@contextmanager
def _bounded(plain: socket.socket, within: float, under_way: UnderWay) -> Iterator[None]:
    """Break a connection off after so many seconds, wherever the block is with it.

    By a second name of it, since TLS takes the first one over.
    """
    with plain.dup() as twin, under_way.holding(twin):
        timer = threading.Timer(within, _break_off, (twin,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class UnderWay:
    """The sockets of exchanges that are under way, to be broken off together: used by threads."""

    def __init__(self) -> None:
        self._held: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._over = False

    @contextmanager
    def holding(self, one: socket.socket) -> Iterator[None]:
        """Count a socket in while the block lasts.

        Raises:
            ConnectionAbortedError: they have ended.
        """
        with self._lock:
            if self._over:
                raise ConnectionAbortedError("broken off before it began")
            self._held.add(one)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(one)

    def end(self) -> None:
        """Break off what is under way, and what would begin from now on."""
        with self._lock:
            self._over = True
            for one in self._held:
                _break_off(one)


def _break_off(one: socket.socket) -> None:
    """End a connection that another thread may be reading from."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


class _Lines:
    """What posts go out by, for as long as the daemon lives.

    Threads of their own, since those of the event loop are the catalogue's. Each target has a few
    of them at most, so that one that hangs holds up nobody but itself.
    """

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="webhook")
        self.places: Mapping[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_AT_ONCE)
        )
        self.under_way = UnderWay()


@dataclass(kw_only=True)
class Webhooks:
    """Posts events to every URL, in the background; a target that hangs holds up nobody."""

    urls: tuple[str, ...]
    secret: str | None = None
    private: bool = False
    waits: tuple[float, ...] = _WAITS
    _lines: _Lines = field(default_factory=_Lines)

    def replaced(self, *, urls: tuple[str, ...], secret: str | None, private: bool) -> Webhooks:
        """The same with other targets; what is under way goes on."""
        return Webhooks(
            urls=urls, secret=secret, private=private, waits=self.waits, _lines=self._lines
        )

    def post(self, event: Mapping[str, object], at: datetime) -> None:
        """Begin to post an event."""
        body = json.dumps(event, ensure_ascii=False).encode()
        for url in self.urls:
            if len(self._lines.tasks) >= _MOST_WAITING:
                log.error("webhook-dropped", event_kind=event.get("event"))
                return
            task = asyncio.create_task(self._deliver(url, body, f"{at.timestamp():.0f}"))
            self._lines.tasks.add(task)
            task.add_done_callback(self._lines.tasks.discard)

    async def _deliver(self, url: str, body: bytes, timestamp: str) -> None:
        headers = {"Content-Type": "application/json", "Archiver-Timestamp": timestamp}
        if self.secret:
            headers["Archiver-Signature"] = signature(self.secret, timestamp, body)
        host = urlsplit(url).hostname
        loop = asyncio.get_running_loop()
        for wait in (*self.waits, None):
            async with self._lines.places[url]:
                reason = await loop.run_in_executor(
                    self._lines.threads, self._attempt, url, body, headers
                )
            if reason is None:
                return
            if wait is None or reason.startswith("guard"):
                log.error("webhook-failed", host=host, reason=reason)
                return
            log.warning("webhook-tried", host=host, reason=reason, again_in=wait)
            await asyncio.sleep(wait)

    def _attempt(self, url: str, body: bytes, headers: Mapping[str, str]) -> str | None:
        try:
            status = send(url, body, headers, private=self.private, under_way=self._lines.under_way)
        except FetchError as error:
            return f"guard: {error}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return None if 200 <= status < 300 else f"answered {status}"

    async def close(self, within: float) -> None:
        """Let what is under way be sent, for some seconds; then break it off."""
        tasks = self._lines.tasks
        if tasks:
            await asyncio.wait(set(tasks), timeout=within)
        for task in tasks:
            task.cancel()
        self._lines.under_way.end()
        self._lines.threads.shutdown(wait=False, cancel_futures=True)
