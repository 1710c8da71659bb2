"""Notices of a correction, clarification or update, by the words of corrections.toml."""

from __future__ import annotations

import re
from functools import cache

from archiver.extract.text import fold
from archiver.revise.tables import table
from archiver.revise.words import count

_LONGEST = 120  # words; a longer paragraph is none, whatever stands in it
_SHORTEST_UPDATE = 5  # words without figures
_BEFORE = " *\u2020\u2021[(\u3010\u25a0\u25cf\uff08\u300a<_\u00b7-"
_MARK = r"\s*(?:[:.|\-!\])*\uff1a\u3011\uff09\u300b>]|\(|\[|,? ?(?:[^\W\d]{2,12}\.? )?\d|$)"


@cache
def _labels(key: str) -> re.Pattern[str]:
    labels = {
        fold(label) for words in table("corrections").values() for label in words.get(key, ())
    }
    ordered = sorted(labels, key=lambda label: (-len(label), label))
    return re.compile(rf"(?:{'|'.join(map(re.escape, ordered))}){_MARK}")


@cache
def _forms() -> re.Pattern[str]:
    words = table("corrections").values()
    return re.compile("|".join(f"(?:{form})" for one in words for form in one["forms"]))


def is_notice(line: str) -> bool:
    """Whether a paragraph says that the article was corrected, clarified or updated."""
    folded = fold(line).lstrip(_BEFORE)
    if not folded or len(folded) > _LONGEST * 16:
        return False
    if not _labels("labels").match(folded) and not _forms().search(folded):
        if not _labels("updates").match(folded):
            return False
        if count(re.sub(r"\S*\d\S*", "", folded)) < _SHORTEST_UPDATE:
            return False
    return count(folded) < _LONGEST
