"""How many requests may be under way to one host."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from scrapy import Request
from scrapy.settings import BaseSettings


class HostSlots:
    """Keeps to Scrapy's limit of requests side by side to one host.

    Scrapy's downloader counts a request as under way only when its task first runs, and starts
    all that wait before one does: where there is no delay between requests, its own limit is
    passed as soon as a place is free. So the limit is kept where requests go out.
    """

    def __init__(self, settings: BaseSettings) -> None:
        self._limit = settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        self._special = settings.getdict("DOWNLOAD_SLOTS")
        self._slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, request: Request) -> asyncio.Semaphore:
        """The semaphore of the request's download slot: its host, unless its meta names one."""
        name = str(request.meta.get("download_slot", ""))
        slot = self._slots.get(name)
        if slot is None:
            limit = self._special.get(name, {}).get("concurrency", self._limit)
            slot = self._slots[name] = asyncio.Semaphore(max(1, int(limit)))
        return slot
