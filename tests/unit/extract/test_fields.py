from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.extract.access import find_access
from archiver.extract.authors import find_authors
from archiver.extract.captions import split_credits
from archiver.extract.dates import find_dates, parse_date
from archiver.extract.document import Document, read_document
from archiver.extract.facts import find_tags
from archiver.extract.headline import find_headlines
from archiver.extract.images import find_images
from archiver.extract.jsonld import loads
from archiver.extract.kind import wall_of
from archiver.extract.language import find_language
from archiver.extract.links import find_canonical, find_links
from archiver.extract.names import split_names
from archiver.extract.readtime import minutes_for
from archiver.extract.readtime import stated_minutes as minutes
from archiver.extract.region import find_region


def doc(head: str = "", body: str = "<p>x</p>", url: str = "https://news.example/w/a") -> Document:
    page = f"<html><head>{head}</head><body>{body}</body></html>"
    found = read_document(page.encode(), url=url, content_type="text/html; charset=utf-8")
    assert found is not None
    return found


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


@pytest.mark.parametrize(
    ("raw", "iso"),
    [
        ("2026-01-05", "2026-01-05"),
        ("2026/1/5", "2026-01-05"),
        ("2026-01-05T10:30", "2026-01-05T10:30:00"),
        ("2026-01-05T10:30:15.123Z", "2026-01-05T10:30:15+00:00"),
        ("2026-01-05 10:30:15 UTC", "2026-01-05T10:30:15+00:00"),
        ("2026-01-05T10:30:15+0530", "2026-01-05T10:30:15+05:30"),
        ("2026-01-05T10:30:15-03", "2026-01-05T10:30:15-03:00"),
        ("2026-01-05T10:30:15+01:00[Europe/Berlin]", "2026-01-05T10:30:15+01:00"),
        ("Mon, 05 Jan 2026 10:30:15 +0100", "2026-01-05T10:30:15+01:00"),
        ("1767605415", "2026-01-05T09:30:15+00:00"),
        ("1767605415000", "2026-01-05T09:30:15+00:00"),
        ("2026-13-05", None),
        ("2026-01-05T25:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_as_pages_write_them(raw: str, iso: str | None) -> None:
    assert parse_date(raw) == iso


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(raw: str) -> None:
    value = parse_date(raw)
    assert value is None or datetime.fromisoformat(value)


def test_date_candidates_keep_their_source_and_one_of_each_is_chosen() -> None:
    page = doc(
        ld('{"@type":"NewsArticle","datePublished":"2026-01-05","dateModified":"2026-01-06"}')
        + '<meta property="article:published_time" content="2026-01-05T23:30:00-05:00">'
    )
    dates = find_dates(page, find_region(page))
    assert dates.published == "2026-01-05T23:30:00-05:00"  # of the same day, but an instant
    assert dates.modified == "2026-01-06"
    assert [(c.of, c.source, c.chosen) for c in dates.candidates] == [
        ("published", "json-ld:datePublished", False),
        ("modified", "json-ld:dateModified", True),
        ("published", "meta:article:published_time", True),
    ]


def test_dates_after_the_capture_and_modified_before_published_are_not_chosen() -> None:
    page = doc(
        ld('{"@type":"NewsArticle","datePublished":"2999-01-05"}')
        + '<meta name="date" content="2026-01-05T08:00:00Z">'
        '<meta name="lastmod" content="2020-01-01">'
    )
    dates = find_dates(page, find_region(page), captured_at=datetime(2026, 1, 10, tzinfo=UTC))
    assert dates.published == "2026-01-05T08:00:00+00:00"
    assert dates.modified is None
    assert len(dates.candidates) == 3


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Ada Reed and Tom Oak", ["Ada Reed", "Tom Oak"]),
        ("Von Jo Ährenfeld, dpa", ["Jo Ährenfeld", "dpa"]),
        ("Par Zoé Lemaître (à Lyon)", ["Zoé Lemaître"]),
        ("Inés Prado y Tomás Vera", ["Inés Prado", "Tomás Vera"]),
        ("Ole Vik og Siri Dal", ["Ole Vik", "Siri Dal"]),
        ("https://www.facebook.com/someone", []),
        ("mail@news.example", []),
        ("", []),
    ],
)
def test_names_of_a_byline(line: str, names: list[str]) -> None:
    assert list(split_names(line)) == names


def test_persons_come_before_the_publisher() -> None:
    page = doc(
        ld(
            '{"@type":"NewsArticle","author":[{"@type":"Organization","name":"The Post"}],'
            '"publisher":{"name":"The Post"}}'
        )
        + '<meta name="author" content="Ada Reed">'
    )
    assert find_authors(page, find_region(page)) == ("Ada Reed",)


@pytest.mark.parametrize(
    ("text", "caption", "credits_"),
    [
        ("Image: The ferry at its quay. Pic: Reuters", "The ferry at its quay.", ["Reuters"]),
        ("Smoke over the town (AP Photo/Jo Doe)", "Smoke over the town", ["AP Photo/Jo Doe"]),
        ("Die Brücke. Foto: Lena Uhl/dpa", "Die Brücke.", ["Lena Uhl/dpa"]),
        ("The quay. © Zoé Lemaître", "The quay.", ["Zoé Lemaître"]),
        ("A street in May - Getty Images", "A street in May", ["Getty Images"]),
        ("Photo by Jo Doe / AFP", "", ["Jo Doe / AFP"]),
        ("The mayor (left) with his deputy", "The mayor (left) with his deputy", []),
        ("The mayor said: it will be open soon", "The mayor said: it will be open soon", []),
        ("", "", []),
    ],
)
def test_credits_are_split_from_captions(text: str, caption: str, credits_: list[str]) -> None:
    assert split_credits(text) == (caption, tuple(credits_))


def test_sizes_of_one_picture_are_one_image_and_two_pictures_stay_two() -> None:
    page = doc(
        '<meta property="og:image" content="/i/boat_1200x600.jpg">',
        '<article><figure><img src="/i/boat_300x150.jpg"><figcaption>A boat</figcaption></figure>'
        '<figure><img src="/i/fallback.png"><figcaption>One</figcaption></figure>'
        '<figure><img src="/i/fallback.png"><figcaption>Two</figcaption></figure>'
        '<aside><figure><img src="/i/other.jpg"><figcaption>Not ours</figcaption></figure></aside>'
        "</article>",
    )
    found = find_images(page, find_region(page))
    assert [(i.caption, i.is_cover) for i in found] == [
        ("A boat", True),
        ("One", False),
        ("Two", False),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Estimated read time 4 min read", 4),
        ("4 min read", 4),
        ("Lesezeit: 3 Min.", 3),
        ("Temps de lecture : 12 min", 12),
        ("この記事は3分で読めます", 3),
        ("He needed 4 minutes to read it all aloud", None),
    ],
)
def test_reading_times_that_pages_state(line: str, expected: int | None) -> None:
    assert minutes(line) == expected


