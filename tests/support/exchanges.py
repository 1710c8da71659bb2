"""Odd HTTP exchanges, as bytes that a server might send and as the Exchange made of them."""

from __future__ import annotations

import gzip
import random
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import brotli  # type: ignore[import-untyped]  # ships no types

from archiver.wire.exchange import Exchange
from archiver.wire.framer import ResponseFramer

STARTED = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
PAGE = b"<!doctype html><title>Wolkenbruch</title><p>" + b"Wort f\xc3\xbcr Wort. " * 40
REQUEST = b"GET /a HTTP/1.1\r\nHost: news.example\r\nCookie: id=secret\r\nAccept: */*\r\n\r\n"


def exchange(
    raw: bytes = b"",
    *,
    url: str = "https://news.example/a",
    method: str = "GET",
    started: datetime = STARTED,
    **changes: Any,
) -> Exchange:
    """The exchange of a server that answers with `raw` and then closes."""
    framer = ResponseFramer(method=method)
    framer.feed(raw)
    framer.eof()
    head = framer.head
    values: dict[str, Any] = {
        "url": url,
        "method": method,
        "started": started,
        "ended": started + timedelta(milliseconds=321),
        "request": REQUEST,
        "response": framer.response,
        "interim": framer.interim,
        "head_length": framer.head_length,
        "status": head.status if head else None,
        "reason": head.reason if head else b"",
        "headers": head.headers if head else (),
        "payload": framer.payload(),
        "ip": "192.0.2.7",
        "protocols": ("http/1.1", "tls/1.3"),
        "cipher": "TLS_AES_256_GCM_SHA384",
    }
    return Exchange(**(values | changes))


def answer(
    body: bytes = PAGE, *fields: bytes, status: bytes = b"200 OK", length: bool = True
) -> bytes:
    """A response with these header lines, and Content-Length where asked."""
    lines = [b"HTTP/1.1 " + status, b"Content-Type: text/html; charset=utf-8", *fields]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(body: bytes, size: int = 100, *, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    """The body in chunks of `size` bytes."""
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return (
        b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
        + b"0\r\n"
        + trailer
        + b"\r\n"
    )


def odd_exchanges() -> dict[str, Exchange]:
    """One of each kind that an archive of the web has to bear."""
    te = b"Transfer-Encoding: chunked"
    packed = gzip.compress(PAGE, mtime=0)
    cases = {
        "plain": answer(),
        "no-body": answer(b"", status=b"404 Not Found"),
        "no-content": b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n",
        "redirect": answer(b"", b"Location: /b", status=b"301 Moved"),
        "chunked": answer(chunked(PAGE), te, length=False),
        "chunk-extensions": answer(
            chunked(PAGE, extension=b";q=1", trailer=b"X-Sum: 1\r\n"), te, length=False
        ),
        "gzip": answer(packed, b"Content-Encoding: gzip"),
        "gzip-chunked": answer(chunked(packed), b"Content-Encoding: gzip", te, length=False),
        "brotli": answer(brotli.compress(PAGE), b"Content-Encoding: br"),
        "deflate": answer(zlib.compress(PAGE), b"Content-Encoding: deflate"),
        "te-gzip-chunked": answer(
            chunked(packed), b"Transfer-Encoding: gzip, chunked", length=False
        ),
        "close-delimited": answer(length=False),
        "old": b"HTTP/1.0 200 OK\r\n\r\nplain old",
        "line-feeds": b"HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\nhi",
        "latin-1": answer(PAGE, b"X-Ort: K\xf6ln", b"x-ort: Bonn  ", b"X-Fold: a\r\n  b"),
        "no-reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        "long-head": answer(PAGE, b"X-Long: " + b"y" * 20000),
        "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n" + answer(),
        "binary": answer(bytes(range(256)) * 30),
        "picture": answer(random.Random(1).randbytes(150_000)),  # gets no smaller: is stored
        "blank-lines": answer(b"\r\n\r\n\r\nWARC/1.1\r\n\r\n"),
    }
    made = {
        name: exchange(raw, url=f"https://news.example/{name}", started=STARTED + minute(place))
        for place, (name, raw) in enumerate(cases.items())
    }
    made["truncated"] = exchange(
        answer()[:-50], url="https://news.example/truncated", truncated="disconnect", error="reset"
    )
    made["truncated-chunks"] = exchange(
        cases["gzip-chunked"][:-30], url="https://news.example/cut-chunks", truncated="time"
    )
    made["torn-head"] = exchange(
        b"HTTP/1.1 200 OK\r\nServ", url="https://news.example/torn", truncated="disconnect"
    )
    made["head-request"] = exchange(
        answer()[: -len(PAGE)], url="https://news.example/head", method="HEAD"
    )
    made["no-http"] = exchange(
        url="https://news.example/ssh", response=b"SSH-2.0-OpenSSH_9.2\r\n", error="no-http"
    )
    made["nothing"] = exchange(
        url="https://news.example/nothing", error="timeout", truncated="time"
    )
    made["unsent"] = exchange(
        url="https://news.example/unsent",
        request=b"",
        ip=None,
        protocols=(),
        cipher=None,
        error="tls",
        detail="its certificate is not valid",
        tried=("192.0.2.7", "2001:db8::7"),
    )
    made["ipv6"] = exchange(answer(), url="http://[2001:db8::1]/x", ip="2001:db8::1", cipher=None)
    made["strange-url"] = exchange(answer(), url="https://news.example/a b\r\nX: ü<>\u2028")
    return made


def minute(number: int) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=number)
