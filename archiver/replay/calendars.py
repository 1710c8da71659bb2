"""The calendar of a URL: how often it was captured in each year, and on each day of one."""

from __future__ import annotations

import calendar
from collections import Counter
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from archiver.replay.pages import Pages
from archiver.replay.stored import Stored, WithheldError
from archiver.replay.uris import BadAddressError, archived_url

_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


class CalendarPages:
    """The endpoint of the calendar; read only, to be called in threads."""

    def __init__(self, stored: Stored, pages: Pages) -> None:
        self._stored = stored
        self._pages = pages

    def calendar(self, request: Request) -> Response:
        """`/calendar?url=&year=`: captures by year and by day, the newest year unless told."""
        url = archived_url(request.query_params.get("url", "").strip())
        if hidden := self._stored.withheld(url):
            raise WithheldError(hidden)
        days = self._stored.catalogue.capture_days(url)
        years = Counter[int]()
        for day, count in days.items():
            years[day.year] += count
        year = _year(request.query_params.get("year", ""), max(years, default=1970))
        # a list goes on before a moment: the list of a day is that before the next one
        weeks = calendar.Calendar()
        months = [
            (name, [[_cell(day, number, days) for day in week] for week in rows])
            for number, name in enumerate(_MONTHS, 1)
            for rows in [weeks.monthdatescalendar(year, number)]
        ]
        page = self._pages.render(
            "calendar.html",
            {
                "url": url,
                "year": year,
                "years": sorted(years.items()),
                "most": max(years.values(), default=1),
                "months": months,
                "week": _WEEK,
            },
        )
        return HTMLResponse(page, 200 if days else 404)


def _year(text: str, newest: int) -> int:
    if not text:
        return newest
    if not (text.isascii() and text.isdecimal() and len(text) == 4 and 1970 <= int(text) < 9999):
        raise BadAddressError("year is a number such as 2026")
    return int(text)


def _cell(day: date, month: int, days: dict[date, int]) -> tuple[date, str, int] | None:
    """A day of this month, where the list of its captures begins, and how many there are."""
    if day.month != month:
        return None
    return day, f"{day + timedelta(days=1):%Y%m%d}000000", days.get(day, 0)
