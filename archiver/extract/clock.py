"""Times of day that a page only shows: "12 March 2025, 2.05pm EDT" in a line near its headline."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from itertools import islice

from archiver.extract.document import Document
from archiver.extract.phrases import pattern, table
from archiver.extract.region import Region
from archiver.extract.text import fold, line_text

_LINES = ("time", "span", "p", "div", "li", "small")
_MOST_PARTS = 8  # elements of such a line
_LONGEST = 120  # characters
_MOST = 4000  # elements that are looked at
_TIME = re.compile(
    r"(?<![\d:.])(?P<hour>[01]?\d|2[0-3])(?:\s?[h:]\s?|\.|時|시\s?)(?P<minute>[0-5]\d)(?![\d.]\d)"
    r"(?:[:.]\d\d)?(?:\s*(?P<half>[ap])\.?\s?m\b\.?)?"
)
_ZONE = re.compile(
    r"\b(?:(?:utc|gmt)\s*)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?\b"
)
_CJK_DAY = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")


def _zone(rest: str) -> timezone | None:
    """The zone named right behind a time; None where none is named."""
    if match := _ZONE.match(rest.lstrip(" ,(")):
        minutes = int(match["hours"]) * 60 + int(match["minutes"] or 0)
        if minutes <= 14 * 60:
            return timezone(timedelta(minutes=minutes if match["sign"] == "+" else -minutes))
    words = re.findall(r"[a-z]+", rest[:12])
    names = table("zones")
    return next(
        (
            timezone(timedelta(minutes=round(60 * float(offset))))
            for offset, zones in names.items()
            if words and words[0] in zones
        ),
        None,
    )


def read_time_of_day(line: str, day: date) -> str | None:
    """The moment of a line that names this day and a time, as ISO 8601; None where it does not.

    The offset stands in it only where the line names one.
    """
    text = fold(line)
    numbers = {int(number) for number in re.findall(r"\d+", text)}
    if not {day.day, day.year} <= numbers:
        return None
    for match in _TIME.finditer(text):
        if match.group().replace(".", "").isdigit() and re.match(
            r"\.?\d{2,4}\b", text[match.end() :]
        ):
            continue  # the beginning of a date with dots
        hour = int(match["hour"])
        if match["half"]:
            hour = hour % 12 + (12 if match["half"] == "p" else 0)
        zone = _zone(text[match.end() :])
        moment = datetime(day.year, day.month, day.day, hour, int(match["minute"]), tzinfo=zone)
        return moment.isoformat()
    return None


def shown_moment(doc: Document, region: Region, day: str | None) -> str | None:
    """The first moment of this day that the article's own lines show; None for none.

    Without a `day` (ISO 8601) the line must be one that names it in Chinese, Japanese or Korean
    form. Lines that say when the page was updated do not count.
    """
    updated = pattern("dates", "updated")
    for element in islice(doc.tree.iter(*_LINES), _MOST):
        text = line_text(element, most=_MOST_PARTS)
        if not text or len(text) > _LONGEST or not _TIME.search(fold(text)):
            continue
        if updated.match(fold(text)) or not region.owns(element):
            continue
        known = day
        if known is None and (match := _CJK_DAY.search(text)):
            known = "-".join(part.zfill(2) for part in match.groups())
        try:
            moment = read_time_of_day(text, date.fromisoformat(known)) if known else None
        except ValueError:
            continue
        if moment:
            return moment
    return None
