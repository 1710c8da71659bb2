"""Which spellings lead to one page, by which rule, and which do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.forms import plain_form, rule_between, spelling_key
from archiver.urls import canonical_url

STORY = "https://news.example/world/rain-1"


@pytest.mark.parametrize(
    ("spelling", "rule"),
    [
        (STORY, None),
        (f"{STORY}#comments", "fragment"),
        (f"{STORY}?utm_source=rss&utm_medium=feed", "tracking"),
        (f"{STORY};jsessionid=0A1B", "session"),
        (f"{STORY}?PHPSESSID=0123456789abcdef01234567", "session"),
        (f"{STORY}?sid=0123456789abcdef01234567", "session"),
        ("https://news.example/(S(lit3py55t21z5v55vlm25s55))/world/rain-1", "session"),
        (f"{STORY}/amp", "amp-path"),
        (f"{STORY}/amp/", "amp-path"),
        ("https://news.example/amp/world/rain-1", "amp-path"),
        ("https://news.example/platform/amp/world/rain-1", "amp-path"),
        (f"{STORY}.amp", "amp-path"),
        (f"{STORY}?amp=1", "amp-query"),
        (f"{STORY}?amp", "amp-query"),
        (f"{STORY}?outputType=amp", "amp-query"),
        ("https://amp.news.example/world/rain-1", "amp-host"),
        ("https://m.news.example/world/rain-1", "mobile-host"),
        ("https://mobile.news.example/world/rain-1", "mobile-host"),
        ("https://touch.news.example/world/rain-1", "mobile-host"),
        ("https://news.example/mobile/world/rain-1", "mobile-path"),
        (f"{STORY}?m=1", "mobile-query"),
        (f"{STORY}?print=1", "print-query"),
        (f"{STORY}?view=print", "print-query"),
        (f"{STORY}/print/", "print-path"),
        (f"{STORY}/printerfriendly", "print-path"),
        ("https://news.example/print/world/rain-1", "print-path"),
        ("https://m.news.example/amp/world/rain-1?print=1", "mobile-host+amp-path+print-query"),
        ("https://news-example.cdn.ampproject.org/c/s/news.example/world/rain-1", "amp-cache"),
        ("https://www.google.com/amp/s/news.example/world/rain-1/amp", "amp-cache+amp-path"),
    ],
)
def test_a_spelling_leads_to_the_plain_form_by_its_rule(spelling: str, rule: str | None) -> None:
    form = plain_form(spelling)
    assert (form.url, form.rule) == (STORY, rule)
    assert spelling_key(spelling) == spelling_key(STORY)
    if rule:
        assert rule_between(spelling, STORY) == rule_between(STORY, spelling) == rule


@pytest.mark.parametrize(
    ("spelling", "plain"),
    [
        ("https://news.example/rain.amp.html", "https://news.example/rain.html"),
        ("https://news.example/rain_print.html", "https://news.example/rain.html"),
        ("https://en.m.news.example/rain", "https://en.news.example/rain"),
        ("https://news.example/rain?id=7&amp=1", "https://news.example/rain?id=7"),
    ],
)
def test_what_is_not_the_form_stays(spelling: str, plain: str) -> None:
    assert plain_form(spelling).url == plain


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/amp",  # a section on amplifiers
        "https://news.example/amp/",
        "https://news.example/print",
        "https://m.example/rain",  # a whole domain of that name
        "https://news.example/world/amplifier-of-the-year",
        "https://news.example/world/champ",
        "https://news.example/rain?sid=1234567",  # a story's number
        "https://news.example/rain?sid=tuesday",
        "https://news.example/rain?session=5",
        "https://news.example/rain?m=5",
        "https://news.example/rain?print=edition",
        "https://news.example/a;b=c",
        "https://cdn.ampproject.org/v0.js",
    ],
)
def test_what_only_looks_like_a_form_is_plain(url: str) -> None:
    assert plain_form(url) == plain_form(plain_form(url).url)
    assert (plain_form(url).url, plain_form(url).rule) == (url, None)


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        (STORY, "http://news.example/world/rain-1", "scheme"),
        (STORY, "https://www.news.example/world/rain-1", "www"),
        (STORY, f"{STORY}/", "slash"),
        (f"{STORY}?amp=1", f"{STORY}?print=1", "amp-query+print-query"),
    ],
)
def test_spellings_that_no_form_tells_apart(one: str, other: str, rule: str) -> None:
    assert spelling_key(one) == spelling_key(other)
    assert rule_between(one, other) == rule


@pytest.mark.parametrize(
    "other",
    [
        "https://news.example/world/Rain-1",
        "https://news.example/world/rain-1?page=2",
        "https://news.example/world/rain-12",
        "https://sport.news.example/world/rain-1",
        "https://news.example:8080/world/rain-1",
    ],
)
def test_other_pages_have_other_keys(other: str) -> None:
    assert spelling_key(other) != spelling_key(STORY)


_PIECES = st.sampled_from(
    ["amp", "print", "m", "story", "s", "c", "2026", "x.amp.html", "", "mobile", "a b", "%41", "é"]
)
_QUERY = st.sampled_from(["amp=1", "print=1", "m=1", "utm_source=x", "id=7", "sid=1", "", "a=b;c"])


@given(
    st.sampled_from(["news.example", "m.news.example", "amp.m.news.example", "cdn.ampproject.org"]),
    st.lists(_PIECES, max_size=5),
    st.lists(_QUERY, max_size=4),
)
def test_a_plain_form_is_plain(host: str, path: list[str], query: list[str]) -> None:
    try:
        form = plain_form(f"https://{host}/{'/'.join(path)}?{'&'.join(query)}")
    except ValueError:
        return
    assert plain_form(form.url).url == form.url
    assert canonical_url(form.url) == form.url
    assert spelling_key(form.url) == spelling_key(
        f"https://{host}/{'/'.join(path)}?{'&'.join(query)}"
    )


@given(st.text(max_size=80))
def test_nothing_but_value_error(anything: str) -> None:
    for function in (plain_form, spelling_key):
        try:
            function(anything)
        except ValueError:
            continue
