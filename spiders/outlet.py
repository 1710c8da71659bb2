"""The one generic spider: an outlet becomes requests, answers become items."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, ClassVar, Self

import scrapy
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from archiver.fetch.manners import LEFT
from archiver.fetch.purpose import KEY, Purpose, purpose_of
from archiver.fetch.run import RunExtension, run_of
from archiver.model import (
    Capture,
    CaptureKind,
    Discovery,
    Outlet,
    utcnow,
)
from archiver.store.identity import key_of_spelling
from archiver.urls import canonical_url
from spiders.choosing import Choosing
from spiders.failures import REFUSALS, UNTRIED, reason_of
from spiders.fronts import FrontPage
from spiders.items import PageItem
from spiders.leftover import items_of, left_over
from spiders.offline import all_pages, go_offline
from spiders.polling import Polling
from spiders.rechecks import Rechecks, rechecks_of
from spiders.requisites import Requisites
from spiders.sightings import AGAIN
from spiders.sources import Sources
from spiders.spellings import one_of_each

RECHECKS = ("none", "modified", "due", "all")


class OutletSpider(scrapy.Spider):
    """Polls an outlet's sources and fetches what is new.

    Arguments (`-a name=value`): `due`, whether only sources that are due are asked (1) or all (0,
    the default); `limit`, articles fetched at most in this run (0: no limit);
    `recheck`, which known articles are fetched again: none, modified (a source says it was
    modified after its last capture), due (those, and by the timetable of checks; the default) or
    all; `from`, `at`, `pages`: an archive to answer in the place of the network, see `go_offline`.
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
        self._choosing: Choosing
        self._rechecks: Rechecks
        self._asked: set[str] = set()
        self._sources: Sources
        self._requisites: Requisites

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """As Scrapy makes it; the last moment at which settings may change."""
        go_offline(crawler, kwargs)
        return super().from_crawler(crawler, *args, **kwargs)

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
        self._rechecks = rechecks_of(self.crawler)
        here, away = left_over(self.run, self.outlet)
        async for item in items_of(here, self.run, self.outlet):
            yield item
        self._requisites = Requisites(self.run, self, asked=self._asked)
        polling = Polling(self.crawler, due_only=self._due)
        self._sources = Sources(self.run, self, polling, self._requisites)
        most = self.settings.getint("ARCHIVER_HOST_REQUESTS")
        self._choosing = Choosing(self.run, host_requests=most)
        if (pages := all_pages(self.crawler, self.run)) is not None:
            for request in self.page_requests((url, None) for url in pages):
                yield request
            return
        for request in self._sources.requests(self.outlet.sources):
            yield request
        for request in FrontPage(self.run, self, self._requisites).requests():
            yield request
        backlog = self.run.catalogue.backlog(self.outlet.id, max_attempts=self.max_attempts)
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
    def max_attempts(self) -> int:
        """How often what failed is asked for again, in all runs."""
        return self.settings.getint("ARCHIVER_MAX_ATTEMPTS")

    def article_requests(self, found: Sequence[Discovery]) -> Iterable[Request]:
        """Requests for what a listing mentions, so far as it was not fetched yet."""
        new = self.run.catalogue.unfetched(
            self.outlet.id, [seen.url for seen in found], max_attempts=self.max_attempts
        )
        self.run.refuse("known", len(found) - len(new))
        fresh = set(self._choosing.unknown([seen.url for seen in found if seen.url in new]))
        chosen = one_of_each(seen for seen in found if seen.url in fresh)
        yield from self.page_requests(self._choosing.as_first_said(chosen))
        known = (seen for seen in found if seen.url not in new)
        modified = self._rechecks.due.modified(
            filter(self._choosing.is_modified, known), self.recheck
        )
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
            base = self._rechecks.due.base_of(url) if again else None
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
            for request in self._requisites.requests(response):
                yield request
        elif response.status == 304:
            self.run.count("articles/unchanged")
            self._rechecks.unmodified(response)
        else:
            reason = response.meta.get("archiver_error") or f"http-{response.status}"
            self.run.problem("fetch", reason, response.url)
            self._rechecks.refused(response, reason)

    def page_failed(self, failure: Failure) -> None:
        """A page that could not be fetched costs itself, and is tried again in a later run."""
        reason = self.note_failure(failure)
        request: Request = failure.request  # type: ignore[attr-defined]  # set by Scrapy's engine
        asked = canonical_url(request.meta.get("redirect_urls", [request.url])[0])
        if reason in LEFT or reason in UNTRIED:
            return
        if request.meta.get("archiver_capture") is None:  # else its capture counts as the attempt
            self.run.catalogue.note_attempt(self.outlet.id, asked, at=utcnow(), reason=reason)

    def note_failure(self, failure: Failure) -> str:
        """Count why something could not be fetched, and give the reason in a word."""
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
