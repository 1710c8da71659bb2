"""The interface: what is there, every capture of a URL, articles, archived pages in a frame."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from archiver.model import Revision, utcnow
from archiver.replay.asked import DayAsked, day_asked
from archiver.replay.memento import requested
from archiver.replay.pages import Pages
from archiver.replay.pictures import hour_bars
from archiver.replay.stored import Stored, WithheldError, is_replayable
from archiver.replay.uris import BadAddressError, archived_url, ascii_url, moment, stamp
from archiver.revise.sheet import Sheet, make_sheet
from archiver.store.lists import ArticleRow

PAGE = 50  # rows of a list

_NEWEST = 12  # articles on the first page
_STATES = ("live", "missing", "removed", "paywalled", "blocked")
_OUTLETS = 50  # outlets that are asked for them, a query or two each

_VIEW = re.compile(r"/view/(\d{4,14})/(.*)", re.ASCII | re.DOTALL)


class Interface:
    """The endpoints of the interface; all read only, to be called in threads."""

    def __init__(self, stored: Stored, pages: Pages) -> None:
        self._stored = stored
        self._catalogue = stored.catalogue
        self._pages = pages

    def home(self, request: Request) -> Response:
        """`/?prefix=&outlet=&after=`: outlets, and URLs in the order of their addresses."""
        prefix = request.query_params.get("prefix", "").strip()
        outlet = request.query_params.get("outlet", "")
        after = request.query_params.get("after") or None
        rows = self._catalogue.capture_list(
            prefix=_as_prefix(prefix), outlet=outlet or None, limit=PAGE + 1, after=after
        )
        account = self._catalogue.status()
        first = not prefix and not after
        return self._page(
            "home.html",
            account=account,
            newest=self._newest(account, outlet) if first else [],
            prefix=prefix,
            outlet=outlet,
            after=after,
            rows=rows[:PAGE],
            more=rows[PAGE - 1].url if len(rows) > PAGE else None,
        )

    def _newest(self, account: dict[str, Any], outlet: str) -> list[ArticleRow]:
        """The articles seen last, but moved ones: of one outlet, or of those crawled last."""

        def crawled(name: str) -> str:
            run = account["outlets"][name]["last_run"]
            return run["started"] if run else ""

        names = [outlet] if outlet else sorted(account["outlets"], key=crawled)[-_OUTLETS:]
        rows = [
            row
            for name in names
            for state in _STATES
            for row in self._catalogue.article_list(name, state=state, limit=_NEWEST)
        ]
        return heapq.nlargest(_NEWEST, rows, key=lambda row: row.last_seen)

    def captures(self, request: Request) -> Response:
        """`/captures?url=&before=`: every capture of a URL, newest first, with its proof.

        `date=` and `hour=`: those of a day, or of one hour of it, with a way on to older ones.
        """
        url = archived_url(request.query_params.get("url", "").strip())
        if hidden := self._stored.withheld(url):
            raise WithheldError(hidden)
        asked = day_asked(request)
        before = request.query_params.get("before")
        until = moment(before) if before else None
        since = None
        if asked is not None:
            since, until = asked.since, min(until or asked.until, asked.until)
        found = self._catalogue.captures_before(url, until, since=since, limit=PAGE + 1)
        shown = found[:PAGE]
        day = self._day(url, asked) if asked else None
        count = day["all"] if day else self._catalogue.capture_count(url)
        return self._page(
            "captures.html",
            200 if count else 404,
            url=url,
            count=count,
            rows=[(capture, is_replayable(capture)) for capture in shown],
            more=_more(url, shown[-1].captured_at, asked) if len(found) > PAGE else None,
            asked=asked,
            day=day,
            has_article=bool(count and self._catalogue.article_around(url, utcnow())[1]),
        )

    def _day(self, url: str, asked: DayAsked) -> dict[str, Any]:
        """What a day of a URL is beside the list: a picture of it, and the days next to it."""
        days = self._catalogue.capture_days(url)
        hours = self._catalogue.capture_hours(url, asked.day) if asked.day in days else {}

        def address(**more: Any) -> str:
            return "/captures?" + urlencode({"url": url, "date": asked.day} | more)

        earlier = max((day for day in days if day < asked.day), default=None)
        later = min((day for day in days if day > asked.day), default=None)
        return {
            "all": sum(days.values()),
            "bars": hour_bars(hours, lambda hour: address(hour=hour)),
            "count": sum(hours.values()) if asked.hour is None else hours.get(asked.hour, 0),
            "earlier": earlier and address(date=earlier),
            "later": later and address(date=later),
            "older": stamp(asked.since),
        }

    def article(self, request: Request) -> Response:
        """`/article?url=&revision=`: what was extracted, the newest revision unless told."""
        url = archived_url(request.query_params.get("url", "").strip())
        if hidden := self._stored.withheld(url):
            raise WithheldError(hidden)
        revisions = self._catalogue.get_article(url)
        number = request.query_params.get("revision")
        shown = [one for one in revisions if number is None or str(one.number) == number]
        if not shown:
            raise BadAddressError("no article was extracted from this page", status=404)
        revision, marked = shown[-1], None
        if request.query_params.get("marks"):
            marked = _marked(revisions, revision)
        return self._page(
            "article.html", url=url, revisions=revisions, shown=revision, marked=marked
        )

    def view(self, request: Request) -> Response:
        """`/view/{timestamp}/{url}`: an archived page in a frame, under a bar that says so."""
        match = _VIEW.fullmatch(requested(request))
        if match is None:
            raise BadAddressError("there is nothing at this address", status=404)
        digits, url = match[1], archived_url(match[2])
        found = self._stored.found(url, moment(digits), digits)
        if (capture := found.capture) is None:
            raise BadAddressError("nothing was captured of this page", status=404)
        exact = stamp(capture.captured_at)
        if digits != exact:
            location = f"/view/{exact}/{ascii_url(capture.url)}"
            return Response(status_code=302, headers={"Location": location})
        before, revision, after = self._catalogue.article_around(url, capture.captured_at)
        return self._page(
            "view.html",
            capture=capture,
            older=found.around.prev,
            newer=found.around.next,
            title=revision.article.title if revision else None,
            revision=revision,
            before=before,
            after=after,
        )

    def _page(self, template: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(self._pages.render(template, values), status)


def _marked(revisions: Sequence[Revision], shown: Revision) -> Sheet | None:
    """What changed to a revision from the one before it; None of the first."""
    place = revisions.index(shown)
    return make_sheet(revisions[place - 1], shown) if place else None


def _more(url: str, before: datetime, asked: DayAsked | None) -> str:
    """The query of the next page of a list."""
    query: dict[str, Any] = {"url": url, "before": stamp(before)}
    if asked is not None:
        query |= {"date": asked.day}
        query |= {} if asked.hour is None else {"hour": asked.hour}
    return urlencode(query)


def _as_prefix(text: str) -> str | None:
    """What a person types as the start of an address, as the catalogue takes it."""
    text = text.rstrip("*")
    if not text or "://" in text or re.match(r"[^/]*[,)]", text):
        return text or None
    return f"https://{text}"
