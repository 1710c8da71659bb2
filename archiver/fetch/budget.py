"""How many requests one run may make to one host."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from archiver.fetch.purpose import purpose_of
from archiver.model import CaptureKind

REASON = "host-budget"


class HostBudget:
    """Refuses what would be beyond `crawl.host_requests`, whatever asks for it.

    robots.txt does not count. What is refused is left for the next run.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._most = crawler.settings.getint("ARCHIVER_HOST_REQUESTS")
        self._made: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> HostBudget:
        """As Scrapy makes it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let the request pass, or not.

        Raises:
            IgnoreRequest: the host's budget is spent; request.meta["archiver_error"] is
                "host-budget".
        """
        if purpose_of(request).kind is CaptureKind.ROBOTS:
            return
        host = urlsplit(request.url).netloc
        if self._most and self._made[host] >= self._most:
            request.meta["archiver_error"] = REASON
            raise IgnoreRequest(f"{host} was asked {self._most} times in this run")
        self._made[host] += 1
