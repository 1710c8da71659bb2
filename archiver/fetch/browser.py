"""A browser without a network, driven through scrapy-playwright.

Every request of a page is answered by us: its document is the one that came, and what it asks for
in its turn is fetched by the crawl. The browser itself is given a proxy that is not there and no
names, so that nothing gets past: no WebSocket, no prefetching, no service worker.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Route
from playwright.async_api import Request as Asked
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy_playwright.handler import (  # type: ignore[import-untyped]  # ships no types
    ScrapyPlaywrightDownloadHandler,
)
from scrapy_playwright.page import PageMethod  # type: ignore[import-untyped]  # the same

from archiver.errors import FetchError
from archiver.fetch.purpose import KEY, Purpose
from archiver.model import CaptureKind

# Pictures, films and fonts say nothing to a reader of text; those of the finished page are
# fetched with its other requisites.
_WANTED = frozenset({"document", "script", "stylesheet", "xhr", "fetch", "manifest"})
_PASSED_ON = ("accept", "origin", "content-type", "x-requested-with")
_OURS = frozenset({"content-encoding", "content-length", "transfer-encoding", "set-cookie"})
_MAX_REQUESTS = 100  # of one page
_REMEMBERED = 32 * 1024 * 1024  # bytes of scripts and style sheets that later pages ask for again
_SETTLED = 5_000  # milliseconds that a loaded page may go on asking
_ARGUMENTS = (
    "--proxy-server=http://127.0.0.1:9",  # RFC 863: discard; nobody listens, and nobody is to
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A page as the browser made it, in UTF-8; which browser, and how much the page asked for."""

    body: bytes
    browser: str
    requests: int


class PageBrowser:
    """Makes pages, each in a context of its own; begins with the first."""

    def __init__(self, crawler: Crawler, executable: str) -> None:
        self._crawler = crawler
        self._handler: _Handler | None = None
        self._executable = executable
        self._beginning = asyncio.Lock()
        self._remembered: dict[str, Response] = {}
        self._room = _REMEMBERED
        self._limit = crawler.settings.getfloat("DOWNLOAD_TIMEOUT") or 60.0
        self._maxsize = crawler.settings.getint("DOWNLOAD_MAXSIZE")

    async def render(self, document: Response) -> Rendered:
        """Make the page whose document has come.

        Raises:
            FetchError: reason "timeout", "too-large" or "browser".
        """
        page = _PageRequests(document, self._fetch)
        try:
            async with asyncio.timeout(self._limit):
                handler = await self._begun()
                made: Response = await handler.make(page)
        except TimeoutError as error:
            raise _failed("is not made in time", "timeout", document) from error
        except PlaywrightError as error:
            raise _failed(f"cannot be made ({error.message})", "browser", document) from error
        if self._maxsize and len(made.body) > self._maxsize:
            raise _failed("is too large when made", "too-large", document)
        version = handler.browser.version
        return Rendered(body=made.body, browser=f"Chromium {version}", requests=page.count)

    async def close(self) -> None:
        """End the browser, if it was begun."""
        if self._handler is not None:
            await self._handler.close()

    async def _begun(self) -> _Handler:
        async with self._beginning:
            if self._handler is None:
                handler = _Handler(self._crawler, self._executable)
                await handler.begin()
                self._handler = handler
        return self._handler

    async def _fetch(self, asked: Asked) -> Response:
        """Fetch as the crawl fetches: with its manners, its guard and its record of it."""
        shared = asked.resource_type in ("script", "stylesheet")
        if shared and asked.url in self._remembered:
            return self._remembered[asked.url]
        headers = {name: asked.headers[name] for name in _PASSED_ON if name in asked.headers}
        request = Request(
            asked.url,
            method=asked.method,
            headers=headers,
            meta={KEY: Purpose(kind=CaptureKind.REQUISITE)},
            callback=NO_CALLBACK,
        )
        engine = self._crawler.engine
        if engine is None:
            raise RuntimeError("a page is made before the crawl began")
        response = await engine.download_async(request)
        if shared and response.status == 200 and len(response.body) <= self._room:
            self._remembered[asked.url] = response
            self._room -= len(response.body)
        return response


class _PageRequests:
    """Answers what one page asks for."""

    def __init__(self, document: Response, fetch: Callable[[Asked], Awaitable[Response]]) -> None:
        self.document = document
        self.count = 0
        self._fetch = fetch

    async def answer(self, route: Route, asked: Asked) -> None:
        """Give the document, what the crawl may fetch, or nothing."""
        try:
            response = await self._response(asked)
            if response is None:
                await route.abort("blockedbyclient")
            else:
                await route.fulfill(
                    status=response.status, headers=_headers(response), body=response.body
                )
        except PlaywrightError:
            return  # the page is gone, and needs no answer

    async def _response(self, asked: Asked) -> Response | None:
        if asked.is_navigation_request() and asked.frame.parent_frame is None:
            # A script that leads elsewhere leads to another article, which is not this one.
            return self.document if asked.url == self.document.url else None
        wanted = asked.method in ("GET", "HEAD") and asked.resource_type in _WANTED
        if not wanted or self.count >= _MAX_REQUESTS:
            return None
        self.count += 1
        try:
            return await self._fetch(asked)
        except Exception:  # noqa: BLE001 - whatever refused it, the page goes without
            return None


class _Handler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # ships no types
    """scrapy-playwright's handler, whose pages ask us and not the network."""

    def __init__(self, crawler: Crawler, executable: str) -> None:
        super().__init__(crawler)
        self._agent = str(crawler.settings["USER_AGENT"])
        self.config.launch_options = {
            "executable_path": executable,
            "args": list(_ARGUMENTS),
            "chromium_sandbox": os.geteuid() != 0,  # which Chromium refuses to have as root
        }
        self._pages: dict[str, _PageRequests] = {}

    async def begin(self) -> None:
        """Make ready; the browser starts with the first page."""
        await self._launch()

    async def make(self, page: _PageRequests) -> Response:
        """Open the page, let it settle, and give what it has become."""
        url = page.document.url
        self._pages[url] = page
        try:
            made: Response = await self.download_request(
                Request(
                    url,
                    meta={
                        "playwright": True,
                        "playwright_context": url,
                        "playwright_context_kwargs": {
                            "user_agent": self._agent,
                            "service_workers": "block",
                            "accept_downloads": False,
                        },
                        "playwright_page_goto_kwargs": {"wait_until": "load"},
                        "playwright_page_methods": [PageMethod(_settle)],
                    },
                )
            )
        finally:
            del self._pages[url]
            if kept := self.context_wrappers.get(url):
                await kept.context.close()
        return made

    def _make_request_handler(
        self, *, url: str, **_: Any
    ) -> Callable[[Route, Asked], Awaitable[None]]:
        """As scrapy-playwright asks for each page."""
        return self._pages[url].answer


async def _settle(page: Page) -> None:
    """Wait until the page asks for nothing more, or long enough."""
    try:
        await page.wait_for_load_state("networkidle", timeout=_SETTLED)
    except PlaywrightError:
        return


def _headers(response: Response) -> dict[str, str]:
    """The fields that are still true of a body without its codings."""
    return {
        name.decode("latin-1"): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
        if name.decode("latin-1").lower() not in _OURS
    }


def _failed(what: str, reason: str, document: Response) -> FetchError:
    return FetchError(f"the page {what}", reason=reason, thing=document.url)
