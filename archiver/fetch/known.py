"""Redirects to pages that the archive holds already: not followed, but written down."""

from __future__ import annotations

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from archiver.fetch.purpose import purpose_of
from archiver.fetch.run import RunExtension
from archiver.model import CaptureKind, utcnow
from archiver.store.aliases import Alias
from archiver.store.identity import REDIRECT, key_of_spelling
from archiver.urls import canonical_url


class KnownPages:
    """Stops a redirect of a new address to a page that was answered before, or in this run.

    Feeds whose links lead through a counting service are such: each link is new, the page is not.
    Both addresses are one page from then on, by the rule "redirect".
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        crawler.signals.connect(self.request_dropped, signal=signals.request_dropped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> KnownPages:
        """As Scrapy makes it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let the request pass, or not.

        Raises:
            IgnoreRequest: the page is known; request.meta["archiver_error"] is "known".
        """
        run = self._run_of(request)
        if run is None:
            return
        page = canonical_url(request.url)
        if not run.catalogue.unfetched(run.outlet.id, [page]):
            self._join(run, request)
            request.meta["archiver_error"] = "known"
            # its errback says nothing: nothing went wrong
            raise IgnoreRequest(f"{request.url} is known already")

    def request_dropped(self, request: Request, spider: Spider) -> None:
        """The page was asked for in this run: Scrapy's filter of duplicates says nothing of it."""
        run = self._run_of(request)
        if run is not None:
            self._join(run, request)

    def _run_of(self, request: Request) -> RunExtension | None:
        """The run, where this is a redirect on the way to a new page."""
        purpose = purpose_of(request)
        new = purpose.kind is CaptureKind.PAGE and purpose.base is None and not purpose.again
        if not new or not request.meta.get("redirect_urls"):
            return None
        return self._crawler.get_extension(RunExtension)

    def _join(self, run: RunExtension, request: Request) -> None:
        page = canonical_url(request.url)
        if key_of_spelling(page) in run.territory.listings:
            return  # what has no page of its own is sent to the front page
        hops = {canonical_url(hop) for hop in request.meta["redirect_urls"]}
        now = utcnow()
        run.catalogue.add_aliases(
            run.outlet.id,
            [Alias(url=hop, target=page, rule=REDIRECT, first_seen=now) for hop in sorted(hops)],
        )
