from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discover.traps import trap_of
from archiver.urls import canonical_url

NOW = datetime(2026, 3, 1, tzinfo=UTC)
X = "https://news.example"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/?month=3&year=2031", "calendar"),
        ("/events?tribe-bar-date=2026-03-04", "calendar"),
        ("/calendar/2026/03/", "calendar"),
        ("/events/month/2026-03", "calendar"),
        ("/2031/05/a-day-to-come", "calendar"),
        ("/list?sort=date&order=asc", "facets"),
        ("/list?filter[a]=1&filter[b]=2", "facets"),
        ("/list?tag=a&tag=b&tag=c", "facets"),
        ("/list?" + "&".join(f"a{n}=1" for n in range(11)), "facets"),
        ("/news?page=101", "pagination"),
        ("/news/page/99999999999999999999", "pagination"),
        ("/a/b/a/b/story-1", "repeated-segments"),
        ("/img/x/img/y/img/z", "repeated-segments"),
        ("/story?mysession=0123456789abcdef0", "session-id"),
        ("/story;mysession=0123456789abcdef0", "session-id"),
        ("/" + "/".join("abcdefghijklmnop"), "too-deep"),
        ("/" + "a" * 1025, "too-long"),
    ],
)
def test_what_has_no_end_is_known_by_its_address(path: str, reason: str) -> None:
    assert trap_of(canonical_url(X + path), now=NOW) == reason


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/world/2026/03/01/rain-expected-in-the-north",
        "/2027/01/a-look-ahead",
        "/news/articles/c0jwz4yqd0lo",
        "/view.html?idxno=123456&sc_section=S1",
        "/politik/politik-der-woche-123456.html",
        "/news/world/world-cup-2026",
        "/03/03/03/03-march",
        "/story/rain-in-the-north-again-12345?date=2026-03-01",
        "/article?id=7&date=2026-03-01",
        "/news?page=2",
        "/list?sort=date",
        "/story/1234567/page/2",
        "/events-of-the-day",
        "/archive/2999/12/record",
    ],
)
def test_articles_are_let_pass(path: str) -> None:
    assert trap_of(canonical_url(X + path), now=NOW) is None


def test_articles_of_a_large_archive_are_let_pass() -> None:
    """As many stories as a day has, in the forms that publishers use."""
    forms = ("/{y}/{m:02}/{d:02}/story-{n}", "/news/{n}", "/a/b/c/story-of-{n}.html", "/?p={n}")
    for n in range(500):
        for form in forms:
            url = X + form.format(y=1996 + n % 31, m=1 + n % 12, d=1 + n % 28, n=n * 7919)
            assert trap_of(canonical_url(url), now=NOW) is None, url


@given(st.text(max_size=200))
def test_any_path_has_an_answer(text: str) -> None:
    try:
        url = canonical_url(f"{X}/{text}")
    except ValueError:
        return
    trap_of(url, now=NOW)
