"""Lines of a page that are no part of its article, by the phrases of phrases.toml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from archiver.extract.captions import bare_credit
from archiver.extract.names import split_names
from archiver.extract.phrases import alternatives, phrases, table
from archiver.extract.readtime import stated_minutes
from archiver.extract.text import fold, letters
from archiver.model import Block, BlockKind, Cut

_LONGEST = 320  # characters; a longer line is prose
_TITLE_LINES = 4  # how far down the title is looked for as a repeated line
_KICKER = 50  # letters of a kicker before a repeated title
_LONGEST_BYLINE = 120
_SHORTEST_PULLED, _SHORTEST_QUOTE = 40, 15  # letters
_MOST_LINES = 1000  # of an article; every line is looked for in every other
_MOST_JUDGED = 5000  # lines of an article that are judged; no news has so many
_LONGEST_BIO = 600
_BIO_NAME = 20  # characters before the author's name in such a block
_LABEL_MARKS = ":\uff1a|>"
_EDGE = " :.…*•-\u2013—|»\u203a→+"


@cache
def _link_label() -> re.Pattern[str]:
    """A label of links and what parts it from them; one of a single word needs a mark."""
    labels = sorted(phrases("links", "labels"), key=lambda label: (-len(label), label))
    several = "|".join(re.escape(label) for label in labels if " " in label)
    return re.compile(
        rf"(?:{alternatives('links', 'labels')})\s*[:\uff1a|>\u2013-]\s*|(?:{several})\s+"
    )


@cache
def _lines() -> dict[str, str]:
    """The reason of every known line, by the line."""
    return {fold(line).strip(_EDGE): why for why, ls in table("boilerplate").items() for line in ls}


@cache
def _patterns() -> re.Pattern[str]:
    """All known forms of folded lines, as one expression with a group a reason.

    They are written in lower case: without regard to case they would take three times as long.
    """
    groups = (
        f"(?P<{why}>{'|'.join(f'(?:{form})' for form in forms)})"
        for why, forms in table("boilerplate-patterns").items()
    )
    return re.compile("|".join(groups))


@lru_cache(maxsize=4096)
def reason_of(line: str) -> str | None:
    """Why a line is furniture of a page, whatever stands around it; None for one that is not."""
    if len(line) > _LONGEST:
        return None
    bare = fold(line).strip(_EDGE)
    if not bare:
        return "ornament"
    if bare in _lines():
        return _lines()[bare]
    if bare in phrases("source", "links"):
        return "source"
    if stated_minutes(line) is not None or stated_minutes(bare) is not None:
        return "readtime"
    match = _patterns().fullmatch(bare)
    if match is not None:
        return match.lastgroup
    if not any(mark in bare for mark in _LABEL_MARKS):
        return None
    label = _link_label().match(bare)
    return "related" if label and label.group().rstrip()[-1:] in _LABEL_MARKS else None


def is_boilerplate(line: str) -> bool:
    """Whether a line is furniture of a page, whatever stands around it."""
    return reason_of(line) is not None


def is_label(line: str) -> bool:
    """Whether a line only announces links ("Read more:")."""
    bare = fold(line).strip(_EDGE)
    return bare in phrases("links", "labels") or _lines().get(bare) == "related"


def starts_with_label(line: str) -> bool:
    """Whether a line begins as an announcement of a link ("Read more: …")."""
    return bool(_link_label().match(fold(line)))


def _repeats_title(block: Block, titles: frozenset[str]) -> bool:
    """Whether a block is a headline again, maybe with a kicker before it."""
    own = letters(block.text)
    return any(own.endswith(title) and len(own) <= len(title) + _KICKER for title in titles)


def _is_byline(line: str, authors: frozenset[str]) -> bool:
    """Whether a short line names only authors of the article."""
    if not authors or len(line) > _LONGEST_BYLINE:
        return False
    names = {fold(name) for name in split_names(line)}
    return bool(names) and names <= authors


def _is_caption(line: str, captions: frozenset[str]) -> bool:
    return fold(line) in captions or bool(bare_credit(line))


def _is_pulled(place: int, kind: BlockKind, lines: Sequence[str]) -> bool:
    """Whether a block stands again, whole, inside a longer one: a pull quote."""
    own = lines[place]
    if (
        len(own) < (_SHORTEST_QUOTE if kind is BlockKind.QUOTE else _SHORTEST_PULLED)
        or len(lines) > _MOST_LINES
    ):
        return False
    return any(len(line) > len(own) and own in line for line in lines)


def _tells_of_author(block: Block, names: frozenset[str]) -> bool:
    """Whether a block at the end is about who wrote the article ("Jane Doe is …")."""
    text = fold(block.text)
    return len(text) <= _LONGEST_BIO and any(0 <= text.find(name) <= _BIO_NAME for name in names)


def strip_blocks(
    blocks: Sequence[Block],
    *,
    titles: Iterable[str],
    captions: frozenset[str],
    authors: Iterable[str] = (),
) -> tuple[tuple[Block, ...], tuple[Cut, ...]]:
    """The blocks that are the article's, and those that are not, each with its reason.

    Taken out are boilerplate lines, "Read more: …" lines, repeated titles near the top,
    bylines, lines that are captions, credits or alt texts (`captions`, folded), pull quotes
    and, at the end, what tells of the authors and what announced things that were taken out.
    Lines behind the first 5,000 are the article's as they are.
    """
    known = frozenset(map(letters, titles)) - {""}
    names = frozenset(fold(name) for name in authors)
    bare = [letters(block.text) for block in blocks[:_MOST_JUDGED]]
    kept: list[Block] = []
    cuts: list[Cut] = []
    for place, block in enumerate(blocks[:_MOST_JUDGED]):
        reason = reason_of(block.text)
        if reason is None and place < _TITLE_LINES and _repeats_title(block, known):
            reason = "title"
        elif reason is None and _is_byline(block.text, names):
            reason = "byline"
        elif reason is None and block.time is None and _is_caption(block.text, captions):
            reason = "caption"
        elif reason is None and block.time is None and _is_pulled(place, block.kind, bare):
            reason = "pull-quote"
        if reason is None:
            kept.append(block)
        else:
            cuts.append(Cut(reason=reason, text=block.text))
    kept += blocks[_MOST_JUDGED:]
    while len(kept) > 1 and (reason := _ends_with(kept[-1], names)):
        cuts.append(Cut(reason=reason, text=kept.pop().text))
    return tuple(kept), tuple(cuts)


def _ends_with(block: Block, names: frozenset[str]) -> str | None:
    """Why a last block is none of the article's: it headed or announced what is gone."""
    if block.time is not None:
        return None
    if block.kind is BlockKind.HEADING:
        return "heading"
    if block.text.rstrip().endswith((":", "\uff1a")) and len(block.text) <= _LONGEST:
        return "announcement"
    return "author-box" if _tells_of_author(block, names) else None
