"""What pages of known articles turn out to be when they are read: the article, or not any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scrapy.crawler import Crawler

from archiver.fetch.run import run_of
from archiver.model import Article, ExtractionState
from archiver.revise.removals import Sight
from archiver.revise.sightings import in_its_place, is_another
from archiver.store.articles import Saved
from archiver.store.rechecks import Recheck
from spiders.items import PageItem
from spiders.rechecks import rechecks_of

_ALIKE = 3  # articles' pages with one text, from which on it is nobody's
_SHORT = 200  # words of a text that may be the one of an error page


class Checks:
    """Judges pages that came for known articles, before what they say is kept.

    A short text that has nothing of what its article said before is held until the end of the run:
    where other articles' pages have it too, it is the outlet's way to say "not found".
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._held: dict[str, list[tuple[PageItem, Article]]] = defaultdict(list)
        self._before: dict[str, tuple[Recheck | None, Article | None]] = {}

    def no_article(self, item: PageItem, reason: str) -> None:
        """Nothing could be read of a page, or it is a section's."""
        if item.again is None:
            return
        sight = Sight.FAILED
        if reason == "blocked":
            sight, reason = Sight.BLOCKED, "wall"
        elif reason == "section" and item.redirected_from:
            sight, reason = Sight.SOFT, "section-page"
        elif found := in_its_place(None, item.page.body, None):
            sight, reason = Sight.SOFT, found
        self._lost(item, sight, reason)

    def instead(self, item: PageItem, article: Article) -> str | None:
        """Why a page is not to be kept as its article's; None where it is, or is new."""
        if item.again is None:
            return None
        outcomes = rechecks_of(self._crawler).outcomes
        row, known = self._before[item.again] = outcomes.known(item.again)
        reason = in_its_place(article, item.page.body, known)
        if reason is not None:
            self._lost(item, Sight.SOFT, reason)
        elif row is not None and article.word_count <= _SHORT and is_another(article, known):
            self._held[f"{article.title}\n{article.text}"].append((item, article))
            return "held until others are read"
        return reason

    def believed(self) -> Iterator[tuple[PageItem, Article]]:
        """At the end of a run, pages that were held and are their articles' all the same."""
        run = run_of(self._crawler)
        for alike in self._held.values():
            if len(alike) < _ALIKE:
                yield from alike
                continue
            for item, _ in alike:
                run.catalogue.set_extraction(item.capture, ExtractionState.FAILED)
                self._lost(item, Sight.SOFT, "same-text")
        self._held.clear()

    def moved_from(self, item: PageItem, article: Article) -> str | None:
        """The page whose article has moved to this one for good, and is still itself."""
        if item.again is None or not item.permanent or article.url == item.again:
            return None
        _, known = self._before.get(item.again, (None, None))
        return item.again if known is not None and not is_another(article, known) else None

    def saved(self, item: PageItem, article: Article, came: Saved) -> None:
        """What a page says was kept."""
        before = self._before.pop(item.again, (None, None)) if item.again else (None, None)
        rechecks_of(self._crawler).outcomes.saved(
            article,
            came,
            capture=item.capture,
            again=item.again,
            before=before,
            permanent=item.permanent,
        )

    def _lost(self, item: PageItem, sight: Sight, reason: str) -> None:
        if item.again is not None:
            rechecks_of(self._crawler).outcomes.lost(item.again, sight, reason, item.capture)
