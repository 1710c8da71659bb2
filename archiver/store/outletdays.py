"""The days of an outlet: how many of its pages were captured when, and which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, TextClause, func, select, tuple_
from sqlalchemy.sql import ColumnElement

from archiver.model import Capture
from archiver.store import tables as t
from archiver.store.base import Store
from archiver.store.captures import select_captures, to_capture
from archiver.store.columntypes import from_micros, to_micros
from archiver.store.days import moment_of, numbered
from archiver.store.hiding import shown_among, visible

_PLACE = 4  # numbers that name the place of a capture


@dataclass(frozen=True, kw_only=True, slots=True)
class CapturePage:
    """Captures in the order of time; `after` names the place where the next page goes on.

    What is redacted is left out, so that a page with an `after` may be short, or empty.
    """

    captures: Sequence[Capture]
    after: str | None


class OutletDays(Store):
    """The part of the catalogue that knows the days of outlets, by an index of their pages.

    Pages and sections count: no feeds, pictures or robots.txt, and nothing that is redacted.
    """

    def outlet_spans(self) -> dict[str, tuple[datetime, datetime]]:
        """When each outlet's pages were captured first and last; two steps an outlet."""
        outlet, at = t.outlet.c, t.capture.c.at
        with self._reading() as conn:
            shown = shown_among(conn)
            found = {}
            for row in conn.execute(select(outlet.id, outlet.name).order_by(outlet.name)).all():
                own = select(at).where(t.capture.c.outlet_id == row.id, t.PAGES, *shown).limit(1)
                first = conn.scalar(own.order_by(at))
                last = conn.scalar(own.order_by(at.desc()))
                if first is not None and last is not None:
                    found[row.name] = (first, last)
        return found

    def outlet_counts(
        self, outlet: str, *, since: datetime, until: datetime, step: timedelta
    ) -> dict[datetime, int]:
        """How many captures there are in each day or hour, where any are, in order of time.

        From one moment on, and before another. Cost grows with the captures in that time.
        """
        number = numbered(step)
        with self._reading() as conn:
            counted = (
                select(number, func.count().label("captures"))
                .where(*_within(conn, outlet, since, until))
                .group_by(number)
                .order_by(number)
            )
            return {moment_of(row.number, step): row.captures for row in conn.execute(counted)}

    def outlet_beside(
        self, outlet: str, *, since: datetime, until: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """The last capture before a span of time, and the first one after it."""
        at = t.capture.c.at
        with self._reading() as conn:
            before = select(at).where(*_within(conn, outlet, None, since)).order_by(at.desc())
            after = select(at).where(*_within(conn, outlet, until, None)).order_by(at)
            return conn.scalar(before.limit(1)), conn.scalar(after.limit(1))

    def outlet_captures(
        self,
        outlet: str,
        *,
        since: datetime,
        until: datetime,
        after: str | None = None,
        limit: int = 100,
    ) -> CapturePage:
        """An outlet's captures in a span of time, in its order; a page's `after` leads on.

        Raises:
            ValueError: where `after` names no place.
        """
        taken = t.capture.c
        place = (taken.at, taken.url_id, taken.file_id, taken.offset)
        span = [taken.at >= since, taken.at < until]
        if after is not None:
            micros, *rest = _place_of(after)
            at = from_micros(micros)
            span += [taken.at >= at, tuple_(*place) > (at, *rest)]
        with self._reading() as conn:
            wanted = select_captures(_of(conn, outlet), t.PAGES, *span).order_by(*place)
            rows = conn.execute(wanted.limit(limit)).all()
            shown = visible(conn, [to_capture(row) for row in rows])
        more = None
        if len(rows) == limit:
            last = rows[-1]
            numbers = (to_micros(last.at), last.url_id, last.file_id, last.offset)
            more = ".".join(map(str, numbers))
        return CapturePage(captures=shown, after=more)

    def section_sources(self, outlet: str) -> list[str]:
        """The pages that are read for an outlet's new articles, the shortest address first."""
        wanted = (
            select(t.url.c.url)
            .join_from(t.poll, t.outlet, t.poll.c.outlet_id == t.outlet.c.id)
            .join(t.url, t.poll.c.source_id == t.url.c.id)
            .where(t.outlet.c.name == outlet, t.poll.c.kind == "section")
        )
        with self._reading() as conn:
            return sorted(conn.scalars(wanted), key=lambda url: (len(url), url))


def _of(conn: Connection, outlet: str) -> ColumnElement[bool]:
    number = conn.scalar(select(t.outlet.c.id).where(t.outlet.c.name == outlet))
    return t.capture.c.outlet_id == number


def _within(
    conn: Connection, outlet: str, since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool] | TextClause]:
    """An outlet's captures in a span of time that may be shown."""
    at = t.capture.c.at
    times = [at >= since] if since is not None else []
    times += [at < until] if until is not None else []
    return [_of(conn, outlet), t.PAGES, *times, *shown_among(conn, since, until)]


def _place_of(text: str) -> list[int]:
    parts = text.split(".")
    if len(parts) != _PLACE or not all(
        part.isascii() and part.isdecimal() and len(part) <= 16 for part in parts
    ):
        raise ValueError(f"no place in a list: {text[:80]}")
    return [int(part) for part in parts]
