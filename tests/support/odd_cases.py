"""Odd HTTP answers, one a case: what a server sends, and what must come of it."""

from __future__ import annotations

import gzip
import sys
import zlib
from dataclasses import dataclass, field
from typing import Any

import brotli
from support.odd_server import Act

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HTML = b"<!doctype html><title>Odd</title><p>" + "Größe und Maß. ".encode() * 200
GZIP = gzip.compress(HTML, mtime=0)
BOMB = gzip.compress(bytes(100_000), mtime=0)
OK = b"HTTP/1.1 200 OK\r\n"
TYPE = b"Content-Type: text/html; charset=utf-8\r\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """`steps` are what the server does; the rest is what must be seen.

    `junk` is sent after the end of the response and belongs to nothing. `body` is what Scrapy
    gets after its middlewares, where that is not `payload`; `raises` the exception in its place.
    """

    name: str
    steps: tuple[bytes | Act, ...]
    payload: bytes = HTML
    status: int | None = 200
    reason: bytes = b"OK"
    interim: bytes = b""
    junk: bytes = b""
    body: bytes | None = None
    error: str | None = None
    truncated: str | None = None
    raises: str | None = None
    flags: tuple[str, ...] = ()
    protocol: str = "http/1.1"
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    request_body: str = ""
    meta: dict[str, Any] = field(default_factory=dict)
    stop: tuple[str, bool] | None = None
    host: str = "odd.test"

    @property
    def seen_body(self) -> bytes:
        """What Scrapy's spider gets."""
        return self.payload if self.body is None else self.body


def sized(body: bytes, fields: bytes = TYPE, start: bytes = OK) -> bytes:
    return start + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunks(body: bytes, size: int, extension: bytes = b"", end: bytes = b"\r\n") -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x%s%s%s%s" % (len(p), extension, end, p, end) for p in pieces)


CHUNKED = OK + TYPE + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
DATALOSS = {"error": "dataloss", "truncated": "disconnect", "raises": "ResponseDataLossError"}
OPEN = OK + TYPE + b"\r\n"
SHORT = OK + TYPE + b"Content-Length: 99999\r\n\r\n" + HTML


def one_read(*steps: bytes) -> tuple[bytes | Act, ...]:
    """Steps that the client reads one by one."""
    spread: list[bytes | Act] = []
    for step in steps:
        spread += [step, Act.GAP]
    return tuple(spread)


