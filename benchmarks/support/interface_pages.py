"""What pages of the interface cost over HTTP: a URL of 20,000 captures, and an outlet's day."""

from __future__ import annotations

import http.client
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from support.captures import make_article
from support.many_captures import (
    BUSY,
    BUSY_CAPTURES,
    PUT_CAPTURE,
    PUT_URL,
    capture_row,
    fill,
    page_url,
)
from support.measure import BenchmarkError
from support.replays import our_replay
from support.results import table, verdict
from support.workdir import working_folder

from archiver.store.catalogue import Catalogue
from archiver.store.columntypes import to_micros
from archiver.store.tombstones import append, events_of
from archiver.store.veil import Redaction, Scope
from archiver.urls import urlkey

_LIMIT = 0.1
_NOTE = """\
`archiver replay` over a catalogue in SQLite of {captures:,} captures, one URL of {busy:,} and
{revisions} revisions, and an outlet of {days} days with {pages:,} pages each, {fronts} of them its
front page, and {articles} new articles on the day that is asked for. Asked over HTTP on loopback,
one after the other: the median and the worst of {looks}. The second time another page, a folder,
one second and a payload of other URLs are redacted; the target is for that.
"""
_START = datetime(2026, 1, 1, tzinfo=UTC)
_DAYS, _PAGES, _FRONTS, _ARTICLES = 60, 1000, 96, 150
_REVISIONS = 300
_DAY = 30  # that is asked for, of the outlet's


def interface(folder: Path, captures: int, *, looks: int) -> str:
    """The section of results: each page, plainly and while something is redacted."""
    working_folder(folder, connect_to={})
    path = folder / "archive" / "catalogue.sqlite"
    fill(path, captures)
    _add_outlet(path)
    with Catalogue.open(f"sqlite:///{path}") as catalogue:
        for number in range(_ARTICLES):
            at = _START + timedelta(days=_DAY, minutes=9 * number)
            article = make_article(_daily(number), f"Text {number} " * 400, at, outlet="daily")
            catalogue.save_article(article)
        for number in range(_REVISIONS):
            at = _START + timedelta(days=number)
            catalogue.save_article(make_article(BUSY, f"Text {number} " * 400, at, outlet="bench"))
    plain = dict(_timed(folder, looks))
    append(folder / "archive" / "redactions.jsonl", [*_redacted()])
    hidden = dict(_timed(folder, looks))
    rows = [
        (what, _told(plain[what]), _told(times), f"at most {_LIMIT * 1000:.0f} ms",
         verdict(statistics.median(times), _LIMIT))
        for what, times in hidden.items()
    ]  # fmt: skip
    note = _NOTE.format(
        captures=captures + BUSY_CAPTURES + _DAYS * _PAGES, busy=BUSY_CAPTURES, days=_DAYS,
        pages=_PAGES, fronts=_FRONTS, articles=_ARTICLES, looks=looks, revisions=_REVISIONS,
    )  # fmt: skip
    columns = ("page", "plainly", "while something is redacted", "target", "")
    return f"### Pages of the interface\n\n{note}\n{table(columns, rows)}"


def _told(times: list[float]) -> str:
    return f"**{statistics.median(times) * 1000:.1f} ms** ({max(times) * 1000:.1f})"


def _daily(number: int) -> str:
    return f"https://www.daily.example/{number % 40}/{number:07}-rain-is-expected-later"


def _add_outlet(path: Path) -> None:
    """An outlet of its own, with captures at all hours of its days."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA synchronous=OFF")
        [base] = db.execute("SELECT max(id) FROM url").fetchone()
        [taken] = db.execute("SELECT count(*) FROM capture").fetchone()
        db.execute("INSERT INTO outlet (id, name) VALUES (2, 'daily')")
        urls = ["https://www.daily.example/", *map(_daily, range(_DAYS * (_PAGES - _FRONTS)))]
        rows = ((base + place, 0, 2, url, urlkey(url)) for place, url in enumerate(urls, 1))
        db.executemany(PUT_URL, rows)
        db.executemany(PUT_CAPTURE, _captures(base, taken))
    db.close()


def _captures(base: int, taken: int) -> Iterator[tuple[object, ...]]:
    begin, day, page = to_micros(_START), 86_400_000_000, 0
    for number in range(_DAYS * _PAGES):
        of_day = number % _PAGES
        at = begin + number // _PAGES * day + of_day * (day // _PAGES)
        front = of_day < _FRONTS
        if front:
            at = begin + number // _PAGES * day + of_day * (day // _FRONTS)
        page += not front
        url_id = base + 1 + (0 if front else page)
        yield capture_row(url_id, taken + number, at, outlet=2, kind=3 if front else 0)


def _redacted() -> Iterator[dict[str, object]]:
    """One of each kind, of other pages of the same outlets."""
    other, daily = page_url(7), _daily(_PAGES)
    digest = "sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    made: list[tuple[str, Scope, datetime | None, tuple[str, ...]]] = [
        (other, Scope.URL, None, (digest,)),
        (daily, Scope.URL, None, ()),
        ("https://www.daily.example/7/", Scope.PREFIX, None, ()),
        (_daily(1), Scope.CAPTURE, _START, ()),
    ]
    for place, (url, scope, moment, payloads) in enumerate(made):
        one = Redaction(
            id=f"{place:02}", url=url, scope=scope, urls=(url,), by="x", reason="y", made=_START,
            moment=moment, payloads=payloads,
        )  # fmt: skip
        yield from events_of(one)


def _timed(folder: Path, looks: int) -> Iterator[tuple[str, list[float]]]:
    dice = random.Random(7)

    def hours() -> datetime:
        return _START + timedelta(hours=dice.randrange(BUSY_CAPTURES))

    def busy(**more: object) -> str:
        return urlencode({"url": BUSY, **more})

    day = f"{_START + timedelta(days=_DAY):%Y-%m-%d}"
    pages: dict[str, Callable[[], str]] = {
        f"list of {BUSY_CAPTURES:,} captures": lambda: f"/captures?{busy()}",
        "further on in it": lambda: f"/captures?{busy(before=f'{hours():%Y%m%d%H%M%S}')}",
        "a day of it": lambda: f"/captures?{busy(date=f'{hours():%Y-%m-%d}')}",
        "its calendar": lambda: f"/calendar?{busy()}",
        "one of them, framed": lambda: f"/view/{hours():%Y%m%d%H}0000/{BUSY}",
        "outlets": lambda: "/outlets",
        "an outlet's day": lambda: f"/outlet?name=daily&date={day}",
        "captures of that day": lambda: f"/outlet/captures?name=daily&date={day}",
        "the start of an address": lambda: f"/?prefix=www.site-{dice.randrange(1000):03}.example/*",
    }  # fmt: skip
    with our_replay(folder) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        for what, path in pages.items():
            times = [_asked(connection, server.port, path()) for _ in range(looks + 1)]
            yield what, times[1:]
        connection.close()


def _asked(connection: http.client.HTTPConnection, port: int, path: str) -> float:
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Host": f"127.0.0.1:{port}"})
    answer = connection.getresponse()
    answer.read()
    while answer.status == 302:
        connection.request("GET", answer.headers["Location"], headers={"Host": f"127.0.0.1:{port}"})
        answer = connection.getresponse()
        answer.read()
    if answer.status != 200:
        raise BenchmarkError(f"{path}: {answer.status}")
    return time.perf_counter() - begun
