"""Answering a question to the index: rows in lists, as they are read, never all of them at once."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice

from archiver.replay.cdx_pages import PageBook
from archiver.replay.cdx_query import CdxQuery, Order
from archiver.store.index import CaptureIndex
from archiver.store.spans import IndexRow, Place

_FIRST = 100  # rows that are read at first; most questions want fewer
_STEP = 1000  # rows at a time from then on
_MICROSECOND = timedelta(microseconds=1)

Rows = Iterator[list[IndexRow]]


class Answer:
    """The rows that answer a question, each list read when it is asked for.

    `resume` is, once all are read, the place to go on from, where the limit left rows out.

    Args:
        index: what is asked.
        query: the question.
        book: knows where pages begin.
    """

    def __init__(self, index: CaptureIndex, query: CdxQuery, book: PageBook) -> None:
        self.resume: Place | None = None
        self._index = index
        self._query = query
        self._book = book

    def __iter__(self) -> Rows:
        """Lists of rows, none of them long."""
        query, limit = self._query, self._query.limit
        backwards = query.order is Order.REVERSE
        if query.order is Order.CLOSEST:
            rows = self._closest()
        elif query.page is not None:
            rows = self._page(query.page)
        elif limit is not None and limit < 0:
            limit = -limit
            rows = self._scan(start=self._last(limit, backwards), backwards=backwards)
        else:
            rows = self._scan(start=query.resume, backwards=backwards)
        return self._limited(self._collapsed(rows), limit)

    def _scan(
        self,
        *,
        start: Place | None = None,
        backwards: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Rows:
        """Rows of the span that pass the filters, from a place on, itself included."""
        query, limit, inclusive = self._query, _FIRST, True
        while True:
            page = self._index.index_page(
                query.span,
                since=since or query.since,
                until=until or query.until,
                start=start,
                inclusive=inclusive,
                backwards=backwards,
                limit=limit,
            )
            yield [row for row in page.rows if all(test(row) for test in query.filters)]
            if page.after is None:
                return
            start, inclusive, limit = page.after, False, _STEP

    def _page(self, number: int) -> Rows:
        """Rows of one page, up to where the next one begins."""
        page = self._book.page(self._query, number)
        if page is None:
            return
        start, end = page
        for rows in self._scan(start=start):
            inside = rows if end is None else [row for row in rows if row.place < end]
            yield inside
            if len(inside) < len(rows):
                return

    def _closest(self) -> Rows:
        """By how many seconds they are away; of two as near the earlier one first."""
        query, at = self._query, self._query.closest
        if at is None:
            raise ValueError("closest to what?")

        def distance(row: IndexRow) -> tuple[float, datetime]:
            return abs((row.at.replace(microsecond=0) - at).total_seconds()), row.at

        if query.span.end is not None:
            every = chain.from_iterable(self._scan())
            yield heapq.nsmallest(query.limit or 1, every, key=distance)
            return
        until = min(query.until or at, at - _MICROSECOND)
        since = max(query.since or at, at)
        nearest = heapq.merge(
            chain.from_iterable(self._scan(until=until, backwards=True)),
            chain.from_iterable(self._scan(since=since)),
            key=distance,
        )
        size = min(query.limit + 1 if query.limit else _STEP, _STEP)
        while rows := list(islice(nearest, size)):
            yield rows

    def _collapsed(self, rows: Rows) -> Rows:
        """One of neighbours that are alike; after a resumption not that which was given before."""
        fresh, given = _fresh(self._query), self._query.resume
        for found in rows:
            yield [row for row in found if fresh(row) and row.place != given]

    def _limited(self, rows: Rows, limit: int | None) -> Rows:
        last: Place | None = None
        for found in rows:
            if limit is not None and len(found) > limit:
                if limit:
                    last = found[limit - 1].place
                    yield found[:limit]
                self.resume = last
                return
            if found:
                last = found[-1].place
                limit = None if limit is None else limit - len(found)
                yield found

    def _last(self, wanted: int, backwards: bool) -> Place | None:
        """Where the last rows begin: found by reading from the end, and counting."""
        fresh, start = _fresh(self._query), None
        for row in chain.from_iterable(self._scan(backwards=not backwards)):
            # Of rows that are alike the last one read is the one that counts.
            if fresh(row):
                if wanted == 0:
                    return start
                wanted -= 1
            start = row.place
        return start


def _fresh(query: CdxQuery) -> Callable[[IndexRow], bool]:
    """A test of one row after another: is it unlike the one before?"""
    last: list[str | None] = [None] * len(query.collapse)

    def fresh(row: IndexRow) -> bool:
        for number, read in enumerate(query.collapse):
            value = read(row)
            if value == last[number]:
                return False
            last[number] = value
        return True

    return fresh
