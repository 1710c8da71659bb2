"""Connections to servers, made when needed and kept for the next request."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from aiohappyeyeballs import start_connection

from archiver.errors import FetchError
from archiver.fetch.connection import Connection, Ending
from archiver.fetch.message import Origin, connect_request
from archiver.fetch.resolver import AddressInfo, Resolver
from archiver.wire.framer import ResponseFramer

_MAX_IDLE = 64  # connections kept for later
_MAX_IDLE_SECONDS = 60.0
_HAPPY_EYEBALLS_DELAY = 0.25  # seconds until the next address is tried too (RFC 8305)


class Pool:
    """Hands out connections, one user at a time, and keeps them alive between requests.

    How many are open at once is Scrapy's to bound.
    """

    def __init__(self, resolver: Resolver, context: ssl.SSLContext) -> None:
        self._resolver = resolver
        self._context = context
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()

    async def connection(self, origin: Origin, *, fresh: bool = False) -> Connection:
        """Give a connection to `origin`: one that waits, unless `fresh`, or a new one.

        Raises:
            FetchError: reason "dns", "blocked-address", "refused", "connect", "tls" or "proxy".
        """
        if not fresh:
            oldest = asyncio.get_running_loop().time() - _MAX_IDLE_SECONDS
            for connection in reversed(self._idle):
                if connection.origin == origin and connection.is_open:
                    self._idle.remove(connection)
                    if connection.idle_since > oldest:
                        connection.reused = True
                        return connection
                    connection.close()
                    break
        connection = await self._dial(origin)
        self._open.add(connection)
        connection.lost.add_done_callback(lambda _: self._forget(connection))
        return connection

    def release(self, connection: Connection) -> None:
        """Take a connection back for the next request to its origin."""
        if not connection.is_open or not connection.is_quiet:
            connection.close()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        if len(self._idle) > _MAX_IDLE:
            self._idle.pop(0).close()

    async def close(self) -> None:
        """Close every connection and wait until they are gone."""
        lost = [connection.lost for connection in self._open]
        for connection in list(self._open):
            connection.close()
        if lost:
            await asyncio.wait(lost)

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def _dial(self, origin: Origin) -> Connection:
        if origin.proxy is not None:
            return await self._dial_through_proxy(origin)
        addresses = await self._resolver.locate(origin.host, origin.port)
        return await self._connect(addresses, origin, server=origin.host, tls=origin.tls)

    async def _dial_through_proxy(self, origin: Origin) -> Connection:
        proxy = origin.proxy
        assert proxy is not None  # noqa: S101  # the caller has looked
        self._resolver.check_unresolved(origin.host, origin.port)
        try:
            addresses = await self._resolver.locate_trusted(proxy.host, proxy.port)
            connection = await self._connect(addresses, origin, server=proxy.host, tls=proxy.tls)
        except FetchError as error:
            raise FetchError(
                f"the proxy cannot be reached ({error.what})",
                reason="proxy",
                thing=proxy.host,
                tried=error.tried,
            ) from error
        if not origin.tls:
            return connection
        try:
            return await self._tunnel(connection, origin)
        except BaseException:
            connection.close()
            raise

    async def _tunnel(self, outer: Connection, origin: Origin) -> Connection:
        answer = _TunnelAnswer()
        ending = await outer.exchange(connect_request(origin), answer)
        head = answer.framer.head
        if ending is not Ending.SATISFIED or head is None or not 200 <= head.status < 300:
            said = f"it answered {head.status}" if head else "it gave no answer"
            raise FetchError(
                f"the proxy opens no tunnel: {said}",
                reason="proxy",
                thing=origin.host,
                tried=(str(outer.ip),),
            )
        inner = Connection(origin)
        with _tls_errors(origin.host, outer.ip):
            await outer.start_tls(inner, self._context, origin.host.rstrip("."))
        return inner

    async def _connect(
        self, addresses: list[AddressInfo], origin: Origin, *, server: str, tls: bool
    ) -> Connection:
        try:
            sock = await start_connection(addresses, happy_eyeballs_delay=_HAPPY_EYEBALLS_DELAY)
        except OSError as error:
            reason = "refused" if error.errno == errno.ECONNREFUSED else "connect"
            raise FetchError(
                f"no connection ({error})",
                reason=reason,
                thing=server,
                tried=tuple(str(info[4][0]) for info in addresses),
            ) from error
        loop = asyncio.get_running_loop()
        with _tls_errors(server, sock.getpeername()[0]):
            _, connection = await loop.create_connection(
                lambda: Connection(origin),
                sock=sock,
                ssl=self._context if tls else None,
                server_hostname=server.rstrip(".") if tls else None,
            )
        return connection


class _TunnelAnswer:
    def __init__(self) -> None:
        self.framer = ResponseFramer(method="CONNECT")

    def feed(self, data: bytes) -> bool:
        self.framer.feed(data)
        return self.framer.head is not None or self.framer.fault is not None


@contextmanager
def _tls_errors(host: str, ip: object) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a host name that TLS cannot carry
        what = f"no TLS ({error})"
        if isinstance(error, ssl.SSLCertVerificationError):
            said = f"{error.verify_message}; OpenSSL's code {error.verify_code}"
            what = f"its certificate is not valid ({said})"
        raise FetchError(what, reason="tls", thing=host, tried=(str(ip),)) from error
