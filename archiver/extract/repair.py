"""What an extractor dropped from the middle of an article, put back where it stood.

Extractors leave out headings, and whole sections that stand in containers beside the first, and
say nothing. The page itself tells: the paragraphs that were found have elements, and what
stands between them, alike and not cut as furniture, belongs to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from lxml.html import HtmlElement

from archiver.extract.text import inner_text, letters, line_text
from archiver.model import Block, BlockKind

_KINDS = {
    "p": BlockKind.PARAGRAPH,
    "blockquote": BlockKind.QUOTE,
    **dict.fromkeys(("h2", "h3", "h4", "h5", "h6"), BlockKind.HEADING),
}
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_AT_LEAST = 2  # found paragraphs that make their parent a part of the article
_SHORTEST = 12  # letters of a paragraph; shorter ones are found in too many places
_LONGEST_HEADING = 200  # characters
_SEARCHED = 50_000  # letters in which a text is looked for; longer articles have whole lines
_MOST_SEARCHED = 3000  # texts that are looked for; further ones are known by whole lines
_MOST_PARTS = 200  # elements in a paragraph
_LINKED = 0.9  # share of links in an element above which it is no text
_SHORT_LINK = 20  # characters; what is only a link and shorter (a price, a name) is no teaser
_LEAD = 80  # characters of a paragraph that may stand before all that was found

_Kind = tuple[str, str | None]


def _kind(element: HtmlElement) -> _Kind:
    return str(element.tag), element.get("class")


def _texts(tree: HtmlElement) -> Iterator[tuple[HtmlElement, str]]:
    """The elements that may be blocks, outermost only, with their text."""
    for element in tree.iter(*_KINDS):
        parent = element.getparent()
        if parent is not None and parent.tag == "blockquote":
            continue
        if text := line_text(element, most=_MOST_PARTS):
            yield element, text


def repaired(blocks: Sequence[Block], tree: HtmlElement) -> tuple[tuple[Block, ...], int]:
    """The blocks with what is missing between them, and how many characters that was.

    `tree` is the page without furniture. A container of the article is an element with at
    least two found paragraphs, and every element of the same tag and class beside one. What is
    missing from such a container comes back: headings, and paragraphs of a kind (tag and
    class) that was found there.
    """
    elements = list(_texts(tree))
    places: dict[str, list[int]] = {}
    for place, (_, text) in enumerate(elements):
        places.setdefault(letters(text), []).append(place)
    where: dict[int, int] = {}  # place of an element -> its block
    last = -1
    for number, block in enumerate(blocks):
        found = places.get(letters(block.text), ())
        at = next((place for place in found if place > last), None)
        if at is not None:
            where[at] = number
            last = at
    containers, kinds = _containers([elements[place][0] for place in where])
    lines = [letters(block.text) for block in blocks]
    known, joined = set(lines), "\n".join(lines)[:_SEARCHED]
    missing: dict[int, list[Block]] = {}
    before, searched = -1, 0
    for place, (element, text) in enumerate(elements):
        if place in where:
            before = where[place]
        elif (before >= 0 or len(text) > _LEAD) and _belongs(element, text, containers, kinds):
            bare = letters(text)
            searched += 1
            held = bare in known or (searched <= _MOST_SEARCHED and bare in joined)
            if len(bare) >= _SHORTEST and held:
                continue
            missing.setdefault(before, []).append(Block(kind=_KINDS[str(element.tag)], text=text))
            known.add(bare)
    whole: list[Block] = list(missing.get(-1, ()))
    for number, block in enumerate(blocks):
        whole += [block, *missing.get(number, ())]
    added = sum(len(block.text) for found in missing.values() for block in found)
    return tuple(whole), added


def _containers(found: list[HtmlElement]) -> tuple[set[HtmlElement], set[_Kind]]:
    """The containers of found elements with those of their kind beside them; what they hold."""
    counts = Counter(e.getparent() for e in found if e.tag not in _HEADINGS)
    own = {parent for parent, count in counts.items() if count >= _AT_LEAST}
    kinds = {_kind(element) for element in found if element.getparent() in own}
    beside = {
        sibling
        for parent in own
        if parent.get("class")
        for sibling in (parent.getparent() if parent.getparent() is not None else ())
        if isinstance(sibling.tag, str) and _kind(sibling) == _kind(parent)
    }
    return own | beside, kinds


def _belongs(
    element: HtmlElement, text: str, containers: set[HtmlElement], kinds: set[_Kind]
) -> bool:
    if element.getparent() not in containers:
        return False
    linked = sum(len(inner_text(anchor)) for anchor in element.iter("a"))
    if linked > _LINKED * len(text) and len(text) > _SHORT_LINK:
        return False
    if element.tag in _HEADINGS:
        return len(text) <= _LONGEST_HEADING
    return _kind(element) in kinds