def test_reading_time_is_counted_by_words_and_by_characters() -> None:
    assert minutes_for(10, 0) == 1
    assert minutes_for(460, 0) == 2
    assert minutes_for(0, 1500) == 3


@pytest.mark.parametrize(
    ("head", "free"),
    [
        (ld('{"@type":"NewsArticle","isAccessibleForFree":true}'), True),
        (ld('{"@type":"NewsArticle","isAccessibleForFree":"False"}'), False),
        (ld('{"@type":"NewsArticle","isAccessibleForFree":"http://schema.org/True"}'), True),
        ('<meta property="article:content_tier" content="locked">', False),
        ('<meta property="article:content_tier" content="metered">', None),
        ("", None),
    ],
)
def test_access_is_what_the_page_says(head: str, free: bool | None) -> None:
    page = doc(head)
    assert find_access(page, find_region(page)).free is free


def test_section_behind_the_headline_is_split_off_and_a_dash_within_is_not() -> None:
    page = doc(
        '<meta property="og:title" content="Ferry sails again after long winter | World News">'
        '<meta property="og:site_name" content="The Post">'
        "<title>Ferry sails again after long winter | World News - The Post</title>"
    )
    found = find_headlines(page)
    assert (found.title, found.section) == ("Ferry sails again after long winter", "World News")
    dashed = "Rain at last \u2013 farmers rejoice in the whole valley"
    assert find_headlines(doc(f'<meta property="og:title" content="{dashed}">')).title == dashed


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1}',
        '<!-- {"a":1} -->',
        '//<![CDATA[\n{"a":1}\n//]]>',
        '{"a":1,}',
        '{"a":1};',
        ' {"a":1} trailing',
    ],
)
def test_structured_data_is_read_as_it_is_written(text: str) -> None:
    assert loads(text) == {"a": 1}


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='{}[]",:@a1\\ \n', max_size=60))
def test_broken_structured_data_is_none_or_a_value(text: str) -> None:
    value: Any = loads(text)
    assert value is None or isinstance(value, dict | list | str | int | float)


def test_canonical_of_another_site_names_the_original() -> None:
    page = doc('<link rel="canonical" href="https://other.example.org/a?utm_source=x">')
    canonical = find_canonical(page)
    assert canonical == "https://other.example.org/a"
    assert find_links(page, canonical, frozenset()).original == canonical
    same = doc('<link rel="canonical" href="https://www.news.example/a">')
    assert find_links(same, find_canonical(same), frozenset()).original is None


def test_language_is_stated_or_detected() -> None:
    assert find_language(doc(), "", "de") == "de"
    french = "Les rideaux de fer se sont levés à sept heures et la cliente attendait déjà dehors."
    assert find_language(doc(), french) == "fr"
    assert find_language(doc(), "", None) is None


def test_tags_are_split_once_and_unique() -> None:
    assert find_tags(doc('<meta name="keywords" content="sea, ferry; Sea ,x">')) == ("sea", "ferry")


@pytest.mark.parametrize(
    ("title", "url", "kind"),
    [
        ("Just a moment...", "https://news.example/a", "blocked"),
        ("Access Denied", "https://news.example/a", "blocked"),
        ("Before you continue", "https://news.example/a", "consent"),
        ("Any", "https://consent.news.example/a", "consent"),
        ("Harbour ferry returns", "https://news.example/a", None),
    ],
)
def test_walls_are_no_articles(title: str, url: str, kind: str | None) -> None:
    assert wall_of(doc(f"<title>{title}</title>", url=url)) == kind


def test_article_about_a_wall_is_an_article() -> None:
    story = "<h1>Access denied: how banks lost a million customers</h1>" + "<p>word</p>" * 900
    assert wall_of(doc("<title>Access denied: how banks lost</title>", story)) is None
