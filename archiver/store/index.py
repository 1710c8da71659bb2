"""The index of captures in the order of CDX files: by urlkey, then by time, in pages.

A page is found by steps into two indexes, wherever it begins: its cost does not grow with what
stands before it, nor with how many captures a URL has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql import ColumnElement

from archiver.store import tables as t
from archiver.store.base import Store, key_of
from archiver.store.hiding import hides_anything, veil_of
from archiver.store.spans import IndexRow, Place, Span
from archiver.store.veil import LAST, Redaction, Scope, Veil

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_WALK = 200  # rows at a time, where those that are nearest are of no use
_SPELLINGS = select(t.url.c.id).where(t.url.c.urlkey == bindparam("key")).order_by(t.url.c.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexPage:
    """Rows of the index; `after` is where the next page goes on, None where there is none.

    What is redacted is left out, so that a page with an `after` may be short, or empty.
    """

    rows: list[IndexRow]
    after: Place | None


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
                veil = veil_of_rows(conn, rows)
                after = after and _past(after, rows[-1].url, veil, backwards)
                rows = [row for row in rows if not is_hidden(row, veil)]
        return IndexPage(rows=rows, after=after)


def place_of(row: IndexRow) -> Place:
    """Where a row stands in the index."""
    return row.place


def veil_of_rows(conn: Connection, rows: Sequence[IndexRow]) -> Veil:
    """What hides something of these rows."""
    return veil_of(conn, {row.url for row in rows}, {row.digest for row in rows})


def is_hidden(row: IndexRow, veil: Veil) -> bool:
    """Whether a row may not be shown."""
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


def select_rows() -> Select[Any]:
    """Every column of an `IndexRow`, of captures and their URLs."""
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
    wanted = select_rows().where(t.url.c.id == bindparam("number"), *where)
    wanted = wanted.order_by(*order).limit(limit)
    ids = spellings_of(conn, key)
    rows = [
        IndexRow._make(row) for number in ids for row in conn.execute(wanted, {"number": number})
    ]
    if len(ids) > 1:
        rows.sort(key=place_of, reverse=backwards)
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
        return select_rows().where(first, end).order_by(*(column.desc() for column in order))
    return select_rows().where(first, end).order_by(*order)


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
        veil = veil_of_rows(conn, rows)
        yield from ((row, veil.of(row.url, row.at, row.digest)) for row in rows)
        if len(rows) < _WALK:
            return
        begin = _beyond(rows[-1].place, False, backwards)
