"""When a URL was captured: how often in a day or an hour, and its captures in pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import BigInteger, Connection, Label, func, select, type_coerce
from sqlalchemy.sql import ColumnElement

from archiver.model import Capture
from archiver.store import tables as t
from archiver.store.base import Store, key_of
from archiver.store.captures import select_captures, to_capture
from archiver.store.hiding import hides_anything, shown_of

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def start_of(day: date) -> datetime:
    """Where a day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def numbered(step: timedelta) -> Label[int]:
    """In which day or hour since 1970 a capture was taken."""
    micros = step // timedelta(microseconds=1)
    return (type_coerce(t.capture.c.at, BigInteger) // micros).label("number")


def moment_of(number: int, step: timedelta) -> datetime:
    """Where the day or hour of a number begins."""
    return _EPOCH + number * step


class Days(Store):
    """The part of the catalogue that calendars and lists of one URL's captures read.

    URLs of one urlkey count as one. Every capture counts, as in `captures_of`, but nothing that is
    redacted. Counting reads the index alone; where payloads are redacted somewhere, the digests
    of what is counted too.
    """

    def capture_count(
        self, url: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> int:
        """How many captures of a URL may be shown; from one moment on, and before another."""
        with self._reading() as conn:
            counted = select(func.count()).where(*_of(conn, url), *_within(since, until))
            return conn.scalar(counted) or 0

    def capture_days(self, url: str) -> dict[date, int]:
        """How many captures there are of a URL on each day in UTC, in order."""
        found = self._counted(url, DAY)
        return {at.date(): captures for at, captures in found.items()}

    def capture_hours(self, url: str, day: date) -> dict[int, int]:
        """How many captures there are of a URL in each hour of a day in UTC, in order."""
        since = start_of(day)
        found = self._counted(url, HOUR, since, since + DAY)
        return {at.hour: captures for at, captures in found.items()}

    def captures_before(
        self,
        url: str,
        before: datetime | None = None,
        *,
        since: datetime | None = None,
        limit: int,
    ) -> list[Capture]:
        """The newest captures of a URL before a moment, and not before another, newest first.

        Reads from each way to write the URL no more than it wants, in the order of an index.
        """
        with self._reading() as conn:
            urls = _urls(conn, url)
            wanted = [*_within(since, before), *_shown(conn, urls)]
            found = [one for number in urls for one in _newest(conn, number, wanted, limit)]
        found.sort(key=lambda one: (one.captured_at, one.warc.file, one.warc.offset), reverse=True)
        return found[:limit]

    def _counted(
        self,
        url: str,
        step: timedelta,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[datetime, int]:
        number = numbered(step)
        with self._reading() as conn:
            counted = (
                select(number, func.count().label("captures"))
                .where(*_of(conn, url), *_within(since, until))
                .group_by(number)
                .order_by(number)
            )
            return {moment_of(row.number, step): row.captures for row in conn.execute(counted)}


def _urls(conn: Connection, url: str) -> dict[int, str]:
    """All ways to write a URL that are known, by their numbers."""
    own = select(t.url.c.id, t.url.c.url).where(t.url.c.urlkey == key_of(url))
    return {row.id: row.url for row in conn.execute(own)}


def _shown(conn: Connection, urls: Mapping[int, str]) -> list[ColumnElement[bool]]:
    return [shown_of(conn, urls)] if hides_anything(conn) else []


def _of(conn: Connection, url: str) -> list[ColumnElement[bool]]:
    """The captures of a URL that may be shown."""
    urls = _urls(conn, url)
    return [t.capture.c.url_id.in_(urls), *_shown(conn, urls)]


def _within(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    at = t.capture.c.at
    times = [at >= since] if since is not None else []
    return [*times, at < until] if until is not None else times


def _newest(
    conn: Connection, number: int, wanted: list[ColumnElement[bool]], limit: int
) -> list[Capture]:
    taken = t.capture.c
    newest = (taken.at.desc(), taken.file_id.desc(), taken.offset.desc())
    own = select_captures(taken.url_id == number, *wanted).order_by(*newest).limit(limit)
    return [to_capture(row) for row in conn.execute(own)]
