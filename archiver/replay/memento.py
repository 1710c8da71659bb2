"""The archive origin: mementos raw and readable, and TimeGates (RFC 7089).

/{timestamp}/{url}        the page, its references leading to mementos
/{timestamp}id_/{url}     the bytes as they were captured
/timegate/{url}           to the memento nearest to Accept-Datetime
/{url}, /id_/{url}        that memento itself, as pywb answers (RFC 7089, section 4.1.2)
/timemap/link/{url}       mementos of a URL: see timemap.py
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from w3lib.encoding import http_content_type_encoding

from archiver.errors import WireError
from archiver.model import Capture, utcnow
from archiver.replay.css import decode_css, rewrite_css
from archiver.replay.guard import gate_of
from archiver.replay.links import Links, asked_datetime, http_date, memento_path
from archiver.replay.pages import Pages
from archiver.replay.policy import accepts, is_sendable, memento_policy, original_fields
from archiver.replay.rewrite import decode_html, rewrite_html
from archiver.replay.stored import Memento, Stored
from archiver.replay.timemap import TimeMaps
from archiver.replay.uris import BadAddressError, References, archived_url, ascii_url, moment, stamp
from archiver.store.mementos import Around, Found
from archiver.wire.codings import decode_content
from archiver.wire.spool import Content, pieces

_Done = TypeVar("_Done")

MAX_TEXT = 32_000_000  # bytes of a page or style sheet, decoded, that are rewritten

_ADDRESS = re.compile(r"/(\d{4,14})(id_)?/(.*)", re.ASCII | re.DOTALL)
_NO_TIME = re.compile(r"/(?:(id_)/)?(https?:.*)", re.IGNORECASE | re.DOTALL)
_REWRITTEN = frozenset(("text/html", "application/xhtml+xml", "image/svg+xml", "text/css"))
_NAVIGATIONS = frozenset(("document", "iframe", "frame", "fencedframe", "embed", "object"))
# In XML an entity or a transformation may make elements that rewriting does not see.
_HIDES_ELEMENTS = re.compile(r"<!ENTITY|<\?xml-stylesheet")
_LOOKS_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head)\b", re.IGNORECASE | re.DOTALL
)


def requested(request: Request) -> str:
    """Path and query as they were asked for, nothing unescaped: an address holds a URL."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


