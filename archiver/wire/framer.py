"""Where an HTTP/1.1 response begins and ends in a stream of bytes (RFC 9112); no I/O.

Lenient as browsers are: what a server sends is kept and understood as far as it can be. The
result never depends on how the stream was split into reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from archiver.wire.chunks import ChunkedBody
from archiver.wire.codings import codings_of, decode_transfer
from archiver.wire.head import ResponseHead, parse_response_head
from archiver.wire.spool import Content, Spool

MAX_HEAD = 256 * 1024  # bytes of interim answers and head together
MAX_PAYLOAD = 1024 * 1024 * 1024  # bytes, where transfer codings compress

HEAD_END = re.compile(rb"\n\r?\n")
BODILESS = frozenset({101, 204, 304})


class ResponseFramer:
    """One response, found in bytes that are fed as they come.

    After `feed` and `eof`: `head` is the final answer's, None until it is whole; `complete`
    says that nothing is missing; `fault` is a word of the vocabulary of `Problem.reason` where
    the stream cannot be followed any further: "no-http", "too-large" (the head) or "dataloss"
    (chunks that are none). Everything fed is kept, whatever it is, in what `spool` makes: a large
    body in a file, if its spools have a limit.
    """

    def __init__(
        self,
        *,
        method: str = "GET",
        max_head: int = MAX_HEAD,
        spool: Callable[[], Spool] = Spool,
    ) -> None:
        self.head: ResponseHead | None = None
        self.head_length = 0
        self.body_length: int | None = None  # as Content-Length frames it; None if open
        self.complete = False
        self.fault: str | None = None
        self._is_head = method.upper() == "HEAD"
        self._max_head = max_head
        self._spool = spool
        self._raw = spool()
        self._start = 0  # of the final response
        self._scanned = 0  # searched in vain up to here
        self._end: int | None = None  # of the response, once that is known
        self._codings: list[str] = []  # transfer codings
        self._chunked: ChunkedBody | None = None
        self._ends_by_itself = True

    def feed(self, data: bytes) -> None:
        """Take what was read from the connection next.

        Raises:
            DiskFullError: a body that is held in a file could not be.
        """
        if self._chunked is not None:
            self._chunked.spill()
        elif self.head is not None:
            self._raw.spill(len(self._raw.window))
        self._raw.window += data
        if self.complete or self.fault is not None:
            return
        while self.head is None and self._read_head():
            pass
        if self.head is not None:
            self._read_body()

    def eof(self, *, reset: bool = False) -> None:
        """Take note that the stream has ended: what is not `complete` then was cut off.

        `reset`: the connection broke, so that its end does not mark the end of a body.
        """
        if self.complete or self.fault is not None:
            return
        if self.head is None:
            self._take_torn_head()
            return
        if self._chunked is not None:
            self._chunked.eof()
            self._read_body()
        if self._chunked is not None:
            ends_here = self._chunked.all_data  # a lost last CRLF costs nothing
        else:
            ends_here = self.body_length is None and not reset
        if ends_here and not self.complete:
            self._finish(len(self._raw))

    # What was found

    @property
    def received(self) -> int:
        """Bytes so far as they crossed the wire, interim answers included."""
        return len(self._raw)

    @property
    def excess(self) -> int:
        """Bytes after the end of the response; they belong to nothing."""
        return len(self._raw) - self._end if self._end is not None else 0

    @property
    def interim(self) -> bytes:
        """Every byte before the final status line: 1xx answers, stray blank lines."""
        return bytes(self._raw.content(0, self._start))

    @property
    def head_end(self) -> int:
        """Bytes up to the end of the final response's head, interim answers included."""
        return self._start + self.head_length

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return self._chunked is not None

    @property
    def codings(self) -> list[str]:
        """The transfer codings other than chunked, in the order they were applied."""
        return [coding for coding in self._codings if coding != "chunked"]

    @property
    def response(self) -> Content:
        """The final response as received: head, body with its transfer coding, trailers."""
        return self._raw.content(self._start, self._end)

    @property
    def payload_size(self) -> int:
        """Bytes of payload so far, compressing transfer codings not undone."""
        if self._chunked is not None:
            return len(self._chunked.data)
        if self.head is None:
            return 0
        return len(self._raw) - self.excess - self._start - self.head_length

    def payload_from(self, offset: int) -> Content:
        """Give the payload so far from `offset` on, compressing transfer codings not undone."""
        if self.head is None:
            return b""
        if self._chunked is not None:
            return self._chunked.data.content(offset)
        return self._raw.content(self._start + self.head_length + offset, self._end)

    def payload(self, *, cap: int = MAX_PAYLOAD) -> Content:
        """Give the body without its transfer codings, or as much of it as came.

        Raises:
            OverCapError: where a compressing transfer coding hides more than `cap` bytes.
        """
        payload = self.payload_from(0)
        if not self.codings:
            return payload
        decoded = self._spool()
        for piece in decode_transfer(payload, self.codings, cap=cap):
            decoded.add(piece)
        return decoded.content()

    @property
    def keep_alive(self) -> bool:
        """Whether the connection may carry another request (RFC 9112 section 9.3)."""
        if not self.complete or not self._ends_by_itself or self.excess or self.head is None:
            return False
        options = self.head.tokens(b"connection")
        if b"close" in options or self.head.status == 101:
            return False
        # Transfer codings from HTTP/1.0 make the framing doubtful (RFC 9112 section 6.1).
        return self.head.version == b"1.1" or (b"keep-alive" in options and not self._codings)

    # Head

    def _read_head(self) -> bool:
        """Take one head, interim or final; False where there is no whole one."""
        raw = self._raw.window  # all of it: only what follows a head is ever spilled
        while self._start < len(raw) and raw[self._start] in b"\r\n":
            self._start += 1
        if not b"HTTP/".startswith(bytes(raw[self._start : self._start + 5]).upper()):
            self.fault = "no-http"
            return False
        match = HEAD_END.search(raw, max(self._start, self._scanned))
        end = match.end() if match else len(raw)
        if end > self._max_head:
            self.fault = "too-large"
            return False
        if match is None:
            self._scanned = max(0, end - 2)
            return False
        head = parse_response_head(bytes(raw[self._start : end]))
        if head is None:
            self.fault = "no-http"
            return False
        if 100 <= head.status < 200 and head.status != 101:
            self._start = self._scanned = end
        else:
            self._begin_body(head, end)
        return True

    def _take_torn_head(self) -> None:
        """Take a head that the stream's end cut: with a whole status line it is an answer."""
        torn = bytes(self._raw.window[self._start :])
        if b"\n" not in torn:
            return
        head = parse_response_head(torn)
        if head is None:
            self.fault = "no-http"
        elif head.status == 101 or not 100 <= head.status < 200:
            self.head = head
            self.head_length = len(torn)

    def _begin_body(self, head: ResponseHead, at: int) -> None:
        """Choose the framing by RFC 9112 section 6.3; what that gives up on, the close ends."""
        self.head = head
        self.head_length = at - self._start
        self._codings = codings_of(head.headers, b"transfer-encoding")
        if self._is_head or head.status in BODILESS:
            self.body_length = 0
        elif "chunked" in self._codings:
            self._chunked = ChunkedBody(self._raw, at, self._spool())
        elif not self._codings:
            self.body_length = head.content_length
        self._ends_by_itself = self._chunked is not None or self.body_length is not None

    # Body

    def _read_body(self) -> None:
        if self._chunked is not None:
            self._chunked.advance()
            if self._chunked.plain:
                self._doubt_chunks()
        if self._chunked is not None:
            if self._chunked.complete:
                self._finish(self._chunked.at)
            elif self._chunked.broken:
                self.fault = "dataloss"
        elif self.body_length is not None:
            end = self._start + self.head_length + self.body_length
            if len(self._raw) >= end:
                self._finish(end)

    def _doubt_chunks(self) -> None:
        """Read a body that claims chunks and does not begin with one as a plain one."""
        self._chunked = None
        self._codings = [coding for coding in self._codings if coding != "chunked"]
        self.body_length = self.head.content_length if self.head else None
        self._ends_by_itself = False

    def _finish(self, end: int) -> None:
        self._end = end
        self.complete = True
