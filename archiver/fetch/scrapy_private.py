"""Every name of Scrapy's that its documentation does not promise; nothing else imports such."""

from __future__ import annotations

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.http import Headers, Response
from scrapy.logformatter import LogFormatterResult
from scrapy.responsetypes import responsetypes

__all__ = ["LogFormatterResult", "ScrapyCrawl", "response_class"]


def response_class(*, headers: Headers, url: str, body: bytes) -> type[Response]:
    """Choose the class that Scrapy's own handlers choose for an answer."""
    return responsetypes.from_args(headers=headers, url=url, body=body)
