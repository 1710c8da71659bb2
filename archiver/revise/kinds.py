"""Kinds of change as people name them."""

from __future__ import annotations

from collections.abc import Iterable

from archiver.config.suggest import did_you_mean
from archiver.model import ChangeKind

REMOVED = "removed"
_BODY = "body"


def kinds_of(texts: Iterable[str]) -> tuple[list[ChangeKind], bool]:
    """The kinds that are named, with commas between, and whether what was removed is asked for.

    Without any name: no kinds, which stands for all, and what was removed, too.

    Raises:
        ValueError: there is no such kind; says which there are.
    """
    words = [word for text in texts for word in text.split(",") if word]
    named = {str(kind): [kind] for kind in ChangeKind}
    named |= {_BODY: [ChangeKind.FACTS, ChangeKind.STYLE], REMOVED: []}
    for word in words:
        if word not in named:
            raise ValueError(
                f"there is no such kind of change as {word!r:.40}{did_you_mean(word, named)}: kinds"
                f" are {', '.join(named)}"
            )
    return [kind for word in words for kind in named[word]], not words or REMOVED in words
