"""Articles of imported pages, made as a crawl makes them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping

from archiver.discover.signals import page_signals, says
from archiver.errors import ArchiverError, StaleRevisionError, StorageError
from archiver.extract.worker import ExtractionPool
from archiver.fetch.index import original_of
from archiver.fetch.noarchive import PRODUCT
from archiver.model import (
    Article,
    ArticleKind,
    Capture,
    ExtractionState,
    Outlet,
    Page,
)
from archiver.revise.compare import comparable, compare
from archiver.store.articles import Saved
from archiver.store.catalogue import Catalogue
from archiver.store.identity import Territory
from archiver.store.judging import Judge, Stale
from archiver.store.warcs import Warcs

BODY_CAP = 64 * 1024 * 1024  # bytes of a decoded page


class PageExtractor:
    """Extracts the pages of a WARC file that wait, and saves what comes of them.

    Args:
        catalogue: the open catalogue.
        warcs: opens the archive's files.
        pool: the worker processes.
        outlets: the seeds, by id.
        obey: whether a page may say that its text is not to be taken (TDM reservation).
    """

    def __init__(
        self,
        catalogue: Catalogue,
        warcs: Warcs,
        pool: ExtractionPool,
        outlets: Mapping[str, Outlet],
        *,
        obey: bool = False,
    ) -> None:
        self._catalogue = catalogue
        self._warcs = warcs
        self._pool = pool
        self._outlets = outlets
        self._obey = obey

    def run(self, name: str) -> Counter[str]:
        """What came of the pages of a file, counted: articles, sections, reasons.

        Raises:
            StorageError: the store does not answer.
        """
        counts: Counter[str] = Counter()
        under_way: deque[Capture] = deque()

        def pages() -> Iterator[Page]:
            for capture in self._waiting(name):
                page = self._page(capture)
                if isinstance(page, str):
                    self._catalogue.set_extraction(capture, WITHOUT[page])
                    counts[page] += 1
                    continue
                under_way.append(capture)
                yield page

        for extraction in self._pool.map(pages()):
            capture = under_way.popleft()
            article = extraction.article
            if article is None:
                self._catalogue.set_extraction(capture, ExtractionState.FAILED)
                counts[extraction.reason or "error"] += 1
                continue
            if article.kind is ArticleKind.SECTION:
                counts["section"] += 1
            else:
                counts[self._save(article, capture.outlet)] += 1
            self._catalogue.set_extraction(capture, ExtractionState.DONE)
        return counts

    def _waiting(self, name: str) -> Iterator[Capture]:
        after: Capture | None = None
        while found := self._catalogue.pending_in(name, after=after):
            yield from found
            after = found[-1]

    def _page(self, capture: Capture) -> Page | str:
        """The page of a capture, or why there is none to extract."""
        try:
            record = self._warcs.read(capture.warc)
            fields = record.http().headers
            if record.type == "revisit":
                original = original_of(self._catalogue, record)
                if original is None:
                    return "no-original"
                record = self._warcs.read(original.warc)
            body = record.body(BODY_CAP)
        except ArchiverError as error:
            if isinstance(error, StorageError) and error.reason == "unreachable":
                raise
            return "unreadable"
        if self._obey and says(page_signals(fields, body, product=PRODUCT), "tdm-reservation"):
            return "tdm-reserved"
        kind = next((v for k, v in fields if k.lower() == b"content-type"), None)
        outlet = self._outlets.get(capture.outlet)
        return Page(
            url=capture.url,
            body=body,
            content_type=kind.decode("latin-1") if kind else None,
            outlet=capture.outlet,
            language=outlet.language if outlet else None,
            captured_at=capture.captured_at,
            warc=capture.warc,
        )

    def _save(self, article: Article, outlet: str) -> str:
        """Keep an article; what it was."""
        saved = self._saved(article, outlet)
        return "new" if saved.new else "changed" if saved.changed else "unchanged"

    def _saved(
        self,
        article: Article,
        outlet: str,
        *,
        spellings: Mapping[str, str] | None = None,
        moved_from: str | None = None,
    ) -> Saved:
        """Keep an article, compared under one version of the extractor."""
        seed = self._outlets.get(outlet)
        fresh: dict[int, Article | None] = {}
        while True:
            try:
                return self._catalogue.save_article(
                    article,
                    territory=Territory.of(seed) if seed else None,
                    spellings=spellings,
                    moved_from=moved_from,
                    judge=Judge(compare=compare, comparable=comparable, fresh=fresh),
                )
            except StaleRevisionError as error:
                for stale in error.revisions:
                    fresh[stale.number] = self._fresh(stale)

    def _fresh(self, stale: Stale) -> Article | None:
        captures = self._catalogue.captures_of(stale.url)
        capture = next((one for one in captures if one.captured_at == stale.at), None)
        page = self._page(capture) if capture is not None else "unreadable"
        if isinstance(page, str):
            return None
        return next(self._pool.map([page])).article


WITHOUT = {
    "no-original": ExtractionState.FAILED,
    "unreadable": ExtractionState.FAILED,
    "tdm-reserved": ExtractionState.NONE,
}
