"""The proxy of an outlet, or of the installation."""

from __future__ import annotations

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured


class OutletProxyMiddleware:
    """Sends every request of a crawl, robots.txt too, through the configured proxy."""

    def __init__(self, proxy: str) -> None:
        self._proxy = proxy

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> OutletProxyMiddleware:
        """As Scrapy makes it; not at all where no proxy is configured."""
        proxy = crawler.settings.get("ARCHIVER_PROXY")
        if not proxy:
            raise NotConfigured
        return cls(proxy)

    def process_request(self, request: Request) -> None:
        """Name the proxy, unless the request has one of its own."""
        request.meta.setdefault("proxy", self._proxy)
