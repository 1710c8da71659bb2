"""What a page gives as its summary, in a few bytes: by them an edit is told from another choice.

A page may have several: data for search, for social media, and what it shows. Which of them is
the standfirst hangs on what else is on the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from zlib import crc32

from archiver.extract.text import letters

_ELLIPSIS = re.compile(r"\s*(?:\.\.\.|…|\[(?:\.\.\.|…)\])$")
_MOST = 24  # texts
_WIDTH = 8  # characters of a hash


def summary_sketch(texts: Iterable[str]) -> str | None:
    """Hashes of summaries and of their lines, as hex; None where there are none."""
    found = dict.fromkeys(_hash(line) for text in texts for line in (text, *text.split("\n")))
    return "".join(list(found)[:_MOST]) or None


def has_summary(sketch: str | None, text: str) -> bool:
    """Whether a page had a text among its summaries, whole or line by line."""
    hashes = sketch or ""
    known = {hashes[at : at + _WIDTH] for at in range(0, len(hashes), _WIDTH)}
    return _hash(text) in known or all(_hash(line) in known for line in text.split("\n"))


def _hash(text: str) -> str:
    return f"{crc32(letters(_ELLIPSIS.sub('', text)).encode()):08x}"
