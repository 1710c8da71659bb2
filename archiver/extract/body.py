"""The body as blocks: trafilatura, else what structured data or embedded state holds."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice, takewhile

import trafilatura
from lxml import etree
from lxml.html import HtmlElement

from archiver.extract.document import Document
from archiver.extract.jsonld import text_of
from archiver.extract.liveblog import live_blocks
from archiver.extract.pruning import Pruned
from archiver.extract.repair import repaired
from archiver.extract.state import state_body
from archiver.extract.text import clean, fold, inner_text, letters, markup_lines
from archiver.model import Block, BlockKind

# Its notices on every odd page ("discarding data") would fill the log; what matters is returned.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)

_ENOUGH = 250  # characters below which a body is suspected to be a stub (trafilatura's own limit)
_MOST_PARAGRAPHS = 3000  # that trafilatura is shown: its XPaths take square time over them
_LONGER = 1.5  # how much longer another source must be to be believed instead
_TAGS = {
    "p": BlockKind.PARAGRAPH,
    "li": BlockKind.LIST,
    "blockquote": BlockKind.QUOTE,
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), BlockKind.HEADING),
}
_KINDS = {"head": BlockKind.HEADING, "quote": BlockKind.QUOTE, "list": BlockKind.LIST}


@dataclass(frozen=True, kw_only=True)
class Body:
    """The blocks in reading order and the `method` that found them."""

    blocks: tuple[Block, ...]
    method: str

    @property
    def size(self) -> int:
        """Characters of text."""
        return sum(len(block.text) for block in self.blocks)


def _segments(element: etree._Element) -> Iterator[str]:
    """The non-empty pieces of an element's text, cut at line breaks."""
    parts: list[str] = [element.text or ""]
    for child in element.iterdescendants():
        if child.tag == "lb":
            yield from filter(None, [clean("".join(parts))])
            parts = []
        elif isinstance(child.tag, str):
            parts.append(child.text or "")
        parts.append(child.tail or "")
    yield from filter(None, [clean("".join(parts))])


def _texts(element: etree._Element) -> Iterator[str]:
    """The texts of one element of trafilatura's tree, each of which becomes a block."""
    if element.tag == "table":
        for row in element.iter("row"):
            cells = (" ".join(_segments(cell)) for cell in row.iter("cell"))
            yield " | ".join(cell for cell in cells if cell)
    elif element.tag == "list":
        for item in element.iter("item"):
            yield " ".join(_segments(item))
    elif element.tag == "quote" and len(element):
        yield clean(element.text)
        for child in element:
            yield from _texts(child)
            yield clean(child.tail)
    elif element.tag == "head":
        yield " ".join(_segments(element))
    else:
        yield from _segments(element)


def _blocks(body: etree._Element) -> Iterator[Block]:
    for element in body:
        kind = _KINDS.get(str(element.tag), BlockKind.PARAGRAPH)
        yield from (Block(kind=kind, text=text) for text in _texts(element) if text)
        if tail := clean(element.tail):
            yield Block(kind=BlockKind.PARAGRAPH, text=tail)


def from_trafilatura(doc: Document, pruned: Pruned) -> Body:
    """Trafilatura's default mode without comments; no blocks where it finds nothing.

    What it dropped from the middle comes back ("trafilatura+repair"), and so does what stands
    behind the first 3,000 paragraphs, which are all that it is shown.
    """
    found = trafilatura.bare_extraction(
        _beginning(pruned.tree), url=doc.url, include_comments=False
    )
    body = getattr(found, "body", None)
    blocks = () if body is None else tuple(_blocks(body))
    if len(blocks) == 1:
        blocks = _undumped(pruned.tree, blocks[0])
    blocks, added = repaired(blocks, pruned.tree)
    return Body(blocks=blocks, method="trafilatura+repair" if added else "trafilatura")


def _beginning(tree: HtmlElement) -> HtmlElement:
    """A page without what paragraphs are too many; all of it, where they are not."""
    if next(islice(tree.iter("p"), _MOST_PARAGRAPHS, None), None) is None:
        return tree
    copied = deepcopy(tree)
    for paragraph in list(islice(copied.iter("p"), _MOST_PARAGRAPHS, None)):
        parent = paragraph.getparent()
        if parent is not None:
            parent.remove(paragraph)
    return copied


def _undumped(tree: HtmlElement, dump: Block) -> tuple[Block, ...]:
    """The elements of a short page that trafilatura gave as one line of all its text."""
    lines: list[tuple[BlockKind, str]] = []
    for element in tree.iter(*_TAGS):
        text = inner_text(element)
        nested = any(ancestor.tag in _TAGS for ancestor in element.iterancestors())
        if text and text in dump.text and not nested:
            lines.append((_TAGS[element.tag], text))
    covered = sum(len(text) for _, text in lines)
    if len(lines) < 2 or covered * 2 < len(dump.text):
        return (dump,)
    return tuple(Block(kind=kind, text=text) for kind, text in lines)


def paragraphs(lines: list[str]) -> tuple[Block, ...]:
    """Lines as paragraph blocks."""
    return tuple(Block(kind=BlockKind.PARAGRAPH, text=line) for line in lines)


def from_json_ld(doc: Document) -> Body:
    """The article's articleBody; no blocks where it has none."""
    raw = doc.graph.article.get("articleBody")
    lines = markup_lines(raw) if isinstance(raw, str) else markup_lines(text_of(raw))
    return Body(blocks=paragraphs(lines), method="json-ld")


def _before(live: tuple[Block, ...], found: tuple[Block, ...]) -> Iterator[Block]:
    """What stands on the page before the first post of a live blog: its introduction."""
    posts = letters("".join(block.text for block in live))
    return takewhile(lambda block: letters(block.text) not in posts, found)


def find_body(doc: Document, pruned: Pruned) -> Body:
    """The body by the first method that gives enough.

    A live blog is read from its structured data, since only that keeps order and times. A
    short find of trafilatura gives way to a longer articleBody or embedded state: then the
    page is one that scripts would have filled.
    """
    live = live_blocks(doc)
    found = from_trafilatura(doc, pruned)
    if live:
        body = Body(blocks=(*_before(live, found.blocks), *live), method="json-ld")
        if body.size * _LONGER >= found.size:
            return body
    if found.size >= _ENOUGH:
        return found
    method, lines = state_body(doc)
    for body in (from_json_ld(doc), Body(blocks=paragraphs(lines), method=method)):
        if body.size > max(_ENOUGH, found.size * _LONGER) or (body.blocks and not found.blocks):
            return body
    return found


def without_repeats(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Blocks without a line that stood directly before."""
    kept: list[Block] = []
    for block in blocks:
        if not kept or fold(kept[-1].text) != fold(block.text):
            kept.append(block)
    return tuple(kept)
