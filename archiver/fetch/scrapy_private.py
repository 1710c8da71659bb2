"""Every name of Scrapy's that its documentation does not promise; nothing else imports such."""

from __future__ import annotations

from pydispatch.dispatcher import getAllReceivers  # type: ignore[import-untyped]  # ships no types
from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.logformatter import LogFormatterResult
from scrapy.responsetypes import responsetypes

__all__ = ["LogFormatterResult", "ScrapyCrawl", "has_receivers", "response_class"]


def response_class(*, headers: Headers, url: str, body: bytes) -> type[Response]:
    """Choose the class that Scrapy's own handlers choose for an answer."""
    return responsetypes.from_args(headers=headers, url=url, body=body)


def has_receivers(crawler: Crawler, signal: object) -> bool:
    """Whether anybody listens to a signal: sending one costs as much as parsing a head."""
    return any(True for _ in getAllReceivers(crawler.signals.sender, signal))
