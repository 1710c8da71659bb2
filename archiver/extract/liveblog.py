"""Live blogs: posts in order, with times, from structured data, else from the page itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import takewhile

from lxml.html import HtmlElement

from archiver.extract.dates import parse_date
from archiver.extract.document import Document
from archiver.extract.jsonld import Node, as_list, text_of
from archiver.extract.marks import has_word, has_words
from archiver.extract.text import fold, inner_text, markup_lines
from archiver.model import Block, BlockKind

_OUTSIDE = frozenset({"figure", "figcaption", "aside", "footer", "nav", "form"})
_KINDS = {
    "h2": BlockKind.HEADING, "h3": BlockKind.HEADING, "h4": BlockKind.HEADING,
    "li": BlockKind.LIST, "blockquote": BlockKind.QUOTE,
}  # fmt: skip
_START, _SHORTEST = 60, 15  # characters by which a post is known on the page


def _time(post: Node) -> str | None:
    return parse_date(text_of(post.get("datePublished")) or text_of(post.get("dateCreated")))


def _post(doc: Document, post: Node) -> Iterator[Block]:
    time = _time(post)
    authors = [text_of(doc.graph.resolve(value)) for value in as_list(post.get("author"))]
    author = ", ".join(name for name in authors if name) or None
    headline = text_of(post.get("headline")) or text_of(post.get("name"))
    if headline:
        yield Block(kind=BlockKind.HEADING, text=headline, time=time, author=author)
    for line in markup_lines(post.get("articleBody")):
        if fold(line) != fold(headline):
            yield Block(kind=BlockKind.PARAGRAPH, text=line, time=time, author=author)


def _shown(doc: Document, updates: list[Node]) -> list[Node]:
    """The posts that the page itself shows; all, where scripts would have shown them.

    Structured data may hold days of posts of which a reader of this page sees the last some.
    """
    page = fold(inner_text(doc.tree))
    shown = [
        post
        for post in updates
        if any(
            len(start := fold(text_of(post.get(key)))[:_START]) >= _SHORTEST and start in page
            for key in ("articleBody", "headline")
        )
    ]
    return shown if len(shown) > 1 else updates


def live_blocks(doc: Document) -> tuple[Block, ...]:
    """The posts of a live blog as heading and paragraph blocks, oldest first; () for none.

    Oldest first keeps the text stable: a new post is text at the end, wherever the page pins
    or shows it. Posts without a time keep their place after the one before them.
    """
    updates = [
        post
        for value in as_list(doc.graph.article.get("liveBlogUpdate"))
        if isinstance(post := doc.graph.resolve(value), dict)
    ]
    posts = [tuple(_post(doc, post)) for post in _shown(doc, updates)] if updates else []
    return _in_order(posts if any(posts) else list(_of_page(doc)))


def _in_order(posts: list[tuple[Block, ...]]) -> tuple[Block, ...]:
    """The blocks of all posts, each post once, oldest first."""
    unique = {tuple((b.kind, fold(b.text)) for b in post): post for post in reversed(posts) if post}
    timed: list[tuple[str, int, tuple[Block, ...]]] = []
    last = ""
    for place, post in enumerate(reversed(unique.values())):
        last = _instant(post[0].time) or last
        timed.append((last, place, post))
    times = [time for time, _, _ in timed]
    newest_first = len(times) > 1 and times[0] >= times[-1]
    timed.sort(key=lambda item: (item[0], -item[1] if newest_first else item[1]))
    return tuple(block for _, _, post in timed for block in post)


def _of_page(doc: Document) -> Iterator[tuple[Block, ...]]:
    """The posts that the page marks as such: names that say so, a time and words in each."""
    posts: set[HtmlElement] = set()
    timed: set[HtmlElement] = set()
    for time_element in doc.tree.iter("time"):
        if parse_date(time_element.get("datetime") or "") is not None:
            timed.update(takewhile(lambda above: above not in timed, time_element.iterancestors()))
    for element in doc.tree.iter("article", "li", "div", "section"):
        if element not in timed:  # most elements: it is asked before what they are named
            continue
        if posts and element.getparent() in posts:
            posts.add(element)  # a part of a post is none
            continue
        if not has_words(element, "page", "live", "posts"):
            continue
        time = next((parse_date(t.get("datetime") or "") for t in element.iter("time")), None)
        if time is None:
            continue
        if blocks := tuple(_blocks(element, time)):
            posts.add(element)
            yield blocks


def _blocks(element: HtmlElement, time: str) -> Iterator[Block]:
    bylines = (e for e in element.iter("a", "span", "div") if _is_byline(e))
    author = next((inner_text(e) for e in bylines), None)
    for line in element.iter("h2", "h3", "h4", "p", "li", "blockquote"):
        nested = any(a.tag in _OUTSIDE or a.tag in {"p", "li"} for a in _up_to(line, element))
        text = "" if nested else inner_text(line)
        if text:
            kind = _KINDS.get(line.tag, BlockKind.PARAGRAPH)
            yield Block(kind=kind, text=text, time=time, author=author)


def _is_byline(element: HtmlElement) -> bool:
    return has_word(element, "byline", "marks", but="no_marks")


def _up_to(line: HtmlElement, top: HtmlElement) -> Iterator[HtmlElement]:
    return takewhile(lambda ancestor: ancestor is not top, line.iterancestors())


def _instant(value: str | None) -> str:
    """A form of a time that sorts by time."""
    if value is None:
        return ""
    when = datetime.fromisoformat(value)
    return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC).isoformat()
