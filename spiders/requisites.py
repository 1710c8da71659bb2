"""What pages need to be seen (style sheets, pictures, fonts): asked for once, after the news."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http import Response

from archiver.fetch.purpose import KEY, Purpose
from archiver.fetch.run import RunExtension
from archiver.model import CaptureKind
from spiders.listing import requisites_of

if TYPE_CHECKING:
    from spiders.outlet import OutletSpider

_DEPTH = "archiver_requisite_depth"
_MAX_IMPORTS = 5  # style sheets that import each other, from a page on


class Requisites:
    """Asks for what a crawl's pages show; `asked` are the URLs that it has asked for already."""

    def __init__(self, run: RunExtension, spider: OutletSpider, *, asked: set[str]) -> None:
        self._run = run
        self._spider = spider
        self._asked = asked

    def requests(self, response: Response) -> Iterable[Request]:
        """Requests for what a page or style sheet shows, so far as it was never fetched."""
        wanted = self._spider.settings["ARCHIVER_REQUISITES"]
        depth = response.meta.get(_DEPTH, 0) + 1
        found = [url for url in requisites_of(response, wanted) if url not in self._asked]
        if not found:
            return
        if depth > _MAX_IMPORTS:
            self._run.refuse("imports-too-deep", len(found))
            return
        outlet, attempts = self._spider.outlet.id, self._spider.max_attempts
        new = self._run.catalogue.unfetched(outlet, found, max_attempts=attempts)
        for url in found:
            if url in new:
                self._asked.add(url)
                yield Request(
                    url,
                    callback=self.parse,
                    errback=self._spider.page_failed,
                    meta={KEY: Purpose(kind=CaptureKind.REQUISITE), _DEPTH: depth},
                    priority=-10,  # news first
                )

    async def parse(self, response: Response) -> AsyncIterator[Request]:
        """What a style sheet names in its turn; the rest is captured, and that is all."""
        if response.status == 200:
            for request in self.requests(response):
                yield request
        else:
            self._run.problem("requisite", f"http-{response.status}", response.url)
