"""The index over HTTP: `/cdx` as pywb and the Wayback Machine answer, `/archive` as OutbackCDX.

/cdx?url=…                  pywb's CDXJ Server API; with `dialect=wayback` the other one
/cdx/search/cdx?url=…       the Wayback CDX Server API, at its usual address
/archive?url=…              OutbackCDX, whose collection has this name; read only
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from archiver.replay.cdx_fields import BadQueryError, Dialect
from archiver.replay.cdx_formats import Form, form_of, written
from archiver.replay.cdx_pages import PageBook
from archiver.replay.cdx_query import BLOCK, CdxQuery, parse
from archiver.replay.cdx_rows import Answer
from archiver.store.index import CaptureIndex
from archiver.warc.names import OPEN, beside

COLLECTION = "archive"


class CdxApi:
    """The endpoints of the index; all read only, to be called in threads.

    Nothing that is redacted is in any answer: an index does not know of it.

    Args:
        index: the catalogue.
        folder: where the archive's WARC files stand.
    """

    def __init__(self, index: CaptureIndex, folder: Path) -> None:
        self._index = index
        self._folder = folder
        self._book = PageBook(index)

    def routes(self) -> list[Route]:
        """The addresses, for an origin of the server."""
        read = ["GET"]  # Starlette adds HEAD
        return [
            Route("/cdx", self.cdx, methods=read),
            Route("/cdx/search/cdx", self.wayback, methods=read),
            Route(f"/{COLLECTION}", self.outback, methods=read),
        ]

    def cdx(self, request: Request) -> Response:
        """`/cdx`: as pywb, unless `dialect` says otherwise."""
        name = request.query_params.get("dialect") or Dialect.PYWB
        if name not in (Dialect.PYWB, Dialect.WAYBACK):
            return _refused("dialect is pywb or wayback")
        return self._answer(request, Dialect(name))

    def wayback(self, request: Request) -> Response:
        """`/cdx/search/cdx`: as the Wayback Machine."""
        return self._answer(request, Dialect.WAYBACK)

    def outback(self, request: Request) -> Response:
        """`/archive`: as OutbackCDX."""
        return self._answer(request, Dialect.OUTBACK)

    def _answer(self, request: Request, dialect: Dialect) -> Response:
        try:
            query = parse(request.query_params.multi_items(), dialect)
            if query.count_pages:
                return self._count(query, dialect)
            pages = query.page is not None and dialect is Dialect.PYWB
            if pages and query.page and self._book.page(query, query.page) is None:
                count, _ = self._book.count(query)
                raise BadQueryError(f"page {query.page}: there are pages 0 to {count - 1}")
        except BadQueryError as error:
            return _refused(str(error))
        form = form_of(query, dialect)
        if dialect is Dialect.OUTBACK:
            form = self._as_they_stand(form)
        pieces = written(Answer(self._index, query, self._book), query, form)
        # The first piece is read here, where what goes wrong can still be said by the status.
        body: Iterator[bytes] = chain([next(pieces)], pieces)
        return StreamingResponse(body, media_type=form.media_type)

    def _as_they_stand(self, form: Form) -> Form:
        """Files under the names that they have now: a replayer opens them beside the crawl."""

        @lru_cache(maxsize=256)
        def standing(name: str) -> str:
            final = self._folder / name
            left_open = beside(final, OPEN)
            return name + OPEN if left_open.exists() and not final.exists() else name

        write = form.row
        return replace(form, row=lambda row: write(row._replace(file=standing(row.file))))

    def _count(self, query: CdxQuery, dialect: Dialect) -> Response:
        pages, blocks = self._book.count(query)
        if dialect is Dialect.WAYBACK:
            return PlainTextResponse(f"{pages}\n")
        found = {"blocks": blocks, "pages": pages, "pageSize": query.page_lines // BLOCK}
        return Response(json.dumps(found) + "\n", media_type="application/json")


def _refused(why: str) -> Response:
    return PlainTextResponse(f"{why}\n", 400)
