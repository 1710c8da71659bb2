"""Facts that cross between processes by the thousand: packed by their values alone.

What dataclasses do to be packed looks their fields up anew for each object, and takes longer than
to pack what is in them.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

_Fact = TypeVar("_Fact")
_FILLERS: dict[type[Any], tuple[Callable[[Any, object], None], ...]] = {}  # one for each slot


def crosses_quickly(kind: type[_Fact]) -> type[_Fact]:
    """Have pickle take what is in the slots of a frozen dataclass of two fields or more.

    A decorator, so that wherever the type is known, so is how to make one of it.
    """
    slots: tuple[str, ...] = kind.__slots__  # type: ignore[attr-defined]  # a dataclass with slots
    values = attrgetter(*slots)
    _FILLERS[kind] = tuple(getattr(kind, name).__set__ for name in slots)
    copyreg.pickle(kind, lambda fact: (_made, (kind, values(fact))))
    return kind


def _made(kind: type[_Fact], values: tuple[object, ...]) -> _Fact:
    fact = object.__new__(kind)
    for fill, value in zip(_FILLERS[kind], values, strict=True):
        fill(fact, value)
    return fact
