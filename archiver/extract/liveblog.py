"""Live blogs from their LiveBlogPosting: posts in order, with times."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from archiver.extract.dates import parse_date
from archiver.extract.document import Document
from archiver.extract.jsonld import Node, as_list, text_of
from archiver.extract.text import fold, inner_text, markup_lines
from archiver.model import Block, BlockKind

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
    shown = _shown(doc, updates)
    seen: set[tuple[str, str]] = set()
    timed: list[tuple[str, int, Node]] = []
    last = ""
    for place, post in enumerate(shown):
        key = (fold(text_of(post.get("headline"))), fold(text_of(post.get("articleBody"))))
        if key in seen:
            continue
        seen.add(key)
        last = _instant(_time(post)) or last
        timed.append((last, place, post))
    times = [time for time, _, _ in timed]
    newest_first = len(times) > 1 and times[0] >= times[-1]
    timed.sort(key=lambda item: (item[0], -item[1] if newest_first else item[1]))
    return tuple(block for _, _, post in timed for block in _post(doc, post))


def _instant(value: str | None) -> str:
    """A form of a time that sorts by time."""
    if value is None:
        return ""
    when = datetime.fromisoformat(value)
    return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC).isoformat()
