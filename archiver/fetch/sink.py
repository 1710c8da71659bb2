"""What the download handler hands every exchange to."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from scrapy import Request

from archiver.wire.exchange import Exchange


@runtime_checkable
class ExchangeSink(Protocol):
    """A Scrapy extension that keeps exchanges; the handler takes the first that it finds."""

    async def keep(
        self, exchange: Exchange, request: Request, *, more: bool = False
    ) -> object | None:
        """Keep `exchange`, which answers (or fails to answer) `request`.

        `more`: others are on the wire, so that it may be worth a moment to wait for company.
        Its own request is empty where nothing was sent: no address, no connection, no TLS.
        Awaited before the response goes on or the error is raised, so that what Scrapy sees is
        already kept. The result is put into request.meta["archiver_capture"].
        """
        ...
