"""What pages of known articles turn out to be when they are read: the article, or not any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from archiver.model import Article, Capture, ExtractionState, Page
from archiver.revise.outcomes import Outcomes
from archiver.revise.removals import Sight
from archiver.revise.sightings import in_its_place, is_another
from archiver.store.articles import Saved
from archiver.store.catalogue import Catalogue
from archiver.store.rechecks import Recheck

_ALIKE = 3  # articles' pages with one text, from which on it is nobody's
_SHORT = 200  # words of a text that may be the one of an error page


class Reading(Protocol):
    """A captured page on its way to an article.

    `redirected_from`: what was asked for, and each hop on the way; `permanent`: whether all those
    redirects are; `again`: the page as it was asked for, where its article is known.
    """

    @property
    def page(self) -> Page:
        """The page."""

    @property
    def capture(self) -> Capture:
        """Its capture."""

    @property
    def redirected_from(self) -> tuple[str, ...]:
        """See above."""

    @property
    def permanent(self) -> bool:
        """See above."""

    @property
    def again(self) -> str | None:
        """See above."""


_Item = TypeVar("_Item", bound=Reading)


class Checks(Generic[_Item]):
    """Judges pages that came for known articles, before what they say is kept.

    A short text that has nothing of what its article said before is held until the end of the run:
    where other articles' pages have it too, it is the outlet's way to say "not found".

    Args:
        catalogue: gives the open catalogue.
        outcomes: gives those of the run.
    """

    def __init__(
        self, catalogue: Callable[[], Catalogue], outcomes: Callable[[], Outcomes]
    ) -> None:
        self._catalogue = catalogue
        self._outcomes = outcomes
        self._held: dict[str, list[tuple[_Item, Article]]] = defaultdict(list)
        self._before: dict[str, tuple[Recheck | None, Article | None]] = {}

    def no_article(self, item: _Item, reason: str) -> None:
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

    def instead(self, item: _Item, article: Article) -> str | None:
        """Why a page is not to be kept as its article's; None where it is, or is new."""
        if item.again is None:
            return None
        row, known = self._before[item.again] = self._outcomes().known(item.again)
        reason = in_its_place(article, item.page.body, known)
        if reason is not None:
            self._lost(item, Sight.SOFT, reason)
        elif row is not None and article.word_count <= _SHORT and is_another(article, known):
            self._held[f"{article.title}\n{article.text}"].append((item, article))
            return "held until others are read"
        return reason

    def believed(self) -> Iterator[tuple[_Item, Article]]:
        """At the end of a run, pages that were held and are their articles' all the same."""
        for alike in self._held.values():
            if len(alike) < _ALIKE:
                yield from alike
                continue
            for item, _ in alike:
                self._catalogue().set_extraction(item.capture, ExtractionState.FAILED)
                self._lost(item, Sight.SOFT, "same-text")
        self._held.clear()

    def moved_from(self, item: _Item, article: Article) -> str | None:
        """The page whose article has moved to this one for good, and is still itself."""
        if item.again is None or not item.permanent or article.url == item.again:
            return None
        _, known = self._before.get(item.again, (None, None))
        return item.again if known is not None and not is_another(article, known) else None

    def saved(self, item: _Item, article: Article, came: Saved) -> None:
        """What a page says was kept."""
        before = self._before.pop(item.again, (None, None)) if item.again else (None, None)
        self._outcomes().saved(
            article,
            came,
            capture=item.capture,
            again=item.again,
            before=before,
            permanent=item.permanent,
        )

    def _lost(self, item: _Item, sight: Sight, reason: str) -> None:
        if item.again is not None:
            self._outcomes().lost(item.again, sight, reason, item.capture)
