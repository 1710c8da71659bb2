"""The spider of the Scrapy peers: the same requests as ours makes, and nothing kept of them.

Run by `scrapy runspider` in the peer's own environment: Scrapy 2.11 and later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import scrapy

_LOC = re.compile(r"<loc>([^<]+)</loc>")


class PeerSpider(scrapy.Spider):
    """Fetches all that a sitemap lists; `-a listing=URL`."""

    name = "peer"

    def __init__(self, listing: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start_urls = [listing]

    def parse(self, response: Any) -> Iterator[scrapy.Request]:
        """Ask for each page."""
        for url in _LOC.findall(response.text):
            yield scrapy.Request(url, callback=self.page)

    def page(self, response: Any) -> None:
        """Do nothing with it."""
