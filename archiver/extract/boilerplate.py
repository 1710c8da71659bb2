"""Lines of a page that are no part of its article, by the phrases of phrases.toml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from archiver.extract.authors import split_names
from archiver.extract.document import Document
from archiver.extract.facts import stated_minutes
from archiver.extract.phrases import alternatives, pattern, phrases
from archiver.extract.text import fold, inner_text
from archiver.model import Block, BlockKind

_LONGEST = 220  # characters; a longer line is prose
_TITLE_LINES = 4  # how far down the title is looked for as a repeated line
_KICKER = 50  # letters of a kicker before a repeated title
_TEASER = (20, 160)  # characters of a line that is only a link
_LONGEST_BYLINE = 120
_NO_TEASER = (BlockKind.QUOTE, BlockKind.HEADING)
_EDGE = " :.…*•-\u2013—|»\u203a→+"


@cache
def _link_label() -> re.Pattern[str]:
    return re.compile(
        rf"(?:{alternatives('boilerplate', 'link_labels')})(?:\s*[:\uff1a|>\u2013-]\s*|\s+)"
    )


def is_boilerplate(line: str) -> bool:
    """Whether a line is furniture of a page, whatever stands around it."""
    if len(line) > _LONGEST:
        return False
    folded = fold(line)
    bare = folded.strip(_EDGE)
    lines = phrases("boilerplate", "lines")
    if not bare or folded in lines or bare in lines or bare in phrases("source", "links"):
        return True
    if stated_minutes(line) is not None or stated_minutes(bare) is not None:
        return True
    return bool(pattern("boilerplate").fullmatch(bare))


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """The page's links by their folded text: what is only a link is known by it."""

    by_text: dict[str, str]

    @classmethod
    def of(cls, doc: Document) -> Anchors:
        """All links of a page that have some words."""
        found: dict[str, str] = {}
        for anchor in doc.tree.iter("a"):
            text = fold(inner_text(anchor))
            if len(text) > 3:
                found.setdefault(text, anchor.get("href") or "")
        return cls(by_text=found)

    def target(self, line: str) -> str | None:
        """The href, where a line is one link; None where it is more, or none."""
        return self.by_text.get(fold(line)) or self.by_text.get(fold(line).strip(_EDGE))

    def labelled(self, line: str) -> str | None:
        """The href of a line such as "Read more: …"; None where it is no such line."""
        folded = fold(line)
        match = _link_label().match(folded)
        if match is None:
            return None
        return self.target(folded) or self.target(folded[match.end() :])


def _is_label(block: Block) -> bool:
    """Whether a block only announces links ("Read more:")."""
    bare = fold(block.text).strip(_EDGE)
    return bare in phrases("boilerplate", "link_labels") or bare in (
        phrases("boilerplate", "lines")
    )


def _is_teaser(block: Block, anchors: Anchors) -> bool:
    """Whether a block is nothing but a link of a headline's length."""
    if block.kind in _NO_TEASER or not _TEASER[0] <= len(block.text) <= _TEASER[1]:
        return False
    return anchors.target(block.text) is not None


def _drop_links(blocks: Sequence[Block], anchors: Anchors) -> tuple[list[Block], set[str]]:
    """Blocks without "Read more" lines and lines that are only a link; and these links."""
    kept: list[Block] = []
    links: set[str] = set()
    after_label = False
    for block in blocks:
        href = anchors.labelled(block.text)
        if href is None and (after_label or _is_teaser(block, anchors)):
            href = anchors.target(block.text)
        if href is not None:
            links.add(href)
            continue
        after_label = _is_label(block)
        kept.append(block)
    return kept, links


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", fold(text))


def _repeats_title(block: Block, titles: frozenset[str]) -> bool:
    """Whether a block is a headline again, maybe with a kicker before it."""
    letters = _letters(block.text)
    return any(letters.endswith(title) and len(letters) <= len(title) + _KICKER for title in titles)


def _is_byline(line: str, authors: frozenset[str]) -> bool:
    """Whether a short line names only authors of the article."""
    if not authors or len(line) > _LONGEST_BYLINE:
        return False
    names = {fold(name) for name in split_names(line)}
    return bool(names) and names <= authors


def strip_blocks(
    blocks: Sequence[Block],
    doc: Document,
    *,
    titles: Iterable[str],
    captions: frozenset[str],
    authors: Iterable[str] = (),
) -> tuple[tuple[Block, ...], frozenset[str]]:
    """The blocks that are the article's, and the links (canonical URLs) that were taken out.

    Taken out are boilerplate lines, "Read more" links and other lines that are only a link,
    repeated titles near the top, bylines, and lines that are captions, credits or alt texts
    (`captions`, folded).
    """
    known = frozenset(letters for title in titles if (letters := _letters(title)))
    names = frozenset(fold(name) for name in authors)
    kept, links = _drop_links(blocks, Anchors.of(doc))
    result = [
        block
        for place, block in enumerate(kept)
        if not is_boilerplate(block.text)
        and not (place < _TITLE_LINES and _repeats_title(block, known))
        and not _is_byline(block.text, names)
        and (fold(block.text) not in captions or block.time is not None)
    ]
    while result and result[-1].kind is BlockKind.HEADING:
        result.pop()  # a heading with nothing below it headed what was taken out
    targets = (doc.canonical(href) for href in links)
    return tuple(result), frozenset(url for url in targets if url)
