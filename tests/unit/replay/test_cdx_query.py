"""Questions to the index, whatever is written in them."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import START

from archiver.replay.cdx_fields import FIELDS, BadQueryError, Dialect, make_filter
from archiver.replay.cdx_formats import form_of, written
from archiver.replay.cdx_query import clamped, parse, read_resume_key, resume_key
from archiver.replay.links import asked_datetime, http_date
from archiver.replay.uris import BadAddressError
from archiver.store.spans import IndexRow, Place

ROW = IndexRow(
    "example,news)/a", START, 3, 4, 5, "https://news.example/a", 200, "text/html", "response",
    "sha1:B2LTWWPUOYAH7UIPQ7ZUPQ4VMBSVC36A", 900, "a.warc.gz", None,
)  # fmt: skip
NAMES = (
    "url", "urlkey", "matchType", "from", "to", "filter", "limit", "fl", "sort", "closest",
    "collapse", "collapseTime", "output", "resumeKey", "showResumeKey", "page", "pageSize",
    "showNumPages", "reverse", "offset",
)  # fmt: skip
WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["a.example", "*.a.example/b*", "json", "text", "closest", "reverse", "true",
                     "2026", "-3", "5", "=status:200", "!~url:x+", "prefix", "timestamp:4", "url"]),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(NAMES), WORDS)), st.sampled_from(Dialect))
def test_a_question_is_understood_or_refused(
    items: list[tuple[str, str]], dialect: Dialect
) -> None:
    try:
        query = parse([("url", "a.example"), *items], dialect)
    except BadQueryError as error:
        assert str(error)  # noqa: PT017 - one of two good ends
        return
    form = form_of(query, dialect)
    assert form.row(ROW)
    for test in query.filters:
        assert test(ROW) in (True, False)
    for read in query.collapse:
        assert isinstance(read(ROW), str)


@given(st.text(), st.sampled_from(Dialect))
def test_a_filter_is_one_or_is_refused(text: str, dialect: Dialect) -> None:
    with contextlib.suppress(BadQueryError):
        make_filter(f"url:{text}", dialect)(ROW)


# Each takes Python's own engine longer than anybody lives.
HOSTILE = ["(https?://)?([a-z./]+)+$", "(.*)*(.*)*(.*)*!", "(a|a|a|h|t|p|s|:|/|.)*!"]
_ASKED = """
import sys
from dataclasses import replace
from datetime import datetime
from archiver.replay.cdx_fields import Dialect, make_filter
from archiver.store.spans import IndexRow
row = IndexRow("", datetime.now(), 0, 0, 0, "https://" + "news.example/" * 150 + "?", 200, None,
    "response", None, 0, "", None)
for pattern in sys.argv[1:]:
    print(make_filter("~url:" + pattern, Dialect.PYWB)(row))
