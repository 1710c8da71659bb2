"""Which link of a list leads to its next page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from archiver.urls import canonical_url

# What pages are counted by, in the languages of the most outlets.
_COUNTERS = r"p|pg|pages?|paged|pagina|pagine|pageno|page_?num(?:ber)?|seite|sida|side|strona|sayfa"
_PARAMETER = re.compile(_COUNTERS, re.IGNORECASE)
_IN_PATH = re.compile(rf"^(.*?)/(?:(?:{_COUNTERS})[/-]?)?(\d{{1,4}})/?$", re.IGNORECASE)


def next_of(links: Iterable[str], *, url: str) -> str | None:
    """The link that differs from the page's own URL by being one page further on.

    By a query parameter (`?page=2`) or by the end of the path (`/page/2`, `/2`): page 2 of a URL
    without a number, else the number that follows its own.
    """
    try:
        own = _numbered(canonical_url(url))
    except ValueError:
        return None
    for link in links:
        there = _numbered(link)
        if there[0] == own[0] and there[1] == own[1] + 1:
            return link
    return None


def _numbered(url: str) -> tuple[tuple[str, ...], int]:
    """A list without the number of its page, and that number; 1 where it has none."""
    parts = urlsplit(url)
    number = 1
    path = parts.path.rstrip("/")
    rest: list[str] = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if _PARAMETER.fullmatch(name) and value.isdecimal() and len(value) <= 4:
            number = int(value)
        else:
            rest.append(f"{name}={value}")
    match = _IN_PATH.fullmatch(path)
    if match and number == 1 and not 1900 <= int(match[2]) < 2100:
        path, number = match[1], int(match[2])
    return (parts.netloc, path, *rest), number