CASES = (
    # Heads
    Case(name="plain", steps=(sized(HTML),)),
    Case(
        name="header-case-and-order",
        steps=(sized(HTML, b"zeta: 1\r\nAlpha: 2\r\nSERVER: x\r\ncontent-TYPE: text/html\r\n"),),
    ),
    Case(
        name="duplicate-headers",
        steps=(sized(HTML, TYPE + b"Set-Cookie: a=1\r\nX: y\r\nset-cookie: b=2\r\nX: y\r\n"),),
    ),
    Case(name="padded-headers", steps=(sized(HTML, TYPE + b"X-Pad:    a   b  \t\r\nY :z\r\n"),)),
    Case(name="folded-header", steps=(sized(HTML, TYPE + b"X-Fold: one\r\n\t two\r\n three\r\n"),)),
    Case(name="lf-only", steps=(sized(HTML).replace(b"\r\n", b"\n"),)),
    Case(name="mixed-line-ends", steps=(sized(HTML).replace(b"OK\r\n", b"OK\n"),)),
    Case(
        name="latin-1-header",
        steps=(sized(HTML, TYPE + b"X-Name: Gr\xfc\xdfe\r\n", b"HTTP/1.1 200 Gr\xfcn\r\n"),),
        reason=b"Gr\xfcn",
    ),
    Case(name="no-colon-line", steps=(sized(HTML, TYPE + b"this is no field\r\n: nor this\r\n"),)),
    Case(name="empty-header", steps=(sized(HTML, TYPE + b"X-Empty:\r\nX-Next: 1\r\n"),)),
    Case(name="nul-in-header", steps=(sized(HTML, TYPE + b"X-Nul: a\0b\r\n"),)),
    Case(name="no-reason", steps=(sized(HTML, start=b"HTTP/1.1 200\r\n"),), reason=b""),
    Case(name="blank-reason", steps=(sized(HTML, start=b"HTTP/1.1 200 \r\n"),), reason=b""),
    Case(
        name="long-reason",
        steps=(sized(HTML, start=b"HTTP/1.1 200 " + b"very " * 500 + b"OK\r\n"),),
        reason=b"very " * 500 + b"OK",
    ),
    Case(name="lower-case-http", steps=(sized(HTML, start=b"http/1.1 200 OK\r\n"),)),
    Case(
        name="unheard-of-status",
        steps=(sized(HTML, start=b"HTTP/1.1 799 Odd\r\n"),),
        status=799,
        reason=b"Odd",
    ),
    Case(name="40-kb-header", steps=(sized(HTML, TYPE + b"X-Long: " + b"x" * 40_000 + b"\r\n"),)),
    Case(name="1000-headers", steps=(sized(HTML, TYPE + b"X-Many: 1\r\n" * 1000),)),
    Case(name="dripping", steps=(Act.DRIP, sized(HTML[:300])), payload=HTML[:300]),
    Case(
        name="blank-lines-first",
        steps=(b"\r\n\r\n" + sized(HTML),),
        interim=b"\r\n\r\n",
    ),
    # Interim answers
    Case(
        name="100-continue",
        steps=(b"HTTP/1.1 100 Continue\r\n\r\n" + sized(HTML),),
        interim=b"HTTP/1.1 100 Continue\r\n\r\n",
    ),
    Case(
        name="103-hints-apart",
        steps=one_read(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n", sized(HTML)),
        interim=b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n",
    ),
    Case(
        name="three-interim-answers",
        steps=(b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103\n\nHTTP/1.1 100\r\n\r\n", sized(HTML)),
        interim=b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103\n\nHTTP/1.1 100\r\n\r\n",
    ),
    # Lengths
    Case(name="empty-body", steps=(sized(b""),), payload=b""),
    Case(name="equal-lengths", steps=(sized(HTML, b"Content-Length: %d\r\n" % len(HTML)),)),
    Case(
        name="conflicting-lengths",
        steps=(sized(HTML, TYPE + b"Content-Length: 5\r\n"), Act.CLOSE),
    ),
    Case(name="nonsense-length", steps=(OK + b"Content-Length: many\r\n\r\n" + HTML, Act.CLOSE)),
    Case(name="negative-length", steps=(OK + b"Content-Length: -1\r\n\r\n" + HTML, Act.CLOSE)),
    Case(name="close-delimited", steps=(OPEN + HTML, Act.CLOSE)),
    Case(
        name="http-1-0",
        steps=(b"HTTP/1.0 200 OK\r\n" + TYPE + b"\r\n" + HTML, Act.CLOSE),
        protocol="http/1.0",
    ),
    Case(
        name="http-1-0-keep-alive",
        steps=(sized(HTML, TYPE + b"Connection: keep-alive\r\n", b"HTTP/1.0 200 OK\r\n"),),
        protocol="http/1.0",
    ),
    Case(
        name="body-in-many-reads",
        steps=one_read(sized(HTML)[:50], sized(HTML)[50:2000], sized(HTML)[2000:]),
    ),
    Case(name="body-3-mb", steps=(sized(HTML * 500),), payload=HTML * 500),
    # Chunks
    Case(name="chunked", steps=(CHUNKED + chunks(HTML, 1000) + LAST,)),
    Case(
        name="chunked-dripping",
        steps=(Act.DRIP, CHUNKED + chunks(HTML[:200], 9) + LAST),
        payload=HTML[:200],
    ),
    Case(name="chunk-extensions", steps=(CHUNKED + chunks(HTML, 999, b';a=b; c="d;e"') + LAST,)),
    Case(
        name="chunk-trailers",
        steps=(CHUNKED + chunks(HTML, 999) + b"0\r\nX-Sum: abc\r\nX-More: d\r\n\r\n",),
    ),
    Case(name="chunks-lf-only", steps=(CHUNKED + chunks(HTML, 999, end=b"\n") + b"0\n\n",)),
    Case(name="chunk-sizes-padded", steps=(CHUNKED + chunks(HTML, 999, b"   ") + b"000\r\n\r\n",)),
    Case(
        name="chunked-and-length",
        steps=(OK + b"Content-Length: 7\r\n" + CHUNKED[len(OK) :] + chunks(HTML, 999) + LAST,),
    ),
    Case(
        name="chunked-without-last-crlf", steps=(CHUNKED + chunks(HTML, 999) + b"0\r\n", Act.CLOSE)
    ),
    Case(name="not-chunked-at-all", steps=(CHUNKED + HTML, Act.CLOSE)),
    Case(
        name="transfer-gzip",
        steps=(CHUNKED.replace(b"chunked", b"gzip, chunked") + chunks(GZIP, 99) + LAST,),
    ),
    Case(
        name="broken-chunk",
        steps=(CHUNKED + chunks(HTML, 999) + b"oops\r\n", Act.CLOSE),
        error="dataloss",
        truncated="unspecified",
        raises="ResponseDataLossError",
    ),
    # Content codings
    Case(
        name="gzip",
        steps=(sized(GZIP, TYPE + b"Content-Encoding: gzip\r\n"),),
        payload=GZIP,
        body=HTML,
    ),
    Case(
        name="deflate",
        steps=(sized(zlib.compress(HTML), TYPE + b"Content-Encoding: deflate\r\n"),),
        payload=zlib.compress(HTML),
        body=HTML,
    ),
    Case(
        name="brotli-chunked",
        steps=(
            OK
            + TYPE
            + b"Content-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunks(brotli.compress(HTML), 50)
            + LAST,
        ),
        payload=brotli.compress(HTML),
        body=HTML,
    ),
    Case(
        name="zstd",
        steps=(sized(zstd.compress(HTML), TYPE + b"Content-Encoding: zstd\r\n"),),
        payload=zstd.compress(HTML),
        body=HTML,
    ),
    # No body
    Case(
        name="head", method="HEAD", steps=(OK + TYPE + b"Content-Length: 500\r\n\r\n",), payload=b""
    ),
    Case(
        name="no-content",
        steps=(b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",),
        status=204,
        reason=b"No Content",
        payload=b"",
    ),
    Case(
        name="not-modified",
        steps=(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nTransfer-Encoding: chunked\r\n\r\n',),
        headers={"If-None-Match": '"a"'},
        status=304,
        reason=b"Not Modified",
        payload=b"",
    ),
    Case(
        name="redirect",
        steps=(b"HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 0\r\n\r\n",),
        status=302,
        reason=b"Found",
        payload=b"",
    ),
    # Requests
    Case(
        name="post",
        method="POST",
        request_body="a=1&b=2",
        headers={"Content-Type": "application/x-www-form-urlencoded", "content-length": "3"},
        steps=(sized(HTML),),
    ),
    Case(name="post-nothing", method="POST", steps=(sized(HTML),)),
    Case(
        name="own-host-and-headers",
        headers={"Host": "Other.test", "x-B": "1", "x-a": "2"},
        steps=(sized(HTML),),
    ),
    Case(name="header-injection", headers={"X-Evil": "a\r\nX-Smuggled: b"}, steps=(sized(HTML),)),
    Case(name="asks-to-close", headers={"Connection": "close"}, steps=(sized(HTML),)),
    # After the end
    Case(name="junk-after-body", steps=(sized(HTML) + b"<!-- more -->",), junk=b"<!-- more -->"),
    Case(
        name="junk-later",
        steps=one_read(sized(HTML), b"HTTP/1.1 500 For nobody\r\n\r\n"),
        junk=b"HTTP/1.1 500 For nobody\r\n\r\n",
        host="junk.odd.test",  # whoever asks next on that connection takes it for its answer
    ),
    Case(
        name="body-of-a-head-answer",
        method="HEAD",
        steps=(sized(HTML),),
        payload=b"",
        junk=HTML,
    ),
    # Cut off
    Case(name="truncated-length", steps=(SHORT, Act.CLOSE), **DATALOSS),
    Case(name="truncated-chunks", steps=(CHUNKED + chunks(HTML, 999), Act.CLOSE), **DATALOSS),
    Case(
        name="truncated-and-accepted",
        steps=(SHORT, Act.CLOSE),
        meta={"download_fail_on_dataloss": False},
        flags=("dataloss",),
        error="dataloss",
        truncated="disconnect",
    ),
    Case(
        name="truncated-gzip-accepted",
        steps=(
            OK + TYPE + b"Content-Encoding: gzip\r\nContent-Length: 9999\r\n\r\n" + GZIP[:-8],
            Act.CLOSE,
        ),
        meta={"download_fail_on_dataloss": False},
        payload=GZIP[:-8],
        body=HTML,
        flags=("dataloss",),
        error="dataloss",
        truncated="disconnect",
    ),
    Case(name="reset-in-body", steps=(SHORT, Act.RESET), **{**DATALOSS, "error": "reset"}),
    Case(
        name="reset-close-delimited",
        steps=(OPEN + HTML, Act.RESET),
        **{**DATALOSS, "error": "reset"},
    ),
    Case(
        name="cut-in-head",
        steps=(OK + b"Content-Type: text/ht", Act.CLOSE),
        payload=b"",
        **DATALOSS,
    ),
    Case(
        name="cut-in-status-line",
        steps=(b"HTTP/1.1 20", Act.CLOSE),
        payload=b"",
        status=None,
        reason=b"",
        **DATALOSS,
    ),
    Case(
        name="closed-without-a-word",
        steps=(Act.CLOSE,),
        payload=b"",
        status=None,
        reason=b"",
        error="reset",
        raises="DownloadFailedError",
        host="silent.odd.test",  # on a reused connection it would be tried again
    ),
    Case(
        name="stall-in-body",
        steps=(SHORT, Act.STALL),
        meta={"download_timeout": 2},
        error="timeout",
        truncated="time",
        raises="DownloadTimeoutError",
    ),
    Case(
        name="stall-before-answer",
        steps=(Act.STALL,),
        meta={"download_timeout": 2},
        payload=b"",
        status=None,
        reason=b"",
        error="timeout",
        raises="DownloadTimeoutError",
    ),
    Case(
        name="silence-is-limited-too",
        steps=(SHORT, Act.STALL),
        meta={"download_timeout": 3600},
        error="timeout",
        truncated="time",
        raises="DownloadTimeoutError",
    ),
    # No HTTP
    Case(
        name="no-http",
        steps=(b"<html>I am HTTP/0.9</html>", Act.CLOSE),
        payload=b"",
        status=None,
        reason=b"",
        error="no-http",
        truncated="unspecified",
        raises="DownloadFailedError",
    ),
    Case(
        name="another-protocol",
        steps=(b"220 mail.example ESMTP\r\n", Act.STALL),
        payload=b"",
        status=None,
        reason=b"",
        error="no-http",
        truncated="unspecified",
        raises="DownloadFailedError",
    ),
    # Limits
    Case(
        name="declared-too-large",
        steps=(sized(HTML), Act.CLOSE),
        meta={"download_maxsize": 1000},
        error="too-large",
        truncated="length",
        raises="DownloadCancelledError",
    ),
    Case(
        name="found-too-large",
        steps=(OPEN + HTML, Act.STALL),
        meta={"download_maxsize": 1000},
        error="too-large",
        truncated="length",
        raises="DownloadCancelledError",
    ),
    Case(
        name="mostly-framing",
        steps=(CHUNKED + chunks(HTML[:50], 1, b";" + b"x" * 12_000), Act.STALL),
        payload=HTML[:50],
        meta={"download_maxsize": 1000},
        error="too-large",
        truncated="length",
        raises="DownloadCancelledError",
    ),
    Case(
        name="transfer-gzip-bomb",
        steps=(CHUNKED.replace(b"chunked", b"gzip, chunked") + chunks(BOMB, 99) + LAST,),
        payload=BOMB,
        meta={"download_maxsize": 1000},
        error="too-large",
        raises="DownloadCancelledError",
    ),
    Case(
        name="head-is-not-too-large",
        method="HEAD",
        steps=(OK + TYPE + b"Content-Length: 5000\r\n\r\n",),
        payload=b"",
        meta={"download_maxsize": 1000},
    ),
    Case(
        name="stop-at-headers",
        steps=(OPEN + HTML, Act.STALL),
        stop=("headers_received", False),
        body=b"",
        truncated="unspecified",
        flags=("download_stopped",),
    ),
    Case(
        name="stop-at-bytes-failing",
        steps=(OPEN + HTML, Act.STALL),
        stop=("bytes_received", True),
        truncated="unspecified",
        flags=("download_stopped",),
        raises="StopDownload",
    ),
)
