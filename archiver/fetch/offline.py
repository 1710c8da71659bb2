"""Scrapy's download handler that answers from an archive, and the settings of such a crawl.

No part of it opens a connection: what the archive does not hold is a miss, with the reason
"not-archived". What a crawl notes of its run goes to a scratch catalogue.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadFailedError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Headers, HtmlResponse, Response
from scrapy.settings import BaseSettings

from archiver.config.load import Loaded
from archiver.errors import ArchiverError
from archiver.fetch.archived import Answered, Archived
from archiver.fetch.purpose import purpose_of
from archiver.fetch.redacted import REASON as REDACTED
from archiver.fetch.run import run_of
from archiver.fetch.scrapy_private import response_class
from archiver.model import Capture, CaptureKind

MISSING = "not-archived"
"""The reason of requests that an archive has no answer for."""

_BODY_MAXSIZE = 32 * 1024 * 1024  # bytes, as in a crawl of the network
_HANDLER = "archiver.fetch.offline.ArchivedHandler"
# What of a crawl is for the sake of a network, or of those who stand at its other end.
_NEEDLESS = {
    "archiver.fetch.manners.Manners",
    "archiver.fetch.manners.MannersMiddleware",
    "archiver.fetch.robots.RobotsMiddleware",
    "archiver.fetch.rendering.RenderingMiddleware",
    "archiver.fetch.proxy.OutletProxyMiddleware",
    "archiver.fetch.budget.HostBudget",
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware",
    "scrapy.downloadermiddlewares.retry.RetryMiddleware",
    "scrapy.extensions.throttle.AutoThrottle",
}


class ArchivedHandler(BaseDownloadHandler):
    """Answers each request with the capture that ARCHIVER_FROM, an `Archived`, has for it.

    request.meta["archiver_capture"] is that capture, as in a crawl of the network; the catalogue
    of the run gets its row. Coded content is left to the middleware that undoes it there.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        self._archived: Archived = settings["ARCHIVER_FROM"]
        self._maxsize = settings.getint("DOWNLOAD_MAXSIZE")
        self._body_maxsize = settings.getint("ARCHIVER_BODY_MAXSIZE", _BODY_MAXSIZE)

    async def download_request(self, request: Request) -> Response:
        """Answer as the archive does.

        Raises:
            IgnoreRequest: it holds no answer, or none that may be shown.
            DownloadFailedError: the record of it cannot be read.
            ResponseDataLossError: it was cut off.
            DownloadCancelledError: it is larger than DOWNLOAD_MAXSIZE.
        """
        found = await asyncio.to_thread(self._find, request)
        if found is None:
            hidden = await asyncio.to_thread(self._archived.is_redacted, request.url)
            reason = REDACTED if hidden else MISSING
            raise _failed(request, reason, IgnoreRequest(f"{request.url}: {reason}"))
        try:
            answered = await asyncio.to_thread(self._archived.load, found)
        except (ArchiverError, OSError) as error:
            raise _failed(request, "archive", DownloadFailedError(str(error))) from error
        size = len(answered.payload)
        if self._maxsize and size > self._maxsize:
            raise _failed(request, "too-large", DownloadCancelledError(f"{request.url}: {size}"))
        if found.truncated not in (None, "length"):  # by that other archivers end what is long
            lost = ResponseDataLossError(f"{request.url} was cut off ({found.truncated})")
            raise _failed(request, "dataloss", lost)
        request.meta["archiver_capture"] = self._noted(found, request)
        return await asyncio.to_thread(self._response, answered, request)

    def _find(self, request: Request) -> Capture | None:
        if request.method != "GET" or request.body:
            return None
        return self._archived.find(request.url)

    def _noted(self, found: Capture, request: Request) -> Capture:
        """The capture as one of this run, whose catalogue gets its row."""
        run, kind = run_of(self.crawler), purpose_of(request).kind
        taken = replace(found, kind=kind, outlet=run.outlet.id, run_id=run.run_id)
        run.store.add_captures([taken])
        run.count(f"captures/{kind}")
        return taken

    def _response(self, answered: Answered, request: Request) -> Response:
        headers, flags = Headers(answered.headers), ["archived"]
        body = b""
        if len(answered.payload) <= self._body_maxsize:
            body = bytes(answered.payload)
        else:
            flags.append("body_in_archive")
        made = None
        if run_of(self.crawler).outlet.render and purpose_of(request).kind is CaptureKind.PAGE:
            made = self._archived.rendered(answered.capture)
        if made is not None:
            headers.pop("Content-Encoding", None)
            headers["Content-Type"] = "text/html; charset=utf-8"
            return HtmlResponse(
                request.url,
                status=answered.status,
                headers=headers,
                body=made,
                encoding="utf-8",
                flags=[*flags, "rendered"],
            )
        chosen = response_class(headers=headers, url=request.url, body=body)
        return chosen(
            url=request.url, status=answered.status, headers=headers, body=body, flags=flags
        )

    async def close(self) -> None:
        """Nothing: others may use the archive."""


def _failed(request: Request, reason: str, error: Exception) -> Exception:
    request.meta["archiver_error"] = reason
    request.meta.pop("archiver_capture", None)
    return error


def archive_settings(settings: BaseSettings, archived: Archived, scratch: Path) -> dict[str, Any]:
    """What makes a crawl with these settings one of an archive, which writes to `scratch` alone.

    Delays, budgets, robots.txt, proxies and browsers are off, and nothing is fetched that pages
    need only to be seen.
    """
    loaded: Loaded = settings["ARCHIVER_LOADED"]
    kept = loaded.settings
    parts = {
        "archive": kept.archive.model_copy(update={"folder": str(scratch), "catalogue_url": ""}),
        "storage": kept.storage.model_copy(update={"url": ""}),
    }
    return {
        **{
            name: {part: at for part, at in settings.getdict(name).items() if part not in _NEEDLESS}
            for name in ("EXTENSIONS_BASE", "DOWNLOADER_MIDDLEWARES_BASE")
        },
        "DOWNLOAD_HANDLERS": {
            **dict.fromkeys(settings.getdict("DOWNLOAD_HANDLERS")),
            "http": _HANDLER,
            "https": _HANDLER,
        },
        "ARCHIVER_FROM": archived,
        "ARCHIVER_LOADED": replace(loaded, settings=kept.model_copy(update=parts)),
        "ARCHIVER_REQUISITES": "none",
        "ARCHIVER_MAX_ARTICLES": 0,
        "ARCHIVER_HOST_REQUESTS": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.getint("CONCURRENT_REQUESTS"),
        "DOWNLOAD_DELAY": 0,
        "AUTOTHROTTLE_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
    }
