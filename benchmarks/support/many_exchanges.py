"""Exchanges and archives made without a network crawl, by the project's own code."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from support.site import page_bodies

from archiver.model import utcnow
from archiver.warc.record import Record, WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter
from archiver.wire.exchange import Exchange
from archiver.wire.framer import ResponseFramer

_USER_AGENT = b"news-archiver-benchmark"


def request_of(target: str, host: str) -> bytes:
    """A plain GET request."""
    return b"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n\r\n" % (
        target.encode(),
        host.encode(),
        _USER_AGENT,
    )


def exchange_of(framer: ResponseFramer, *, url: str, request: bytes, started: datetime) -> Exchange:
    """The exchange of an answer that is whole."""
    head = framer.head
    if head is None or not framer.complete:
        raise ValueError(f"{url}: no whole answer")
    return Exchange(
        url=url,
        method="GET",
        started=started,
        ended=utcnow(),
        request=request,
        response=framer.response,
        head_length=framer.head_length,
        status=head.status,
        reason=head.reason,
        headers=head.headers,
        payload=framer.payload(),
        ip="127.0.0.1",
    )


def generated(count: int, *, coded: bool = False) -> Iterator[Exchange]:
    """Exchanges of generated pages, as nginx would have answered; `coded`: compressed by gzip."""
    for number, page in enumerate(page_bodies(count)):
        body = gzip.compress(page, mtime=0) if coded else page
        coding = b"Content-Encoding: gzip\r\n" if coded else b""
        framer = ResponseFramer()
        framer.feed(
            b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n%s"
            b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n%s" % (coding, len(body), body)
        )
        target = f"/page/{number:05}.html"
        yield exchange_of(
            framer,
            url=f"http://bench.example{target}",
            request=request_of(target, "bench.example"),
            started=utcnow(),
        )


def record_sets(count: int, *, coded: bool = False) -> list[tuple[Record, ...]]:
    """The records of generated exchanges, ready to be appended."""
    metadata = [("outlet", "bench"), ("run", "1"), ("kind", "page")]
    exchanges = generated(count, coded=coded)
    return [exchange_records(exchange, metadata=metadata) for exchange in exchanges]


def writer(folder: Path, **settings: object) -> WarcWriter:
    """A writer of ours that never rotates."""
    return WarcWriter(
        folder,
        prefix="bench",
        info=WarcInfo(software="benchmark"),
        max_size=1 << 60,
        **settings,  # type: ignore[arg-type]  # its own keyword arguments
    )
