"""URLs that machines make without end: calendars, facets, loops. Pure functions on text."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from urllib.parse import unquote, urlsplit

from archiver.discover.candidates import looks_like_article

MAX_LENGTH = 1024  # characters of path and query
MAX_SEGMENTS = 15
MAX_PARAMETERS = 10
MAX_PAGE = 100
_REPEATS = 3
_LAST_YEAR = 2200  # a higher number is none

_CALENDAR = re.compile(
    r"(?:cal)?(?:year|month|week|day|date)|yyyy|yy|mm|dd|tribe[-_][\w-]+|event[-_]?display|ical"
    r"|outlook-ical|calendar|monat|jahr|mois|annee|ano|mes",
    re.IGNORECASE,
)
_CALENDAR_PATH = re.compile(
    r"/(?:calendar|calendrier|kalender|calendario|agenda|events?|veranstaltungen)"
    r"(?:/[a-z]+)?/(?:(?:19|20|21)\d\d)(?:[/-]\d{1,2}){0,2}/?",
    re.IGNORECASE,
)
_DATED = re.compile(r"/(?P<year>[12]\d{3})[/-](?:0?[1-9]|1[0-2])(?:[/-]|$)")
_FACET = re.compile(
    r"(?:sort|order|dir|filter|facet|refine)(?:[-_]?\w*)|(?:f|filters?|facets?)\[.*|per_?page"
    r"|page_?size|display|colou?r|size|brand|(?:min|max)[-_]?price|price[-_]?\w*",
    re.IGNORECASE,
)
_PAGE = re.compile(
    r"(?:^|&)(?:page|paged|pg|seite|pagina)=0*(\d+)(?:&|$)|/(?:page|seite)/0*(\d+)/?$",
    re.IGNORECASE,
)
_SESSION = re.compile(r"(?:^|[&;])\w*sess(?:ion)?\w*=[0-9a-z]{16,}", re.IGNORECASE)


def trap_of(url: str, *, now: datetime) -> str | None:
    """The kind of trap that a canonical URL looks like, or None.

    too-long, too-deep, repeated-segments, session-id, calendar, facets, pagination. What an
    article's URL may have is let pass: a date up to a year ahead, one repeated word, a few
    parameters.
    """
    parts = urlsplit(url)
    if len(parts.path) + len(parts.query) > MAX_LENGTH:
        return "too-long"
    segments = [unquote(segment).lower() for segment in parts.path.split("/") if segment]
    if len(segments) > MAX_SEGMENTS:
        return "too-deep"
    if _repeats(segments):
        return "repeated-segments"
    if _SESSION.search(parts.query) or _SESSION.search(parts.path):
        return "session-id"
    names = [piece.partition("=")[0] for piece in parts.query.split("&") if piece]
    if _is_calendar(parts.path, names, now):
        return "calendar"
    if _is_faceted([unquote(name) for name in names]):
        return "facets"
    page = _PAGE.search(parts.query) or _PAGE.search(parts.path)
    if page and int((page[1] or page[2])[:9]) > MAX_PAGE:
        return "pagination"
    return None


def _repeats(segments: list[str]) -> bool:
    """Whether a word stands there three times, or two or more words are followed by themselves."""
    words = [segment for segment in segments if not segment.isdigit()]
    if any(times >= _REPEATS for times in Counter(words).values()):
        return True
    return any(
        words[start : start + length] == words[start + length : start + 2 * length]
        for length in range(2, len(words) // 2 + 1)
        for start in range(len(words) - 2 * length + 1)
    )


def _is_calendar(path: str, names: list[str], now: datetime) -> bool:
    if names and all(_CALENDAR.fullmatch(name) for name in names) and not _is_article(path):
        return True
    if _CALENDAR_PATH.fullmatch(path):
        return True
    dated = _DATED.search(path)
    return dated is not None and now.year + 1 < int(dated["year"]) < _LAST_YEAR


def _is_article(path: str) -> bool:
    return looks_like_article(f"http://host.example{path}")


def _is_faceted(names: list[str]) -> bool:
    facets = sum(_FACET.fullmatch(name) is not None for name in names)
    most = max(Counter(names).values(), default=0)
    return facets >= 2 or most >= _REPEATS or len(names) > MAX_PARAMETERS
