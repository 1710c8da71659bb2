"""A catalogue in PostgreSQL of millions of captures that nobody made: rows brought in by COPY.

A fifth as many URLs as captures, half of them articles with a revision, each found in a feed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
from support.many_captures import BUSY, BUSY_CAPTURES, PER_URL, capture_row, page_url

from archiver.store.columntypes import from_micros, to_micros
from archiver.urls import urlkey

START = to_micros(datetime(2026, 1, 1, tzinfo=UTC))
HOUR = 3_600_000_000
OUTLETS = 50
PER_FILE = 5000
_TEXT = "The harbour master said that the ferries would sail again in the morning. " * 8
_ARTICLE_SAID = {
    "canonical_url": None,
    "captured_at": "2026-01-01T00:00:00+00:00",
    "outlet": "bench",
    "text": _TEXT,
    "word_count": 104,
}
_CAPTURE = (
    'at, "offset", length, body_size, url_id, file_id, outlet_id, status, kind, record_type,'
    " extraction, record_id, payload_digest, body_digest, mime"
)
Rows = Iterable[tuple[Any, ...]]


def outlet_name(number: int) -> str:
    """The name of an outlet, by its number from 1."""
    return "sky-news" if number == 1 else f"outlet-{number:02}"


def fill(url: str, captures: int, say: Callable[[str], None] = lambda name: None) -> None:
    """Fill an empty catalogue with so many captures, and have the database look at it."""
    urls, files = captures // PER_URL, OUTLETS * (captures // PER_FILE // OUTLETS + 1)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET session_replication_role = replica")  # what is named is there
        for name, columns, rows in (
            ("outlet", "id, name", ((n, outlet_name(n)) for n in range(1, OUTLETS + 1))),
            ("run", "outlet_id, trigger, started, ended, state", _runs(captures // 500)),
            ("warc_file", "id, name, opened, closed, size", _files(files)),
            ("url", "id, first_seen, outlet_id, attempts, answered, url, urlkey", _urls(urls)),
            ("capture", _CAPTURE, _captures(urls, files)),
            ("discovery", "url_id, source_id, words, found_at, outlet_id, via", _found(urls)),
            ("alias", "first_seen, url_id, target_id, rule", _aliases(urls)),
            ("article", _ARTICLE, _articles(urls)),
            ("revision", _REVISION, _revisions(urls)),
            ("recheck", _RECHECK, _rechecks(urls)),
            ("change", _CHANGE, _changes(urls)),
            ("problem", "at, outlet_id, stage, reason, url", _problems(captures // 50)),
        ):
            say(name)
            into = f"COPY {name} ({columns}) FROM STDIN".encode()
            with conn.cursor() as cursor, cursor.copy(into) as copy:
                for row in rows:
                    copy.write_row(row)
            if columns.startswith("id, "):
                last = f"SELECT setval('{name}_id_seq', max(id)) FROM {name}".encode()
                conn.execute(last)
        say("VACUUM ANALYZE")
        conn.execute("VACUUM (ANALYZE)")  # as autovacuum does, in its own time
        conn.execute("CHECKPOINT")


def _outlet(number: int) -> int:
    return number % OUTLETS + 1


def _runs(count: int) -> Rows:
    for n in range(count):
        yield _outlet(n), "timetable", START + n * HOUR // 60, START + n * HOUR // 60, "done"


def _files(count: int) -> Rows:
    for n in range(1, count + 1):
        opened = START + n // OUTLETS * HOUR
        stamp = f"{from_micros(opened):%Y%m%d%H%M%S}000"
        name = f"{outlet_name((n - 1) % OUTLETS + 1)}-{stamp}-vm-{n:08x}.warc.gz"
        yield n, name, opened, opened + HOUR, 10**8


def _urls(count: int) -> Rows:
    for n in range(count):
        url = page_url(n)
        yield n + 1, START + n, _outlet(n), 0, True, url, urlkey(url)
    yield count + 1, START, 1, 0, True, BUSY, urlkey(BUSY)


def _captures(urls: int, files: int) -> Iterator[tuple[object, ...]]:
    for n in range(urls):
        for turn in range(PER_URL):
            number = n * PER_URL + turn
            file = number // PER_FILE // OUTLETS * OUTLETS + _outlet(n)
            at = START + (file // OUTLETS + turn) * HOUR + n % 997
            yield _in_file(capture_row(n + 1, number, at, outlet=_outlet(n)), file)
    for turn in range(BUSY_CAPTURES):
        row = capture_row(urls + 1, urls * PER_URL + turn, START + turn * HOUR)
        yield _in_file(row, turn % files + 1)


def _in_file(row: tuple[object, ...], file: int) -> tuple[object, ...]:
    return (*row[:5], file, *row[6:])


def _found(urls: int) -> Rows:
    for n in range(urls):
        yield n + 1, _outlet(n) + 1, n * 7919, START + n, _outlet(n), 0


def _aliases(urls: int) -> Rows:
    for n in range(0, urls - 1, 10):
        yield START + n, n + 2, n + 1, "amp-path"


_ARTICLE = "id, first_seen, last_seen, url_id, page_id, outlet_id, revision, state"
_REVISION = "captured_at, article_id, number, word_count, text_digest, title, article"
_RECHECK = (
    "due, checked, article_id, outlet_id, step, checks, unchanged, failed, evidence, live_blog"
)
_CHANGE = "at, outlet_id, article_id, number, against, kinds, stealth, moved, sizes"


def _articles(urls: int) -> Rows:
    for n in range(0, urls, 2):
        at = START + n * HOUR // 100
        yield n // 2 + 1, at, at, n + 1, n + 1, _outlet(n), 1, 0


def _revisions(urls: int) -> Rows:
    for n in range(0, urls, 2):
        url, title = page_url(n), f"Rain is expected later, part {n}"
        said = {**_ARTICLE_SAID, "url": url, "title": title}
        digest = b"\2" + n.to_bytes(32, "big")
        yield START + n * HOUR // 100, n // 2 + 1, 1, 104, digest, title, json.dumps(said)


def _rechecks(urls: int) -> Rows:
    for n in range(0, urls, 2):
        checked = START + n * HOUR // 100
        due = None if n % 64 == 0 else checked + HOUR * (24 + n % 4000)
        yield due, checked, n // 2 + 1, _outlet(n), 5, 5, 2, 0, 0, False


def _changes(urls: int) -> Rows:
    for n in range(0, urls, 20):
        yield START + n * HOUR // 100, _outlet(n), n // 2 + 1, 2, 1, 1, 0, 0, "{}"


def _problems(count: int) -> Rows:
    for n in range(count):
        yield START + n, _outlet(n), "fetch", "http-404", page_url(n)
