"""The index of captures: what a plain sort of all captures would give, page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from support.captures import START, after, make_capture, make_ref
from support.redactions import redact, second

from archiver.model import Capture
from archiver.store.catalogue import Catalogue
from archiver.store.spans import IndexRow, Place, Span
from archiver.urls import urlkey

URLS = (
    "https://news.example/",
    "https://news.example/a",
    "http://www.news.example/A/",
    "https://news.example/a/b",
    "https://news.example/a/b?c=1",
    "https://news.example/ab",
    "https://live.news.example/x",
    "https://news.example:8080/a",
    "https://newsy.example/a",
    "https://other.example/é",
)


@pytest.fixture
def warcs(tmp_path: Path) -> Path:
    return tmp_path / "warc"


@pytest.fixture
def taken(catalogue: Catalogue) -> list[Capture]:
    """Captures of every URL, in an order of their own, some in one moment."""
    times = (3, 1, 2, 1, 0.5)
    files = ("b.warc.gz", "a.warc.gz")
    made = [
        make_capture(url, after(hours=hours), warc=make_ref(files[number % 2]))
        for number, hours in enumerate(times)
        for url in URLS
    ]
    catalogue.add_captures(made)
    return made


def every(catalogue: Catalogue, span: Span, limit: int, **how: Any) -> list[IndexRow]:
    """All pages."""
    rows: list[IndexRow] = []
    start: Place | None = None
    for _ in range(1000):
        page = catalogue.index_page(span, start=start, limit=limit, **how)
        assert len(page.rows) <= limit
        rows += page.rows
        if page.after is None:
            return rows
        start = page.after
    raise AssertionError("no end")


def facts(row: IndexRow) -> tuple[object, ...]:
    return (row.urlkey, row.at, row.url, row.file, row.offset, row.length, row.digest, row.status)


def plainly(taken: list[Capture], span: Span, **how: Any) -> set[tuple[object, ...]]:
    """By hand."""
    return {
        (
            one.urlkey,
            one.captured_at,
            one.url,
            one.warc.file,
            one.warc.offset,
            one.warc.length,
            one.warc.payload_digest,
            one.status,
        )
        for one in taken
        if span.holds(one.urlkey)
        and how.get("since", one.captured_at) <= one.captured_at
        and how.get("until", one.captured_at) >= one.captured_at
    }


SPANS = [
    Span(first=urlkey(URLS[1])),
    Span(first=urlkey("https://news.example/never")),
    Span.prefix("example,news)/a/"),
    Span.prefix("example,news)/a"),
    Span.host("example,news)/"),
    Span.domain("example,news)/"),
    Span.domain("example)/"),
    Span(first="", end="\U0010ffff"),
]


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
@pytest.mark.parametrize("backwards", [False, True])
def test_pages_are_those_of_one_sorted_list(
    catalogue: Catalogue, taken: list[Capture], span: Span, limit: int, backwards: bool
) -> None:
    for times in ({}, {"since": after(hours=1), "until": after(hours=2)}):
        rows = every(catalogue, span, limit, backwards=backwards, **times)
        places = [row.place for row in rows]
        assert places == sorted(places, reverse=backwards)
        assert {facts(row) for row in rows} == plainly(taken, span, **times)
        assert len(set(places)) == len(places)


def test_a_span_is_of_hosts_and_not_of_their_namesakes(
    catalogue: Catalogue, taken: list[Capture]
) -> None:
    def hosts(span: Span) -> set[str]:
        return {row.urlkey.partition(")")[0] for row in every(catalogue, span, 1000)}

    assert hosts(Span.host("example,news)/a")) == {"example,news"}
    assert hosts(Span.host("example,news:8080)/a")) == {"example,news:8080"}
    assert hosts(Span.domain("example,news)/a")) == {"example,news", "example,news,live"}


def test_a_page_may_begin_at_a_place(catalogue: Catalogue, taken: list[Capture]) -> None:
    span = Span.host("example,news)/")
    rows = every(catalogue, span, 1000)
    for number, row in enumerate(rows):
        for backwards in (False, True):
            beyond = rows[:number][::-1] if backwards else rows[number + 1 :]
            page = catalogue.index_page(span, start=row.place, backwards=backwards)
            assert page.rows == beyond
            page = catalogue.index_page(span, start=row.place, backwards=backwards, inclusive=True)
            assert page.rows == [row, *beyond]
    other = catalogue.index_page(Span.host("example,newsy)/"), limit=1).rows[0].place
    assert catalogue.index_page(span, start=other).rows == []
    assert catalogue.index_page(span, start=other, backwards=True).rows == rows[::-1]
    before = Place("a", START, 0, 0, 0)
    assert catalogue.index_page(span, start=before).rows == rows
    assert catalogue.index_page(span, start=before, backwards=True).rows == []


def test_what_is_redacted_is_in_no_page(
    catalogue: Catalogue, taken: list[Capture], warcs: Path
) -> None:
    everything = Span(first="", end="\U0010ffff")
    before = every(catalogue, everything, 1000)
    redact(catalogue, warcs, "https://news.example/a", prefix=True)
    redact(catalogue, warcs, URLS[5], moment=second(after(hours=1)))
    redact(catalogue, warcs, URLS[8])
    kept = [
        row
        for row in before
        if not row.urlkey.startswith("example,news)/a/")
        and row.urlkey not in ("example,news)/a", "example,newsy)/a")
        and not (row.url == URLS[5] and row.at == after(hours=1))
    ]
    assert len(kept) == len(before) - 5 * 5 - 2
    for limit in (1, 3, 1000):
        assert every(catalogue, everything, limit) == kept
        assert every(catalogue, everything, limit, backwards=True) == kept[::-1]
    hidden = catalogue.index_page(Span(first="example,news)/a"))
    assert (hidden.rows, hidden.after) == ([], None)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_redacted_folder_is_passed_at_one_step(
    catalogue: Catalogue, warcs: Path, backwards: bool
) -> None:
    hidden = [make_capture(f"https://news.example/x/{number:03}") for number in range(200)]
    shown = [make_capture(f"https://news.example/{name}") for name in ("a", "z")]
    catalogue.add_captures([*hidden, *shown])
    redact(catalogue, warcs, "https://news.example/x", prefix=True)
    asked = []
    event.listen(catalogue._engine, "begin", asked.append)
    rows = every(catalogue, Span.host("example,news)/"), 10, backwards=backwards)
    assert len(rows) == 2
    assert len(asked) <= 3


def test_what_is_around_a_memento(catalogue: Catalogue) -> None:
    page, spelling = "https://news.example/a", "http://www.news.example/A"
    made = [
        make_capture(page if number % 2 else spelling, after(hours=number)) for number in range(6)
    ]
    silent = make_capture(page, after(hours=2, minutes=30), status=None)
    unchanged = make_capture(page, after(hours=2, minutes=40), status=304)
    twin = make_capture(page, made[2].captured_at + timedelta(microseconds=9))
    catalogue.add_captures([*made, silent, unchanged, twin])

    def around(at: datetime, usable: Any = lambda row: True) -> list[datetime | None]:
        found = catalogue.around(page, at, usable)
        rows = (found.first, found.prev, found.next, found.last)
        return [row and row.at for row in rows]

    times: list[Any] = [one.captured_at for one in made]
    assert around(times[2]) == [times[0], times[1], times[3], times[5]]
    assert around(times[0]) == [times[0], None, times[1], times[5]]
    assert around(times[5]) == [times[0], times[4], None, times[5]]
    assert around(after(days=-9)) == [times[0], None, times[0], times[5]]

    def odd(row: IndexRow) -> bool:
        return row.url == page and row.at != times[5]

    assert around(times[2], odd) == [times[1], times[1], times[3], times[3]]
    assert around(times[2], lambda row: False) == [None] * 4
    assert catalogue.around("https://news.example/b", START, odd).first is None


def test_nothing_redacted_is_around_a_memento(catalogue: Catalogue, warcs: Path) -> None:
    page = "https://news.example/a"
    digests = ["sha1:" + name * 32 for name in "ABCDE"]
    for number, digest in enumerate(digests):
        ref = replace(make_ref(), payload_digest=digest)
        catalogue.add_captures([make_capture(page, after(hours=number), warc=ref)])
    for number in (0, 3):
        redact(catalogue, warcs, page, moment=second(after(hours=number)))
    found = catalogue.around(page, after(hours=2), lambda row: True)
    rows = (found.first, found.prev, found.next, found.last)
    assert [row and row.at for row in rows] == [after(hours=number) for number in (1, 1, 4, 4)]
    near = catalogue.nearest(page, after(hours=2.9))
    assert near
    assert near.captured_at == after(hours=2)


def test_many_spellings_of_one_page_are_looked_through(catalogue: Catalogue) -> None:
    made = [
        make_capture(
            f"https://news.example/{'a' * number}{'A' * (130 - number)}", after(hours=number)
        )
        for number in range(130)
    ]
    catalogue.add_captures(made)
    found = catalogue.around(made[0].url, after(hours=64), lambda row: True)
    rows = (found.first, found.prev, found.next, found.last)
    assert [row and row.at for row in rows] == [after(hours=number) for number in (0, 63, 65, 129)]


@given(
    hours=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12),
    limit=st.integers(1, 5),
    backwards=st.booleans(),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_pages_of_any_captures(
    catalogue: Catalogue, hours: list[tuple[int, int]], limit: int, backwards: bool
) -> None:
    site = f"https://{make_ref().record_id[10:18]}.example"
    made = [make_capture(f"{site}/{'xXy'[page]}", after(hours=hour)) for hour, page in hours]
    catalogue.add_captures(made)
    span = Span.host(urlkey(f"{site}/"))
    rows = every(catalogue, span, limit, backwards=backwards)
    places = [row.place for row in rows]
    assert places == sorted(places, reverse=backwards)
    assert {facts(row) for row in rows} == plainly(made, span)