class Archive:
    """The endpoints of the archive origin; all read only, those that are not async for threads.

    Args:
        stored: where mementos come from.
        pages: our own pages.
        origin: this origin, such as `http://replay.localhost:8080`.
        ui_origins: who may show mementos in a frame.
    """

    def __init__(
        self, stored: Stored, pages: Pages, *, origin: str, ui_origins: Sequence[str]
    ) -> None:
        self._stored = stored
        self._pages = pages
        self._links = Links(origin)
        self._timemaps = TimeMaps(stored, self._links)
        self._policies = {raw: memento_policy(ui_origins, raw=raw) for raw in (False, True)}

    async def memento(self, request: Request) -> Response:
        """`/{timestamp}/{url}` and `/{timestamp}id_/{url}`.

        What takes a few milliseconds is done at once: to pass it to a thread and back, and the
        interpreter's lock to and fro, takes as long again.
        """
        address = requested(request)
        match = _ADDRESS.fullmatch(address)
        if match is None:
            if match := _NO_TIME.fullmatch(address):
                url, mode = archived_url(match[2]), match[1] or ""
                return await run_in_threadpool(self._negotiated, request, url, mode)
            raise BadAddressError("there is nothing at this address", status=404)
        digits, mode, text = match[1], match[2] or "", match[3]
        url, at = archived_url(text), moment(digits)
        find = partial(self._stored.found, url, at, digits)
        found = await _done(find, at_once=self._stored.is_near)
        if (capture := found.capture) is None:
            return await run_in_threadpool(self._missing, request, url, digits)
        if digits != stamp(capture.captured_at):
            return self._redirect(request, capture, mode)
        give = partial(self._memento, request, capture, found.around, mode)
        return await _done(give, at_once=self._stored.is_quick(capture))

    def timegate(self, request: Request) -> Response:
        """`/timegate/{url}`: a redirect to the memento nearest to Accept-Datetime, or newest."""
        url = archived_url(requested(request).removeprefix("/timegate/"))
        found = self._asked_for(request, url)
        if (capture := found.capture) is None:
            response = self._missing(request, url, None)
        else:
            response = self._redirect(request, capture)
            link = self._links.header(capture.url, capture.captured_at, found.around)
            response.headers["Link"] = link
        response.headers["Vary"] = "accept-datetime"
        return response

    def timemap(self, request: Request) -> Response:
        """`/timemap/…`: the mementos that may be shown, in link format or JSON."""
        found = self._timemaps.answer(request, requested(request))
        return self._missing(request, found, None) if isinstance(found, str) else found

    def _asked_for(self, request: Request, url: str) -> Found:
        """The capture nearest to Accept-Datetime, or the newest."""
        asked = request.headers.get("accept-datetime")
        at = asked_datetime(asked) if asked is not None else utcnow()
        return self._stored.found(url, at)

    def _negotiated(self, request: Request, url: str, mode: str) -> Response:
        """A memento at the address of no time: it says of which time it is."""
        found = self._asked_for(request, url)
        if (capture := found.capture) is None:
            response = self._missing(request, url, None)
            response.headers["Vary"] = "accept-datetime"
            return response
        response = self._memento(request, capture, found.around, mode)
        location = gate_of(request) + memento_path(capture.url, capture.captured_at, mode)
        response.headers["Content-Location"] = location
        response.headers["Vary"] = f"accept-datetime, {response.headers['Vary']}"
        return response

    def _memento(self, request: Request, capture: Capture, around: Around, mode: str) -> Response:
        memento = self._stored.load(capture)
        if mode or _kind(memento) not in _REWRITTEN:
            response = self._raw(memento, request)
        else:
            response = self._readable(memento, request)
        return self._finish(response, memento, around, request, mode)

    def _readable(self, memento: Memento, request: Request) -> Response:
        kind, content_type = _kind(memento), memento.header(b"content-type")
        body = decode_content(memento.payload, memento.headers, cap=MAX_TEXT, tolerant=True)
        capture = memento.capture
        prefix = f"{gate_of(request)}/{stamp(capture.captured_at)}/"
        references = References(capture.url, prefix)
        if kind == "text/css":
            text = rewrite_css(decode_css(body, content_type), references)
        else:
            text = decode_html(body, content_type)
            if kind != "text/html" and _HIDES_ELEMENTS.search(text):
                kind = "text/plain"
            else:
                text = rewrite_html(text, references)
        response = Response(text.encode("utf-8", "replace"), memento.status)
        response.headers["Content-Type"] = f"{kind}; charset=utf-8"
        return response

    def _raw(self, memento: Memento, request: Request) -> Response:
        """The payload as it was captured; decoded only for who does not know its coding.

        A browser that would show markup gets its source as plain text: no policy keeps it from
        connecting to hosts that a page names (see `rewrite.py`).
        """
        body: Content = memento.payload
        coded = True
        if not accepts(request.headers.get("accept-encoding", ""), memento.headers):
            try:
                body = decode_content(body, memento.headers, cap=4 * MAX_TEXT, tolerant=True)
                coded = False
            except WireError:
                pass  # what nobody can decode goes out as it came
        response = _response(body, memento.status)
        for name, value in memento.headers:
            lower = name.lower()
            wanted = lower == b"content-type" or (coded and lower == b"content-encoding")
            if wanted and is_sendable(name, value):
                response.headers.append(lower.decode(), value.decode("latin-1"))
        if _navigates(request) and _is_markup(_kind(memento)):
            charset = http_content_type_encoding(memento.header(b"content-type"))
            plain = f"text/plain; charset={charset}" if charset else "text/plain"
            response.headers["Content-Type"] = plain
        return response

    def _finish(
        self, response: Response, memento: Memento, around: Around, request: Request, mode: str
    ) -> Response:
        capture = memento.capture
        response.headers["Content-Security-Policy"] = self._policies[bool(mode)]
        at = capture.captured_at
        response.headers["Memento-Datetime"] = http_date(at)
        response.headers["Link"] = self._links.header(capture.url, at, around, mode)
        response.headers["Vary"] = "Accept-Encoding, Accept, Sec-Fetch-Dest"
        if capture.truncated and capture.record_type == "response":
            response.headers["X-Archive-Truncated"] = ascii_url(capture.truncated)
        location = memento.header(b"location")
        if memento.status // 100 == 3 and location is not None:
            prefix = f"{gate_of(request)}/{stamp(capture.captured_at)}{mode}/"
            target = References(capture.url, prefix)(location)
            if target.startswith(prefix):
                response.headers["Location"] = ascii_url(target)
        response.raw_headers.extend(original_fields(memento.headers))
        return response

    def _missing(self, request: Request, url: str, digits: str | None) -> Response:
        folder = url.partition("?")[0].rpartition("/")[0] + "/"
        near = self._stored.catalogue.capture_list(prefix=folder, limit=10)
        values = {"url": url, "digits": digits, "near": near, "gate": gate_of(request)}
        page = self._pages.render("missing.html", values)
        return Response(page, 404, media_type="text/html")

    @staticmethod
    def _redirect(request: Request, capture: Capture, mode: str = "") -> Response:
        path = memento_path(capture.url, capture.captured_at, mode)
        return Response(status_code=302, headers={"Location": gate_of(request) + path})


async def _done(work: Callable[[], _Done], *, at_once: bool) -> _Done:
    return work() if at_once else await run_in_threadpool(work)


def _response(body: Content, status: int) -> Response:
    """Give a body; one that was too large for memory piece by piece, as it is read."""
    if isinstance(body, bytes):
        return Response(body, status)
    length = {"Content-Length": str(len(body))}
    return StreamingResponse(pieces(body), status, headers=length)


def _kind(memento: Memento) -> str:
    """The media type in lower case; where the answer had none, HTML is known by its looks."""
    kind = (memento.header(b"content-type") or "").partition(";")[0].strip().lower()
    if not kind and _LOOKS_HTML.match(memento.payload[:1024]):
        return "text/html"
    return kind


def _is_markup(kind: str) -> bool:
    """Whether a browser might make a document with elements of it; it guesses where untold."""
    return not kind or "html" in kind or "xml" in kind


def _navigates(request: Request) -> bool:
    """Whether a browser wants to show the answer as a page of its own or in a frame."""
    purpose = request.headers.get("sec-fetch-dest")
    if purpose is not None:
        return purpose in _NAVIGATIONS
    return "text/html" in request.headers.get("accept", "")
