"""Redirects: followed as Scrapy follows them, and counted with a reason where they lead nowhere."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from archiver.fetch.purpose import KEY, purpose_of
from archiver.model import CaptureKind

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
        return _unconditional(came) if isinstance(came, Request) else came


def _unconditional(request: Request) -> Request:
    """Without the validators of a page that is now asked for elsewhere; a source keeps its own.

    A 304 there would say that two pages are the same, which no page has said yet.
    """
    purpose = purpose_of(request)
    if purpose.kind is CaptureKind.PAGE and purpose.base is not None:
        for name in purpose.conditional_headers():
            request.headers.pop(name, None)
        request.meta[KEY] = replace(purpose, base=None)
    return request


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
