"""Redirects: followed as Scrapy follows them, and counted with a reason where they lead nowhere."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

_STATUSES = frozenset({301, 302, 303, 307, 308})


class CountedRedirects(RedirectMiddleware):
    """Scrapy's middleware, which passes over circles and foreign schemes in silence.

    Its filter of duplicates swallows a request that comes back to where it was, without a word to
    the spider; and what redirects to a file: URL looks to it like any page.
    """

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]  # Scrapy's decorated one still takes a spider
        """The answer, or the request that it leads to.

        Raises:
            IgnoreRequest: request.meta["archiver_error"] is "redirect-circle", or
                "redirect-scheme" for what is neither http nor https.
        """
        if response.status in _STATUSES and not _leads_to_http(response):
            raise _refused(request, "redirect-scheme")
        came: Request | Response = super().process_response(request, response)
        if isinstance(came, Request) and came.url in came.meta["redirect_urls"]:
            raise _refused(request, "redirect-circle")
        return came


def _refused(request: Request, reason: str) -> IgnoreRequest:
    request.meta["archiver_error"] = reason
    return IgnoreRequest(f"{request.url}: {reason}")


def _leads_to_http(response: Response) -> bool:
    """Whether there is no Location to follow, or one of http or https."""
    location = response.headers.get(b"Location")
    if location is None:
        return True
    try:
        target = urljoin(response.url, location.decode("latin-1").strip())
        return urlsplit(target).scheme in ("http", "https")
    except ValueError:
        return False
