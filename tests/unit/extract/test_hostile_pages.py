import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.contract import article_from_json, article_to_json
from archiver.extract.article import extract_page
from archiver.model import Extraction, Page

HOSTILE = Path(__file__).parents[2] / "hostile" / "extract"
REASONS = {"empty", "not-html", "no-text", "consent", "blocked", "memory", "error"}
WITHOUT_ARTICLE = {
    "empty.html": "empty",
    "only-space.html": "empty",
    "only-a-comment.html": "no-text",
    "only-head.html": "no-text",
    "deep.html": "no-text",
    "picture.html": "not-html",
    "pdf.html": "not-html",
    "zeros.html": "not-html",
    "json.html": "not-html",
    "plain.html": "not-html",
}
SENTENCE = "Der Bürgermeister sagte, die Straße über den Fluß werde früher fertig als geplant."


def extract(body: bytes, content_type: str | None = "text/html") -> Extraction:
    return extract_page(
        Page(
            url="https://news.example/a",
            body=body,
            content_type=content_type,
            captured_at=datetime(2026, 1, 15, tzinfo=UTC),
        )
    )


def whole(found: Extraction) -> bool:
    """Whether an extraction keeps its promises: one of two, and JSON in UTF-8 that reads back."""
    if found.article is None:
        return found.reason in REASONS
    text = json.dumps(article_to_json(found.article), ensure_ascii=False)
    text.encode("utf-8")  # no lone surrogate
    assert not any(char in text for char in "\x00\x07\x1f\ufffe")
    assert article_from_json(json.loads(text)) == found.article
    return found.reason is None


@pytest.mark.parametrize("path", sorted(HOSTILE.glob("*.html")), ids=lambda path: path.name)
def test_odd_page_costs_nothing_but_what_is_odd(path: Path) -> None:
    found = extract(path.read_bytes())
    assert whole(found)
    assert found.reason == WITHOUT_ARTICLE.get(path.name), found.detail
    if found.article is not None:
        assert found.article.title == "Über"
        first = found.article.text.split("\n")[0].replace("\ufffd", "")
        assert first == SENTENCE
        assert found.article.published is None


def test_lone_surrogates_of_json_are_dropped() -> None:
    found = extract((HOSTILE / "lone-surrogates.html").read_bytes())
    assert found.article is not None
    assert found.article.authors == ("A B",)


def test_elements_deeper_than_libxml2_likes_are_kept() -> None:
    body = b"<html><body><article><h1>T</h1>" + b"<div>" * 1000 + f"<p>{SENTENCE}</p>".encode()
    found = extract(body, "text/html; charset=utf-8")
    assert found.article is not None
    assert SENTENCE in found.article.text


def test_the_same_page_gives_the_same_article() -> None:
    body = (HOSTILE / "one-bad-byte.html").read_bytes()
    first, second = extract(body), extract(body)
    assert replace(first, seconds=0) == replace(second, seconds=0)


@pytest.mark.parametrize("content_type", ["application/pdf", "image/png", "application/json"])
def test_declared_type_that_is_no_page_is_believed(content_type: str) -> None:
    assert extract(b"<html><p>text</p></html>", content_type).reason == "not-html"


@pytest.mark.parametrize("content_type", [None, "", "application/octet-stream", "TEXT/HTML; x"])
def test_page_is_known_by_its_marks_where_the_type_is_vague(content_type: str | None) -> None:
    body = f"<html><article><h1>T</h1><p>{SENTENCE}</p></article></html>".encode()
    assert extract(body, content_type).article is not None


MARKUP = st.sampled_from(
    [
        *(b"<p>", b"</p>", b"<h1>", b"<article>", b"<!--", b"-->", b"<table><tr><td>"),
        *(b"<script type='application/ld+json'>", b"</script>", b"[", b"}", b"\x00"),
        *(b'{"@type":"NewsArticle","image":', b"<figure><img src='/a.jpg'>", b"&#xD800;"),
        *(b"<figcaption>Foto: x", b"<meta property='og:title' content='", b"'>"),
        *(b"<time datetime='2026-01-01'>", b"<a href='http://[", b"\xed\xa0\x80"),
    ]
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(MARKUP, st.binary(max_size=30)), max_size=30), st.booleans())
def test_any_bytes_in_and_never_an_exception(parts: list[bytes], page: bool) -> None:
    body = b"".join(parts)
    assert whole(extract(b"<html><body>" + body if page else body))
