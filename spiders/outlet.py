"""The one generic spider: an outlet becomes requests, answers become items."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, ClassVar

import scrapy
from scrapy import Request
from scrapy.http import Response
from twisted.python.failure import Failure

from archiver.discover.listing import Listing
from archiver.discover.shapes import Learned
from archiver.errors import DiscoveryError
from archiver.fetch.manners import LEFT
from archiver.fetch.purpose import KEY, Purpose, purpose_of
from archiver.fetch.run import RunExtension, run_of
from archiver.model import (
    Capture,
    CaptureKind,
    Discovery,
    ExtractionState,
    Outlet,
    Source,
    utcnow,
)
from archiver.store.identity import key_of_spelling
from archiver.urls import canonical_url
from spiders.choosing import Choosing
from spiders.failures import REFUSALS, UNTRIED, reason_of
from spiders.items import PageItem
from spiders.leftover import items_of, left_over
from spiders.listing import hubs_of, read_listing, requisites_of, wanted
from spiders.polling import Polling
from spiders.rechecks import Rechecks, rechecks_of
from spiders.sightings import AGAIN
from spiders.spellings import one_of_each
from spiders.walk import Step, Walk

RECHECKS = ("none", "modified", "due", "all")
_DEPTH = "archiver_requisite_depth"
_MAX_IMPORTS = 5  # style sheets that import each other, from a page on


class OutletSpider(scrapy.Spider):
    """Polls an outlet's sources and fetches what is new.

    Arguments (`-a name=value`): `due`, whether only sources that are due are asked (1) or all (0,
    the default); `limit`, articles fetched at most in this run (0: no limit);
    `recheck`, which known articles are fetched again: none, modified (a source says it was
    modified after its last capture), due (those, and by the timetable of checks; the default) or
    all.
    """

    outlet: ClassVar[Outlet]

    def __init__(
        self,
        *,
        recheck: str = "due",
        limit: str | int | None = None,
        due: str | int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if recheck not in RECHECKS:
            raise ValueError(f"recheck={recheck!r}: give one of {', '.join(RECHECKS)}")
        self.recheck = recheck
        if str(due) not in ("0", "1"):
            raise ValueError(f"due={due!r}: give 1 for those sources that are due, or 0 for all")
        self._due = str(due) == "1"
        self._limit = limit
        self._polling: Polling
        self._choosing: Choosing
        self._rechecks: Rechecks
        self._asked: set[str] = set()
        self._walk = Walk()
        self._learned = Learned()

    @property
    def run(self) -> RunExtension:
        """This crawl's run in the archive."""
        return run_of(self.crawler)

    @property
    def limit(self) -> int:
        """Articles fetched at most in this run; 0 means no limit."""
        if self._limit is None:
            return self.settings.getint("ARCHIVER_MAX_ARTICLES")
        return int(self._limit)

    async def start(self) -> AsyncIterator[Any]:
        """What an earlier run left over, then every source."""
        self._learned = Learned(counts=self.run.catalogue.shapes(self.outlet.id))
        self._rechecks = rechecks_of(self.crawler)
        here, away = left_over(self.run, self.outlet)
        async for item in items_of(here, self.run, self.outlet):
            yield item
        self._polling = Polling(self.crawler, due_only=self._due)
        most = self.settings.getint("ARCHIVER_HOST_REQUESTS")
        self._choosing = Choosing(self.run, host_requests=most)
        for source in self._polling.to_ask(self.outlet.sources):
            if self._walk.enter(source):
                yield self.source_request(Step(source=source))
        backlog = self.run.catalogue.backlog(self.outlet.id, max_attempts=self._max_attempts)
        for request in self.page_requests(
            self._choosing.with_mentions(self._choosing.unknown(backlog))
        ):
            yield request
        if self.recheck == "all":
            for request in self.recheck_requests(self.run.catalogue.known_articles(self.outlet.id)):
                yield request
        async for item in items_of(away, self.run, self.outlet):
            yield item

    @property
    def _max_attempts(self) -> int:
        return self.settings.getint("ARCHIVER_MAX_ATTEMPTS")

    def source_request(self, step: Step) -> Request:
        """A conditional request for a listing."""
        source = step.source
        base = self.run.catalogue.latest_capture(self._polling.answered_by(source))
        if base is not None and base.extraction is ExtractionState.PENDING:
            base = None  # a crash may have come before its mentions were kept: no 304 then
        purpose = Purpose(kind=CaptureKind(source.kind.value), base=base)
        return Request(
            source.url,
            callback=self.parse_source,
            errback=self.source_failed,
            headers=purpose.conditional_headers(),
            cb_kwargs={"step": step},
            meta={KEY: purpose},
            priority=10,
        )

    async def parse_source(self, response: Response, step: Step) -> AsyncIterator[Request]:
        """A listing's discoveries, as requests for those pages that are new or modified."""
        source = step.source
        self.run.count(f"sources/{source.kind}")
        if self._polling.is_unchanged(step, response):
            self.run.count("sources/unchanged")
            self.run.source_ended(good=True)
            self._polling.ended(step, response)
            for request in self.child_requests(self._polling.children(step), step):
                yield request
            return
        if response.status != 200:
            self.run.problem("fetch", f"http-{response.status}", source.url)
            self._source_failed(step)
            return
        try:
            listing = await asyncio.to_thread(
                read_listing, response, source, self.outlet, utcnow(), self._learned
            )
        except DiscoveryError as error:
            self.run.problem("discover", f"not-a-{source.kind}", source.url, str(error))
            capture = response.meta.get("archiver_capture")
            if isinstance(capture, Capture):
                self.run.catalogue.set_extraction(capture, ExtractionState.FAILED)
            self._source_failed(step)
            return
        self.run.source_ended(good=True)
        self.run.add_problems(list(listing.problems))
        self._note_hubs(response, source, listing)
        found, refused = wanted(listing, self.outlet, utcnow())
        for reason, times in refused.items():
            self.run.refuse(reason, times)
        self.run.count("discoveries", len(found))
        brought = self.run.catalogue.add_discoveries(self.run.run_id, found)
        self._polling.ended(step, response, listing, brought=brought)
        for request in self.child_requests(listing, step):
            yield request
        before = self.run.counts["articles/asked"]
        for request in self.article_requests(found):
            yield request
        new = self.run.counts["articles/asked"] - before
        pages = self.settings.getint("ARCHIVER_LIST_PAGES")
        further = self._walk.following(listing, step, new=new, pages=pages)
        if further is not None and self._walk.enter(further.source):
            yield self.source_request(further)
        capture = response.meta.get("archiver_capture")
        if isinstance(capture, Capture):
            self.run.catalogue.set_extraction(capture, ExtractionState.DONE)

    def child_requests(self, listing: Listing, step: Step) -> Iterable[Request]:
        """Requests for the sitemaps that an index names."""
        steps: dict[Source, Step] = {}
        for child in self._walk.children(listing, step):
            if isinstance(child, Step):
                steps[child.source] = child
            else:
                reason, url, detail = child
                self.run.refuse(reason)
                self.run.problem("discover", reason, url, detail)
        for source in self._polling.to_ask(steps):
            if self._walk.enter(source):
                yield self.source_request(steps[source])

    def _note_hubs(self, response: Response, source: Source, listing: Listing) -> None:
        """Keep the hubs that the answer's headers or the listing name, the headers' first."""
        hubs, topic = hubs_of(response, listing)
        self.run.catalogue.note_hubs(
            self.outlet.id, canonical_url(source.url), hubs, topic=topic, at=utcnow()
        )

    def article_requests(self, found: Sequence[Discovery]) -> Iterable[Request]:
        """Requests for what a listing mentions, so far as it was not fetched yet."""
        new = self.run.catalogue.unfetched(
            self.outlet.id, [seen.url for seen in found], max_attempts=self._max_attempts
        )
        self.run.refuse("known", len(found) - len(new))
        fresh = set(self._choosing.unknown([seen.url for seen in found if seen.url in new]))
        chosen = one_of_each(seen for seen in found if seen.url in fresh)
        yield from self.page_requests(self._choosing.as_first_said(chosen))
        known = (seen for seen in found if seen.url not in new)
        modified = self._rechecks.modified(filter(self._choosing.is_modified, known), self.recheck)
        yield from self.page_requests(((seen.url, seen) for seen in modified), again=True)

    def recheck_requests(self, pages: Iterable[str]) -> Iterable[Request]:
        """Requests for pages of known articles."""
        return self.page_requests(((url, None) for url in pages), again=True)

    def page_requests(
        self, urls: Iterable[tuple[str, Discovery | None]], *, again: bool = False
    ) -> Iterable[Request]:
        """Requests for pages, each URL once a run, within the limit."""
        for url, seen in urls:
            if key_of_spelling(url) in self._asked:
                continue
            if self._choosing.is_redacted(url) or not self._choosing.afford(url):
                continue
            if not again and self.limit and self.run.counts["articles/asked"] >= self.limit:
                return
            self._asked.add(key_of_spelling(url))
            self.run.count("articles/rechecked" if again else "articles/asked")
            base = self._rechecks.base_of(url) if again else None
            purpose = Purpose(kind=CaptureKind.PAGE, discovery=seen, base=base, again=again)
            yield Request(
                url,
                callback=self.parse_page,
                errback=self.page_failed,
                headers=purpose.conditional_headers(),
                meta={KEY: purpose, AGAIN: url} if again else {KEY: purpose},
                priority=-5 if again else 0,  # news first
            )

    async def parse_page(self, response: Response) -> AsyncIterator[PageItem | Request]:
        """A captured page as an item; anything but a page is counted with its reason."""
        capture = response.meta.get("archiver_capture")
        if response.status == 200 and isinstance(capture, Capture):
            if self._rechecks.leads_away(response, capture):
                return
            yield PageItem.of(response, capture, self.outlet)
            for request in self.requisite_requests(response):
                yield request
        elif response.status == 304:
            self.run.count("articles/unchanged")
            self._rechecks.unmodified(response)
        else:
            reason = response.meta.get("archiver_error") or f"http-{response.status}"
            self.run.problem("fetch", reason, response.url)
            self._rechecks.refused(response, reason)

    def requisite_requests(self, response: Response) -> Iterable[Request]:
        """Requests for what a page or style sheet shows, so far as it was never fetched."""
        wanted = self.settings["ARCHIVER_REQUISITES"]
        depth = response.meta.get(_DEPTH, 0) + 1
        found = [url for url in requisites_of(response, wanted) if url not in self._asked]
        if not found:
            return
        if depth > _MAX_IMPORTS:
            self.run.refuse("imports-too-deep", len(found))
            return
        new = self.run.catalogue.unfetched(self.outlet.id, found, max_attempts=self._max_attempts)
        for url in found:
            if url in new:
                self._asked.add(url)
                yield Request(
                    url,
                    callback=self.parse_requisite,
                    errback=self.page_failed,
                    meta={KEY: Purpose(kind=CaptureKind.REQUISITE), _DEPTH: depth},
                    priority=-10,  # news first
                )

    async def parse_requisite(self, response: Response) -> AsyncIterator[Request]:
        """What a style sheet names in its turn; the rest is captured, and that is all."""
        if response.status == 200:
            for request in self.requisite_requests(response):
                yield request
        else:
            self.run.problem("requisite", f"http-{response.status}", response.url)

    def source_failed(self, failure: Failure) -> None:
        """A listing that could not be fetched costs itself."""
        self._note(failure)
        self._source_failed(failure.request.cb_kwargs["step"])  # type: ignore[attr-defined]  # set by Scrapy's engine

    def _source_failed(self, step: Step) -> None:
        self.run.source_ended(good=False)
        self._polling.failed(step)

    def page_failed(self, failure: Failure) -> None:
        """A page that could not be fetched costs itself, and is tried again in a later run."""
        reason = self._note(failure)
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy's engine
        asked = canonical_url(request.meta.get("redirect_urls", [request.url])[0])
        if reason in LEFT or reason in UNTRIED:
            return
        if request.meta.get("archiver_capture") is None:  # else its capture counts as the attempt
            self.run.catalogue.note_attempt(self.outlet.id, asked, at=utcnow(), reason=reason)

    def _note(self, failure: Failure) -> str:
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy's engine
        reason = reason_of(request, failure.value)
        kind = purpose_of(request).kind
        stage = "requisite" if kind is CaptureKind.REQUISITE else "fetch"
        if reason in REFUSALS:
            self.run.refuse(reason)
        if reason in UNTRIED:
            return reason  # nothing went wrong
        if reason not in LEFT:
            self._rechecks.failed(request, reason)
        self.run.problem(stage, reason, request.url, f"{kind}: {failure.value}")
        return reason
