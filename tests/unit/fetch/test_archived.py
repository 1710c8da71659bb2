"""Which capture of an archive answers a request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.captures import START, after, make_capture

from archiver.errors import UsageError
from archiver.fetch.archived import Archived
from archiver.model import Capture, Outlet, WarcRef
from archiver.store.catalogue import Catalogue
from archiver.warc.reader import StoredRecord
from archiver.warc.source import ByteSource
from spiders.offline import last_moment

URL = "https://news.example/story/1"
PLAIN = "http://news.example/story/1"
OUTLET = Outlet(
    id="news", name="News", homepage="https://www.news.example/", sources=(), hosts=("b.example",)
)


class _Nothing:
    def open(self, name: str) -> ByteSource:
        raise AssertionError(name)

    def read(self, ref: WarcRef) -> StoredRecord:
        raise AssertionError(ref)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(f"sqlite:///{tmp_path / 'c.sqlite'}", create=True) as opened:
        yield opened


def found(
    catalogue: Catalogue,
    *captures: Capture,
    url: str = URL,
    until: datetime | None = None,
    good_first: bool = False,
) -> datetime | None:
    catalogue.add_captures(captures)
    archived = Archived(catalogue, _Nothing(), until=until, good_first=good_first)
    chosen = archived.find(url)
    return chosen.captured_at if chosen else None


def test_the_newest_goes_before_older_ones(catalogue: Catalogue) -> None:
    captures = [make_capture(URL, after(hours=n)) for n in (1, 3, 2)]
    assert found(catalogue, *captures) == after(hours=3)


def test_a_moment_is_the_last_that_counts(catalogue: Catalogue) -> None:
    captures = [make_capture(URL, after(hours=n)) for n in (1, 2, 3)]
    assert found(catalogue, *captures, until=after(hours=2)) == after(hours=2)
    assert found(catalogue, until=after(hours=2, microseconds=-1)) == after(hours=1)
    assert found(catalogue, until=START) is None


@pytest.mark.parametrize("worse", [304, None])
def test_what_is_no_answer_never_comes(catalogue: Catalogue, worse: int | None) -> None:
    assert found(catalogue, make_capture(URL, after(hours=1), worse)) is None


@pytest.mark.parametrize("worse", [500, 503, 401, 403, 429])
def test_trouble_comes_only_where_there_is_nothing_else(catalogue: Catalogue, worse: int) -> None:
    assert found(catalogue, make_capture(URL, after(hours=2), worse)) == after(hours=2)
    assert found(catalogue, make_capture(URL, after(hours=1), 200)) == after(hours=1)


@pytest.mark.parametrize("how", ["time", "disconnect"])
def test_so_does_what_was_cut_off(catalogue: Catalogue, how: str) -> None:
    cut = make_capture(URL, after(hours=2), truncated=how)
    assert found(catalogue, cut, make_capture(URL, after(hours=1))) == after(hours=1)


def test_what_is_gone_is_gone_unless_good_ones_go_first(catalogue: Catalogue) -> None:
    captures = [make_capture(URL, after(hours=1)), make_capture(URL, after(hours=2), 410)]
    assert found(catalogue, *captures) == after(hours=2)
    assert found(catalogue, good_first=True) == after(hours=1)


def test_the_very_url_goes_before_other_spellings(catalogue: Catalogue) -> None:
    captures = [make_capture(URL, after(hours=1)), make_capture(PLAIN, after(hours=2))]
    assert found(catalogue, *captures) == after(hours=1)
    assert found(catalogue, url=PLAIN) == after(hours=2)
    assert found(catalogue, url="https://www.news.example/story/1") == after(hours=2)


def test_no_other_spelling_that_leads_back_answers(catalogue: Catalogue) -> None:
    back = make_capture(PLAIN, after(hours=2), 301, redirect_to=URL)
    assert found(catalogue, back) is None
    assert found(catalogue, url=PLAIN) == after(hours=2)  # of itself it does
    away = make_capture(PLAIN, after(hours=1), 301, redirect_to="https://news.example/story/2")
    assert found(catalogue, away) == after(hours=1)


def test_what_is_no_url_has_no_answer(catalogue: Catalogue) -> None:
    assert found(catalogue, url="https://news.example:port/") is None


def test_all_pages_are_the_html_of_the_hosts_and_those_below(catalogue: Catalogue) -> None:
    inside = [
        "http://b.example/1", "http://news.example:8080/2", "https://m.news.example/3", URL,
        "https://www.news.example/4",
    ]  # fmt: skip
    outside = ["https://newsx.example/5", "https://news.example.com/6"]
    catalogue.add_captures([make_capture(url) for url in inside + outside])
    catalogue.add_captures([make_capture(URL, after(hours=1))])
    catalogue.add_captures(
        [
            make_capture("https://news.example/7", mime="image/png"),
            make_capture("https://news.example/8", status=404),
            make_capture("https://news.example/9", after(hours=9)),
        ]
    )
    archived = Archived(catalogue, _Nothing(), until=after(hours=2))
    assert sorted(archived.pages(OUTLET)) == sorted(inside)


@pytest.mark.parametrize(
    ("text", "next_one"),
    [
        ("2026", datetime(2027, 1, 1)),
        ("202612", datetime(2027, 1, 1)),
        ("202602", datetime(2026, 3, 1)),
        ("20260228", datetime(2026, 3, 1)),
        ("2026022823", datetime(2026, 3, 1)),
        ("202602282359", datetime(2026, 3, 1)),
        ("20260228235959", datetime(2026, 3, 1)),
        ("2026-02-28", datetime(2026, 3, 1)),
    ],
)
def test_digits_stand_for_all_of_what_they_name(text: str, next_one: datetime) -> None:
    least = timedelta(microseconds=1)
    assert last_moment(text) == next_one.replace(tzinfo=UTC) - least


def test_a_moment_is_in_utc_where_it_does_not_say(catalogue: Catalogue) -> None:
    assert last_moment("2026-03-05T12:00") == datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert last_moment("2026-03-05T12:00+02:00") == datetime(2026, 3, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "now", "20261301", "202", "9999", "0000", "2026-13-01"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        last_moment(text)
