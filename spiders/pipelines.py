"""From pages to articles to the catalogue, through Scrapy's item pipeline."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from archiver.contract import article_to_json
from archiver.discover.shapes import shape_of
from archiver.extract.worker import ExtractionPool
from archiver.fetch.manners import Manners
from archiver.fetch.redacted import REASON as REDACTED
from archiver.fetch.run import run_of
from archiver.model import Article, ArticleKind, ExtractionState
from archiver.revise.spellings import spellings_of
from spiders.checks import checks_of
from spiders.items import PageItem
from spiders.reservations import Reservations
from spiders.revising import save_judged

_NO_NEWS = (ArticleKind.BLOCKED, ArticleKind.CONSENT)

logger = logging.getLogger(__name__)


class ArticlePipeline:
    """Extracts each page in a process that can be killed, and catalogues what came of it.

    The item that goes on to feed exports is the article's JSON. A page without an article is
    dropped with its reason, which `archiver status` counts; its capture stays.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._reservations = Reservations(crawler)
        self._checks = checks_of(crawler)
        self._manners = crawler.get_extension(Manners)
        self._shapes: Counter[tuple[str, bool]] = Counter()  # of this run's pages
        settings = crawler.settings
        self._pool = ExtractionPool(
            workers=settings.getint("ARCHIVER_EXTRACT_WORKERS"),
            timeout=settings.getfloat("ARCHIVER_EXTRACT_TIMEOUT"),
            memory=settings.getint("ARCHIVER_EXTRACT_MEMORY"),
            recycle_after=settings.getint("ARCHIVER_EXTRACT_RECYCLE_AFTER"),
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ArticlePipeline:
        """As Scrapy makes it."""
        return cls(crawler)

    async def process_item(self, item: Any) -> Any:
        """The article's JSON of a `PageItem`; other items pass."""
        if not isinstance(item, PageItem):
            return item
        run = run_of(self._crawler)
        if run.veil.now().of_capture(item.capture) is not None:  # it goes on waiting
            run.refuse(REDACTED)
            raise DropItem(f"{item.page.url}: {REDACTED}")
        if await self._reservations.forbids_text(item):
            run.catalogue.set_extraction(item.capture, ExtractionState.NONE)
            run.problem("extract", "tdm-reserved", item.page.url)
            run.refuse("tdm-reserved")
            self._checks.no_article(item, "tdm-reserved")
            raise DropItem(f"{item.page.url}: tdm-reserved")
        extraction = await self._pool.extract(item.page)
        article = extraction.article
        if article is None:
            reason = extraction.reason or "error"
            run.catalogue.set_extraction(item.capture, ExtractionState.FAILED)
            if reason == "blocked":
                run.catalogue.reopen(item.capture.url)
            if self._manners is not None:
                judge = self._manners.blocked if reason == "blocked" else self._manners.undecided
                judge(item.capture.kind)
            run.problem("extract", reason, item.page.url, extraction.detail)
            self._checks.no_article(item, reason)
            raise DropItem(f"{item.page.url}: {reason}")
        if self._manners is not None:
            self._manners.welcomed(item.capture.kind)
        if article.kind is ArticleKind.SECTION:
            run.catalogue.set_extraction(item.capture, ExtractionState.DONE)
            run.count("pages/section")
            self._learn(item, article=False)
            self._checks.no_article(item, "section")
            raise DropItem(f"{item.page.url}: a section page")
        if (another := self._checks.instead(item, article)) is not None:
            run.catalogue.set_extraction(item.capture, ExtractionState.FAILED)
            raise DropItem(f"{item.page.url}: {another}")
        await self._save(item, article)
        return article_to_json(article)

    async def _save(self, item: PageItem, article: Article) -> None:
        run = run_of(self._crawler)
        spellings = spellings_of(item, run.territory)
        moved_from = self._checks.moved_from(item, article)
        saved = await save_judged(run, self._pool, article, spellings, moved_from=moved_from)
        self._checks.saved(item, article, saved)
        run.catalogue.set_extraction(item.capture, ExtractionState.DONE)
        if saved.new:
            if article.kind not in _NO_NEWS:  # which say nothing of the page behind them
                self._learn(item, article=True)
            run.count("articles/new")
            if article.published is None:
                run.count("articles/undated")
        elif saved.changed:
            run.count("articles/changed")
        else:
            run.count("articles/unchanged")

    def _learn(self, item: PageItem, *, article: bool) -> None:
        self._shapes[shape_of(item.page.url), article] += 1

    async def close_spider(self) -> None:
        """Keep what was learned of the outlet's URLs, and end the worker processes."""
        for item, article in self._checks.believed():
            await self._save(item, article)
        await self._pool.close()
        learned = {
            shape: (self._shapes[shape, True], self._shapes[shape, False])
            for shape, _ in self._shapes
        }
        if learned:
            run = run_of(self._crawler)
            run.catalogue.learn_shapes(run.outlet.id, learned)
