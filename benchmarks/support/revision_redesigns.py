"""Pages of one publisher in two years: the article of one under the template of the other.

The data that a publisher's system gives with an article (its meta elements and JSON-LD) stay the
article's, as when a site is built anew; everything that is to be seen is the other page's, with
the article's headline, standfirst, paragraphs, byline, pictures and captions in place of its own.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations

from lxml.html import HtmlElement, fromstring, tostring
from support.revision_pairs import Judged, Source, extracted
from support.revision_subjects import parsed

from archiver.extract.text import inner_text, letters
from archiver.model import Article
from archiver.revise.compare import compare

_CLASS = re.compile(r'class="([^"]+)"')
_NAMES = re.compile(r"[a-zA-Z]{3,}[-_a-zA-Z]*")
_BLOCKS = ("p", "h2", "h3", "h4", "li", "div", "blockquote", "span", "section")


def redesigns(sources: Sequence[Source]) -> Iterator[tuple[Source, Source]]:
    """Ordered pairs of different pages of one publisher."""
    by_publisher: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        by_publisher[source.publisher].append(source)
    for pages in by_publisher.values():
        for first, second in permutations(pages, 2):
            if _apart(first, second):
                yield first, second


def _apart(first: Source, second: Source) -> bool:
    """Whether the site was built anew in between: few class names are on both pages."""
    one, other = (set(_NAMES.findall(" ".join(_CLASS.findall(s.html)))) for s in (first, second))
    return len(one & other) < 0.5 * len(one | other)


def judge_redesign(pair: tuple[Source, Source]) -> Judged | None:
    """What is made of an article under another template; None where the page cannot be built."""
    own, other = pair
    mine, theirs = extracted(own.html, own.url), extracted(other.html, other.url)
    if mine is None or theirs is None:
        return None
    if min(len(mine.text), len(theirs.text)) < 300 or mine.kind != theirs.kind:
        return None
    page = _under(own, other, mine, theirs)
    new = extracted(page, own.url) if page else None
    if new is None:
        return None
    changes = compare(mine, new)
    return Judged(
        page=f"{own.name} -> {other.name}",
        edit="redesign",
        held_out=own.held_out,
        expected=frozenset(),
        found=frozenset(map(str, changes.kinds)),
        detail=f"{changes.changes} {changes.facts[:6]}",
    )


def _under(own: Source, other: Source, mine: Article, theirs: Article) -> str | None:
    tree, data = (parsed(source.html) for source in (other, own))
    if not _fill(tree, theirs.text.split("\n"), mine.text.split("\n")):
        return None
    _set(tree, theirs.title, mine.title, ("h1", "h2", "div", "span", "p"))
    if theirs.standfirst:
        olds = theirs.standfirst.split("\n")
        news = (mine.standfirst or "").split("\n")
        for place, line in enumerate(olds):
            _set(tree, line, news[place] if place < len(news) else "", _BLOCKS)
    for place, name in enumerate(theirs.authors):
        mapped = mine.authors[place] if place < len(mine.authors) else ""
        _set(tree, name, mapped, ("a", "span", "p", "div", "li", "strong", "address"))
    _pictures(tree, mine)
    for element in [*tree.iter("meta", "title"), *_data(tree)]:
        if element.getparent() is not None:
            element.getparent().remove(element)
    head = tree.find("head")
    if head is None:
        return None
    for element in [*data.iter("meta", "title"), *_data(data)]:
        kept = copy.deepcopy(element)
        kept.tail = None
        head.append(kept)
    return tostring(tree, encoding="unicode", doctype="<!doctype html>")


def _data(tree: HtmlElement) -> list[HtmlElement]:
    """Scripts of data; those of the other page's state would bring its article back."""
    kinds = {"application/ld+json", "application/json"}
    return [element for element in tree.iter("script") if element.get("type") in kinds] + [
        element for element in tree.iter("script") if not element.get("type") and element.text
    ]


def _element(tree: HtmlElement, text: str, tags: tuple[str, ...]) -> HtmlElement | None:
    """The innermost element of a text."""
    wanted, found = letters(text), None
    for element in tree.iter(*tags):
        if wanted and letters(inner_text(element)) == wanted:
            found = element
    return found


def _set(tree: HtmlElement, old: str | None, new: str | None, tags: tuple[str, ...]) -> None:
    if not old:
        return
    for _ in range(4):  # as often as it is shown
        element = _element(tree, old, tags)
        if element is None or old == new:
            return
        _put(element, new or "")


def _put(element: HtmlElement, text: str) -> None:
    for child in list(element):
        element.remove(child)
    element.text = text


def _fill(tree: HtmlElement, olds: Sequence[str], news: Sequence[str]) -> bool:
    """Put paragraphs in the place of others; False where too few of these are found."""
    places = [found for line in olds if (found := _element(tree, line, _BLOCKS)) is not None]
    if len(places) < max(2, 0.9 * len(olds)):
        return False
    plain = [place for place in places if place.tag == "p"]
    for place, text in zip(places, news, strict=False):
        _put(place, text)
    for place in places[len(news) :]:
        if place.getparent() is not None:
            place.drop_tree()
    last = (plain or places)[-1] if len(news) > len(places) else None
    for text in news[len(places) :]:
        more = copy.deepcopy(last)
        more.tail = None
        _put(more, text)
        last.addnext(more)
        last = more
    return True


def _pictures(tree: HtmlElement, mine: Article) -> None:
    """Put the article's pictures in the place of all that are there, behind the headline."""
    for element in [*tree.iter("figure", "picture", "img", "noscript", "figcaption")]:
        if element.getparent() is not None:
            element.drop_tree()
    heading = next(tree.iter("h1"), None)
    for image in reversed(mine.images):
        if heading is None:
            return
        figure = fromstring("<figure class='media'><img><figcaption></figcaption></figure>")
        figure[0].set("src", image.url)
        figure[0].set("alt", image.alt or "")
        figure[1].text = image.caption or ""
        heading.addnext(figure)
