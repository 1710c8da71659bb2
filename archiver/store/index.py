"""The index of captures in the order of CDX files: by urlkey, then by time, in pages.

A page is found by steps into two indexes, wherever it begins: its cost does not grow with what
stands before it, nor with how many captures a URL has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql import ColumnElement

from archiver.store import tables as t
from archiver.store.base import Store, key_of
from archiver.store.hiding import hides_anything, veil_of
from archiver.store.spans import IndexRow, Place, Span
from archiver.store.veil import LAST, Redaction, Scope, Veil, second_of

_SECOND = timedelta(seconds=1)
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_WALK = 200  # rows at a time, where those that are nearest are of no use
MOST_SPELLINGS = 100  # of one urlkey that are asked for in one statement; SQLite takes 500 / 4

_Way = Literal["first", "prev", "next", "last"]
_BACK: dict[_Way, bool] = {"first": False, "prev": True, "next": False, "last": True}
_SPELLINGS = select(t.url.c.id).where(t.url.c.urlkey == bindparam("key")).order_by(t.url.c.id)
_SIMPLE = and_(t.capture.c.status.between(200, 599), t.capture.c.status != 304)


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPage:
    """Rows of the index; `after` is where the next page goes on, None where there is none.

    What is redacted is left out, so that a page with an `after` may be short, or empty.
    """

    rows: list[IndexRow]
    after: Place | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """The captures of a URL that a memento leads to; `prev` and `next` are of other seconds."""

    first: IndexRow | None = None
    prev: IndexRow | None = None
    next: IndexRow | None = None
    last: IndexRow | None = None


class CaptureIndex(Store):
    """The part of the catalogue that answers as an index of WARC files does."""

    def index_page(
        self,
        span: Span,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        start: Place | None = None,
        inclusive: bool = False,
        backwards: bool = False,
        limit: int = 1000,
    ) -> IndexPage:
        """Captures of a span of urlkeys, in the index's order, or backwards; nothing redacted.

        Args:
            span: which urlkeys.
            since: no captures before this moment.
            until: no captures after this moment.
            start: begin after this place; a page's `after` leads to the next page.
            inclusive: or at this place.
            backwards: from the last to the first.
            limit: the most rows that are read.
        """
        times = during(since, until)
        with self._reading() as conn:
            rows: list[IndexRow] = []
            key = span.first if start is None else start.urlkey
            if span.holds(key) and (span.end is None or start is not None):
                begin = true() if start is None else _beyond(start, inclusive, backwards)
                rows = _of_key(conn, key, [*times, begin], backwards, limit)
            if span.end is not None and len(rows) < limit:
                more = _across(span, start, backwards).where(*times).limit(limit - len(rows))
                rows += map(IndexRow._make, conn.execute(more))
            after = rows[-1].place if len(rows) == limit else None
            if hides_anything(conn):
                veil = _veil(conn, rows)
                after = after and _past(after, rows[-1].url, veil, backwards)
                rows = [row for row in rows if not _is_hidden(row, veil)]
        return IndexPage(rows=rows, after=after)

    def around(self, url: str, at: datetime, usable: Callable[[IndexRow], bool]) -> Around:
        """The first and last capture of a URL (by urlkey), and those next to a moment's second.

        `usable` says which count. One look-up of four steps into an index for each way to write
        the URL; where one that is found is of no use or redacted, its neighbours are read.
        """
        key, second = key_of(url), second_of(at)
        found: dict[_Way, IndexRow] = {}
        with self._reading() as conn:
            ids = spellings_of(conn, key)
            rows: list[IndexRow] = []
            if 0 < len(ids) <= MOST_SPELLINGS:
                numbers = {f"id{place}": number for place, number in enumerate(ids)}
                values = {**numbers, "second": second, "next": second + _SECOND}
                rows = [IndexRow._make(row) for row in conn.execute(_ends(len(ids)), values)]
            veil = _veil(conn, rows) if hides_anything(conn) else Veil()
            for way, back in _BACK.items():
                near = [row for row in rows if _is_of(way, row, second)]
                best = (max if back else min)(near, key=_place, default=None)
                if best is None and len(ids) <= MOST_SPELLINGS:
                    continue
                if best is None or not usable(best) or _is_hidden(best, veil):
                    best = first_usable(conn, key, _of_way(way, second), back, usable)
                if best is not None:
                    found[way] = best
        return Around(**found)


def _place(row: IndexRow) -> Place:
    return row.place


def _veil(conn: Connection, rows: Sequence[IndexRow]) -> Veil:
    return veil_of(conn, {row.url for row in rows}, {row.digest for row in rows})


def _is_hidden(row: IndexRow, veil: Veil) -> bool:
    return veil.of(row.url, row.at, row.digest) is not None


def _columns() -> Select[Any]:
    """What an `IndexRow` has, in its order; not yet from anywhere."""
    url, taken = t.url.c, t.capture.c
    return select(
        url.urlkey,
        taken.at,
        taken.file_id,
        taken.offset,
        taken.url_id,
        url.url,
        taken.status,
        taken.mime,
        taken.record_type,
        taken.payload_digest,
        taken.length,
        t.warc_file.c.name,
        taken.redirect_to,
    )


def _joined() -> Select[Any]:
    return (
        _columns()
        .join_from(t.url, t.capture, t.capture.c.url_id == t.url.c.id)
        .join(t.warc_file, t.capture.c.file_id == t.warc_file.c.id)
    )


def during(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    """Captures from one moment to another, both included."""
    at = t.capture.c.at
    times = [at >= since] if since is not None else []
    return [*times, at <= until] if until is not None else times


def _beyond(start: Place, inclusive: bool, backwards: bool) -> ColumnElement[bool]:
    """Captures of one urlkey that come after a place."""
    taken = t.capture.c
    here = tuple_(taken.at, taken.file_id, taken.offset, taken.url_id)
    there = (start.at, start.file_id, start.offset, start.url_id)
    near = taken.at <= start.at if backwards else taken.at >= start.at  # what the index serves
    if inclusive:
        return and_(near, here <= there if backwards else here >= there)
    return and_(near, here < there if backwards else here > there)


def spellings_of(conn: Connection, key: str) -> Sequence[int]:
    """The numbers of all URLs of a urlkey."""
    return conn.scalars(_SPELLINGS, {"key": key}).all()


def _of_key(
    conn: Connection,
    key: str,
    where: Iterable[ColumnElement[bool]],
    backwards: bool,
    limit: int,
) -> list[IndexRow]:
    """Captures of one urlkey: from each of its URLs as many as are wanted, in their index."""
    taken = t.capture.c
    order = [taken.at, taken.file_id, taken.offset]
    order = [column.desc() for column in order] if backwards else order  # type: ignore[misc]
    wanted = _joined().where(t.url.c.id == bindparam("number"), *where)
    wanted = wanted.order_by(*order).limit(limit)
    ids = spellings_of(conn, key)
    rows = [
        IndexRow._make(row) for number in ids for row in conn.execute(wanted, {"number": number})
    ]
    if len(ids) > 1:
        rows.sort(key=_place, reverse=backwards)
    return rows[:limit]


def _across(span: Span, start: Place | None, backwards: bool) -> Select[Any]:
    """Captures of many urlkeys, without that of the place where the last page ended.

    The index gives urlkeys in their order; what is sorted are the captures of one at a time.
    """
    url, taken = t.url.c, t.capture.c
    order = [url.urlkey, taken.at, taken.file_id, taken.offset, taken.url_id]
    first, end = url.urlkey >= span.first, url.urlkey < span.end
    if start is not None and backwards:
        end = url.urlkey < min(start.urlkey, span.end or "")
    elif start is not None and start.urlkey >= span.first:
        first = url.urlkey > start.urlkey
    if backwards:
        return _joined().where(first, end).order_by(*(column.desc() for column in order))
    return _joined().where(first, end).order_by(*order)


def _past(after: Place, url: str, veil: Veil, backwards: bool) -> Place:
    """Where the list goes on: behind all of the redacted folder that its last row is in."""
    hidden = veil.of_url(url)
    if hidden is not None and hidden.scope is Scope.PREFIX:
        folder = key_of(hidden.url)
        folder = folder if folder.endswith("/") else f"{folder}/"
        if after.urlkey.startswith(folder):
            key = folder if backwards else folder + LAST
            return Place(key, _EARLIEST, 0, 0, 0)
    return after


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
        _joined()
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


def first_usable(
    conn: Connection,
    key: str,
    where: Sequence[ColumnElement[bool]],
    backwards: bool,
    usable: Callable[[IndexRow], bool],
) -> IndexRow | None:
    """The first capture that is of use and not redacted, in the one order or the other."""
    for row, hidden in walk(conn, key, where, backwards):
        if hidden is None and usable(row):
            return row
    return None


def walk(
    conn: Connection, key: str, where: Sequence[ColumnElement[bool]], backwards: bool = False
) -> Iterator[tuple[IndexRow, Redaction | None]]:
    """Captures of one urlkey as they are taken, each with what hides it."""
    begin: ColumnElement[bool] = true()
    while True:
        rows = _of_key(conn, key, [*where, begin], backwards, _WALK)
        veil = _veil(conn, rows)
        yield from ((row, veil.of(row.url, row.at, row.digest)) for row in rows)
        if len(rows) < _WALK:
            return
        begin = _beyond(rows[-1].place, False, backwards)
