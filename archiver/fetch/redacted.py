"""What is redacted, to a crawl: not asked for again."""

from __future__ import annotations

import time
from collections.abc import Callable

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from archiver.store.catalogue import Catalogue
from archiver.store.veil import Veil

REASON = "redacted"
_FRESH = 1.0  # seconds for which a crawl takes the redactions that it read for all there are


class FreshVeil:
    """The redactions in force, read anew every second: a crawl may run for hours.

    Args:
        catalogue: where they stand.
        clock: seconds.
    """

    def __init__(self, catalogue: Catalogue, clock: Callable[[], float] = time.monotonic) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._veil = Veil()
        self._read: float | None = None

    def now(self) -> Veil:
        """What is in force, a second ago at most."""
        at = self._clock()
        if self._read is None or at - self._read >= _FRESH:
            self._veil, self._read = self._catalogue.veil(), at
        return self._veil


class RedactedPages:
    """Stops requests for what is redacted, redirects and requisites too."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RedactedPages:
        """As Scrapy makes it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let the request pass, or not.

        Raises:
            IgnoreRequest: its URL is redacted; request.meta["archiver_error"] is "redacted".
        """
        from archiver.fetch.run import RunExtension  # which needs this module

        run = self._crawler.get_extension(RunExtension)
        if run is not None and run.veil.now().of_url(request.url) is not None:
            request.meta["archiver_error"] = REASON
            raise IgnoreRequest(f"{request.url} is redacted")
