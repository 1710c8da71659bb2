"""What changed in the paragraphs of an article: facts, style, notices; and what is noise."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from archiver.extract.text import letters
from archiver.model import Article, BlockKind, Fact, FactKind
from archiver.revise.align import Piece, align
from archiver.revise.corrections import is_notice
from archiver.revise.edits import Edit, Op, is_glued, is_in_place
from archiver.revise.facts import Context, Facts, Whole, context_of, differing, facts_of, names_of
from archiver.revise.trivial import is_noise, same_line
from archiver.revise.words import count, plain, tokens

_SENTENCES = re.compile(r"(?<=[.!?]\s)|(?<=[\u3002\uff01\uff1f\n])")
_SHORTEST_FOUND = 12  # letters; less stands in any text
_LINE_BYTES = 8


def body_lines(article: Article) -> tuple[str, ...]:
    """The paragraphs of an article's own text, in reading order."""
    lines = tuple(block.text for block in article.blocks if block.kind is not BlockKind.EMBED)
    return lines or tuple(line for line in article.text.split("\n") if line)


def line_digest(line: str) -> int:
    """A signed 64-bit number that is the same for paragraphs of the same letters."""
    digest = hashlib.blake2b(letters(line).encode(), digest_size=_LINE_BYTES).digest()
    return int.from_bytes(digest, "big", signed=True)


class Side:
    """One of the two articles, and what is asked of it."""

    def __init__(self, article: Article) -> None:
        self.article = article
        self.lines = body_lines(article)

    @cached_property
    def whole(self) -> Whole:
        """Everything that the article says, wherever on the page."""
        article = self.article
        said = [
            *self.lines,
            *(text for text in (article.title, article.standfirst, article.section) if text),
            *article.headlines,
            *article.authors,
            *article.agencies,
            *article.tags,
            *(text for image in article.images for text in (image.caption, image.alt) if text),
            *(credit for image in article.images for credit in image.credits),
            *(video.caption for video in article.videos if video.caption),
            *(block.text for block in article.blocks if block.kind is BlockKind.EMBED),
        ]
        words = frozenset(
            plain(token).removesuffix("'s") for text in said for token in tokens(text)
        )
        return Whole(words=words, letters="".join(map(letters, said)))

    @cached_property
    def letters(self) -> str:
        """Those of its paragraphs."""
        return "".join(map(letters, self.lines))

    @cached_property
    def standfirst(self) -> tuple[str, ...]:
        """The sentences of its standfirst, but the shortest: a counter may stand between."""
        parts = _SENTENCES.split(self.article.standfirst or "")
        long = tuple(part for part in parts if len(letters(part)) >= _SHORTEST_FOUND)
        return long or tuple(part for part in parts if letters(part))

    def apart(self) -> str:
        """Its standfirst, without the sentences that stand in its text, too; whole if none does."""
        own = [part for part in self.standfirst if letters(part) not in self.letters]
        if own == list(self.standfirst):
            return self.article.standfirst or ""
        return "".join(own).strip()

    def says(self, text: str) -> bool:
        """Whether a text stands anywhere in the article, as a whole."""
        wanted = letters(text)
        if len(wanted) >= _SHORTEST_FOUND:
            return wanted in self.whole.letters
        return any(letters(line) == wanted for line in self.lines)


@dataclass(kw_only=True, slots=True)
class Size:
    """Words added and removed."""

    added: int = 0
    removed: int = 0

    def add(self, edits: Sequence[Edit]) -> None:
        """Count the words of edits."""
        self.added += sum(count(edit.new) for edit in edits if edit.op is Op.ADDED)
        self.removed += sum(count(edit.old) for edit in edits if edit.op is Op.REMOVED)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(kw_only=True, slots=True)
class BodyChanges:
    """What became of the body. `lines`: digests of what may yet turn out to be furniture."""

    facts: Size = field(default_factory=Size)
    style: Size = field(default_factory=Size)
    notice: Size = field(default_factory=Size)
    notice_text: str | None = None
    touched: tuple[Fact, ...] = ()
    undone: bool = False  # whether a fact that had been said is said no more
    moved: int = 0
    lines: tuple[int, ...] = ()


