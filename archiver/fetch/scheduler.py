"""Scrapy's scheduler, which sets aside what has to wait, so that other hosts' requests go on."""

from __future__ import annotations

from collections import deque

from scrapy import Request
from scrapy.core.scheduler import Scheduler
from scrapy.crawler import Crawler

from archiver.fetch.manners import Manners


class PatientScheduler(Scheduler):
    """Gives out requests as Scrapy's, but those that the crawl's `Manners` hold back later.

    Scrapy asks again at least every five seconds. A look at what is held costs a step for every
    request held, up to the first that may go.
    """

    _held: deque[Request]
    _manners: Manners | None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PatientScheduler:
        """As Scrapy makes it."""
        scheduler = super().from_crawler(crawler)
        scheduler._held = deque()
        scheduler._manners = crawler.get_extension(Manners)
        return scheduler

    def has_pending_requests(self) -> bool:
        """Whether any are left, held ones too."""
        return bool(self._held) or super().has_pending_requests()

    def __len__(self) -> int:
        """How many are left."""
        return len(self._held) + super().__len__()

    def next_request(self) -> Request | None:
        """The next that may go now; None where there is none."""
        manners = self._manners
        if manners is None:
            return super().next_request()
        for place, request in enumerate(self._held):
            if not manners.holds(request):
                del self._held[place]
                return request
        while (new := super().next_request()) is not None and manners.holds(new):
            self._held.append(new)
        return new
