"""From a choice to what is exported, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from archiver.model import Capture, Revision
from archiver.store.base import batches, key_of
from archiver.store.catalogue import Catalogue
from archiver.store.exports import Choice, KeptArticle


def chosen_articles(
    catalogue: Catalogue, choice: Choice, urls: Iterable[str] | None = None
) -> Iterator[KeptArticle]:
    """Articles in the order of their numbers; `urls`: those of these URLs alone.

    Each page is a transaction of its own: an export of a day does not hold up crawls, and shows
    each article as it is when its turn comes.
    """
    if urls is None:
        yield from _pages(catalogue, choice, None)
        return
    numbers = sorted({n for batch in batches(urls) for n in catalogue.articles_named(batch)})
    rest = iter(numbers)
    while some := list(islice(rest, 500)):
        yield from _pages(catalogue, choice, some)


def _pages(
    catalogue: Catalogue, choice: Choice, numbers: Collection[int] | None
) -> Iterator[KeptArticle]:
    after: int | None = 0
    while after is not None:
        page = catalogue.exported_articles(choice, after=after, numbers=numbers)
        yield from page.articles
        after = page.after


def revisions_of(
    articles: Iterable[KeptArticle], *, every: bool
) -> Iterator[tuple[KeptArticle, Revision]]:
    """Each article with its newest chosen revision, or with each of them."""
    for kept in articles:
        for revision in kept.revisions if every else kept.revisions[-1:]:
            yield kept, revision


class ChosenCaptures:
    """Captures by choice; of these pages alone, in all their spellings, where `urls` are given."""

    def __init__(
        self, catalogue: Catalogue, choice: Choice, urls: Iterable[str] | None = None
    ) -> None:
        self._catalogue = catalogue
        self._choice = choice
        self._pages: dict[str, str] | None = None  # one URL by each urlkey
        if urls is not None:
            spellings = (one for url in urls for one in catalogue.spellings(url))
            self._pages = {key_of(one): one for one in spellings}

    def __iter__(self) -> Iterator[Capture]:
        """Give them, of each URL by time; nothing that is redacted."""
        if self._pages is not None:
            for url in self._pages.values():
                yield from filter(self.has, self._catalogue.captures_of(url))
            return
        after = None
        while True:
            page = self._catalogue.exported_captures(self._choice, after=after)
            yield from page.captures
            after = page.after
            if after is None:
                return

    def has(self, capture: Capture) -> bool:
        """Whether it is one of them, so long as it may be shown."""
        outlets = self._choice.outlets
        return (
            self._choice.has(capture.captured_at)
            and (not outlets or capture.outlet in outlets)
            and (self._pages is None or capture.urlkey in self._pages)
        )
