"""What a crawl's log says, and how loudly."""

from __future__ import annotations

import logging
from typing import Any, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.logformatter import LogFormatter
from twisted.python.failure import Failure

from archiver.fetch.scrapy_private import LogFormatterResult


class QuietDrops(LogFormatter):
    """Scrapy's log lines, without whole articles in them.

    A page without an article is no warning: it is counted with its reason. What the configured
    level leaves out is not even made, since there are some lines a page.
    """

    def __init__(self, *, debugging: bool) -> None:
        self._debugging = debugging

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        return cls(debugging=crawler.settings["LOG_LEVEL"] in ("DEBUG", "NOTSET"))

    def crawled(  # type: ignore[override]  # None, as documented, is no line
        self, request: Request, response: Response, spider: Spider
    ) -> LogFormatterResult | None:
        """One line an answer."""
        return super().crawled(request, response, spider) if self._debugging else None

    def scraped(  # type: ignore[override]  # the same
        self, item: Any, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult | None:
        """One line an article."""
        if not self._debugging:
            return None
        title = item.get("title") if isinstance(item, dict) else None
        url = item.get("url") if isinstance(item, dict) else None
        return {"level": logging.DEBUG, "msg": "Article: %s <%s>", "args": (title, url)}

    def dropped(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,
        spider: Spider,
    ) -> LogFormatterResult:
        """One line a page without an article."""
        return {"level": logging.INFO, "msg": "No article: %s", "args": (str(exception),)}
