from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.warc.fields import (
    digest_matches,
    labelled_digest,
    line,
    parse_warc_date,
    parse_warc_fields,
    uri,
    warc_date,
    warc_fields,
)

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))  # lone surrogates as well


@given(ANY_TEXT)
def test_a_line_stays_one_line(text: str) -> None:
    made = line(text)
    assert len(made.encode().splitlines()) <= 1
    assert made.splitlines() in ([], [made])
    assert made == line(made)


@given(ANY_TEXT)
def test_a_uri_is_printable_ascii_without_brackets(text: str) -> None:
    made = uri(text)
    assert all(0x21 <= ord(char) <= 0x7E for char in made)
    assert not {"<", ">"} & set(made)
    assert made == uri(made)


def test_a_usual_uri_is_not_touched() -> None:
    url = "https://news.example:8443/a/b%20c?q=1&r=%C3%BC&s={|}#x"
    assert uri(url) == url


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=8))
def test_fields_inject_no_fields(fields: list[tuple[str, str]]) -> None:
    read = parse_warc_fields(warc_fields(fields))
    assert [value for _, value in read] == [line(value) for _, value in fields]


def test_fields_of_others_may_be_folded_or_broken() -> None:
    block = b"software: a\r\n  b\nnonsense\nvia:\r\nx:y:z\n"
    assert parse_warc_fields(block) == [("software", "a b"), ("via", ""), ("x", "y:z")]


@given(st.datetimes(timezones=st.timezones()))
def test_a_date_is_read_as_it_was_written(at: datetime) -> None:
    if 2 <= at.year <= 9998:
        assert parse_warc_date(warc_date(at)) == at.astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-05", datetime(2024, 5, 1, tzinfo=UTC)),
        ("2024-05-06", datetime(2024, 5, 6, tzinfo=UTC)),
        ("2024-05-06T07:08Z", datetime(2024, 5, 6, 7, 8, tzinfo=UTC)),
        ("2024-05-06T07:08:09Z", datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06T07:08:09.5Z", datetime(2024, 5, 6, 7, 8, 9, 500000, tzinfo=UTC)),
        ("2024-05-06T07:08:09.123456789Z", datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_dates_of_every_precision(text: str, moment: datetime) -> None:
    assert parse_warc_date(text) == moment


@pytest.mark.parametrize(
    "text",
    ["", "20240506070809", "2024-05-06T07:08:09", "2024-05-06T07:08:09+01:00", "2024-13-01",
     "2024-02-30T00:00:00Z", "2024-05-06T25:00:00Z", "2024-05-06T07:08:99Z",
     "2024-05-06T07:08:09.1234567890Z", "2024-05-06T07:08:09.Z", "٢٠٢٤", "2024-05-06T07:08:09Z "],
)  # fmt: skip
def test_malformed_dates(text: str) -> None:
    assert parse_warc_date(text) is None


def test_a_date_is_written_in_utc() -> None:
    at = datetime(2024, 5, 6, 1, 2, 3, tzinfo=timezone(timedelta(hours=-3)))
    assert warc_date(at) == "2024-05-06T04:02:03.000000Z"


@given(st.binary())
def test_a_digest_matches_its_data_in_either_base(data: bytes) -> None:
    assert digest_matches(labelled_digest(data), data)
    assert not digest_matches(labelled_digest(data), data + b"x")
    assert digest_matches("SHA-256:" + hashlib.sha256(data).hexdigest(), data)
    assert digest_matches("md5:" + hashlib.md5(data).hexdigest().upper(), data)
    assert digest_matches(
        "sha256:" + base64.b32encode(hashlib.sha256(data).digest()).decode(), data
    )


@pytest.mark.parametrize(
    "digest", ["", "sha1", "xxh3:00", "sha1:***", "sha1:" + "Z" * 40, "nothing:abc"]
)
def test_a_digest_that_cannot_be_read_says_nothing(digest: str) -> None:
    assert digest_matches(digest, b"x") is None
