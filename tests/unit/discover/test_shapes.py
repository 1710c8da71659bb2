"""Shapes of URLs, and what is concluded from how many of each were articles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discover.shapes import Learned, shape_of

SITE = "https://www.example.com"


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/", "/"),
        ("/world/", "/world"),
        ("/world/2024/05/06/a-long-day-in-june.html", "/world/{year}/{day}/{day}/{slug}.html"),
        ("/news/uk-12345678", "/news/{words-id}"),
        ("/news/articles/c2xk3p9qr7eo", "/news/articles/{id}"),
        ("/story/rain-over-the-harbour-13100200", "/story/{slug-id}"),
        ("/a/b/123456", "/a/b/{number}"),
        ("/a/20240506/x1", "/a/{date}/{word}"),
        ("/a/2024-05-06/Some-Words", "/a/{date}/{words}"),
        ("/2024/may/06/x", "/{year}/{day}/{day}/{word}"),
        ("/politik/übergrößenträger-im-rat", "/politik/{slug}"),
        ("/news?id=123&utm=x", "/news?id={number}&utm={word}"),
        ("/1b4e28ba-2fa1-11d2-883f-0016d3cca427", "/{id}"),
        ("/a/b/c/d/e/f/g/h/i/j", "/a/b/{word}/{word}/{word}/{word}/{word}/{word}/{more}"),
    ],
)
def test_shape(path: str, shape: str) -> None:
    assert shape_of(SITE + path) == f"example.com{shape}"


@given(st.text(max_size=80))
def test_any_path_has_a_shape(path: str) -> None:
    shape = shape_of(f"{SITE}/{path}")
    assert shape.startswith("example.com/")
    assert Learned(counts={shape: (9, 0)}).is_article(f"{SITE}/{path}") is True


def test_what_was_learned_needs_some_pages_and_a_clear_majority() -> None:
    def verdict(articles: int, others: int) -> bool | None:
        return Learned(counts={"example.com/r/{id}": (articles, others)}).is_article(
            f"{SITE}/r/x1y2z3"
        )

    assert verdict(2, 0) is None
    assert verdict(3, 0) is True
    assert verdict(0, 3) is False
    assert verdict(4, 2) is None
    assert verdict(8, 2) is True
    assert verdict(2, 8) is False
    assert Learned().is_article(f"{SITE}/r/x1y2z3") is None
    assert Learned().is_article("javascript:x") is None


def test_what_holds_in_several_sections_holds_in_others() -> None:
    learned = Learned(
        counts={"example.com/world/{id}": (3, 0), "example.com/sport/{id}": (3, 0),
                "example.com/tags/{id}": (0, 5)}
    )  # fmt: skip
    assert learned.is_article(f"{SITE}/arts/x1y2z3") is None  # 6 of 11
    assert learned.is_article(f"{SITE}/sport/x1y2z3") is True
    assert learned.is_article(f"{SITE}/tags/x1y2z3") is False
    del learned
    learned = Learned(counts={"example.com/world/{id}": (3, 0), "example.com/sport/{id}": (3, 0)})
    assert learned.is_article(f"{SITE}/arts/x1y2z3") is True
