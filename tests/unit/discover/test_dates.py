"""Dates as feeds write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discover.dates import parse_date

NINE = datetime(2024, 3, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "Tue, 05 Mar 2024 09:00:00 GMT",
        "Tue, 5 Mar 2024 10:00:00 +0100",
        "05 Mar 24 04:00 EST",
        "Tue,05 Mar 2024 09:00:00 UT",
        "  Tue, 05 Mar 2024\n 10:00:00 CET ",
        "Tue, 05 Mar 2024 18:00:00 JST",
        "2024-03-05T09:00:00Z",
        "2024-03-05T09:00Z",
        "2024-03-05T10:00:00+01:00",
        "2024-03-05T10:00:00+0100",
        "2024-03-05 10:00:00 +01:00",
        "2024-03-05T09:00:00.0000000Z",
        "20240305T090000Z",
        "2024-03-05T09:00:00",  # no zone: UTC
        "Tue, 05 Mar 2024 09:00:00",
        "1709629200",
        "1709629200000",
    ],
)
def test_forms(raw):
    assert parse_date(raw) == NINE
    assert parse_date(raw).tzinfo is UTC


def test_days_and_months():
    assert parse_date("2024-03-05") == datetime(2024, 3, 5, tzinfo=UTC)
    assert parse_date("2024-03") == datetime(2024, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    ["", " ", "soon", "2024", "2024-13-01", "32 Mar 2024", "9" * 13 + "9", "9" * 5000, "x" * 10**6,
     f"Tue, 05 Mar 2024 09:00:00 GMT ({'x' * 100})",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "Tue, 05 Mar 99999 09:00:00 GMT",
     "Tue, 05 Mar 2024 09:00:00 +9999999999"],
)  # fmt: skip
def test_what_is_no_date(raw):
    assert parse_date(raw) is None


@given(st.text(max_size=120) | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ [\d:]+ \S+"))
def test_any_text_is_a_moment_in_utc_or_none(raw):
    moment = parse_date(raw)
    assert moment is None or moment.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.timezones()))
def test_iso_dates_are_read_back(when):
    try:
        expected = when.astimezone(UTC)
    except OverflowError:
        expected = None
    assert parse_date(when.isoformat()) == expected
