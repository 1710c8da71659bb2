"""Embedded posts, films and charts: where in an article they stand, and what they say.

They are no part of the article's text, because others wrote them, but a reader sees them at
their places. So they are blocks of their own kind, and `Article.text` is without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from archiver.extract.document import Document
from archiver.extract.phrases import phrases, table
from archiver.extract.text import clean, letters, line_text
from archiver.model import Block, BlockKind

_OUTSIDE = frozenset({"nav", "footer", "form", "template"})
_LINES = frozenset({"p", "li", "blockquote", "h2", "h3", "h4", "h5", "h6"})
_MOST_PARTS = 200  # elements of a line or of an embedded post
_LONGEST = 4000  # characters of an embedded post that are kept
_MOST = 200  # embedded things of one article
_SOURCES = ("src", "data-src", "data-lazy-src", "data-url")


def _on_platform(url: str) -> bool:
    """Whether an address is one that a platform shows in other sites' articles."""
    try:
        parts = urlsplit(url)
        labels = (parts.hostname or "").split(".")
    except ValueError:
        return False
    if parts.path.startswith(tuple(phrases("embed", "no_paths"))):
        return False
    hosts = phrases("embed", "hosts")
    return any(".".join(labels[place:]) in hosts for place in range(len(labels) - 1))


def _address(doc: Document, element: HtmlElement) -> str | None:
    """The address of an embedded post: an attribute's, else that of its last link away."""
    for name in table("embed")["addresses"]:
        if url := doc.absolute(element.get(name)):
            return url
    links = [a.get("href") for a in islice(element.iter("a"), _MOST_PARTS)]
    away = [url for link in links if (url := doc.absolute(link)) and _on_platform(url)]
    return away[-1] if away else None


def _embed(doc: Document, element: HtmlElement) -> Block | None:
    """The block of an element that embeds something; None for any other element."""
    tag = str(element.tag)
    if tag == "iframe":
        sources = (doc.absolute(element.get(name)) for name in _SOURCES)
        url = next((url for url in sources if url and _on_platform(url)), None)
        text = clean(element.get("title")) if url else ""
    elif tag in table("embed-amp"):
        attribute, form = table("embed-amp")[tag]
        name = clean(element.get(attribute))
        url, text = (doc.absolute(form.format(name)) if name else None), ""
        if tag == "amp-iframe" and not (url and _on_platform(url)):
            return None
    elif _is_post(element.get("class")):
        text = line_text(element, most=_MOST_PARTS)
        url = _address(doc, element)
    else:
        return None
    if not url and not text:
        return None
    return Block(kind=BlockKind.EMBED, text=text[:_LONGEST], url=url)


@cache
def _frames() -> frozenset[str]:
    return frozenset({"iframe", *table("embed-amp")})


@lru_cache(maxsize=8192)  # names; a page has few, and a site's pages the same ones
def _is_post(names: str | None) -> bool:
    """Whether an element's class names say that it holds an embedded post."""
    return bool(names) and not phrases("embed", "posts").isdisjoint(str(names).lower().split())


def _found(doc: Document) -> dict[HtmlElement, Block]:
    """The outermost embedding elements of a page in document order, at most 200."""
    found: dict[HtmlElement, Block] = {}
    frames = _frames()
    for element in doc.elements:
        if element.tag not in frames and not _is_post(element.get("class")):
            continue
        if len(found) == _MOST:
            break
        if isinstance(element.tag, str) and (block := _embed(doc, element)):
            ancestors = list(element.iterancestors())
            if not any(a in found or a.tag in _OUTSIDE for a in ancestors):
                found[element] = block
    return found


def with_embeds(doc: Document, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks with what is embedded between them, each behind the block that it follows.

    Only what stands in the article counts: between two of its lines, or beside one in the same
    container. One address or text is given once. Takes time linear in the page.
    """
    found = _found(doc)
    if not found or not blocks:
        return tuple(blocks)
    places: dict[str, list[int]] = {}
    for number, block in enumerate(blocks):
        places.setdefault(letters(block.text), []).append(number)
    last = -1
    follows: dict[HtmlElement, int] = {}
    own: set[HtmlElement] = set()  # elements that hold a line of the article directly
    for element in doc.elements:
        if element in found:
            follows[element] = last
        elif element.tag in _LINES:
            numbers = places.get(letters(line_text(element, most=_MOST_PARTS)), ())
            at = next((number for number in numbers if number > last), None)
            parent = element.getparent()
            if at is not None and parent is not None:
                last = at
                own.add(parent)
    behind: dict[int, list[Block]] = {}
    known: set[str] = set()
    for element, place in follows.items():
        block = found[element]
        name = block.url or letters(block.text)
        if name not in known and (0 <= place < last or _beside(element, own)):
            known.add(name)
            behind.setdefault(place, []).append(block)
    return tuple(_woven(blocks, behind))


def _beside(element: HtmlElement, own: set[HtmlElement]) -> bool:
    """Whether an element stands, in at most three wrappers, where lines of the article do."""
    return any(ancestor in own for ancestor in islice(element.iterancestors(), 4))


def _woven(blocks: Sequence[Block], behind: dict[int, list[Block]]) -> Iterator[Block]:
    yield from behind.get(-1, ())
    for number, block in enumerate(blocks):
        yield block
        yield from behind.get(number, ())
