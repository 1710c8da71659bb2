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


def chosen_captures(
    catalogue: Catalogue, choice: Choice, urls: Iterable[str] | None = None
) -> Iterator[Capture]:
    """Captures by URL and time; `urls`: of these pages, in all their spellings, alone."""
    if urls is None:
        after = None
        while True:
            page = catalogue.exported_captures(choice, after=after)
            yield from page.captures
            after = page.after
            if after is None:
                return
    done: set[str] = set()
    for url in urls:
        for spelling in catalogue.spellings(url):
            key = key_of(spelling)
            if key in done:
                continue
            done.add(key)
            for capture in catalogue.captures_of(spelling):
                named = not choice.outlets or capture.outlet in choice.outlets
                if named and choice.has(capture.captured_at):
                    yield capture
