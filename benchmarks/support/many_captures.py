"""A catalogue of millions of captures that nobody made: rows inserted in bulk."""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from archiver.store.catalogue import Catalogue
from archiver.store.columntypes import to_micros
from archiver.urls import urlkey

BUSY = "https://busy.example/front"
BUSY_CAPTURES = 20_000
PER_URL = 5
PUT_URL = (
    "INSERT INTO url (id, first_seen, outlet_id, attempts, answered, url, urlkey)"
    " VALUES (?, ?, ?, 0, 1, ?, ?)"
)
PUT_CAPTURE = (
    'INSERT INTO capture (at, "offset", length, body_size, url_id, file_id, outlet_id, status,'
    " kind, record_type, extraction, record_id, payload_digest, body_digest, mime)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_START = to_micros(datetime(2026, 1, 1, tzinfo=UTC))
_HOUR = 3_600_000_000
_BATCH = 50_000


def page_url(number: int) -> str:
    """The URL of a page: a thousand hosts."""
    return f"https://www.site-{number % 1000:03}.example/2026/{number:08}-rain-is-expected-later"


def fill(path: Path, captures: int) -> None:
    """Make a catalogue of so many captures, a page having five of them."""
    Catalogue.open(f"sqlite:///{path}", create=True).close()
    urls = captures // PER_URL
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("INSERT INTO outlet (id, name) VALUES (1, 'bench')")
        files = [(n, f"bench-{n:05}.warc.gz", _START) for n in range(1, 1001)]
        db.executemany("INSERT INTO warc_file (id, name, opened) VALUES (?, ?, ?)", files)
        db.executemany(PUT_URL, ((one, _START, 1, url, key) for one, url, key in _urls(urls)))
        db.executemany(PUT_CAPTURE, _captures(urls))
    db.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _urls(count: int) -> Iterator[tuple[int, str, str]]:
    for number in range(count):
        url = page_url(number)
        yield number + 1, url, urlkey(url)
    yield count + 1, BUSY, urlkey(BUSY)


def _captures(urls: int) -> Iterator[tuple[object, ...]]:
    for number in range(urls):
        for turn in range(PER_URL):
            yield _capture(number + 1, number * PER_URL + turn, turn)
    for turn in range(BUSY_CAPTURES):
        yield _capture(urls + 1, urls * PER_URL + turn, turn)


def _capture(url_id: int, number: int, turn: int) -> tuple[object, ...]:
    return capture_row(url_id, number, _START + turn * _HOUR + url_id % 997)


def capture_row(
    url_id: int, number: int, at: int, *, outlet: int = 1, kind: int = 0
) -> tuple[object, ...]:
    """A row of `PUT_CAPTURE`; `number` is the capture's own, `at` in microseconds."""
    digest = b"\1" + hashlib.sha1(number.to_bytes(8, "big")).digest()
    record = b"\3" + uuid.UUID(bytes=digest[1:17]).bytes
    return (
        at, number * 9000, 8000, 30_000, url_id, number % 1000 + 1, outlet, 200, kind, 0, 3,
        record, digest, digest, "text/html",
    )  # fmt: skip
