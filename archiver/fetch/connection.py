"""One connection to a server: a request goes out, its answer comes in."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from enum import Enum, auto
from typing import Protocol, cast

from archiver.fetch.message import Origin
from archiver.fetch.ssl_private import certificate_chain
from archiver.wire.exchange import PeerCertificates


class Receiver(Protocol):
    """Takes an answer as it comes."""

    def feed(self, data: bytes) -> bool:
        """Take what was read; True where nothing more is wanted."""
        ...


class Ending(Enum):
    """How an exchange on a connection ended."""

    SATISFIED = auto()  # the receiver wanted no more
    CLOSED = auto()  # the server closed the connection
    RESET = auto()  # the connection broke


class Connection(asyncio.Protocol):
    """A connection that carries one exchange after the other.

    `ip`, `tls`, `tls_version` (such as "tls/1.3") and `cipher` tell of the peer.
    `fault` is what broke it, if something did.
    Bytes that come while no exchange is under way belong to nothing: the connection is closed.
    """

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.reused = False
        self.idle_since = 0.0
        self.ip: ipaddress.IPv4Address | ipaddress.IPv6Address | None = None
        self.tls: PeerCertificates | None = None
        self.tls_version: str | None = None
        self.cipher: str | None = None
        self.fault: str | None = None
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._receiver: Receiver | None = None
        self._ending: asyncio.Future[Ending] | None = None
        self._heard_at = 0.0
        self._idle_limit: float | None = None
        self._idle_timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether a request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits to be sent: an answer may come before the request is all out."""
        return self._transport is not None and self._transport.get_write_buffer_size() == 0

    async def exchange(
        self, request: bytes, receiver: Receiver, *, idle_limit: float | None = None
    ) -> Ending:
        """Send `request`, feed the answer to `receiver`, and say how that ended.

        Raises:
            TimeoutError: where nothing came for `idle_limit` seconds.
        """
        if self._transport is None or not self.is_open:
            return Ending.CLOSED
        self._receiver = receiver
        self._ending = self._loop.create_future()
        self._heard_at = self._loop.time()
        self._idle_limit = idle_limit
        if idle_limit:
            self._idle_timer = self._loop.call_later(idle_limit, self._check_idle)
        try:
            self._transport.write(request)
            return await self._ending
        finally:
            self._receiver = None
            if self._idle_timer is not None:
                self._idle_timer.cancel()

    def close(self) -> None:
        """Close at once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    async def start_tls(
        self, connection: Connection, context: ssl.SSLContext, server_hostname: str
    ) -> None:
        """Put TLS on this connection; `connection` takes it over.

        Raises:
            OSError: ssl.SSLError or a broken connection.
        """
        if self._transport is None:
            raise ConnectionResetError("the connection is gone")
        transport = await self._loop.start_tls(
            self._transport, connection, context, server_hostname=server_hostname
        )
        if transport is None:
            raise ConnectionResetError("the connection broke during the TLS handshake")
        connection.connection_made(transport)

    def _check_idle(self) -> None:
        if self._ending is None or self._ending.done() or self._idle_limit is None:
            return
        due = self._heard_at + self._idle_limit
        if due <= self._loop.time():
            self._ending.set_exception(TimeoutError(f"silent for {self._idle_limit:g} seconds"))
        else:
            self._idle_timer = self._loop.call_at(due, self._check_idle)

    def _end(self, ending: Ending) -> None:
        self._receiver = None
        if self._ending is not None and not self._ending.done():
            self._ending.set_result(ending)

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the peer."""
        # What asyncio promises; uvloop's has the same methods and another base.
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        if peer:
            self.ip = ipaddress.ip_address(peer[0])
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None:
            verified = tls.context.verify_mode is ssl.CERT_REQUIRED
            self.tls = PeerCertificates(
                certificates=certificate_chain(tls, verified=verified), verified=verified
            )
            self.tls_version = (tls.version() or "").lower().replace("tlsv", "tls/") or None
            self.cipher = (tls.cipher() or (None,))[0]

    def data_received(self, data: bytes) -> None:
        """Feed the receiver; close where there is none."""
        if self._receiver is None or self._ending is None:
            self.close()
            return
        self._heard_at = self._loop.time()
        try:
            satisfied = self._receiver.feed(data)
        except Exception as error:  # noqa: BLE001 - raised where the exchange is awaited
            self._receiver = None
            self._ending.set_exception(error)
            return
        if satisfied:
            self._end(Ending.SATISFIED)

    def eof_received(self) -> bool:
        """End the exchange; the transport then closes itself."""
        self._end(Ending.CLOSED)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End the exchange."""
        self.fault = str(exc) if exc is not None else None
        self._end(Ending.CLOSED if exc is None else Ending.RESET)
        if not self.lost.done():
            self.lost.set_result(None)
