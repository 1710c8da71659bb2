"""When a URL was captured: how often on each day, and its captures in pages, newest first."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from archiver.model import Capture
from archiver.store import tables as t
from archiver.store.base import Store, key_of
from archiver.store.captures import select_captures, to_capture
from archiver.store.hiding import hides_anything, veil_of, visible
from archiver.store.index import spellings_of

_DAY = 86_400_000_000  # microseconds
_EPOCH = date(1970, 1, 1)


class Days(Store):
    """The part of the catalogue that calendars and lists of one URL's captures read."""

    def capture_days(self, url: str) -> dict[date, int]:
        """How many captures there are of a URL (by urlkey) on each day in UTC, in order.

        Every capture counts, as in `captures_of`, but nothing that is redacted.
        """
        taken = t.capture.c
        of = t.url.c.urlkey == key_of(url)
        with self._reading() as conn:
            if hides_anything(conn):
                rows = conn.execute(
                    select(t.url.c.url, taken.at, taken.payload_digest)
                    .join_from(t.url, t.capture, taken.url_id == t.url.c.id)
                    .where(of)
                ).all()
                veil = veil_of(
                    conn, {row.url for row in rows}, {row.payload_digest for row in rows}
                )
                found = Counter(
                    row.at.astimezone(UTC).date()
                    for row in rows
                    if veil.of(row.url, row.at, row.payload_digest) is None
                )
                return dict(sorted(found.items()))
            day = (type_coerce(taken.at, BigInteger) // _DAY).label("day")
            counted = (
                select(day, func.count().label("captures"))
                .join_from(t.url, t.capture, taken.url_id == t.url.c.id)
                .where(of)
                .group_by("day")
                .order_by("day")
            )
            return {_EPOCH + timedelta(days=row.day): row.captures for row in conn.execute(counted)}

    def captures_before(
        self, url: str, before: datetime | None = None, *, limit: int
    ) -> list[Capture]:
        """The newest captures of a URL (by urlkey) before a moment, newest first; none redacted.

        Reads from each way to write the URL no more than it wants, in the order of an index.
        """
        with self._reading() as conn:
            ids = spellings_of(conn, key_of(url))
            found = [one for number in ids for one in _before(conn, number, before, limit)]
        found.sort(key=lambda one: (one.captured_at, one.warc.file, one.warc.offset), reverse=True)
        return found[:limit]


def _before(conn: Connection, number: int, before: datetime | None, limit: int) -> list[Capture]:
    taken, found, skip = t.capture.c, list[Capture](), 0
    wanted = select_captures(taken.url_id == number)
    if before is not None:
        wanted = wanted.where(taken.at < before)
    wanted = wanted.order_by(taken.at.desc(), taken.file_id.desc(), taken.offset.desc())
    while len(found) < limit:
        rows = [to_capture(row) for row in conn.execute(wanted.limit(limit).offset(skip))]
        found += visible(conn, rows)
        skip += len(rows)
        if len(rows) < limit:
            break
    return found
