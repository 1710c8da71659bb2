"""TimeMaps (RFC 7089, section 5): the mementos of a URL, in pages where there are many.

/timemap/link/{url}              in link format (RFC 6690)
/timemap/json/{url}              in JSON
/timemap/{url}                   whichever Accept prefers
/timemap/link/{timestamp}/{url}  the page whose first memento is of that second
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from archiver.replay.links import JSON, LINK_FORMAT, Links, http_date, link
from archiver.replay.stored import Stored, WithheldError
from archiver.replay.uris import archived_url, ascii_url, moment
from archiver.store.mementos import Around
from archiver.store.spans import IndexRow
from archiver.store.veil import second_of

PAGE = 500  # mementos

_PATH = re.compile(r"/timemap/(?:(link|json)/)?(?:(\d{14})/)?(.*)", re.ASCII | re.DOTALL)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeMap:
    """One page of a URL's mementos, and those at the ends of the pages before and after it.

    `earlier` are the first and last one of the page before; `starts` says whether that page is
    the first one of all, whose address has no time.
    """

    url: str
    since: datetime | None
    mementos: Sequence[IndexRow]
    around: Around
    earlier: tuple[IndexRow, IndexRow] | None = None
    starts: bool = False
    later: tuple[IndexRow, IndexRow] | None = None


def read_timemap(stored: Stored, url: str, since: datetime | None) -> TimeMap | None:
    """A page of mementos, from a second on or from the first; None where there are none.

    Reads that page and the ones beside it, however many there are.
    """
    mementos, _ = _take(stored.mementos(url, since=since, step=PAGE + 1))
    if not mementos:
        return None
    onwards = second_of(mementos[-1].at) + timedelta(seconds=1)
    later, _ = _take(stored.mementos(url, since=onwards, step=PAGE + 1))
    earlier: list[IndexRow] = []
    more = False
    if since is not None:
        before = since - _MICROSECOND
        back = stored.mementos(url, until=before, backwards=True, step=PAGE + 1)
        earlier, more = _take(back)
    return TimeMap(
        url=url,
        since=since,
        mementos=mementos,
        around=stored.around(url, mementos[0].at),
        earlier=(earlier[-1], earlier[0]) if earlier else None,
        starts=not more,
        later=(later[0], later[-1]) if later else None,
    )


def _take(rows: Iterator[IndexRow]) -> tuple[list[IndexRow], bool]:
    """A page of them, and whether there are more.

    Those of one second stay together, since it is what an address names.
    """
    taken: list[IndexRow] = []
    for row in rows:
        if len(taken) >= PAGE and second_of(row.at) != second_of(taken[-1].at):
            return taken, True
        taken.append(row)
    return taken, False


class TimeMaps:
    """The endpoint of TimeMaps, to be called in threads.

    Args:
        stored: where mementos come from.
        links: to what is linked.
    """

    def __init__(self, stored: Stored, links: Links) -> None:
        self._stored = stored
        self._links = links

    def answer(self, request: Request, address: str) -> Response | str:
        """The TimeMap at an address; where there are no mementos the URL that was asked for.

        Raises:
            BadAddressError: where the address names no URL.
            WithheldError: where all there is of it is redacted.
        """
        match = _PATH.fullmatch(address)
        form, digits, text = match.groups() if match else (None, None, "")
        url = archived_url(text)
        since = moment(digits) if digits else None
        if hidden := self._stored.withheld(url):
            raise WithheldError(hidden)
        found = read_timemap(self._stored, url, since)
        if found is None:
            return url
        chosen = form or _preferred(request.headers.get("accept", ""))
        if chosen == "json":
            response = Response(self._json(found), media_type=JSON)
        else:
            response = Response(self._link_format(found), media_type=LINK_FORMAT)
        if form is None:
            response.headers["Vary"] = "Accept"
            response.headers["Content-Location"] = ascii_url(
                self._links.timemap(url, chosen, since)
            )
        return response

    def _link_format(self, found: TimeMap) -> str:
        links, url = self._links, found.url
        lines = [
            link(url, "original"),
            link(links.timegate(url), "timegate"),
            link(
                links.timemap(url, since=found.since),
                "self",
                type=LINK_FORMAT,
                **{"from": http_date(found.mementos[0].at)},
                until=http_date(found.mementos[-1].at),
            ),
        ]
        for relation, address, first, last in self._pages(found, "link"):
            span = {"from": http_date(first.at), "until": http_date(last.at)}
            lines.append(link(address, f"{relation} timemap", type=LINK_FORMAT, **span))
        ends = {row.place: row for row in (found.around.first, found.around.last) if row}
        listed = {row.place: row for row in found.mementos}
        for place, row in sorted((ends | listed).items()):
            relations = [
                name
                for name in ("first", "last")
                if (end := getattr(found.around, name)) and end.place == place
            ]
            lines.append(
                link(
                    links.memento(row),
                    " ".join([*relations, "memento"]),
                    datetime=http_date(row.at),
                )
            )
        return ",\n".join(lines) + "\n"

    def _json(self, found: TimeMap) -> str:
        links, url = self._links, found.url
        mementos: dict[str, Any] = {"list": [self._of(row) for row in found.mementos]}
        for name in ("first", "last"):
            if row := getattr(found.around, name):
                mementos[name] = self._of(row)
        pages = {
            relation: {"uri": ascii_url(address), "from": _iso(first), "until": _iso(last)}
            for relation, address, first, last in self._pages(found, "json")
        }
        return (
            json.dumps(
                {
                    "original_uri": ascii_url(url),
                    "self": ascii_url(links.timemap(url, "json", found.since)),
                    "timegate_uri": ascii_url(links.timegate(url)),
                    "timemap_uri": {
                        "link_format": ascii_url(links.timemap(url)),
                        "json_format": ascii_url(links.timemap(url, "json")),
                    },
                    "pages": pages,
                    "mementos": mementos,
                },
                indent=1,
            )
            + "\n"
        )

    def _of(self, row: IndexRow) -> dict[str, str]:
        return {"datetime": _iso(row), "uri": self._links.memento(row)}

    def _pages(self, found: TimeMap, form: str) -> Iterator[tuple[str, str, IndexRow, IndexRow]]:
        """The pages beside this one: relation, address, first and last memento."""
        if found.earlier:
            first, last = found.earlier
            since = None if found.starts else first.at
            yield "prev", self._links.timemap(found.url, form, since), first, last
        if found.later:
            first, last = found.later
            yield "next", self._links.timemap(found.url, form, first.at), first, last


def _iso(row: IndexRow) -> str:
    return row.at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _preferred(accept: str) -> str:
    """JSON for who takes that and not the link format, by name or by a greater weight."""
    weights = {LINK_FORMAT: 0.0, JSON: 0.0}
    for item in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            if match := re.fullmatch(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", parameter):
                weight = float(match[1])
        if kind in weights:
            weights[kind] = weight
    return "json" if weights[JSON] > weights[LINK_FORMAT] else "link"