"""


def test_no_pattern_takes_for_ever() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASKED, *HOSTILE],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,  # a guard against hanging, never a measure
    )
    assert done.stdout.split() == ["False"] * len(HOSTILE)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(?=a)", "perl operator"),
        (r"(a)\1", "escape"),
        ("(", "missing"),
        ("a{1001}", "repetition"),
        (r"(?i)([\pL\pN]{0,100}x?)*z", "too large"),
        ("\ud800", "Unicode"),
    ],
)
def test_what_cannot_be_matched_in_time_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(BadQueryError, match=why):
        make_filter(f"~url:{pattern}", Dialect.PYWB)


@pytest.mark.parametrize(
    ("digits", "first", "last"),
    [
        ("2026", (2026, 1, 1), (2026, 12, 31, 23, 59, 59, 999_999)),
        ("202602", (2026, 2, 1), (2026, 2, 28, 23, 59, 59, 999_999)),
        ("20260231", (2026, 2, 28), (2026, 2, 28, 23, 59, 59, 999_999)),
        ("20260503060708", (2026, 5, 3, 6, 7, 8), (2026, 5, 3, 6, 7, 8, 999_999)),
        ("2026050", (2026, 5, 1), (2026, 5, 9, 23, 59, 59, 999_999)),
        ("2", (2000, 1, 1), (2999, 12, 31, 23, 59, 59, 999_999)),
        ("0", (1, 1, 1), (999, 12, 31, 23, 59, 59, 999_999)),
        ("99999999999999", (9999, 12, 31, 23, 59, 59), (9999, 12, 31, 23, 59, 59, 999_999)),
    ],
)
def test_what_timestamps_may_mean(
    digits: str, first: tuple[int, ...], last: tuple[int, ...]
) -> None:
    def moment(parts: tuple[int, ...]) -> datetime:
        whole: Any = datetime(*parts)  # type: ignore[arg-type, misc]
        return whole.replace(tzinfo=UTC)

    assert clamped(digits, "from", upper=False) == moment(first)
    assert clamped(digits, "to", upper=True) == moment(last)


@given(st.from_regex(r"\A\d{1,14}\Z"))
def test_any_digits_mean_something(digits: str) -> None:
    if digits.isascii():
        assert clamped(digits, "x", upper=False) <= clamped(digits, "x", upper=True)


@given(
    st.text(min_size=1, max_size=30),
    st.datetimes(timezones=st.just(UTC)),
    *[st.integers(0, 10**12)] * 3,
)
def test_a_place_comes_back_from_its_key(
    key: str, at: datetime, file_id: int, offset: int, url_id: int
) -> None:
    place = Place(key, at, file_id, offset, url_id)
    with contextlib.suppress(UnicodeEncodeError):  # what is half a character is in no URL
        assert read_resume_key(unquote_plus(resume_key(place))) == place
        assert read_resume_key(resume_key(place)) == place


@given(st.text(max_size=40))
def test_nothing_else_is_a_key(text: str) -> None:
    with contextlib.suppress(BadQueryError):
        read_resume_key(text)


@given(
    rows=st.lists(
        st.builds(
            lambda url, mime, status: ROW._replace(url=url, mime=mime, status=status),
            st.text(max_size=10), st.none() | st.text(max_size=10), st.none() | st.integers(0, 999),
        ),
        max_size=4,
    ),
    dialect=st.sampled_from(Dialect),
)  # fmt: skip
def test_every_form_can_be_read_back(rows: list[IndexRow], dialect: Dialect) -> None:
    class Told(list[list[IndexRow]]):
        resume: Place | None = None

    for output in {"pywb": ("cdxj", "json", "text"), "wayback": ("text", "json"),
                   "outback": ("text", "json", "jsondict")}[dialect]:  # fmt: skip
        query = parse([("url", "a.example"), ("output", output)], dialect)
        told: Any = Told([rows[:1], rows[1:]] if len(rows) > 1 else [rows] if rows else [])
        said = b"".join(written(told, query, form_of(query, dialect))).decode()
        if output in ("json", "jsondict") and dialect is not Dialect.PYWB:
            header = 1 if dialect is Dialect.WAYBACK and rows else 0
            assert len(json.loads(said)) == len(rows) + header
        else:
            lines = said.split("\n")[:-1]
            assert len(lines) == len(rows)
            for line, row in zip(lines, rows, strict=True):
                if output == "cdxj":
                    assert (
                        json.loads(line.split(" ", 2)[2])["url"]
                        == row.url.encode("utf-8", "replace").decode()
                    )
                elif output == "text":
                    assert len(line.split(" ")) == (7 if dialect is Dialect.WAYBACK else 11)


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))
def test_a_date_is_understood_as_it_is_written(at: datetime) -> None:
    assert asked_datetime(http_date(at)) == at.replace(microsecond=0)


@given(st.text(max_size=40))
def test_what_is_no_date_is_refused(text: str) -> None:
    with contextlib.suppress(BadAddressError):
        asked_datetime(text)


def test_a_revisit_is_named_as_index_readers_expect() -> None:
    revisit = ROW._replace(record_type="revisit")
    assert FIELDS["mime"](revisit) == "warc/revisit"
    assert FIELDS["mime"](ROW._replace(mime=None)) == "unk"
    assert FIELDS["redirect"](ROW._replace(redirect_to="https://hidden.example/")) == "-"
