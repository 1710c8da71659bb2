"""A crawl's checks of what pages of known articles turn out to be."""

from __future__ import annotations

from scrapy.crawler import Crawler

from archiver.fetch.run import run_of
from archiver.revise.checks import Checks
from spiders.items import PageItem
from spiders.rechecks import rechecks_of


def checks_of(crawler: Crawler) -> Checks[PageItem]:
    """Those of a crawl that is about to begin."""
    return Checks(lambda: run_of(crawler).catalogue, lambda: rechecks_of(crawler).outcomes)
