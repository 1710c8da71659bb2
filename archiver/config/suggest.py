"""Near names, for every "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def near_names(name: str, known: Iterable[str], *, count: int = 3) -> list[str]:
    """Up to `count` of the known names that look like `name` in any case, the nearest first."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    return [by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=count)]


def ask(near: Sequence[str]) -> str:
    """` Did you mean X or Y?`, to follow a sentence; empty where nothing is near."""
    return f" Did you mean {' or '.join(near)}?" if near else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean X or Y?`, to follow a sentence; empty where nothing known is near."""
    return ask(near_names(name, known))
