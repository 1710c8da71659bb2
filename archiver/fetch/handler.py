"""Scrapy's download handler for http and https that keeps what crosses the wire, to the byte."""

from __future__ import annotations

import asyncio
import logging
from ipaddress import ip_network
from pathlib import Path

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.settings import BaseSettings

from archiver.config.addresses import parse_ports
from archiver.errors import FetchError
from archiver.fetch.connection import Ending
from archiver.fetch.courtesy import HostSlots
from archiver.fetch.guard import Policy
from archiver.fetch.manners import Manners, NotNow
from archiver.fetch.message import Message, message_of
from archiver.fetch.pool import Pool
from archiver.fetch.reception import Reception
from archiver.fetch.resolver import Resolver
from archiver.fetch.scrapy_private import response_class
from archiver.fetch.sink import ExchangeSink
from archiver.fetch.tls import client_context
from archiver.store.fence import Fence
from archiver.wire.exchange import Exchange

logger = logging.getLogger(__name__)

# Those that RetryMiddleware knows are worth another attempt; DownloadCancelledError is not.
_EXCEPTIONS: dict[str, type[Exception]] = {
    "dns": CannotResolveHostError,
    "refused": DownloadConnectionRefusedError,
    "connect": DownloadFailedError,
    "tls": DownloadFailedError,
    "proxy": DownloadFailedError,
    "reset": DownloadFailedError,
    "no-http": DownloadFailedError,
    "dataloss": ResponseDataLossError,
    "timeout": DownloadTimeoutError,
    "too-large": DownloadCancelledError,
    "blocked-address": DownloadCancelledError,
    "blocked-port": DownloadCancelledError,
}
_BODY_MAXSIZE = 32 * 1024 * 1024


