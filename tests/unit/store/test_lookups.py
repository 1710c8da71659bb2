from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.captures import START, after, make_article, make_capture, make_ref

from archiver.model import Capture, CaptureKind
from archiver.store.catalogue import Catalogue
from archiver.urls import urlkey

PAGE = "https://www.example.com/Story?b=2&a=1"
SPELLINGS = (PAGE, "http://example.com/story?a=1&b=2", "https://EXAMPLE.com/story/?a=1&b=2")


def test_captures_of_every_spelling_come_in_time_order(catalogue: Catalogue) -> None:
    taken = [
        make_capture(SPELLINGS[1], after(hours=2)),
        make_capture(SPELLINGS[0], after(hours=1), status=304, record_type="revisit"),
        make_capture(SPELLINGS[2], after(hours=3), status=None),
        make_capture(SPELLINGS[0], after(hours=0)),
    ]
    catalogue.add_captures([*taken, make_capture("https://example.com/story")])
    expected = sorted(taken, key=lambda one: one.captured_at)
    for spelling in SPELLINGS:
        assert catalogue.captures_of(spelling) == expected
    assert catalogue.captures_of("https://example.com/never") == []
    assert catalogue.captures_of("nonsense") == []


def test_nearest_in_time(catalogue: Catalogue) -> None:
    first = make_capture(SPELLINGS[0], after(hours=0))
    second = make_capture(SPELLINGS[1], after(hours=2))
    catalogue.add_captures([first, second])
    for at, expected in (
        (after(days=-900), first),
        (after(hours=0), first),
        (after(minutes=59), first),
        (after(hours=1), first),  # of two as near the earlier
        (after(hours=1, microseconds=1), second),
        (after(hours=2), second),
        (after(days=900), second),
    ):
        assert catalogue.nearest(SPELLINGS[2], at) == expected
    assert catalogue.nearest("https://example.com/never", START) is None
    assert catalogue.nearest("nonsense", START) is None


def test_nearest_is_something_to_show(catalogue: Catalogue) -> None:
    shown = [
        make_capture(PAGE, after(hours=0)),
        make_capture(PAGE, after(hours=20), status=404),
        make_capture(PAGE, after(hours=30), record_type="revisit"),
    ]
    hidden = [
        make_capture(PAGE, after(hours=9), status=304, record_type="revisit"),
        make_capture(PAGE, after(hours=11), status=None),
    ]
    catalogue.add_captures([*shown, *hidden])
    for at in range(40):
        expected = min(shown, key=lambda one: abs(one.captured_at - after(hours=at)))
        assert catalogue.nearest(PAGE, after(hours=at)) == expected


@given(
    times=st.lists(st.integers(0, 50), max_size=6),
    at=st.integers(-5, 55),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nearest_is_what_a_plain_search_finds(
    catalogue: Catalogue, times: list[int], at: int
) -> None:
    page = f"https://{make_ref().record_id[10:18]}.example/"
    taken = [make_capture(page, after(seconds=second)) for second in times]
    catalogue.add_captures(taken)
    found = catalogue.nearest(page, after(seconds=at))
    if found is None:
        assert times == []
    else:
        distances = [abs(one.captured_at - after(seconds=at)) for one in taken]
        assert abs(found.captured_at - after(seconds=at)) == min(distances)


@pytest.fixture
def listed(catalogue: Catalogue) -> list[Capture]:
    urls = [
        "https://a.example/",
        "https://a.example/World/1",
        "https://a.example/world/2",
        "http://a.example/world/2",
        "https://a.example/worldly",
        "https://a.example/%E4%B8%96",
        "https://a.example/_x",
        "https://a.example/-x",
        "https://news.a.example/1",
        "https://b.example/1",
    ]
    taken = [
        make_capture(text, after(days=day), outlet="b" if "b." in text else "a")
        for text in urls
        for day in range(3)
    ]
    catalogue.add_captures(taken)
    catalogue.note_attempt("a", "https://a.example/never", at=START, reason="dns")
    return taken


def test_the_list_has_every_url_with_its_captures(
    catalogue: Catalogue, listed: list[Capture]
) -> None:
    catalogue.save_article(make_article("https://a.example/World/1", "a", title="Old"))
    catalogue.save_article(make_article("https://a.example/World/1", "b", after(days=1)))
    found = catalogue.capture_list()
    assert {row.url for row in found} == {one.url for one in listed}
    assert len(found) == 10
    keys = [urlkey(row.url) for row in found]
    assert keys == sorted(keys)  # by bytes, whatever the database's language
    for row in found:
        assert (row.count, row.first, row.last) == (3, START, after(days=2))
        assert row.title == ("Rain expected" if row.url.endswith("World/1") else None)


def test_the_list_goes_on_where_the_page_before_ended(
    catalogue: Catalogue, listed: list[Capture]
) -> None:
    whole = catalogue.capture_list()
    for size in (1, 3, 10):
        pages = []
        last = None
        while page := catalogue.capture_list(limit=size, after=last):
            assert len(page) <= size
            pages.extend(page)
            last = page[-1].url
        assert pages == whole
    place = catalogue.capture_list(after="https://a.example/worldl")  # not there itself
    assert place == whole[[row.url for row in whole].index("https://a.example/worldly") :]


@pytest.mark.parametrize(
    ("prefix", "count"),
    [
        ("https://a.example/world/", 4),  # a urlkey ends without a slash: worldly too
        ("https://a.example/world/1", 1),
        ("http://www.a.example", 8),
        ("example,a)", 8),
        ("example,a,", 1),
        ("example,", 10),
        ("https://a.example/100%", 0),
        ("https://a.example/__", 0),
        ("https://a.example/never", 0),
        ("com,", 0),
    ],
)
def test_the_list_by_prefix(
    catalogue: Catalogue, listed: list[Capture], prefix: str, count: int
) -> None:
    assert len(catalogue.capture_list(prefix=prefix)) == count


def test_the_list_by_outlet(catalogue: Catalogue, listed: list[Capture]) -> None:
    assert [row.url for row in catalogue.capture_list(outlet="b")] == ["https://b.example/1"]
    assert catalogue.capture_list(outlet="b", prefix="example,a)") == []
    assert len(catalogue.capture_list(outlet="a")) == 9
    assert catalogue.capture_list(outlet="nobody") == []


def test_feeds_are_listed_too(catalogue: Catalogue) -> None:
    feed = make_capture("https://a.example/rss", kind=CaptureKind.FEED)
    catalogue.add_captures([feed])
    [row] = catalogue.capture_list()
    assert row.last - row.first == timedelta()
