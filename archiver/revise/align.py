"""Two texts side by side: paragraphs that stayed, moved, came, went or changed, and their words.

Paragraphs are aligned first, and words only within those that belong together: a longest common
subsequence of all words would join "the" and "of" of paragraphs that share nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Indel

from archiver.revise.edits import (
    Codes,
    Edit,
    Line,
    Op,
    code_of,
    edits_of,
    joined,
    line_of,
    opcodes,
    removed_first,
    turned,
)

_ALIKE = 0.45  # share of common words from which two paragraphs are versions of one
_MOVED_ALIKE = 0.7  # the same, where they stand in different places
_MOST_PAIRS = 4000  # paragraphs of a gap that are weighed against each other, pairwise


_Group = tuple[list[int], list[int]]  # places in the old and in the new text


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Paragraphs that belong together, by their places; `edits` are in reading order.

    The `old` (or `new`) of the edits, joined, are the old (or new) paragraphs joined by line ends.
    """

    op: Op
    old: tuple[int, ...]
    new: tuple[int, ...]
    edits: tuple[Edit, ...]


def align(old: Sequence[str], new: Sequence[str]) -> tuple[Piece, ...]:
    """The pieces of two lists of paragraphs, in reading order.

    Changing sides gives the same pieces with sides changed.
    """
    if tuple(old) > tuple(new):  # one order of the two, so that ties fall alike
        return tuple(_in_order([_turned(piece) for piece in _align(new, old)]))
    return tuple(_in_order(_align(old, new)))


def _turned(piece: Piece) -> Piece:
    op = {Op.ADDED: Op.REMOVED, Op.REMOVED: Op.ADDED}.get(piece.op, piece.op)
    edits = tuple(turned(edit) for edit in piece.edits)
    return Piece(op=op, old=piece.new, new=piece.old, edits=removed_first(edits))


def _align(old: Sequence[str], new: Sequence[str]) -> list[Piece]:
    codes = Codes()
    olds, news = [line_of(text, codes) for text in old], [line_of(text, codes) for text in new]
    pairs, gaps = _same_lines(olds, news)
    groups: list[_Group] = [([i], [j]) for i, j in pairs]
    for gap_old, gap_new in gaps:
        groups += _groups_of_gap(olds, news, gap_old, gap_new)
    groups, moved = _with_moves(olds, news, groups)
    _join_split(olds, news, groups, moved)
    pieces = [_piece(olds, news, group, moved=False) for group in groups]
    pieces += [_piece(olds, news, group, moved=True) for group in moved]
    return pieces


