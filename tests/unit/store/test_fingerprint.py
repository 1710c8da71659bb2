from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import START, make_article

from archiver.model import Article, Image, Links
from archiver.store.fingerprint import text_digest

ARTICLE = make_article(
    "https://e.com/1",
    "It rains. It pours.",
    standfirst="In short",
    authors=("Ann Lee", "Bo Ek"),
    images=(Image(url="https://e.com/a.jpg", caption="Wet"), Image(url="https://e.com/b.jpg")),
)


def test_the_digest_is_the_same_for_ever() -> None:
    """Another form would make a revision of every article that is fetched again."""
    digest = "400927d214447ae63698fefc53f2b1ebfa27956c6a432d1a91c652b05600e49e"
    assert text_digest(ARTICLE) == f"sha256:{digest}"


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Rain"},
        {"title": None},
        {"standfirst": "Short"},
        {"text": "It rains."},
        {"authors": ("Ann Lee",)},
        {"authors": ("Ann", "Lee", "Bo Ek")},
        {"images": (Image(url="https://e.com/a.jpg", caption="Dry"),)},
        {"standfirst": None, "text": "In short It rains. It pours."},
    ],
)
def test_what_a_reader_would_call_a_change(change: dict[str, object]) -> None:
    assert text_digest(replace(ARTICLE, **change)) != text_digest(ARTICLE)  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    "change",
    [
        {"text": "It\u00a0rains.\n\nIt  pours. "},
        {"url": "https://e.com/2"},
        {"captured_at": None},
        {"modified": "2026-03-01"},
        {"links": Links(related=("https://e.com/3",))},
        {"tags": ("rain",)},
        {"images": (Image(url="https://cdn.e.com/a.webp", caption="Wet"),)},
        {"headlines": ("Rain",)},
    ],
)
def test_what_a_reader_would_not(change: dict[str, object]) -> None:
    assert text_digest(replace(ARTICLE, **change)) == text_digest(ARTICLE)  # type: ignore[arg-type]  # any field


def test_composed_and_decomposed_letters_are_the_same() -> None:
    composed, decomposed = (make_article("https://e.com/", text) for text in ("é", "e\u0301"))
    assert text_digest(composed) == text_digest(decomposed)


@given(st.text(st.characters(codec=None)), st.none() | st.text(st.characters(codec=None)))
def test_any_text_has_a_digest(text: str, title: str | None) -> None:
    article: Article = make_article("https://e.com/", text, START, title=title)
    assert len(text_digest(article)) == 71
