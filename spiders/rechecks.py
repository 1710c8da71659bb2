"""Known articles in a crawl: asked for when there is time, and what each answer says of them."""

from __future__ import annotations

from collections.abc import Sequence

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DontCloseSpider, NotConfigured
from scrapy.http import Response

from archiver.config.load import Loaded
from archiver.fetch.purpose import purpose_of
from archiver.fetch.run import RunExtension, run_of
from archiver.model import Capture, CaptureKind, ExtractionState, Outlet
from archiver.revise.outcomes import Outcomes
from archiver.revise.planning import RecheckPlan, timetable_of
from archiver.revise.removals import Sight
from archiver.revise.sightings import is_permanent, leads_away, sight_of_status
from archiver.urls import canonical_url
from spiders.due import Due
from spiders.sightings import AGAIN

_SOURCES = frozenset({CaptureKind.FEED, CaptureKind.SITEMAP, CaptureKind.SECTION})


class Rechecks:
    """The Scrapy extension by which a crawl looks at known articles again.

    The news come first: what is due is asked for when nothing else is left to do. Which articles
    are due is chosen by `due`; what became of them is kept by `outcomes`.
    """

    due: Due
    outcomes: Outcomes
    _run: RunExtension

    def __init__(self, crawler: Crawler, loaded: Loaded) -> None:
        self._crawler = crawler
        self._settings = loaded.settings
        self._asked = self._controlled = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Rechecks:
        """As Scrapy makes it; not for a spider that watches no outlet."""
        loaded = crawler.settings.get("ARCHIVER_LOADED")
        if not isinstance(getattr(crawler.spidercls, "outlet", None), Outlet) or loaded is None:
            raise NotConfigured
        rechecks = cls(crawler, loaded)
        crawler.signals.connect(rechecks.begin, signal=signals.spider_opened)
        crawler.signals.connect(rechecks.idle, signal=signals.spider_idle)
        crawler.signals.connect(rechecks.answered, signal=signals.response_received)
        crawler.signals.connect(rechecks.dropped, signal=signals.request_dropped)
        return rechecks

    def begin(self) -> None:
        """Recall how often the outlet edits."""
        run = self._run = run_of(self._crawler)
        known = run.store.edits_of(run.outlet.id)
        plan = RecheckPlan(timetable_of(self._settings.recheck), known)
        self.due = Due(run, plan, self._settings)
        self.outcomes = Outcomes(
            lambda: run.catalogue,
            outlet=run.outlet.id,
            territory=run.territory,
            settings=self._settings.recheck,
            plan=plan,
            count=run.count,
        )
        run.endings.append(self.outcomes.end)

    def idle(self, spider: Spider) -> None:
        """Ask for what is due, once; then for pages that show whether the outlet is there.

        Raises:
            DontCloseSpider: there is something to ask for.
        """
        asking = getattr(spider, "recheck_requests", None)
        if asking is None:
            return
        pages: Sequence[str] = ()
        if not self._asked:
            self._asked = True
            pages = self.due.pages() if getattr(spider, "recheck", "") == "due" else ()
        if not pages and self.outcomes.missed and not self._controlled:
            self._controlled = True
            pages = self.due.controls(self.outcomes)
        requests = list(asking(pages))
        for request in requests:
            self._crawler.engine.crawl(request)
        if requests:
            raise DontCloseSpider

    def answered(self, response: Response, request: Request) -> None:
        """Note whether a page or a source came, for what that says of others."""
        kind, good = purpose_of(request).kind, response.status in (200, 304)
        # A dead link of a feed says nothing of pages that were there.
        tells = AGAIN in request.meta or response.status not in (404, 410)
        if kind is CaptureKind.PAGE and tells:
            self.outcomes.answers.page(_asked(request), good=good)
        elif kind in _SOURCES:
            self.outcomes.answers.source(_asked(request), good=good)
        if AGAIN in request.meta:
            self._run.count("rechecks/bytes", request.meta.get("archiver_bytes", 0))
            self._run.count("rechecks/answers")

    def dropped(self, request: Request) -> None:
        """A redirect to what was asked in this run already, which Scrapy passes over."""
        page = request.meta.get(AGAIN)
        if page is not None and request.meta.get("redirect_urls"):
            self.outcomes.led_elsewhere(
                page,
                canonical_url(request.url),
                request.meta.get("archiver_capture"),  # that of the redirect
                permanent=is_permanent(request.meta.get("redirect_reasons", ())),
            )

    def unmodified(self, response: Response) -> None:
        """A 304: the article is as it was."""
        page = response.meta.get(AGAIN)
        if page is not None:
            self.outcomes.unmodified(page, response.meta.get("archiver_capture"))

    def leads_away(self, response: Response, capture: Capture) -> bool:
        """Whether a known article's page redirects to the front page, say; noted where it does."""
        page = response.meta.get(AGAIN)
        if page is None:
            return False
        reason = leads_away(page, canonical_url(response.url), self._run.territory)
        if reason is not None:
            self._run.catalogue.set_extraction(capture, ExtractionState.NONE)
            self.outcomes.lost(page, Sight.SOFT, reason, capture)
        return reason is not None

    def refused(self, response: Response, reason: str) -> None:
        """An answer that is no page."""
        page = response.meta.get(AGAIN)
        if page is not None:
            capture = response.meta.get("archiver_capture")
            self.outcomes.lost(page, sight_of_status(response.status), reason, capture)

    def failed(self, request: Request, reason: str) -> None:
        """A request that had no answer."""
        page, capture = request.meta.get(AGAIN), request.meta.get("archiver_capture")
        kind = purpose_of(request).kind
        if page is not None:
            self.outcomes.lost(page, Sight.FAILED, reason, capture)
        elif kind is CaptureKind.PAGE:
            self.outcomes.answers.page(_asked(request), good=False)
        elif kind in _SOURCES:
            self.outcomes.answers.source(_asked(request), good=False)


def _asked(request: Request) -> str:
    return canonical_url(request.meta.get("redirect_urls", [request.url])[0])


def rechecks_of(crawler: Crawler) -> Rechecks:
    """The crawl's own; it has one, as it has a run."""
    found = crawler.get_extension(Rechecks)
    assert found is not None, "the crawl's settings name it"  # noqa: S101 - for mypy
    return found
