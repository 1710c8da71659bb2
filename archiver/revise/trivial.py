"""What changes on a page though nobody edited the article: counters, clocks, furniture, CDNs."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

from archiver.extract.boilerplate import reason_of
from archiver.extract.text import fold
from archiver.revise.corrections import is_notice
from archiver.revise.tables import alternatives, table
from archiver.revise.words import count

_LONGEST = 14  # words of a line that may be a counter or a clock
_NUMBER = r"\d[\d.,']*(?:\s\d{3})*\s?[km]?\+?"
_CLOCK = (
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}(?:t\S+)?|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}"
    r"|\d{4}年\d{1,2}月\d{1,2}日|\d{1,2}[:.]\d{2}(?::\d{2})?(?:\s?(?:am|pm|uhr|h))?"
    r"|\d{1,2}\s?(?:am|pm|uhr)|\d{1,2}h\d{2}"
)
# Reasons for which a paragraph is furniture whatever its words are.
_SURE = frozenset({"readtime", "related", "advertisement", "date"})
_SIZE_DIGITS, _SHORT_NAME = 4, 4
_SIZE = re.compile(
    r"(?:^|[-_.@])(?:\d{1,4}x\d{1,4}|[wh]_?\d{2,4}|\d{2,4}[wh]|@?\dx|\d{2,4}px?|scaled|original|full"
    r"|large|medium|small|thumb(?:nail)?|crop(?:ped)?|wide|square|master|teaser|hero|lead|cover)(?=$|[-_.@])",
    re.IGNORECASE,
)
_ENDING = re.compile(r"\.(?:jpe?g|png|gif|webp|avif|svg|jxl|tiff?)(?=$|[./?])", re.IGNORECASE)
_KEPT = frozenset(
    {"id", "img", "image", "src", "url", "file", "guid", "key", "path", "uuid", "imageid", "asset"}
)


@cache
def _moving() -> re.Pattern[str]:
    """Counters, distances to now, and clocks, in folded text."""
    words = alternatives("trivial", "counters")
    relative = "|".join(f"(?:{form})" for form in table("trivial")["relative"]["forms"])
    months = alternatives("facts", "months")
    days = alternatives("facts", "weekdays")
    of_month = rf"\d{{1,2}}\.?\s(?:de\s)?(?:{months})|(?:{months})\s\d{{1,2}}(?:st|nd|rd|th)?"
    day = rf"(?:(?:{days})\.?,?\s)?(?:{of_month}),?(?:\s(?:de\s)?\d{{4}})?"
    return re.compile(
        rf"(?<![^\W_])(?:{relative})(?![^\W_])|{day}|{_CLOCK}"
        rf"|{_NUMBER}\s?(?:{words})|(?:{words})\s?[:(\[]?\s?{_NUMBER}[)\]]?"
    )


@cache
def _stamp() -> re.Pattern[str]:
    return re.compile(rf"{alternatives('trivial', 'stamps')}|\W|{_NUMBER}(?![^\W_])")


@lru_cache(maxsize=4096)
def masked(line: str) -> str:
    """A line in its compared form, with `#` for each counter and clock if it is a short one."""
    text = fold(line)
    if not any(map(str.isdigit, text)) and len(text) > 60:
        return text
    return _moving().sub("#", text) if count(text) <= _LONGEST else text


@lru_cache(maxsize=4096)
def is_noise(line: str) -> bool:
    """Whether a line is no part of what an article says: a counter, a clock, furniture."""
    if is_notice(line):
        return False
    if not any(map(str.isalnum, line)):
        return True
    reason = reason_of(line)
    if reason is not None and (reason in _SURE or count(line) <= _LONGEST):
        return True
    hidden = masked(line)
    return "#" in hidden and not _stamp().sub("", hidden.replace("#", ""))


def same_line(old: str, new: str) -> bool:
    """Whether two lines differ in nothing but counters, clocks and typography."""
    return masked(old) == masked(new)


@lru_cache(maxsize=1024)
def picture_key(url: str) -> str:
    """What names a picture whatever its size, crop, format, host and cache buster are."""
    try:
        parts = urlsplit(unquote(url))
    except ValueError:
        return url
    pieces = [piece for piece in parts.path.split("/") if piece]
    named = [value for key, value in parse_qsl(parts.query) if key.lower() in _KEPT]
    if named and "/" in named[-1]:
        pieces = [piece for piece in named[-1].split("?")[0].split("/") if piece]
        named = []
    last = _ENDING.sub("", pieces[-1]) if pieces else ""
    for _ in range(3):
        last = _SIZE.sub("", last)
    if last.isdigit() and len(last) <= _SIZE_DIGITS and len(pieces) > 1:  # "image/1234/1200.jpg"
        last = _ENDING.sub("", pieces[-2])
    elif sum(map(str.isalnum, last)) < _SHORT_NAME and len(pieces) > 1:
        last = f"{_ENDING.sub('', pieces[-2])}/{last}"
    return "&".join([last.strip("-_.").lower(), *named])
