"""The mementos of a URL: the one nearest to a moment, those beside it, and why none is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Row,
    and_,
    bindparam,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql import ColumnElement

from archiver.model import Capture
from archiver.store import tables as t
from archiver.store.base import Store, key_of
from archiver.store.captures import BROKEN_OFF, RETRY_STATUSES, select_captures, to_capture
from archiver.store.hiding import IN_FORCE, hides_anything, hides_payloads, veil_of, visible
from archiver.store.index import (
    during,
    first_usable,
    is_hidden,
    place_of,
    select_rows,
    veil_of_rows,
    walk,
)
from archiver.store.spans import IndexRow
from archiver.store.veil import Redaction, Veil, second_of

_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_MOST_SPELLINGS = 100  # of one urlkey that are asked for in one statement; SQLite takes 500 / 4

_Way = Literal["first", "prev", "next", "last"]
_BACK: dict[_Way, bool] = {"first": False, "prev": True, "next": False, "last": True}
_SPELLINGS = (
    select(t.url.c.id, IN_FORCE.scalar_subquery())
    .where(t.url.c.urlkey == bindparam("key"))
    .order_by(t.url.c.id)
)
_SIMPLE = and_(t.capture.c.status.between(200, 599), t.capture.c.status != 304)


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """The captures of a URL that a memento leads to; `prev` and `next` are of other seconds."""

    first: IndexRow | None = None
    prev: IndexRow | None = None
    next: IndexRow | None = None
    last: IndexRow | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The capture of a URL nearest to a moment and those around it, or what withholds them."""

    withheld: Redaction | None = None
    capture: Capture | None = None
    around: Around = Around()


class Mementos(Store):
    """The part of the catalogue that finds captures of a URL by their time."""

    def memento(
        self,
        url: str,
        at: datetime,
        usable: Callable[[Capture | IndexRow], bool],
        *,
        exactly: datetime | None = None,
    ) -> Found:
        """What there is of a URL at a moment: `withheld`, `nearest` and `around` in one.

        `exactly`: a second that is asked for, of which everything may be withheld.
        """
        with self._reading() as conn:
            page = _Page.of(conn, url)
            if page.veiled and (redaction := _withheld(conn, url, exactly)):
                return Found(withheld=redaction)
            capture = page.nearest(at, usable)
            if capture is None:
                return Found()
            return Found(capture=capture, around=page.around(capture.captured_at, usable))

    def withheld(self, url: str, at: datetime | None = None) -> Redaction | None:
        """Why nothing is shown of a URL, or of what was captured of it in the second `at`.

        None where something is, or where there is nothing to show anyway.
        """
        with self._reading() as conn:
            return _withheld(conn, url, at) if hides_anything(conn) else None

    def nearest(
        self,
        url: str,
        at: datetime,
        usable: Callable[[Capture | IndexRow], bool] = lambda one: True,
    ) -> Capture | None:
        """The capture of a URL (by urlkey) nearest in time that can be replayed.

        That is any that has an answer and is `usable`, but not a 304, which has no page, nor what
        is redacted. Of two as near the earlier one. Two steps into an index for each way to write
        the URL, however many captures there are; more where the nearest will not do.
        """
        with self._reading() as conn:
            return _Page.of(conn, url).nearest(at, usable)

    def around(self, url: str, at: datetime, usable: Callable[[IndexRow], bool]) -> Around:
        """The first and last capture of a URL (by urlkey), and those next to a moment's second.

        `usable` says which count. One look-up of four steps into an index for each way to write
        the URL; where one that is found is of no use or redacted, its neighbours are read.
        """
        with self._reading() as conn:
            return _Page.of(conn, url).around(at, usable)

    def newest(
        self,
        url: str,
        usable: Callable[[IndexRow], bool] = lambda one: True,
        *,
        until: datetime | None = None,
        exactly: bool = False,
        final: bool = False,
    ) -> Capture | None:
        """The newest capture of a URL (by urlkey) that has an answer, is no 304 and not redacted.

        Args:
            url: canonical.
            usable: says which captures count.
            until: none after this moment.
            exactly: none of another way to write the URL.
            final: none of a server's trouble or a block, nor one that was broken off.
        """
        taken = t.capture.c
        where = [_SIMPLE, *during(None, until)]
        if exactly:
            where.append(t.url.c.url == url)
        if final:
            where += [taken.status < 500, taken.status.not_in(RETRY_STATUSES)]
            where.append(or_(taken.truncated.is_(None), taken.truncated.not_in(BROKEN_OFF)))
        with self._reading() as conn:
            row = first_usable(conn, key_of(url), where, True, usable)
            return _taken(conn, row) if row is not None else None


