from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.revise.errorpages import is_above, is_error_address, says_missing, titles_of

DATA = tomllib.loads((files("archiver.revise") / "errorpages.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    "title",
    [
        "Page not found",
        "404",
        "404 Not Found",
        "Error 404 | The Paper",
        "The Paper - Page not found",
        "The Paper \u2013 Not found",
        "Sorry, the page you are looking for has moved",
        "Seite nicht gefunden",
        "Page introuvable - Le Journal",
        "P\u00e1gina no encontrada",
        "\u30da\u30fc\u30b8\u304c\u898b\u3064\u304b\u308a\u307e\u305b\u3093",
        "PAGE DOESN\u2019T EXIST",
    ],
)
def test_titles_of_error_pages(title: str) -> None:
    assert says_missing(title)


@pytest.mark.parametrize(
    "title",
    [
        "Found: the missing page of a medieval book",
        "Why 404 people queued for bread",
        "The error that cost an election",
        "Sorry seems to be the hardest word, says minister",
        "Rain expected",
        "",
        None,
    ],
)
def test_titles_of_articles(title: str | None) -> None:
    assert says_missing(title, text="Words of an article. " * 5) is None


def test_a_long_text_is_none_whatever_its_title() -> None:
    assert says_missing("Page not found", text="word " * 151) is None
    assert says_missing("Page not found", words=151) is None
    assert says_missing("A title", text="Sorry: page not found.")
    assert says_missing("A title", text="word " * 90 + "page not found") is None  # not its opening


@pytest.mark.parametrize("name", ["titles", "anywhere"])
def test_every_phrase_is_found_in_its_list(name: str) -> None:
    for phrase in DATA[name]:
        assert says_missing(phrase.upper()) or says_missing(phrase), phrase


def test_titles_are_read_of_bytes() -> None:
    page = b"<TITLE lang=de>Nicht &uuml;ber\n</title><h1>Nicht <b>gefunden</b></h1>"
    assert [" ".join(one.split()) for one in titles_of(page)] == [
        "Nicht \u00fcber",
        "Nicht gefunden",
    ]
    assert titles_of(b"") == ()


@given(st.binary(max_size=2000))
def test_any_bytes_have_some_titles_or_none(body: bytes) -> None:
    for title in titles_of(b"<title>" + body + b"</title>"):
        says_missing(title)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_words_are_judged(title: str, text: str) -> None:
    says_missing(title, text=text)


def test_addresses_of_error_pages() -> None:
    assert is_error_address("https://x.example/404.html")
    assert is_error_address("https://x.example/en/page-not-found")
    assert not is_error_address("https://x.example/news/an-error-404-story")


@pytest.mark.parametrize(
    ("url", "above"),
    [
        ("https://x.example/", True),
        ("https://x.example", True),
        ("https://x.example/news/", True),
        ("https://x.example/news/123", False),  # a short form of the article's own address
        ("https://x.example/sport/", False),
        ("https://x.example/?id=5", False),
    ],
)
def test_what_stands_above_an_article(url: str, above: bool) -> None:
    assert is_above(url, "https://x.example/news/123/rain-in-the-north") is above
