"""An answer on its way in: Scrapy's limits and signals, and what came of it in the end."""

from __future__ import annotations

import logging
import time
from functools import partial
from pathlib import Path

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload
from scrapy.http import Headers
from twisted.python.failure import Failure

from archiver.errors import FetchError
from archiver.fetch.connection import Connection, Ending
from archiver.fetch.message import Message
from archiver.fetch.scrapy_private import has_receivers
from archiver.model import utcnow
from archiver.wire.codings import OverCapError
from archiver.wire.exchange import Exchange
from archiver.wire.framer import MAX_HEAD, MAX_PAYLOAD, ResponseFramer
from archiver.wire.spool import SPILL_AT, Content, Spool

logger = logging.getLogger(__name__)

# Chunks of one byte cost six on the wire; more framing than this is an attack on memory.
_FRAMING_FACTOR = 8


class Reception:
    """Receives the answer to one request; a repeated attempt begins anew.

    `stopped` is what a signal handler raised to end the download, `headers` are Scrapy's,
    `overdue` says what took too long, if something did.
    `maxsize` and `warnsize` are in bytes of payload, 0 for none. What is too large for memory is
    held in unnamed files in `folder` (None: where the system keeps temporary files).
    """

    def __init__(
        self,
        request: Request,
        crawler: Crawler,
        *,
        maxsize: int,
        warnsize: int,
        folder: Path | None = None,
    ) -> None:
        self.stopped: StopDownload | None = None
        self.overdue: str | None = None
        self.headers = Headers()
        self.connection: Connection | None = None
        self._spool = partial(Spool, limit=SPILL_AT, folder=folder)
        self.framer = ResponseFramer(method=request.method, spool=self._spool)
        self._request = request
        self._crawler = crawler
        self._maxsize = maxsize
        self._warnsize = warnsize
        self._asked_at = time.monotonic()
        self._started = utcnow()
        self._told = 0  # bytes of payload that signals were sent for
        self._body_wanted = True
        self._too_large = False

    def begin(self, connection: Connection) -> None:
        """Start anew: the request goes out on `connection` now."""
        self.connection = connection
        self.framer = ResponseFramer(method=self._request.method, spool=self._spool)
        self._started = utcnow()

    def feed(self, data: bytes) -> bool:
        """Take what was read; True where nothing more is wanted."""
        framer = self.framer
        had_head = framer.head is not None
        framer.feed(data)
        if framer.head is not None and not had_head:
            self._take_head()
        if framer.head is not None and self.stopped is None:
            self._take_body()
        return (
            framer.complete
            or framer.fault is not None
            or self._too_large
            or self.stopped is not None
        )

    def _take_head(self) -> None:
        self._request.meta["download_latency"] = time.monotonic() - self._asked_at
        head, expected = self.framer.head, self.framer.body_length
        self.headers = Headers(head.headers if head else ())
        self._check_size(expected or 0, "Expected to receive")
        if not self._too_large:
            self._body_wanted = not self._stops(
                signals.headers_received, headers=self.headers, body_length=expected
            )

    def _take_body(self) -> None:
        framer = self.framer
        size = framer.payload_size
        if size > self._told and not self._too_large:
            if has_receivers(self._crawler, signals.bytes_received):
                self._stops(signals.bytes_received, data=bytes(framer.payload_from(self._told)))
            self._told = size
            self._check_size(size, "Received")
        if self._maxsize and framer.received > self._maxsize * _FRAMING_FACTOR + MAX_HEAD:
            self._too_large = True

    def _check_size(self, size: int, verb: str) -> None:
        for limit, name in ((self._maxsize, "max"), (self._warnsize, "warn")):
            if limit and size > limit:
                logger.warning(
                    "%s %d bytes, more than download %s size (%d), in %s",
                    *(verb, size, name, limit, self._request),
                )
        self._too_large = bool(self._maxsize and size > self._maxsize)
        if self._warnsize and size > self._warnsize:
            self._warnsize = 0  # once is enough

    def _stops(self, signal: object, **kwargs: object) -> bool:
        """Send a signal of Scrapy's; True where a handler raised StopDownload."""
        answers = self._crawler.signals.send_catch_log(
            signal=signal, request=self._request, spider=self._crawler.spider, **kwargs
        )
        for _, answer in answers:
            if isinstance(answer, Failure) and isinstance(answer.value, StopDownload):
                self.stopped = answer.value
                return True
        return False

    def unsent(self, error: FetchError) -> Exchange:
        """Make the exchange in which no request went out, because of `error`."""
        return Exchange(
            url=self._request.url,
            method=self._request.method,
            started=self._started,
            ended=utcnow(),
            request=b"",
            response=b"",
            head_length=0,
            status=None,
            reason=b"",
            headers=(),
            payload=b"",
            protocols=(),
            error=error.reason,
            detail=error.what,
            tried=error.tried,
        )

    def conclude(self, message: Message, ending: Ending | None) -> Exchange:
        """Make the exchange; `ending` is None where time ran out."""
        framer = self.framer
        if ending in (Ending.CLOSED, Ending.RESET):
            framer.eof(reset=ending is Ending.RESET)
        truncated, error = self._verdict(ending)
        try:
            payload = framer.payload(cap=self._maxsize or MAX_PAYLOAD)
        except OverCapError:
            payload, error = framer.payload_from(0), error or "too-large"
        head, link = framer.head, self.connection
        proxied = message.origin.proxy is not None
        secure = link if message.origin.tls else None  # not where TLS ends at a proxy
        protocols = [f"http/{head.version.decode()}" if head else "http/1.1"]
        if secure is not None and secure.tls_version is not None:
            protocols.append(secure.tls_version)
        return Exchange(
            url=self._request.url,
            method=self._request.method,
            started=self._started,
            ended=utcnow(),
            request=message.data,
            interim=framer.interim,
            response=framer.response,
            head_length=framer.head_length,
            status=head.status if head else None,
            reason=head.reason if head else b"",
            headers=head.headers if head else (),
            payload=payload,
            # Through a proxy the connection's address is not the origin's, which nobody told.
            ip=str(link.ip) if link is not None and link.ip and not proxied else None,
            protocols=tuple(protocols),
            cipher=secure.cipher if secure else None,
            tls=secure.tls if secure else None,
            reused=link is not None and link.reused,
            truncated=truncated,
            error=error,
            detail=self.overdue or (link.fault if link and error else None),
        )

    def body_for_scrapy(self, exchange: Exchange) -> Content:
        """Give the payload, unless a handler of headers_received wanted none."""
        return exchange.payload if self._body_wanted else b""

    def _verdict(self, ending: Ending | None) -> tuple[str | None, str | None]:
        """Judge what became of the answer: (truncated, error) of the exchange."""
        framer = self.framer
        if ending is None:
            return "time" if framer.received else None, "timeout"
        if self._too_large or framer.fault == "too-large":
            return "length", "too-large"
        if framer.fault is not None:
            return "unspecified", framer.fault
        if framer.complete:
            return None, None
        if self.stopped is not None:
            return "unspecified", None
        broken = ending is Ending.RESET or not framer.received
        return "disconnect" if framer.received else None, "reset" if broken else "dataloss"
