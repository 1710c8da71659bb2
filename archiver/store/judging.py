"""How the store asks what changed: by functions that it is given, since it knows no language."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from archiver.model import Article, Change, ChangeKind, Changes, Stealth

_KINDS, _MARKS = tuple(ChangeKind), tuple(Stealth)  # bits by place: add at the end only


class Compare(Protocol):
    """`archiver.revise.compare.compare`."""

    def __call__(self, old: Article, new: Article, *, furniture: Collection[int] = ()) -> Changes:
        """What changed, lines of `furniture` left aside."""
        ...


class Comparable(Protocol):
    """`archiver.revise.compare.comparable`."""

    def __call__(self, old: Article, new: Article, /) -> bool:
        """Whether one version of the extractor made both."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Stale:
    """A revision that another version of the extractor made.

    `url` and `at` name the capture that is to be extracted anew in its place.
    """

    number: int
    url: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge:
    """What tells a revision from noise.

    `fresh`: by their numbers, what the present extractor made of stale revisions' captures; None
    where a capture could not be read.
    """

    compare: Compare
    comparable: Comparable
    fresh: Mapping[int, Article | None] = field(default_factory=dict)


def kinds_to_bits(kinds: Collection[ChangeKind]) -> int:
    """Kinds as a number with a bit for each."""
    return sum(1 << place for place, kind in enumerate(_KINDS) if kind in kinds)


def marks_to_bits(marks: Collection[Stealth]) -> int:
    """Marks as a number with a bit for each."""
    return sum(1 << place for place, mark in enumerate(_MARKS) if mark in marks)


def marks_of_bits(bits: int) -> tuple[Stealth, ...]:
    """The marks of `marks_to_bits`."""
    return tuple(mark for place, mark in enumerate(_MARKS) if bits >> place & 1)


def sizes_to_json(changes: Collection[Change]) -> dict[str, list[int]]:
    """Words added and removed, by kind."""
    return {str(one.kind): [one.added, one.removed] for one in changes}


def sizes_of_json(sizes: Mapping[str, list[int]]) -> tuple[Change, ...]:
    """The changes of `sizes_to_json`."""
    return tuple(
        Change(kind=ChangeKind(kind), added=added, removed=removed)
        for kind, (added, removed) in sizes.items()
    )
