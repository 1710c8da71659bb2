"""A page's template in a few bytes: by them a redesign is told from an edit."""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from lxml.etree import XPath
from lxml.html import HtmlElement

_KEPT = 24  # of all hashes, the smallest: two pages have as many in common as names (bottom-k)
_PARTS = re.compile(r"[A-Z]?[a-z]{3,}")
_MOST = 20_000  # elements that are looked at
_CLASSES = XPath("//@class", smart_strings=False)


def template_sketch(tree: HtmlElement) -> str | None:
    """The smallest hashes of the class names on a page, as hex; None where there are too few.

    Of a name only its words count: builds put other figures behind them each time.
    """
    found: Any = _CLASSES(tree)  # texts, by the expression
    names = {name for value in set(list(found)[:_MOST]) for name in value.split()}
    words = {"-".join(_PARTS.findall(name)).lower() for name in names} - {""}
    if len(words) < _KEPT:
        return None
    hashes = sorted(crc32(word.encode()) for word in words)[:_KEPT]
    return "".join(f"{number:08x}" for number in hashes)


def likeness(first: str, second: str) -> float:
    """The share of names that two pages have in common, from 0 to 1, by their sketches."""
    one, other = ({text[at : at + 8] for at in range(0, len(text), 8)} for text in (first, second))
    smallest = sorted(one | other)[:_KEPT]
    return sum(number in one and number in other for number in smallest) / len(smallest)
