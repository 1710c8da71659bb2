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


def template_sketch(tree: HtmlElement) -> str:
    """The smallest hashes of the class names on a page, as hex; all of them where there are few.

    Of a name only its words count: builds put other figures behind them each time.
    """
    found: Any = _CLASSES(tree)  # texts, by the expression
    names = {name for value in set(list(found)[:_MOST]) for name in value.split()}
    words = {"-".join(_PARTS.findall(name)).lower() for name in names} - {""}
    hashes = sorted(crc32(word.encode()) for word in words)[:_KEPT]
    return "".join(f"{number:08x}" for number in hashes)


def likeness(first: str, second: str) -> float | None:
    """The share of names that two pages have in common, from 0 to 1, by their sketches.

    None where both have so few names that one more or less would count for much. One that has few
    beside one that has many is not alike: it cannot have more in common than its own.
    """
    one, other = ({text[at : at + 8] for at in range(0, len(text), 8)} for text in (first, second))
    if max(len(one), len(other)) < _KEPT:
        return None
    smallest = sorted(one | other)[:_KEPT]
    return sum(number in one and number in other for number in smallest) / len(smallest)
