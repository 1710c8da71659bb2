"""The interface's pages of outlets: all of them, and the days of one."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from archiver.replay.asked import EARLIEST, LATEST, DayAsked, day_asked
from archiver.replay.frontpages import FrontPages
from archiver.replay.pages import Pages
from archiver.replay.pictures import WEEK, Month, hour_bars, month_of
from archiver.replay.stored import Stored, is_replayable
from archiver.replay.uris import BadAddressError
from archiver.store.days import DAY, HOUR, start_of

_ARTICLES = 200  # new ones of a day that are listed
_CHANGES = 100  # changed ones
_PAGE = 100  # captures of an outlet's list


class OutletPages:
    """The endpoints; all read only, to be called in threads.

    Args:
        stored: the archive.
        pages: our own pages.
        fronts: finds front pages, and what outlets are called.
    """

    def __init__(self, stored: Stored, pages: Pages, fronts: FrontPages) -> None:
        self._stored = stored
        self._catalogue = stored.catalogue
        self._pages = pages
        self._fronts = fronts

    def outlets(self, request: Request) -> Response:
        """`/outlets`: every outlet, since when and how much."""
        spans = self._catalogue.outlet_spans()
        account = self._catalogue.status()["outlets"]
        rows = [
            {
                "id": name,
                "name": self._fronts.name_of(name),
                "articles": of["articles"],
                "first": spans[name][0] if name in spans else None,
                "last": spans[name][1] if name in spans else None,
            }
            for name, of in account.items()
        ]
        rows.sort(key=lambda row: row["name"].casefold())
        return self._page("outlets.html", rows=rows)

    def outlet(self, request: Request) -> Response:
        """`/outlet?name=&date=`: one outlet's day in UTC, the newest one unless told."""
        name, asked = self._asked(request)
        since, until = asked.since, asked.until
        before, after = self._catalogue.outlet_beside(name, since=since, until=until)
        hours = self._catalogue.outlet_counts(name, since=since, until=until, step=HOUR)
        url = self._fronts.url_of(name)
        changed = self._catalogue.changed_articles(
            since=since, until=until, outlets=[name], limit=_CHANGES + 1
        )
        new = self._catalogue.new_articles(name, since=since, until=until, limit=_ARTICLES + 1)
        return self._page(
            "outlet.html",
            **self._heading(name, asked),
            earlier=before and _day_address(name, before.date()),
            later=after and _day_address(name, after.date()),
            front=self._fronts.on(url, asked.day) if url else None,
            bars=hour_bars(
                {at.hour: count for at, count in hours.items()},
                lambda hour: _list_address(name, asked.day, hour=hour),
            ),
            total=sum(hours.values()),
            all=_list_address(name, asked.day),
            new=new[:_ARTICLES],
            more_new=len(new) > _ARTICLES,
            changed=changed[:_CHANGES],
            more_changed=len(changed) > _CHANGES,
            month=self._month(name, asked.day),
            months=self._months_beside(name, asked.day),
            week=WEEK,
        )

    def captures(self, request: Request) -> Response:
        """`/outlet/captures?name=&date=&hour=&after=`: an outlet's pages of a day, or an hour."""
        name, asked = self._asked(request)
        try:
            page = self._catalogue.outlet_captures(
                name,
                since=asked.since,
                until=asked.until,
                after=request.query_params.get("after") or None,
                limit=_PAGE,
            )
        except ValueError:
            raise BadAddressError("after is what the link to the next page says") from None
        more = None
        if page.after is not None:
            hour = {} if asked.hour is None else {"hour": asked.hour}
            more = _list_address(name, asked.day, **hour, after=page.after)
        return self._page(
            "outlet_captures.html",
            **self._heading(name, asked),
            rows=[(one, is_replayable(one)) for one in page.captures],
            more=more,
        )

    def _asked(self, request: Request) -> tuple[str, DayAsked]:
        """An outlet that is there, and a day; the last one of it where none is named."""
        name = request.query_params.get("name", "").strip()
        asked = day_asked(request)
        before, after = self._catalogue.outlet_beside(
            name, since=start_of(LATEST), until=start_of(EARLIEST)
        )
        if before is None or after is None:
            raise BadAddressError("nothing was captured of such an outlet", status=404)
        return name, asked or DayAsked(day=before.date())

    def _heading(self, name: str, asked: DayAsked) -> dict[str, Any]:
        return {
            "outlet": name,
            "name": self._fronts.name_of(name),
            "asked": asked,
            "day_address": _day_address(name, asked.day),
        }

    def _month(self, name: str, day: date) -> Month:
        first = day.replace(day=1)
        counts = self._catalogue.outlet_counts(
            name,
            since=start_of(first),
            until=start_of(_month_end(first)) + DAY,
            step=DAY,
        )
        return month_of(
            day.year,
            day.month,
            {at.date(): count for at, count in counts.items()},
            lambda one: _day_address(name, one),
            current=day,
        )

    def _months_beside(self, name: str, day: date) -> dict[str, str]:
        """Links to the last day before a day's month that has something, and the first after."""
        until = start_of(_month_end(day)) + DAY
        beside = self._catalogue.outlet_beside(
            name, since=start_of(day.replace(day=1)), until=until
        )
        return {f"{at:%B %Y}": _day_address(name, at.date()) for at in beside if at is not None}

    def _page(self, template: str, **values: Any) -> Response:
        return HTMLResponse(self._pages.render(template, values))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _day_address(name: str, day: date) -> str:
    return "/outlet?" + urlencode({"name": name, "date": day})


def _list_address(name: str, day: date, **more: Any) -> str:
    return "/outlet/captures?" + urlencode({"name": name, "date": day} | more)