def compare_bodies(
    old: Side,
    new: Side,
    *,
    furniture: Collection[int] = (),
    wall: Op | None = None,
    in_place: bool = False,
) -> BodyChanges:
    """What changed in the body; lines whose digest is in `furniture` count for nothing.

    `wall`: whether a paywall removed (or added) text, by being put up (or taken away).
    `in_place`: whether only paragraphs count that are there in both, and notices.
    """
    found = BodyChanges()
    pieces = [piece for piece in align(old.lines, new.lines) if piece.op is not Op.SAME]
    found.moved = sum(piece.op is Op.MOVED for piece in pieces)
    left: list[Piece] = []
    for piece in pieces:
        before, after = _text(old, piece.old), _text(new, piece.new)
        if not any(edit.op is not Op.SAME for edit in piece.edits):
            continue
        if after and is_notice(after) and letters(before) != letters(after):
            if not old.says(after):
                found.notice.add(piece.edits)
                found.notice_text = found.notice_text or after
            continue
        if in_place and (not is_in_place(piece.edits) or is_glued(piece.edits)):
            continue
        if not _is_nothing(piece, old, new, furniture) and not _is_cut(piece, wall):
            left.append(piece)
    if left:
        _weigh(left, old, new, found)
    found.lines = tuple(
        sorted(
            {line_digest(old.lines[i]) for piece in left for i in piece.old}
            | {line_digest(new.lines[j]) for piece in left for j in piece.new}
        )
    )
    return found


def _text(side: Side, places: Sequence[int]) -> str:
    return "\n".join(side.lines[place] for place in places)


def _is_nothing(piece: Piece, old: Side, new: Side, furniture: Collection[int]) -> bool:
    """Whether a piece that differs says nothing of the article."""
    olds, news = [old.lines[i] for i in piece.old], [new.lines[j] for j in piece.new]
    if all(_is_furniture(line, furniture) for line in (*olds, *news)):
        return True
    if not olds:
        return all(_is_furniture(line, furniture) or old.says(line) for line in news)
    if not news:
        return all(_is_furniture(line, furniture) or new.says(line) for line in olds)
    return same_line("\n".join(olds), "\n".join(news))


def _is_cut(piece: Piece, wall: Op | None) -> bool:
    """Whether a piece lacks only what is behind a paywall, or has come from behind it."""
    if wall is None:
        return False
    ops = [edit.op for edit in piece.edits]
    return ops in ([wall], [Op.SAME, wall])


def _is_furniture(line: str, furniture: Collection[int]) -> bool:
    return is_noise(line) or (bool(furniture) and line_digest(line) in furniture)


def _weigh(pieces: Sequence[Piece], old: Side, new: Side, found: BodyChanges) -> None:
    """Tell facts from style, piece by piece; what moved from one to another changed nothing."""
    befores = [_text(old, piece.old) for piece in pieces]
    afters = [_text(new, piece.new) for piece in pieces]
    context = context_of((old.article, new.article), (*old.lines, *new.lines))
    gone: Facts = Facts()
    come: Facts = Facts()
    of_piece = []
    for before, after in zip(befores, afters, strict=True):
        first, second = facts_of(before, context), facts_of(after, context)
        of_piece.append((first, second))
        gone += first
        come += second
    total = differing(gone, come, old_whole=old.whole, new_whole=new.whole)
    touched: set[Fact] = set()
    for piece, (first, second) in zip(pieces, of_piece, strict=True):
        own = {
            key: times
            for facts, times in ((first - second, -1), (second - first, 1))
            for key in facts
            if total[key] * times > 0
        }
        named = _other_names(piece, context)
        bare = letters(_text(old, piece.old)) == letters(_text(new, piece.new))
        if own or named:
            found.facts.add(piece.edits)
            touched |= {
                Fact(kind=kind, text=text, added=times > 0) for (kind, text), times in own.items()
            }
            touched |= named
        elif not bare:
            found.style.add(piece.edits)
    found.touched = tuple(sorted(touched, key=lambda fact: (fact.kind, fact.added, fact.text)))
    found.undone = any(not fact.added for fact in touched)


def _other_names(piece: Piece, context: Context) -> set[Fact]:
    """Names that took each other's place, though both stand elsewhere in the article, too."""
    found: set[Fact] = set()
    for first, second in pairwise(piece.edits):
        if first.op is not Op.REMOVED or second.op is not Op.ADDED:
            continue
        went, came = (names_of(plain(text), context) for text in (first.old, second.new))
        if went and came and not went & came:
            found |= {Fact(kind=FactKind.NAME, text=name, added=False) for name in went}
            found |= {Fact(kind=FactKind.NAME, text=name, added=True) for name in came}
    return found
