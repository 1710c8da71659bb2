from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.replay.uris import (
    MAX_URL,
    BadAddressError,
    References,
    archived_url,
    ascii_url,
    moment,
    resolve,
    stamp,
)


@pytest.mark.parametrize(
    ("digits", "at"),
    [
        ("20260501060708", datetime(2026, 5, 1, 6, 7, 8, tzinfo=UTC)),
        ("2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("202602", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026020304", datetime(2026, 2, 3, 4, tzinfo=UTC)),
    ],
)
def test_timestamps(digits: str, at: datetime) -> None:
    assert moment(digits) == at
    assert stamp(at).startswith(digits)


@pytest.mark.parametrize(
    "digits", ["", "202", "20261301", "20260230", "20260501250000", "2026050106070", "२०२६", "0000"]
)
def test_what_is_no_timestamp(digits: str) -> None:
    with pytest.raises(BadAddressError):
        moment(digits)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://news.example/a?b=c", "https://news.example/a?b=c"),
        ("https:/news.example/a", "https://news.example/a"),
        ("HTTP://News.example/A", "http://News.example/A"),
        ("https://m%C3%BCnchen.example/%C3%BC", "https://münchen.example/%C3%BC"),
        ("https://news.example:8443/", "https://news.example:8443/"),
        ("https://news.example/../../etc/passwd", "https://news.example/../../etc/passwd"),
    ],
)
def test_archived_urls(text: str, url: str) -> None:
    assert archived_url(text) == url


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 400),
        ("news.example/a", 400),
        ("ftp://news.example/", 400),
        ("file:///etc/passwd", 400),
        ("javascript:alert(1)", 400),
        ("https://", 400),
        ("https://user@news.example/", 400),
        ("https://user:word@news.example/", 400),
        ("https://:@news.example/", 400),
        ("https://news.example:port/", 400),
        ("https://[bad/", 400),
        ("https://news.example/a b", 400),
        ("https://news.example/\x00", 400),
        ("https://news.example/" + "a" * MAX_URL, 414),
    ],
)
def test_refused_urls(text: str, status: int) -> None:
    with pytest.raises(BadAddressError) as caught:
        archived_url(text)
    assert caught.value.status == status


@given(st.text(max_size=200))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    try:
        url = archived_url(text)
    except BadAddressError:
        return
    assert url.startswith(("http://", "https://"))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_ascii_urls_fit_into_header_fields(text: str) -> None:
    once = ascii_url("https://news.example/" + text)
    assert once.isascii()
    assert once.isprintable()
    assert not set(once) & set(' <>"')
    assert ascii_url(once) == once


@given(st.text(max_size=100))
def test_references_become_mementos_or_stay(reference: str) -> None:
    base = "https://news.example/a"
    made = References(base, "/20260501060000/")(reference)
    if made == reference:
        assert resolve(base, reference) is None
    else:
        assert made.startswith("/20260501060000/")
