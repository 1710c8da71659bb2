"""An outlet's sources in a crawl: each is asked, and what its answer names is followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import chain
from typing import TYPE_CHECKING

from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from archiver.discover.listing import Listing
from archiver.discover.shapes import Learned
from archiver.errors import DiscoveryError
from archiver.fetch.purpose import KEY, Purpose
from archiver.fetch.run import RunExtension
from archiver.model import Capture, CaptureKind, ExtractionState, Source, SourceKind, utcnow
from archiver.urls import canonical_url
from spiders.listing import hubs_of, read_listing, wanted
from spiders.offline import memory_of
from spiders.polling import Polling
from spiders.requisites import Requisites
from spiders.walk import Step, Walk

if TYPE_CHECKING:
    from spiders.outlet import OutletSpider


class Sources:
    """Asks sources conditionally, and hands what they mention to the spider."""

    def __init__(
        self, run: RunExtension, spider: OutletSpider, polling: Polling, requisites: Requisites
    ) -> None:
        self._run = run
        self._requisites = requisites
        self._spider = spider
        self._outlet = spider.outlet
        self._polling = polling
        self._walk = Walk()
        memory = memory_of(spider.crawler, run)
        self._learned = Learned(counts=memory.shapes(spider.outlet.id))

    def requests(self, sources: Iterable[Source]) -> Iterable[Request]:
        """Conditional requests for those of an outlet's own sources that are to be asked."""
        for source in self._polling.to_ask(sources):
            if self._walk.enter(source):
                yield self._request(Step(source=source))

    def _request(self, step: Step) -> Request:
        source = step.source
        base = self._run.catalogue.latest_capture(self._polling.answered_by(source))
        if base is not None and base.extraction is ExtractionState.PENDING:
            base = None  # a crash may have come before its mentions were kept: no 304 then
        purpose = Purpose(kind=CaptureKind(source.kind.value), base=base)
        return Request(
            source.url,
            callback=self.parse,
            errback=self.failed,
            headers=purpose.conditional_headers(),
            cb_kwargs={"step": step},
            meta={KEY: purpose},
            priority=10,
        )

    async def parse(self, response: Response, step: Step) -> AsyncIterator[Request]:
        """A listing's discoveries, as requests for those pages that are new or modified."""
        source, run = step.source, self._run
        run.count(f"sources/{source.kind}")
        if self._polling.is_unchanged(step, response):
            run.count("sources/unchanged")
            run.source_ended(good=True)
            self._polling.ended(step, response)
            for request in self._children(self._polling.children(step), step):
                yield request
            return
        if response.status != 200:
            run.problem("fetch", f"http-{response.status}", source.url)
            self._failed(step)
            return
        try:
            listing = await asyncio.to_thread(
                read_listing, response, source, self._outlet, utcnow(), self._learned
            )
        except DiscoveryError as error:
            run.problem("discover", f"not-a-{source.kind}", source.url, str(error))
            capture = response.meta.get("archiver_capture")
            if isinstance(capture, Capture):
                run.catalogue.set_extraction(capture, ExtractionState.FAILED)
            self._failed(step)
            return
        run.source_ended(good=True)
        run.add_problems(list(listing.problems))
        self._note_hubs(response, source, listing)
        found, refused = wanted(listing, self._outlet, utcnow())
        for reason, times in refused.items():
            run.refuse(reason, times)
        run.count("discoveries", len(found))
        brought = run.catalogue.add_discoveries(run.run_id, found)
        self._polling.ended(step, response, listing, brought=brought)
        for request in self._children(listing, step):
            yield request
        before = run.counts["articles/asked"]
        for request in chain(self._spider.article_requests(found), self._shown(response, source)):
            yield request
        new = run.counts["articles/asked"] - before
        pages = self._spider.settings.getint("ARCHIVER_LIST_PAGES")
        further = self._walk.following(listing, step, new=new, pages=pages)
        if further is not None and self._walk.enter(further.source):
            yield self._request(further)
        capture = response.meta.get("archiver_capture")
        if isinstance(capture, Capture):
            run.catalogue.set_extraction(capture, ExtractionState.DONE)

    def _shown(self, response: Response, source: Source) -> Iterable[Request]:
        """Requests for what a section page shows: people look at front pages, too."""
        return self._requisites.requests(response) if source.kind is SourceKind.SECTION else ()

    def _children(self, listing: Listing, step: Step) -> Iterable[Request]:
        """Requests for the sitemaps that an index names."""
        steps: dict[Source, Step] = {}
        for child in self._walk.children(listing, step):
            if isinstance(child, Step):
                steps[child.source] = child
            else:
                reason, url, detail = child
                self._run.refuse(reason)
                self._run.problem("discover", reason, url, detail)
        for source in self._polling.to_ask(steps):
            if self._walk.enter(source):
                yield self._request(steps[source])

    def _note_hubs(self, response: Response, source: Source, listing: Listing) -> None:
        """Keep the hubs that the answer's headers or the listing name, the headers' first."""
        hubs, topic = hubs_of(response, listing)
        self._run.catalogue.note_hubs(
            self._outlet.id, canonical_url(source.url), hubs, topic=topic, at=utcnow()
        )

    def failed(self, failure: Failure) -> None:
        """A listing that could not be fetched costs itself."""
        self._spider.note_failure(failure)
        self._failed(failure.request.cb_kwargs["step"])  # type: ignore[attr-defined]  # set by Scrapy's engine

    def _failed(self, step: Step) -> None:
        self._run.source_ended(good=False)
        self._polling.failed(step)
