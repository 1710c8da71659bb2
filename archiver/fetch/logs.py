"""What a crawl's log says, and how loudly."""

from __future__ import annotations

import logging
from typing import Any

from scrapy import Spider
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure


class QuietDrops(LogFormatter):
    """Scrapy's log lines, without whole articles in them.

    A page without an article is no warning: it is counted with its reason.
    """

    def scraped(
        self, item: Any, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """One line an article."""
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
