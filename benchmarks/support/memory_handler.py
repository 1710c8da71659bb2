"""A Scrapy download handler without a network: what is left of a crawl is Scrapy's own work."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response, TextResponse


class MemoryHandler(BaseDownloadHandler):
    """Answers with the files of the folder that the setting MEMORY_SITE names, each read once."""

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._folder = Path(crawler.settings["MEMORY_SITE"])
        page = next((self._folder / "page").iterdir())
        self._page = page.read_bytes()

    async def download_request(self, request: Request) -> Response:
        """Give a page, the same for all, or a listing."""
        path = urlsplit(request.url).path
        if path.startswith("/page/"):
            fields = {"Content-Type": "text/html", "Server": "memory"}
            return HtmlResponse(request.url, body=self._page, headers=fields)
        return TextResponse(request.url, body=(self._folder / path.lstrip("/")).read_bytes())

    async def close(self) -> None:
        """Nothing is open."""
