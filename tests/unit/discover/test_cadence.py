from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discover.cadence import Bounds, cache_hint, due_after, feed_hint, next_interval

BOUNDS = Bounds(least=300, first=900, most=86_400)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_what_brings_nothing_is_asked_less_and_less_and_what_brings_something_more() -> None:
    interval = next_interval(None, brought=True, bounds=BOUNDS)
    assert interval == 900
    quiet = [interval := next_interval(interval, brought=False, bounds=BOUNDS) for _ in range(15)]
    assert quiet == sorted(quiet)
    assert quiet[-1] == 86_400
    busy = [interval := next_interval(interval, brought=True, bounds=BOUNDS) for _ in range(12)]
    assert busy == sorted(busy, reverse=True)
    assert busy[-1] == 300


@given(st.one_of(st.none(), st.floats(0, 1e9)), st.booleans(), st.floats(0, 1e9))
def test_never_beyond_the_bounds_and_hints_only_lengthen(
    last: float | None, brought: bool, hint: float
) -> None:
    interval = next_interval(last, brought=brought, bounds=BOUNDS)
    due = due_after(NOW, interval, hint=hint, bounds=BOUNDS)
    assert timedelta(seconds=300) <= due - NOW <= timedelta(seconds=86_400)
    assert due >= due_after(NOW, interval, hint=0, bounds=BOUNDS)


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b"<rss><channel><ttl> 60 </ttl><item/>", 3600),
        (b"<sy:updatePeriod>hourly</sy:updatePeriod>", 3600),
        (b"<x:updatePeriod>daily</x:updatePeriod><x:updateFrequency>4</x:updateFrequency>", 21_600),
        (b"<sy:updatePeriod>\n\thourly\t</sy:updatePeriod><sy:updateFrequency>0<", 3600),
        (b"<ttl>30</ttl><sy:updatePeriod>hourly<", 3600),
        (b"<ttl>soon</ttl>", 0),
        (b"<ttl>99999999999999</ttl>", 0),
        (b"<item><ttl>60</ttl></item>", 0),
        (b"<entry ><ttl>60</ttl>", 0),
        (b"", 0),
    ],
)
def test_what_a_feed_says_of_itself(body: bytes, seconds: float) -> None:
    assert feed_hint(body) == seconds


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("public, max-age=600", 600),
        ("max-age=0", 0),
        ("max-age=600, no-cache", 0),
        ("no-store,max-age=600", 0),
        ("s-maxage=600", 0),
        ("Max-Age = 60", 60),
        ("", 0),
    ],
)
def test_how_long_an_answer_is_fresh(field: str, seconds: float) -> None:
    assert cache_hint(field) == seconds
