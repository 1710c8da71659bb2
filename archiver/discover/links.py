"""The links of a page: which lead to articles, which to sections, which to neither.

Scored by what holds on any site: how the address looks, how many words the link has, where in
the page it stands, what stands around it, and how the links beside it are. No class names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from urllib.parse import urlsplit

from lxml import etree

from archiver.discover.candidates import NOT_ARTICLES, is_own, is_page, url_score
from archiver.discover.listing import join_url, words
from archiver.discover.shapes import Learned
from archiver.model import Outlet
from archiver.urls import canonical_url, urlkey

MAX_LINKS = 5000
ENOUGH = 4  # points for an article
_MAX_TITLE = 500
_DIGIT = re.compile(r"\d")
_MAX_UP = 40  # elements above a link that are looked at
_INLINE = frozenset({"a", "abbr", "b", "bdi", "cite", "em", "font", "i", "mark", "q", "small",
                     "strong", "sub", "sup", "u", "wbr"})  # fmt: skip
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_AROUND = frozenset({"nav", "footer"})
_ROLES = frozenset({"navigation", "contentinfo", "banner", "menu", "menubar", "search", "tablist"})
_NOT_READ = frozenset({"tag", "author", "license", "nofollow", "sponsored", "privacy-policy",
                       "terms-of-service", "help", "search"})  # fmt: skip


class LinkKind(StrEnum):
    """Where a link leads."""

    ARTICLE = "article"
    SECTION = "section"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """One link as it stands on a page."""

    url: str  # canonical
    title: str | None
    around: bool  # in the page's navigation, header or footer
    content: bool  # in its main part or in an article's card
    heading: bool  # a headline, or one stands in it
    picture: bool
    odd: bool  # rel says that it is none to read
    place: str  # the tags above it: links of one list share them


@dataclass(frozen=True, kw_only=True, slots=True)
class PageLink:
    """A page that a page links to, with the best words of its mentions."""

    url: str
    title: str | None
    kind: LinkKind
    score: int


def text_of_link(element: etree._Element) -> str | None:
    """The words inside an element; what is not inline markup stands apart from its neighbours."""
    pieces: list[str] = []
    size = 0
    for event, inner in etree.iterwalk(element, events=("start", "end")):
        apart = "" if inner.tag in _INLINE else " "
        text = (inner.text if event == "start" else inner is not element and inner.tail) or ""
        pieces += (apart, text)
        size += len(text)
        if size > _MAX_TITLE:
            break
    return words("".join(pieces))


def mentions(tree: etree._Element, base: str) -> Iterator[Mention]:
    """Every usable link of a page in its order, as many as are looked at."""
    for number, link in enumerate(tree.iter("a")):
        if number == MAX_LINKS:
            return
        href = join_url(base, link.get("href") or "#")
        if href is not None:
            yield _mention(link, canonical_url(href))


def _mention(link: etree._Element, url: str) -> Mention:
    heading = next(link.iter(*_HEADINGS), None)
    title = (text_of_link(heading) if heading is not None else None) or text_of_link(link)
    above: list[etree._Element] = []
    for element in link.iterancestors():
        if len(above) == _MAX_UP:
            break
        above.append(element)
    tags = [element.tag for element in above]
    content = "article" in tags or "main" in tags
    around = any(
        element.tag in _AROUND
        or (element.get("role") or "").lower() in _ROLES
        or (element.tag == "header" and not content)
        for element in above
    )
    near = above[:3]
    return Mention(
        url=url,
        title=title or words(link.get("title") or link.get("aria-label")),
        around=around,
        content=content and not around,
        heading=heading is not None or any(element.tag in _HEADINGS for element in near),
        picture=next(link.iter("img", "picture", "video"), None) is not None,
        odd=not _NOT_READ.isdisjoint((link.get("rel") or "").lower().split()),
        place=">".join(str(tag) for tag in tags[:6]),
    )


def classify(
    found: Iterable[Mention], outlet: Outlet, *, itself: str, learned: Learned | None = None
) -> list[PageLink]:
    """The pages of the outlet that a page links to, each once, in the order of their mentions.

    `itself` is the page's own URL; it and the homepage are left out. What was learned of a URL's
    shape outweighs how it looks.
    """
    own = {urlkey(itself), urlkey(outlet.homepage)}
    by_url: dict[str, list[Mention]] = {}
    lengths: dict[str, list[int]] = {}
    for one in found:
        by_url.setdefault(one.url, []).append(one)
        lengths.setdefault(one.place, []).append(len((one.title or "").split()))
    lists = {place: median(sizes) for place, sizes in lengths.items() if len(sizes) >= 4}
    links = []
    for url, ones in by_url.items():
        if not is_own(url, outlet) or not is_page(url) or urlkey(url) in own:
            continue
        title = _best_title(ones)
        score = url_score(url, title) + max(_standing(one, lists) for one in ones)
        known = learned.is_article(url) if learned else None
        score += {True: 4, False: -6, None: 0}[known]
        links.append(
            PageLink(url=url, title=title, kind=_kind(url, title, score, ones), score=score)
        )
    return links


def _best_title(ones: list[Mention]) -> str | None:
    """The longest words, so long as a headline is not given up for them."""
    best: str | None = None
    for one in ones:
        if one.title and len(one.title) > len(best or "") and not (best and " " in best):
            best = one.title
    return best


def _standing(one: Mention, lists: dict[str, float]) -> int:
    """Points for where a link stands and what is in it."""
    usual = lists.get(one.place)
    return (
        (2 if one.heading else 0)
        + (1 if one.content else 0)
        + (1 if one.picture else 0)
        - (3 if one.around else 0)
        - (5 if one.odd else 0)
        + (1 if usual is not None and usual >= 5 else 0)
        - (1 if usual is not None and usual <= 2 and not _DIGIT.search(one.url) else 0)
    )


def _kind(url: str, title: str | None, score: int, ones: list[Mention]) -> LinkKind:
    if score >= ENOUGH:
        return LinkKind.ARTICLE
    segments = [segment for segment in urlsplit(url).path.split("/") if segment]
    plain = (
        1 <= len(segments) <= 3
        and not urlsplit(url).query
        and not any(char.isdigit() for segment in segments for char in segment)
        and all(len(segment) <= 40 for segment in segments)
        and not any(NOT_ARTICLES.fullmatch(segment) for segment in segments)
    )
    short = title is not None and len(title) <= 40 and len(title.split()) <= 4
    if plain and short and not any(one.odd for one in ones):
        return LinkKind.SECTION
    return LinkKind.OTHER
