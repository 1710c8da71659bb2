"""Numbered pages of the index, for who asks `page=7`: where each begins.

The catalogue finds a page by a place, not by a number. So the index is read once up to the page
that is wanted; where pages begin is remembered, and the next page costs nothing to find.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime

from archiver.replay.cdx_query import BLOCK, CdxQuery
from archiver.store.index import CaptureIndex
from archiver.store.spans import Place, Span

_REMEMBERED = 64  # questions
_STEP = 3000  # rows at a time

_Key = tuple[Span, datetime | None, datetime | None, int]


class _Pages:
    """Where the pages of one question begin, as far as is known."""

    def __init__(self) -> None:
        self.starts: list[Place] = []
        self.lock = threading.Lock()


class PageBook:
    """Where pages begin; threads may share it.

    Pages hold all rows of a span and a time, filters or not: so those of one question fit
    together. What is captured later goes into the page that it belongs to by its place.
    """

    def __init__(self, index: CaptureIndex) -> None:
        self._index = index
        self._known: OrderedDict[_Key, _Pages] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, query: CdxQuery, number: int) -> tuple[Place, Place | None] | None:
        """Where a page begins, and the one after it; None where there are not so many."""
        pages = self._pages(query)
        with pages.lock:
            if len(pages.starts) < number + 2:
                self._walk(pages, query, number + 2)
            starts = pages.starts[number : number + 2]
        if not starts:
            return None
        return starts[0], starts[1] if len(starts) > 1 else None

    def count(self, query: CdxQuery) -> tuple[int, int]:
        """How many pages there are, one at least, and how many blocks of lines."""
        pages = self._pages(query)
        with pages.lock:
            rest = self._walk(pages, query, None)
            whole = max(0, len(pages.starts) - 1)
        lines = whole * query.page_lines + rest
        return max(1, len(pages.starts)), -(-lines // BLOCK)

    def _pages(self, query: CdxQuery) -> _Pages:
        key = (query.span, query.since, query.until, query.page_lines)
        with self._lock:
            pages = self._known.setdefault(key, _Pages())
            self._known.move_to_end(key)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return pages

    def _walk(self, pages: _Pages, query: CdxQuery, wanted: int | None) -> int:
        """Read on to where so many pages begin, or to the end; how many rows the last page has."""
        start = pages.starts[-1] if pages.starts else None
        inclusive, rows = True, 0 if start else query.page_lines
        while wanted is None or len(pages.starts) < wanted:
            page = self._index.index_page(
                query.span,
                since=query.since,
                until=query.until,
                start=start,
                inclusive=inclusive,
                limit=_STEP,
            )
            for row in page.rows:
                if rows == query.page_lines:
                    pages.starts.append(row.place)
                    rows = 0
                rows += 1
            if page.after is None:
                return rows if pages.starts else 0
            start, inclusive = page.after, False
        return 0
