"""Dates as feeds and sitemaps write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

# Zone names that RFC 822 does not have, and that mean one offset only. IST, CST and their like
# mean several, so they are left out.
_ZONES = {
    "BST": 1, "CET": 1, "MEZ": 1, "WEST": 1, "WIB": 7,
    "CAT": 2, "CEST": 2, "EET": 2, "MESZ": 2, "SAST": 2, "EAT": 3, "EEST": 3, "MSK": 3,
    "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
_ZONE_NAME = re.compile(r"\s([A-Z]{3,4})$")
_YEAR_MONTH = re.compile(r"\d{4}-\d\d")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_SPACED_OFFSET = re.compile(r"(?<=\d)\s+(?=[+-]\d\d:?\d\d$)")


def _read(text: str) -> datetime | None:
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    if _YEAR_MONTH.fullmatch(text):
        text += "-01"
    try:
        return datetime.fromisoformat(_SPACED_OFFSET.sub("", text))
    except ValueError:
        pass
    zone = _ZONE_NAME.search(text)
    hours = _ZONES.get(zone[1]) if zone else None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if hours is not None:
        moment = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    return moment


def parse_date(raw: str) -> datetime | None:
    """The moment that `raw` names, aware and in UTC; None where it cannot be read.

    Reads ISO 8601 as `datetime.fromisoformat` does, with the W3C's year and month (NOTE-datetime),
    RFC 822 and 2822 dates, some zone names beside theirs, and seconds or milliseconds since 1970.
    A date without a zone is taken as UTC, which may be half a day wrong: whoever needs the moment
    itself goes by the page, and the source's own words are kept beside it.
    """
    text = " ".join(raw.split())
    if len(text) > 100:  # no date, and nothing to spend time on
        return None
    moment = _read(text)
    try:
        return moment and (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (OverflowError, ValueError):  # the first or last day that there is, with an offset
        return None
