"""Articles of pages that are in the archive already, made as a crawl makes them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice

from archiver.discover.signals import page_signals, says
from archiver.errors import ArchiverError, StaleRevisionError, StorageError
from archiver.extract.worker import ExtractionPool
from archiver.fetch.index import Rows, original_of
from archiver.fetch.noarchive import PRODUCT
from archiver.fetch.rendered import rendered_page
from archiver.model import (
    Article,
    ArticleKind,
    Capture,
    CaptureKind,
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
from archiver.warc.reader import Damage, StoredRecord, iter_records
from archiver.warc.source import ByteSource

BODY_CAP = 64 * 1024 * 1024  # bytes of a decoded page
_AT_ONCE = 32  # pages that are looked up in the catalogue together: all are in memory

_MADE = "text/html; charset=utf-8"  # of pages that a browser made

_Found = tuple[Capture, StoredRecord | None]


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
        """What came of the pages of a file that wait, counted: articles, sections, reasons.

        Raises:
            StorageError: the store does not answer.
        """
        counts: Counter[str] = Counter()
        self._extract(((one, None) for one in self._waiting(name)), counts)
        return counts

    def again(self, name: str, *, failed: bool = False, waiting: bool = False) -> Counter[str]:
        """What came of all pages of a file, counted, those that were extracted before as well.

        The file is read once, from its begin to its end, and memory is flat. Pages of which no
        article came before are left as they are (`failed-before`), unless `failed`; with `waiting`
        so are all that were extracted before. Pages that the
        catalogue does not know are counted as `not-indexed`, damaged records as `damaged`. Again
        changes nothing: a revision is kept by its capture.

        Raises:
            WarcError: the file cannot be opened.
            StorageError: the store does not answer.
        """
        counts: Counter[str] = Counter()
        wanted = {ExtractionState.PENDING}
        if not waiting:
            wanted.add(ExtractionState.DONE)
        if failed:
            wanted.add(ExtractionState.FAILED)
        with self._warcs.open(name, whole=True) as source:
            self._extract(self._known(pages_of(source, counts), wanted, counts), counts)
        return counts

    def _known(
        self, pages: Iterator[_Found], wanted: set[ExtractionState], counts: Counter[str]
    ) -> Iterator[_Found]:
        """Those of a file's pages that are to be extracted, as the catalogue has them."""
        while some := list(islice(pages, _AT_ONCE)):
            stages = self._catalogue.stages([capture for capture, _ in some])
            veil = self._catalogue.veil_over([capture.url for capture, _ in some])
            for (capture, record), stage in zip(some, stages, strict=True):
                if stage is None:
                    counts["not-indexed"] += 1
                elif veil.of_capture(capture) is not None:
                    counts["redacted"] += 1
                elif stage in wanted:
                    yield replace(capture, extraction=stage), record
                elif stage is ExtractionState.FAILED:
                    counts["failed-before"] += 1

    def _extract(self, found: Iterator[_Found], counts: Counter[str]) -> None:
        """Extract pages, save what comes of each, and count it."""
        under_way: deque[Capture] = deque()

        def pages() -> Iterator[Page]:
            for capture, record in found:
                page = self._page(capture, record)
                if isinstance(page, str):
                    self._note(capture, WITHOUT[page])
                    counts[page] += 1
                    continue
                under_way.append(capture)
                yield page

        for extraction in self._pool.map(pages()):
            capture = under_way.popleft()
            article = extraction.article
            if article is None:
                self._note(capture, ExtractionState.FAILED)
                counts[extraction.reason or "error"] += 1
                continue
            if article.kind is ArticleKind.SECTION:
                counts["section"] += 1
            else:
                counts[self._save(article, capture.outlet)] += 1
            self._note(capture, ExtractionState.DONE)

    def _note(self, capture: Capture, state: ExtractionState) -> None:
        if capture.extraction is not state:
            self._catalogue.set_extraction(capture, state)

    def _waiting(self, name: str) -> Iterator[Capture]:
        after: Capture | None = None
        while found := self._catalogue.pending_in(name, after=after):
            yield from found
            after = found[-1]

    def _page(self, capture: Capture, record: StoredRecord | None = None) -> Page | str:
        """The page of a capture, whose record may be given; or why there is none to extract."""
        outlet = self._outlets.get(capture.outlet)
        try:
            record = record or self._warcs.read(capture.warc)
            fields = record.http().headers
            if record.type == "revisit":
                original = original_of(self._catalogue, record)
                if original is None:
                    return "no-original"
                record = self._warcs.read(original.warc)
            body = record.body(BODY_CAP)
            made = self._rendered(capture) if outlet and outlet.render else None
        except ArchiverError as error:
            if isinstance(error, StorageError) and error.reason == "unreachable":
                raise
            return "unreadable"
        if self._obey and says(page_signals(fields, body, product=PRODUCT), "tdm-reservation"):
            return "tdm-reserved"
        kind = next((v for k, v in fields if k.lower() == b"content-type"), None)
        return Page(
            url=capture.url,
            body=made or body,
            content_type=_MADE if made else kind.decode("latin-1") if kind else None,
            outlet=capture.outlet,
            language=outlet.language if outlet else None,
            captured_at=capture.captured_at,
            warc=capture.warc,
        )

    def _rendered(self, capture: Capture) -> bytes | None:
        """The page that a browser made of a captured one."""
        with self._warcs.open(capture.warc.file) as source:
            return rendered_page(source, capture.warc, cap=BODY_CAP)

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


def pages_of(source: ByteSource, counts: Counter[str]) -> Iterator[_Found]:
    """Each page in a WARC that was answered with 200, as its records say, in their order.

    Damaged records are counted as `damaged`.
    """
    rows = Rows()
    answer: StoredRecord | None = None
    for item in chain(iter_records(source), (None,)):
        if isinstance(item, Damage):
            counts["damaged"] += 1
            continue
        for row in rows.rest() if item is None else rows.take(item):
            taken = row.capture
            if taken.kind is CaptureKind.PAGE and taken.extraction is ExtractionState.PENDING:
                yield taken, answer
        if item is not None and item.type in ("response", "revisit"):
            answer = item


WITHOUT = {
    "no-original": ExtractionState.FAILED,
    "unreadable": ExtractionState.FAILED,
    "tdm-reserved": ExtractionState.NONE,
}
