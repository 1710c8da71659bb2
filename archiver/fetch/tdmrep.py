"""A host's /.well-known/tdmrep.json, asked at most once a day."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http.request import NO_CALLBACK

from archiver.discover.signals import Signal, file_signals
from archiver.fetch.purpose import KEY, Purpose
from archiver.fetch.robots_rules import expiry, read_text
from archiver.fetch.run import run_of
from archiver.model import CaptureKind, utcnow
from archiver.store.robots import KnownRobots

logger = logging.getLogger(__name__)

_PATH = "/.well-known/tdmrep.json"


class TdmFiles:
    """The files of the hosts that a crawl meets; the catalogue remembers them as robots.txt."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._texts: dict[str, asyncio.Task[str]] = {}

    async def signals(self, url: str) -> tuple[Signal, ...]:
        """What the file of its host says of a URL; nothing where there is none."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._texts:
            self._texts[origin] = asyncio.ensure_future(self._text(f"{origin}{_PATH}"))
        return file_signals(await asyncio.shield(self._texts[origin]), url)

    async def _text(self, url: str) -> str:
        store, now = run_of(self._crawler).store, utcnow()
        known = store.known_robots(url)
        if known is None or known.expires <= now:
            text, until = await self._ask(url)
            known = KnownRobots(rules=text, fetched=now, expires=expiry(now, until))
            store.keep_robots(url, known)
        return known.rules or ""

    async def _ask(self, url: str) -> tuple[str, bytes | None]:
        """Its text, and its Cache-Control; that of one which cannot be had is asked for again."""
        request = Request(
            url, meta={KEY: Purpose(kind=CaptureKind.OTHER)}, callback=NO_CALLBACK, priority=5
        )
        engine = self._crawler.engine
        if engine is None:
            raise RuntimeError("tdmrep.json asked for before the crawl began")
        try:
            response = await engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - a file that cannot be had reserves nothing
            logger.info("%s: %s", url, error)
            return "", b"no-store"
        if response.status >= 500:
            return "", b"no-store"
        good = response.status == 200
        return read_text(response.body) if good else "", response.headers.get(b"Cache-Control")
