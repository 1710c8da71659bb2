"""The shapes of an outlet's URLs, and what was learned of them: which are articles', which are not.

A shape is the host and what kind each path segment is of. It is learned from pages that were read
and turned out to be articles or sections, so that no pattern has to be written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from archiver.urls import host_of

_MAX_SEGMENTS = 8
_LITERALS = 2  # segments whose words are kept: the section of an outlet, say
_ENOUGH = 3  # pages of a shape before it says anything
_ENOUGH_LIKE = 6  # pages of shapes that differ in words alone
_CLEAR = 4  # times as many of one kind as of the other

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DATE = re.compile(r"(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d")
_MONTH = re.compile(r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec")
_MIXED = re.compile(r"(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])[0-9a-z]{6,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORD = re.compile(r"\{[a-z]+\}")


def _segment(text: str, place: int) -> str:
    """What kind a path segment is of; the word itself for short ones near the path's start."""
    ending = _EXTENSION.search(text)
    stem = text[: ending.start()] if ending else text
    return _kind(unquote(stem).lower(), place) + (ending[0].lower() if ending else "")


def _kind(text: str, place: int) -> str:
    if text.isdecimal():
        if _YEAR.fullmatch(text):
            return "{year}"
        return "{day}" if len(text) <= 2 else "{date}" if _DATE.fullmatch(text) else "{number}"
    if _DATE.fullmatch(text):
        return "{date}"
    if _MONTH.fullmatch(text):
        return "{day}"
    if _UUID.fullmatch(text):
        return "{id}"
    pieces = [piece for piece in re.split(r"[-_+ ,.:~]+", text) if piece]
    numbered = any(
        (piece.isdecimal() and len(piece) >= 5) or _MIXED.fullmatch(piece) for piece in pieces
    )
    if len(pieces) >= 4 or (len(text) >= 12 and not text.isascii()):
        return "{slug-id}" if numbered else "{slug}"
    if numbered:
        return "{id}" if len(pieces) == 1 else "{words-id}"
    if place >= _LITERALS or len(text) > 24 or any(char.isdigit() for char in text):
        return "{word}" if len(pieces) <= 1 else "{words}"
    return text.replace("{", "").replace("}", "")


@lru_cache(maxsize=8192)
def shape_of(url: str) -> str:
    """The shape of a URL, such as `news.example/world/{year}/{day}/{slug}.html?id={number}`.

    Raises:
        ValueError: where the URL is not a usable http or https URL.
    """
    host = host_of(url).removeprefix("www.")
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    kinds = [_segment(text, place) for place, text in enumerate(segments[:_MAX_SEGMENTS])]
    more = "/{more}" if len(segments) > _MAX_SEGMENTS else ""
    pairs = sorted(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    query = "&".join(
        f"{name.lower()[:24]}={{{'number' if value.isdecimal() else 'word'}}}"
        for name, value in pairs[:4]
    )
    return f"{host}/{'/'.join(kinds)}{more}{'?' + query if query else ''}"


def _likeness(shape: str) -> str:
    """The shape with its words made one: what shapes of different sections have in common."""
    path, mark, query = shape.partition("?")
    host, *segments = path.split("/")
    kinds = [text if not text or _WORD.match(text) else "{word}" for text in segments]
    return "/".join([host, *kinds]) + mark + query


@dataclass(frozen=True, kw_only=True)
class Learned:
    """How many pages of each shape were articles of an outlet, and how many were not."""

    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    _alike: dict[str, tuple[int, int]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Sum up the shapes that differ in words alone."""
        for shape, (articles, others) in self.counts.items():
            known = self._alike.get(_likeness(shape), (0, 0))
            self._alike[_likeness(shape)] = (known[0] + articles, known[1] + others)

    def is_article(self, url: str) -> bool | None:
        """Whether pages of the URL's shape were articles; None where that is not known or clear."""
        try:
            shape = shape_of(url)
        except ValueError:
            return None
        own = self.counts.get(shape, (0, 0))
        if sum(own) >= _ENOUGH:
            return _clear(own)
        alike = self._alike.get(_likeness(shape), (0, 0))
        return _clear(alike) if sum(alike) >= _ENOUGH_LIKE else None


def _clear(counts: tuple[int, int]) -> bool | None:
    articles, others = counts
    if articles >= _CLEAR * others:
        return True
    return False if others >= _CLEAR * articles else None
