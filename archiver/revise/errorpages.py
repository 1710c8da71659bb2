"""Pages that say "not found" with status 200. Pure functions; the words stand in a data file."""

from __future__ import annotations

import html
import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

# Separators, also the en dash and the em dash.
_PARTS = re.compile(r"\s*(?:[|·•»«:]|\s[-\u2013\u2014]|[-\u2013\u2014]\s)\s*")
_TITLE = re.compile(rb"<title[^>]*>(.{0,500}?)</title", re.IGNORECASE | re.DOTALL)
_HEADING = re.compile(rb"<h1[^>]*>(.{0,500}?)</h1", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,500}>")
_NUMBER = re.compile(
    r"(?:http |error |erreur |fehler |código |codice |ошибка |hata )*(?:404|410)(?: error)?"
)
_ARTICLE_LIKE = re.compile(r"\d|(?:[^-_]+[-_]){2}")  # a number or a sentence, no word or two
_MOST_WORDS = 150  # of a page that is an error page
_OPENING = 300  # characters of a text in which it says so
_LOOK = 300_000  # bytes of a page that are searched for its title


def says_missing(*titles: str | None, text: str = "", words: int | None = None) -> str | None:
    """The words with which a page says that what was asked for is not there; None for any other.

    A title says so whole, or in one of the parts that separators make; a short text in its
    opening. A page of many words is none, whatever its title.
    """
    if (len(text.split()) if words is None else words) > _MOST_WORDS:
        return None
    for title in titles:
        for part in _PARTS.split(_folded(title or "")):
            said = part.strip(" .!?…")
            if said in _phrases("titles") or _NUMBER.fullmatch(said):
                return said
            for phrase in _phrases("anywhere"):
                if phrase in part:
                    return phrase
    opening = _folded(text[:_OPENING])
    return next((phrase for phrase in _phrases("anywhere") if phrase in opening), None)


def titles_of(body: bytes) -> tuple[str, ...]:
    """Title and first heading of a page's bytes, as far as they can be read without parsing it."""
    found = (pattern.search(body[:_LOOK]) for pattern in (_TITLE, _HEADING))
    return tuple(
        html.unescape(_TAG.sub(" ", match[1].decode("utf-8", "replace")))
        for match in found
        if match
    )


def is_error_address(url: str) -> bool:
    """Whether an address to which a page redirects is that of an error page."""
    parts = re.split(r"[/.?=&]", urlsplit(url).path.casefold())
    return any(part in _phrases("addresses") for part in parts)


def is_above(url: str, page: str) -> bool:
    """Whether an address is a front page, or a section's above a page.

    What stands above and looks like an article's own (`/story/123` above `/story/123/its-title`)
    is none.
    """
    above, below = urlsplit(url), urlsplit(page)
    path = above.path.rstrip("/")
    if above.query:
        return False
    return not path or (
        below.path.startswith(path + "/") and not _ARTICLE_LIKE.search(path.rpartition("/")[2])
    )


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace("\u2019", "'").casefold().split())


@cache
def _phrases(name: str) -> frozenset[str]:
    text = (files("archiver.revise") / "errorpages.toml").read_text("utf-8")
    return frozenset(_folded(phrase) for phrase in tomllib.loads(text)[name])
