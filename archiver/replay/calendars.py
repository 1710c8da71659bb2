"""The calendar of a URL: how often it was captured in each year, and on each day of one."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from archiver.replay.pages import Pages
from archiver.replay.pictures import WEEK, month_of
from archiver.replay.stored import Stored, WithheldError
from archiver.replay.uris import BadAddressError, archived_url

_MONTHS = range(1, 13)


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
        most = max((count for day, count in days.items() if day.year == year), default=1)
        months = [
            month_of(
                year,
                number,
                days,
                lambda day: "/captures?" + urlencode({"url": url, "date": day}),
                most=most,
            )
            for number in _MONTHS
        ]
        page = self._pages.render(
            "calendar.html",
            {
                "url": url,
                "year": year,
                "years": sorted(years.items()),
                "most": max(years.values(), default=1),
                "months": months,
                "week": WEEK,
            },
        )
        return HTMLResponse(page, 200 if days else 404)


def _year(text: str, newest: int) -> int:
    if not text:
        return newest
    if not (text.isascii() and text.isdecimal() and len(text) == 4 and 1970 <= int(text) < 9999):
        raise BadAddressError("year is a number such as 2026")
    return int(text)
