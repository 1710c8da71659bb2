"""The words of two texts that belong together, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz.distance import Indel

from archiver.extract.text import letters
from archiver.revise.words import is_word, plain, tokens

_MOST_CELLS = 400_000_000  # bits of memory for an alignment
_VERSION = 0.5  # share of a text that stays when it is edited in place
_TORN = 3  # words in common that do not keep two edits apart
_FIRST, _SURROGATES, _AFTER = 1, 0xD800, 0xE000
_Run = tuple[bool, int, int, int, int]  # same or not, from and to in the old and in the new text


class Op(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"  # of paragraphs only
    MOVED = "moved"  # of paragraphs only; its words may have changed, too


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """A run of words. Of SAME both texts are there, which may differ in typography."""

    op: Op
    old: str = ""
    new: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A paragraph: `lead` and `raw` joined are its text."""

    lead: str  # what stands before the first word and is none
    raw: tuple[str, ...]  # tokens
    words: tuple[bool, ...]  # whether each token is a word
    code: str  # a character a token; equal for lines that read the same

    @property
    def text(self) -> str:
        """The paragraph."""
        return self.lead + "".join(self.raw)


class Codes:
    """A character for every word of some texts, the same for those that read the same."""

    def __init__(self) -> None:
        self._characters: dict[str, str] = {}
        self._tokens: dict[str, tuple[str, bool]] = {}  # most come often in a text

    def of(self, token: str) -> tuple[str, bool]:
        """Its character, none for a token that is nothing but space, and whether it is a word."""
        found = self._tokens.get(token)
        if found is None:
            key, known = plain(token), self._characters
            code = known.setdefault(key, code_of(len(known))) if key else ""
            found = self._tokens[token] = code, is_word(key)
        return found


def diff_words(old: str, new: str) -> tuple[Edit, ...]:
    """The edits that make `new` of `old`."""
    if old > new:
        return removed_first([turned(edit) for edit in diff_words(new, old)])
    codes = Codes()
    return edits_of(line_of(old, codes), line_of(new, codes))


def is_in_place(edits: Sequence[Edit]) -> bool:
    """Whether words were put in others' place, or a few amid those that stayed.

    What came before or behind a text may only be what another template has beside it.
    """
    ops = [edit.op for edit in edits]
    kept = sum(len(edit.new) for edit in edits if edit.op is Op.SAME)
    if kept < _VERSION * max(sum(len(getattr(e, side)) for e in edits) for side in ("old", "new")):
        return False
    return ops[0] is Op.SAME is ops[-1] or {Op.ADDED, Op.REMOVED} <= set(ops)


def is_glued(edits: Sequence[Edit]) -> bool:
    """Whether words only have something stuck to them, figures aside: "Im", then "FAQIm".

    Another template may put what stood above a paragraph, or beside it, right before its first
    word.
    """
    place = 0
    while place < len(edits):
        edit = edits[place]
        if edit.op is Op.SAME:
            place += 1
            continue
        after = edits[place + 1] if place + 1 < len(edits) else edit
        if edit.op is not Op.REMOVED or after.op is not Op.ADDED:
            return False
        old, new = letters(edit.old), letters(after.new)
        short, long = sorted((old, new), key=len)
        if not short or not (long.startswith(short) or long.endswith(short)):
            return False
        if any(map(str.isdigit, long.replace(short, "", 1))):
            return False
        place += 2
    return True


def turned(edit: Edit) -> Edit:
    """The edit that undoes this one."""
    op = {Op.ADDED: Op.REMOVED, Op.REMOVED: Op.ADDED}.get(edit.op, edit.op)
    return Edit(op=op, old=edit.new, new=edit.old)


def removed_first(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Of two neighbours that replace each other, the removed one first."""
    ordered = list(edits)
    for place in range(1, len(ordered)):
        if ordered[place].op is Op.REMOVED and ordered[place - 1].op is Op.ADDED:
            ordered[place - 1 : place + 1] = ordered[place], ordered[place - 1]
    return tuple(ordered)


def code_of(number: int) -> str:
    """A character of its own for every number."""
    number += _FIRST
    return chr(number if number < _SURROGATES else number - _SURROGATES + _AFTER)


def line_of(text: str, codes: Codes) -> Line:
    """A text made ready; `codes` is shared by all that are compared with it."""
    lead, raw, words, code = "", [], [], []
    for token in tokens(text):
        character, word = codes.of(token)
        if character:
            raw.append(token)
            words.append(word)
            code.append(character)
        elif raw:
            raw[-1] += token
        else:
            lead += token
    return Line(lead=lead, raw=tuple(raw), words=tuple(words), code="".join(code))


def opcodes(old: str, new: str) -> list[tuple[str, int, int, int, int]]:
    """Tag (equal, insert, delete), and from and to in both, by a longest common subsequence."""
    if len(old) * len(new) > _MOST_CELLS:
        return [("delete", 0, len(old), 0, 0), ("insert", len(old), len(old), 0, len(new))]
    return [
        (one.tag, one.src_start, one.src_end, one.dest_start, one.dest_end)
        for one in Indel.opcodes(old, new)
    ]


def joined(lines: Sequence[Line]) -> Line:
    """Paragraphs as one, with line ends between them."""
    if len(lines) == 1:
        return lines[0]
    lead = ""
    raw: list[str] = []
    for place, line in enumerate(lines):
        before = ("\n" if place else "") + line.lead
        if raw:
            raw[-1] += before
        else:
            lead += before
        raw += line.raw
    return Line(
        lead=lead,
        raw=tuple(raw),
        words=tuple(word for line in lines for word in line.words),
        code="".join(line.code for line in lines),
    )


def edits_of(old: Line, new: Line) -> tuple[Edit, ...]:
    """The edits of one text to another, none of them torn apart by a few common words."""
    edits: list[Edit] = []
    if old.lead or new.lead:
        edits.append(Edit(op=Op.SAME, old=old.lead, new=new.lead))
    for same, i1, i2, j1, j2 in _runs(old, new):
        first, second = "".join(old.raw[i1:i2]), "".join(new.raw[j1:j2])
        if same:
            edits.append(Edit(op=Op.SAME, old=first, new=second))
            continue
        if first:
            edits.append(Edit(op=Op.REMOVED, old=first))
        if second:
            edits.append(Edit(op=Op.ADDED, new=second))
    return tuple(edits)


def _runs(old: Line, new: Line) -> list[_Run]:
    """Runs of tokens that are the same or not, in turn."""
    runs: list[_Run] = []
    for tag, i1, i2, j1, j2 in opcodes(old.code, new.code):
        same = tag == "equal"
        if runs and runs[-1][0] == same:
            runs[-1] = (same, runs[-1][1], i2, runs[-1][3], j2)
        else:
            runs.append((same, i1, i2, j1, j2))
    place = 1
    while place < len(runs) - 1:
        same, i1, i2, _, _ = runs[place]
        words = sum(old.words[i1:i2])
        before, after = runs[place - 1], runs[place + 1]
        if same and words <= _TORN and words <= min(_size(before), _size(after)):
            runs[place - 1 : place + 2] = [(False, before[1], after[2], before[3], after[4])]
            place = max(1, place - 2)
        else:
            place += 1
    return runs


def _size(run: _Run) -> int:
    return max(run[2] - run[1], run[4] - run[3])