def _in_order(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """By the place in the new text; what is only in the old follows what stood before it."""
    by_new = sorted((piece for piece in pieces if piece.new), key=lambda piece: piece.new[0])
    gone = sorted((piece for piece in pieces if not piece.new), key=lambda piece: piece.old[0])
    place = 0
    for piece in by_new:
        while (
            place < len(gone)
            and piece.old
            and piece.op is not Op.MOVED
            and gone[place].old[0] < piece.old[0]
        ):
            yield gone[place]
            place += 1
        yield piece
    yield from gone[place:]


def _same_lines(
    olds: Sequence[Line], news: Sequence[Line]
) -> tuple[list[tuple[int, int]], list[_Group]]:
    """Places of lines that read the same, in order, and the gaps between them."""
    numbers: dict[str, str] = {}
    for line in (*olds, *news):
        if line.code not in numbers:
            numbers[line.code] = code_of(len(numbers))
    first, second = ("".join(numbers[line.code] for line in lines) for lines in (olds, news))
    pairs: list[tuple[int, int]] = []
    gaps: list[_Group] = [([], [])]
    for tag, i1, i2, j1, j2 in opcodes(first, second):
        if tag == "equal":
            pairs += zip(range(i1, i2), range(j1, j2), strict=True)
            gaps.append(([], []))
        else:
            gaps[-1][0].extend(range(i1, i2))
            gaps[-1][1].extend(range(j1, j2))
    return pairs, [gap for gap in gaps if gap[0] or gap[1]]


def _alike(old: Line, new: Line, least: float) -> float:
    """The share of common words, from 0 to 1; 0 below `least`."""
    if not old.code or not new.code:
        return 0.0
    return Indel.normalized_similarity(old.code, new.code, score_cutoff=least)


def _groups_of_gap(
    olds: Sequence[Line], news: Sequence[Line], old: list[int], new: list[int]
) -> list[_Group]:
    """The lines of a gap in groups that belong together, none crossing another."""
    if not old or not new:
        return [([i], []) for i in old] + [([], [j]) for j in new]
    if len(old) == len(new) == 1 and _alike(olds[old[0]], news[new[0]], _ALIKE):
        return [(old, new)]
    pairs = _best_pairs(olds, news, old, new)
    paired_old, paired_new = {i for i, _ in pairs}, {j for _, j in pairs}
    return [
        *(([i], [j]) for i, j in pairs),
        *(([i], []) for i in old if i not in paired_old),
        *(([], [j]) for j in new if j not in paired_new),
    ]


def _best_pairs(
    olds: Sequence[Line], news: Sequence[Line], old: list[int], new: list[int]
) -> list[tuple[int, int]]:
    """The pairs of like lines, in order, that have most in common together."""
    if len(old) * len(new) > _MOST_PAIRS:
        return _near_pairs(olds, news, old, new)
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    shares = [[_alike(olds[i], news[j], _ALIKE) for j in new] for i in old]
    for row in range(len(old) - 1, -1, -1):
        for column in range(len(new) - 1, -1, -1):
            share = shares[row][column]
            together = share + best[row + 1][column + 1] if share else 0.0
            best[row][column] = max(together, best[row + 1][column], best[row][column + 1])
    pairs, row, column = [], 0, 0
    while row < len(old) and column < len(new):
        share = shares[row][column]
        if share and best[row][column] == share + best[row + 1][column + 1]:
            pairs.append((old[row], new[column]))
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            row += 1
        else:
            column += 1
    return pairs


def _near_pairs(
    olds: Sequence[Line], news: Sequence[Line], old: list[int], new: list[int]
) -> list[tuple[int, int]]:
    """The same for gaps too wide to weigh all pairs: the first like line of the next few."""
    pairs, start = [], 0
    for i in old:
        for place in range(start, min(start + 12, len(new))):
            if _alike(olds[i], news[new[place]], _ALIKE):
                pairs.append((i, new[place]))
                start = place + 1
                break
    return pairs


def _join_split(
    olds: Sequence[Line], news: Sequence[Line], groups: list[_Group], moved: list[_Group]
) -> None:
    """Add to a pair the next lines that make it more alike: paragraphs were split or joined."""
    lonely = [group for group in groups if not (group[0] and group[1])]
    left_old = {group[0][0] for group in lonely if group[0]}
    left_new = {group[1][0] for group in lonely if group[1]}
    if not lonely:
        return
    for old, new in (*groups, *moved):
        if old and new and olds[old[0]].code != news[new[0]].code:
            _grow(news, new, left_new, "".join(olds[i].code for i in old))
            _grow(olds, old, left_old, "".join(news[j].code for j in new))
    groups[:] = [
        group
        for group in groups
        if (group[0] and group[1])
        or (group[0] and group[0][0] in left_old)
        or (group[1] and group[1][0] in left_new)
    ]


def _grow(lines: Sequence[Line], mine: list[int], left: set[int], whole: str) -> None:
    """Take neighbours from `left` into `mine` while that makes it more like `whole`."""
    for step in (1, -1):
        place = (mine[-1] if step > 0 else mine[0]) + step
        while place in left:
            grown = sorted([*mine, place])
            if _share(lines, grown, whole) <= _share(lines, mine, whole):
                break
            left.remove(place)
            mine[:] = grown
            place += step


def _share(lines: Sequence[Line], places: Sequence[int], whole: str) -> float:
    return Indel.normalized_similarity("".join(lines[one].code for one in places), whole)


def _with_moves(
    olds: Sequence[Line], news: Sequence[Line], groups: list[_Group]
) -> tuple[list[_Group], list[_Group]]:
    """The groups, and those of them that are one line in two places, joined."""
    gone = [group[0][0] for group in groups if not group[1]]
    come = [group[1][0] for group in groups if not group[0]]
    if not gone or not come:
        return groups, []
    found: list[tuple[float, int, int]] = []
    if len(gone) * len(come) <= _MOST_PAIRS:
        found = [
            (-share, i, j)
            for i in gone
            for j in come
            if (share := _alike(olds[i], news[j], _MOVED_ALIKE))
        ]
    else:
        places = {olds[i].code: i for i in gone if olds[i].code}
        found = [(-1.0, places[news[j].code], j) for j in come if news[j].code in places]
    moved: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(found):
        if i not in moved and j not in taken:
            moved[i] = j
            taken.add(j)
    rest = [
        group
        for group in groups
        if not (not group[1] and group[0][0] in moved)
        and not (not group[0] and group[1][0] in taken)
    ]
    return rest, [([i], [j]) for i, j in moved.items()]


def _piece(
    olds: Sequence[Line],
    news: Sequence[Line],
    group: _Group,
    *,
    moved: bool,
) -> Piece:
    first, second = joined([olds[i] for i in group[0]]), joined([news[j] for j in group[1]])
    edits: tuple[Edit, ...]
    if not group[1]:
        op, edits = Op.REMOVED, (Edit(op=Op.REMOVED, old=first.text),)
    elif not group[0]:
        op, edits = Op.ADDED, (Edit(op=Op.ADDED, new=second.text),)
    elif first.code == second.code:
        op, edits = Op.SAME, (Edit(op=Op.SAME, old=first.text, new=second.text),)
    else:
        op, edits = Op.CHANGED, edits_of(first, second)
    piece = Piece(op=op, old=tuple(group[0]), new=tuple(group[1]), edits=edits)
    return replace(piece, op=Op.MOVED) if moved else piece
