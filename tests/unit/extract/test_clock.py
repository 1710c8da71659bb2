"""Times that a page only shows."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.documents import document

from archiver.extract.clock import read_time_of_day
from archiver.extract.dates import Dates, find_dates
from archiver.extract.region import find_region

DAY = date(2025, 3, 12)


def dates_of(line: str, head: str = "") -> Dates:
    prose = "".join(
        f"<p>The harbour of {n} was older than the town around it, said Ann.</p>" for n in "abcdef"
    )
    shown = f"<div class='meta'><span>{line}</span></div>"
    page = document(head, f"<article><h1>The harbour opens</h1>{shown}{prose}</article>")
    return find_dates(page, find_region(page), captured_at=datetime(2025, 4, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("Published 12 March 2025, 14:05 GMT", "2025-03-12T14:05:00+00:00"),
        ("12. März 2025, 14:05 Uhr", "2025-03-12T14:05:00"),
        ("Publié le 12 mars 2025 à 14h05", "2025-03-12T14:05:00"),
        ("March 12, 2025 2:05 p.m. EDT", "2025-03-12T14:05:00-04:00"),
        ("12 Mar 2025 12:30 am PST", "2025-03-12T00:30:00-08:00"),
        ("12.03.2025 klo 14.05", "2025-03-12T14:05:00"),
        ("2025年3月12日 14時05分", "2025-03-12T14:05:00"),
        ("12 March 2025", "2025-03-12"),
        ("Updated 12 March 2025 14:05", "2025-03-12"),
    ],
)
def test_a_line_tells_the_time_of_the_day(line: str, published: str) -> None:
    assert dates_of(line).published == published


def test_an_offset_in_brackets_counts() -> None:
    moment = read_time_of_day("12 March 2025, 14:05 (UTC+02:00)", DAY)
    assert moment == "2025-03-12T14:05:00+02:00"


def test_structured_data_with_a_time_is_believed_before_what_is_shown() -> None:
    head = '<meta property="article:published_time" content="2025-03-12T09:00:00+01:00">'
    assert dates_of("12 March 2025, 14:05", head).published == "2025-03-12T09:00:00+01:00"


def test_the_day_stays_among_the_candidates() -> None:
    found = dates_of("12 March 2025, 14:05", '<meta name="date" content="2025-03-12">')
    assert [(c.source, c.chosen) for c in found.candidates] == [
        ("meta:date", False),
        ("text", True),
    ]


@pytest.mark.parametrize(
    "line",
    ["13 March 2025 14:05", "12 March 2024 14:05", "12.03.2025", "12 of 2025 goals, 2.1 a day"],
)
def test_another_day_or_no_time_is_none(line: str) -> None:
    assert read_time_of_day(line, DAY) is None


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789 :.+-ap mhutcgMarch年月日時", max_size=40))
def test_any_line_is_a_moment_of_that_day_or_none(line: str) -> None:
    moment = read_time_of_day("12 2025 " + line, DAY)
    assert moment is None or datetime.fromisoformat(moment).date() == DAY
