"""Pages as a browser makes them, for outlets whose pages are empty without scripts.

The browser reaches no network: see `archiver.fetch.browser`. What it asks for is fetched as
everything else is (robots.txt, delays, address guard, verbatim capture), and the page that it made
is kept as a conversion record of the page that came.
"""

from __future__ import annotations

import asyncio
import shutil
from importlib.util import find_spec

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import HtmlResponse, Response

from archiver.errors import ConfigError, FetchError
from archiver.fetch.purpose import purpose_of
from archiver.fetch.run import run_of
from archiver.model import Capture, CaptureKind, utcnow
from archiver.warc.conversion import conversion_records

_SIDE_BY_SIDE = 2  # pages in the browser
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

_NO_EXTRA = (
    "fetch.render: an outlet needs a browser, and what drives it is not installed:"
    " pip install 'news-archiver[rendering]', or set fetch.render = false in its seed"
)


def browser_path(configured: str) -> str:
    """The Chromium to use.

    Raises:
        ConfigError: there is none, or the extra `rendering` is not installed.
    """
    if find_spec("scrapy_playwright") is None:
        raise ConfigError([_NO_EXTRA])
    found = (
        shutil.which(configured)
        if configured
        else next(filter(None, map(shutil.which, _NAMES)), None)
    )
    if found is None:
        what = f"{configured!r} is no program" if configured else "no Chromium is installed"
        raise ConfigError([f"network.browser: {what}; an outlet's fetch.render needs one"])
    return found


class RenderingMiddleware:
    """Gives the spider the page that a browser made, where the outlet's seed asks for it.

    A page that the browser cannot make is given as it came; that is a problem of stage "render".
    """

    def __init__(self, crawler: Crawler, executable: str) -> None:
        self._crawler = crawler
        # Imported where it is needed: it is an extra, and Twisted's own client comes with it.
        from archiver.fetch.browser import PageBrowser

        self._browser = PageBrowser(crawler, executable)
        self._places = asyncio.Semaphore(_SIDE_BY_SIDE)
        crawler.signals.connect(self.close, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RenderingMiddleware:
        """As Scrapy makes it; not at all where no page is to be rendered."""
        if not crawler.settings.getbool("ARCHIVER_RENDER"):
            raise NotConfigured
        return cls(crawler, browser_path(crawler.settings["ARCHIVER_BROWSER"] or ""))

    async def process_response(self, request: Request, response: Response) -> Response:
        """Give the page with its body as the browser made it."""
        capture = request.meta.get("archiver_capture")
        wanted = purpose_of(request).kind is CaptureKind.PAGE and response.status == 200
        if not wanted or not isinstance(response, HtmlResponse) or not isinstance(capture, Capture):
            return response
        run = run_of(self._crawler)
        try:
            async with self._places:
                made = await self._browser.render(response)
        except FetchError as error:
            run.problem("render", error.reason, response.url, str(error))
            return response
        await run.keep_derived(
            conversion_records(
                made.body,
                url=response.url,
                at=utcnow(),
                refers_to=capture.warc.record_id,
                content_type="text/html; charset=utf-8",
                metadata=(
                    ("outlet", run.outlet.id),
                    ("run", str(run.run_id)),
                    ("rendered-by", made.browser),
                    ("requests", str(made.requests)),
                ),
            )
        )
        run.count("pages/rendered")
        headers = response.headers.copy()
        headers["Content-Type"] = "text/html; charset=utf-8"
        return response.replace(
            body=made.body, headers=headers, encoding="utf-8", flags=[*response.flags, "rendered"]
        )

    async def close(self) -> None:
        """End the browser."""
        await self._browser.close()