@dataclass(frozen=True, slots=True)
class _Page:
    """The captures of one urlkey in a transaction: its URLs' numbers, whether any is redacted."""

    conn: Connection
    key: str
    ids: Sequence[int]
    veiled: bool

    @classmethod
    def of(cls, conn: Connection, url: str) -> _Page:
        key = key_of(url)
        rows = conn.execute(_SPELLINGS, {"key": key}).all()
        veiled = rows[0][1] is not None if rows else hides_anything(conn)
        return cls(conn, key, [row[0] for row in rows], veiled)

    def nearest(self, at: datetime, usable: Callable[[Capture | IndexRow], bool]) -> Capture | None:
        rows = list(self._at_once(_beside, {"at": at}))
        if not rows and len(self.ids) <= _MOST_SPELLINGS:
            return None
        if rows:
            best = to_capture(min(rows, key=lambda row: (abs(row.at - at), row.at)))
            if usable(best) and (not self.veiled or visible(self.conn, [best])):
                return best
        own = t.capture.c
        near = [
            first_usable(self.conn, self.key, [own.status != 304, side], backwards, usable)
            for side, backwards in ((own.at <= at, True), (own.at > at, False))
        ]
        row = min(
            (row for row in near if row is not None),
            key=lambda row: (abs(row.at - at), row.at),
            default=None,
        )
        return _taken(self.conn, row) if row is not None else None

    def around(self, at: datetime, usable: Callable[[IndexRow], bool]) -> Around:
        second = second_of(at)
        found: dict[_Way, IndexRow] = {}
        values = {"second": second, "next": second + _SECOND}
        rows = [IndexRow._make(row) for row in self._at_once(_ends, values)]
        veil = veil_of_rows(self.conn, rows) if self.veiled else Veil()
        for way, back in _BACK.items():
            near = [row for row in rows if _is_of(way, row, second)]
            best = (max if back else min)(near, key=place_of, default=None)
            if best is None and len(self.ids) <= _MOST_SPELLINGS:
                continue
            if best is None or not usable(best) or is_hidden(best, veil):
                best = first_usable(self.conn, self.key, _of_way(way, second), back, usable)
            if best is not None:
                found[way] = best
        return Around(**found)

    def _at_once(
        self, made: Callable[[int], CompoundSelect[Any]], values: dict[str, datetime]
    ) -> Iterator[Row[Any]]:
        """What one statement finds of all the URLs; nothing where they are too many for one."""
        if 0 < len(self.ids) <= _MOST_SPELLINGS:
            numbers = {f"id{place}": number for place, number in enumerate(self.ids)}
            yield from self.conn.execute(made(len(self.ids)), {**numbers, **values})


def _withheld(conn: Connection, url: str, at: datetime | None) -> Redaction | None:
    veil = veil_of(conn, [url])
    found = veil.of_url(url)
    if found is not None or not (veil.finer or hides_payloads(conn)):
        return found
    second = second_of(at) if at is not None else None
    until = second + _SECOND - _MICROSECOND if second is not None else None
    first = None
    for _, hidden in walk(conn, key_of(url), during(second, until)):
        if hidden is None:
            return None
        first = first or hidden
    return first


@lru_cache(maxsize=8)
def _beside(count: int) -> CompoundSelect[Any]:
    """Of so many URLs each: the capture before a moment and that after it, made once."""
    capture = t.capture.c
    at: ColumnElement[datetime] = bindparam("at")
    sides = (capture.at <= at, capture.at.desc()), (capture.at > at, capture.at.asc())
    parts = [
        select_captures(capture.url_id == bindparam(f"id{number}"), capture.status != 304, side)
        .order_by(order)
        .limit(1)
        .subquery()
        .select()
        for number in range(count)
        for side, order in sides
    ]
    return union_all(*parts)


@lru_cache(maxsize=8)
def _ends(count: int) -> CompoundSelect[Any]:
    """Of so many URLs each: first and last capture, and those before and after a second."""
    at = t.capture.c.at
    ways = (
        (true(), at),
        (true(), at.desc()),
        (at < bindparam("second"), at.desc()),
        (at >= bindparam("next"), at),
    )
    parts = [
        select_rows()
        .where(t.url.c.id == bindparam(f"id{number}"), _SIMPLE, where)
        .order_by(order)
        .limit(1)
        .subquery()
        .select()
        for number in range(count)
        for where, order in ways
    ]
    return union_all(*parts)


def _of_way(way: _Way, second: datetime) -> list[ColumnElement[bool]]:
    at = t.capture.c.at
    times = {"prev": [at < second], "next": [at >= second + _SECOND]}
    return [_SIMPLE, *times.get(way, [])]


def _is_of(way: _Way, row: IndexRow, second: datetime) -> bool:
    if way == "prev":
        return row.at < second
    return way != "next" or row.at >= second + _SECOND


def _taken(conn: Connection, row: IndexRow) -> Capture:
    taken = t.capture.c
    there = and_(
        taken.url_id == row.url_id,
        taken.at == row.at,
        taken.file_id == row.file_id,
        taken.offset == row.offset,
    )
    return to_capture(conn.execute(select_captures(there)).one())