class VerbatimHandler(BaseDownloadHandler):
    """Downloads over HTTP/1.1 and hands every exchange to the crawl's `ExchangeSink`.

    An exchange is kept before its response is returned or its error raised, also one in which no
    request went out, because there was no address, no connection or no TLS; what the sink
    returned for it stands in request.meta["archiver_capture"]. Where something failed,
    request.meta["archiver_error"] says why, in a word of the vocabulary of `Problem.reason`.

    Settings beside Scrapy's own DOWNLOAD_TIMEOUT, DOWNLOAD_MAXSIZE, DOWNLOAD_WARNSIZE and
    DOWNLOAD_FAIL_ON_DATALOSS: ARCHIVER_CONNECT_TO (see `Resolver`), ARCHIVER_CA_FILE,
    ARCHIVER_ALLOW_PRIVATE, ARCHIVER_PORTS (none given: any), an outlet's own
    ARCHIVER_OUTLET_PORTS and ARCHIVER_OUTLET_ADDRESSES, ARCHIVER_VERIFY_TLS, ARCHIVER_FENCE,
    ARCHIVER_IDLE_TIMEOUT (seconds of silence),
    ARCHIVER_SPILL_FOLDER (where bodies too large for memory are held until they are kept; by
    default with the system's temporary files), ARCHIVER_BODY_MAXSIZE (bytes, by default 32 MiB):
    where there is a sink, a larger body is kept, but its Response has none, and the flag
    "body_in_archive" says so.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        self._pool = Pool(
            Resolver(
                settings.getdict("ARCHIVER_CONNECT_TO"),
                policy=_policy(settings),
            ),
            client_context(
                ca_file=settings.get("ARCHIVER_CA_FILE"),
                verify=settings.getbool("ARCHIVER_VERIFY_TLS", default=True),
            ),
        )
        self._slots = HostSlots(settings)
        self._timeout = settings.getfloat("DOWNLOAD_TIMEOUT")
        self._idle_limit = settings.getfloat("ARCHIVER_IDLE_TIMEOUT") or self._timeout
        self._maxsize = settings.getint("DOWNLOAD_MAXSIZE")
        self._warnsize = settings.getint("DOWNLOAD_WARNSIZE")
        self._body_maxsize = settings.getint("ARCHIVER_BODY_MAXSIZE", _BODY_MAXSIZE)
        folder = settings.get("ARCHIVER_SPILL_FOLDER")
        self._spill_folder = Path(folder) if folder else None
        self._fail_on_dataloss = settings.getbool("DOWNLOAD_FAIL_ON_DATALOSS")
        self._warned_of_dataloss = False
        self._on_wire = 0  # exchanges that are under way
        self._fence: Fence | None = settings.get("ARCHIVER_FENCE")
        self._manners = crawler.get_extension(Manners)
        self._sink = crawler.get_extension(ExchangeSink)  # type: ignore[type-abstract]  # only isinstance is asked of it

    async def download_request(self, request: Request) -> Response:
        """Fetch, keep, answer.

        Raises:
            Exception: of scrapy.exceptions, see `_EXCEPTIONS`; what the sink raises.
            DiskFullError: where a body too large for memory could not be held on disk.
            NotNow: where the crawl's manners forbid it, or the outlet's lock may be lost.
            StopDownload: where a signal handler raised it with fail=True.
        """
        # The time that a request waits for its turn is not the server's.
        async with self._slots.of(request):
            if self._manners is None:
                return await self._download(request)
            await self._manners.turn(request)
            self._manners.before_sending(request)
            response = await self._download(request)
            # Within the slot: the next request to this host is to know of it.
            self._manners.answered(request, response)
            return response

    async def _download(self, request: Request) -> Response:
        meta = request.meta
        for key in ("archiver_capture", "archiver_error"):  # of an attempt before
            meta.pop(key, None)
        reception = Reception(
            request,
            self.crawler,
            maxsize=meta.get("download_maxsize", self._maxsize),
            warnsize=meta.get("download_warnsize", self._warnsize),
            folder=self._spill_folder,
        )
        timeout = float(meta.get("download_timeout") or self._timeout) or None
        try:
            message = message_of(request)
            ending = await self._fetch(message, reception, timeout)
        except FetchError as error:
            await self._keep(reception.unsent(error), request)
            raise _EXCEPTIONS[error.reason](str(error)) from error
        exchange = reception.conclude(message, ending)
        await self._keep(exchange, request)
        return self._answer(request, reception, exchange)

    async def _keep(self, exchange: Exchange, request: Request) -> None:
        request.meta["archiver_bytes"] = len(exchange.response)
        if exchange.error:
            request.meta["archiver_error"] = exchange.error
        if self._sink is not None:
            more = self._on_wire > 0
            request.meta["archiver_capture"] = await self._sink.keep(exchange, request, more=more)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def _fetch(
        self, message: Message, reception: Reception, seconds: float | None
    ) -> Ending | None:
        """Exchange within `seconds`; None where they or the patience for silence ran out.

        No seconds mean any number of them.

        Raises:
            FetchError: before any request went out; reason "timeout" where it was not in time.
        """
        self._on_wire += 1
        try:
            async with asyncio.timeout(seconds):
                limits = [limit for limit in (seconds, self._idle_limit) if limit]
                ending = await self._exchange(message, reception, min(limits, default=None))
        except TimeoutError as error:
            if reception.connection is None:
                raise FetchError(
                    "no connection in time", reason="timeout", thing=message.origin.host
                ) from error
            reception.overdue = str(error) or f"not done in {seconds:g} seconds"
            return None
        finally:
            self._on_wire -= 1
        return ending

    async def _exchange(
        self, message: Message, reception: Reception, idle_limit: float | None
    ) -> Ending:
        """Send on a waiting connection or a new one.

        A waiting one may have been closed by the server just now: a request that may be
        repeated then goes out once more, and only that one counts as sent.
        """
        fresh = not message.repeatable
        while True:
            async with asyncio.timeout(idle_limit):
                connection = await self._pool.connection(message.origin, fresh=fresh)
            if self._fence is not None and not self._fence.held():
                connection.close()
                raise NotNow("postponed", "another machine may have taken the outlet over")
            reception.begin(connection)
            reusable = False
            try:
                ending = await connection.exchange(message.data, reception, idle_limit=idle_limit)
                reusable = ending is Ending.SATISFIED and reception.framer.keep_alive
            finally:
                if reusable and not message.closes:
                    self._pool.release(connection)
                else:
                    connection.close()
            answered = ending is Ending.SATISFIED or reception.framer.received
            if answered or fresh or not connection.reused:
                return ending
            reception.connection = None
            fresh = True

    def _answer(self, request: Request, reception: Reception, exchange: Exchange) -> Response:
        flags = []
        error = exchange.error
        if error in ("dataloss", "reset") and exchange.head_length:
            if self._fails_on_dataloss(request):
                raise ResponseDataLossError(f"The answer of {request.url} was cut off ({error})")
            flags.append("dataloss")
        elif error:
            raise _EXCEPTIONS[error](f"{request.url}: {error}")
        if reception.stopped is not None:
            flags.append("download_stopped")
        body = reception.body_for_scrapy(exchange)
        if self._sink is not None and len(body) > self._body_maxsize:
            body = b""
            flags.append("body_in_archive")
        response = _response(request, reception, exchange, bytes(body), flags)
        if reception.stopped is not None and reception.stopped.fail:
            reception.stopped.response = response
            raise reception.stopped
        return response

    def _fails_on_dataloss(self, request: Request) -> bool:
        fails = bool(request.meta.get("download_fail_on_dataloss", self._fail_on_dataloss))
        if fails and not self._warned_of_dataloss:
            self._warned_of_dataloss = True
            logger.warning(
                "Got data loss in %s. Set DOWNLOAD_FAIL_ON_DATALOSS to False to process such"
                " responses. This message is not shown again.",
                request.url,
            )
        return fails


def _policy(settings: BaseSettings) -> Policy:
    ports = settings.get("ARCHIVER_PORTS")
    return Policy(
        allow_private=settings.getbool("ARCHIVER_ALLOW_PRIVATE"),
        ranges=tuple(map(ip_network, settings.getlist("ARCHIVER_OUTLET_ADDRESSES"))),
        ports=parse_ports(f"{ports},{settings.get('ARCHIVER_OUTLET_PORTS') or ''}")
        if ports
        else None,
    )


def _response(
    request: Request, reception: Reception, exchange: Exchange, body: bytes, flags: list[str]
) -> Response:
    link = reception.connection
    chosen = response_class(headers=reception.headers, url=request.url, body=body)
    return chosen(
        url=request.url,
        status=exchange.status or 0,
        headers=reception.headers,
        body=body,
        flags=flags,
        certificate=next(iter(exchange.tls.certificates), None) if exchange.tls else None,
        ip_address=link.ip if link else None,
        protocol=exchange.protocols[0].upper(),
    )
