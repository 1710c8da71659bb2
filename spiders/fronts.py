"""An outlet's front page, captured for its own sake: what stood there on a day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http import Response

from archiver.fetch.purpose import KEY, Purpose
from archiver.fetch.run import RunExtension
from archiver.model import Capture, CaptureKind, ExtractionState, SourceKind, utcnow
from archiver.store.identity import key_of_spelling
from spiders.requisites import Requisites

if TYPE_CHECKING:
    from spiders.outlet import OutletSpider


class FrontPage:
    """Asks for the front page now and then (`crawl.front_page`), and follows none of its links.

    One that is among the outlet's sections is asked for as such, as often as it is due.
    """

    def __init__(self, run: RunExtension, spider: OutletSpider, requisites: Requisites) -> None:
        self._run = run
        self._spider = spider
        self._requisites = requisites

    def requests(self) -> Iterable[Request]:
        """A conditional request, where the last answer is old enough; or none."""
        outlet, settings = self._spider.outlet, self._spider.settings
        every = settings.getfloat("ARCHIVER_FRONT_PAGE")
        sections = (one.url for one in outlet.sources if one.kind is SourceKind.SECTION)
        known = {key_of_spelling(url) for url in sections}
        # an archive in the place of the network has no other answer at another time
        if not every or settings["ARCHIVER_FROM"] or key_of_spelling(outlet.homepage) in known:
            return
        catalogue = self._run.catalogue
        newest = catalogue.captures_before(outlet.homepage, limit=1)
        if newest and newest[0].captured_at > utcnow() - timedelta(seconds=every):
            return
        base = catalogue.latest_capture(outlet.homepage)
        purpose = Purpose(kind=CaptureKind.SECTION, base=base)
        yield Request(
            outlet.homepage,
            callback=self.parse,
            errback=self._spider.note_failure,
            headers=purpose.conditional_headers(),
            meta={KEY: purpose},
            priority=5,  # behind what brings news
        )

    async def parse(self, response: Response) -> AsyncIterator[Request]:
        """What it needs to be seen; no more."""
        capture = response.meta.get("archiver_capture")
        if response.status == 200 and isinstance(capture, Capture):
            self._run.count("fronts/captured")
            self._run.catalogue.set_extraction(capture, ExtractionState.DONE)
            for request in self._requisites.requests(response):
                yield request
        elif response.status == 304:
            self._run.count("fronts/unchanged")
        else:
            self._run.problem("fetch", f"http-{response.status}", response.url)
