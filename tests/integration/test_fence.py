"""A crawl asks for nothing that its outlet's fence does not vouch for."""

from __future__ import annotations

import asyncio

import pytest
from scrapy import Request
from scrapy.utils.test import get_crawler
from support.small_site import SmallSite, html

from archiver.fetch.handler import VerbatimHandler
from archiver.fetch.manners import NotNow

SETTINGS = {
    "EXTENSIONS_BASE": {},
    "ARCHIVER_ALLOW_PRIVATE": True,
    "DOWNLOAD_DELAY": 0,
    "TELNETCONSOLE_ENABLED": False,
}


class Held:
    """A fence that is held for so many requests."""

    def __init__(self, times: int) -> None:
        self.times = times

    def held(self) -> bool:
        self.times -= 1
        return self.times >= 0


async def asked(site: SmallSite, fence: Held | None) -> list[str]:
    """What the site is asked for of three requests, one after the other."""
    crawler = get_crawler(settings_dict={**SETTINGS, "ARCHIVER_FENCE": fence})
    handler = VerbatimHandler(crawler)
    try:
        for number in range(3):
            await handler.download_request(Request(f"http://{site.address}/{number}"))
    finally:
        await handler.close()
    return site.asked


async def test_no_request_goes_out_once_the_fence_is_lost() -> None:
    with SmallSite({f"/{number}": html("x") for number in range(3)}) as site:
        assert await asked(site, None) == ["/0", "/1", "/2"]
        site.asked.clear()
        with pytest.raises(NotNow):
            await asyncio.wait_for(asked(site, Held(2)), 60)
        assert site.asked == ["/0", "/1"]
