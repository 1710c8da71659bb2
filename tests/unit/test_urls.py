from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from w3lib.url import safe_url_string

from archiver import urls
from archiver.urls import canonical_url, host_of, urlkey


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("HTTPS://News.Example:443/a/../b/./c#top", "https://news.example/b/c"),
        ("http://news.example", "http://news.example/"),
        ("http://news.example:80/?utm_source=x&id=7&fbclid=1", "http://news.example/?id=7"),
        ("http://news.example:8080/x", "http://news.example:8080/x"),
        ("http://news.example/a;jsessionid=0A?b=1", "http://news.example/a?b=1"),
        ("http://news.example/?b=2&a=1", "http://news.example/?b=2&a=1"),
        (" http://news.example/a b\n", "http://news.example/a%20b"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ("http://news.example./a", "http://news.example/a"),
        ("http://[2001:DB8::1]/a", "http://[2001:db8::1]/a"),
        ("http://news.example/..", "http://news.example/"),
    ],
)
def test_canonical(given_url: str, expected: str) -> None:
    assert canonical_url(given_url) == expected
    assert canonical_url(expected) == expected


@pytest.mark.parametrize(
    "bad",
    [
        "", "mailto:desk@news.example", "javascript:void(0)", "http://", "http://a:99999/",
        "http://a:b/", "//news.example/a", "http://[::1/", "ftp://news.example/a", "/a/b",
    ],
)  # fmt: skip
def test_unusable_urls_are_refused(bad: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the contract is the type; the texts are urllib's
        canonical_url(bad)
    with pytest.raises(ValueError):  # noqa: PT011 - as above
        urlkey(bad)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://www.example.com/", "com,example)/"),
        ("https://www2.Example.com/A/B/?Z=1&a=2", "com,example)/a/b?a=2&z=1"),
        ("http://example.com:8080/x", "com,example:8080)/x"),
        ("http://127.0.0.1:9/x", "127.0.0.1:9)/x"),
        ("http://www.com/", "com,www)/"),
        ("https://news.sky.com/story/x-1", "com,sky,news)/story/x-1"),
    ],
)
def test_urlkey(url: str, key: str) -> None:
    assert urlkey(url) == key


def test_host() -> None:
    assert host_of("HTTP://News.Example:8080/a") == "news.example"


@given(st.text(max_size=40), st.text(max_size=20))
def test_canonical_is_stable_or_refuses(path: str, query: str) -> None:
    try:
        once = canonical_url(f"http://news.example/{path}?{query}")
    except ValueError:
        return
    assert canonical_url(once) == once
    assert "#" not in once
    assert urlkey(once) == urlkey(once.replace("http://", "https://", 1))


@given(st.text(max_size=60))
def test_nothing_but_value_error(anything: str) -> None:
    for function in (canonical_url, urlkey, host_of):
        try:
            function(anything)
        except ValueError:
            continue


@given(st.from_regex(urls._PLAIN, fullmatch=True))
def test_what_is_taken_for_plain_is_left_as_it_is_by_w3lib_too(url: str) -> None:
    assert safe_url_string(url) == url.removesuffix("?")
