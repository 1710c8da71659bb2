"""Section pages and what a URL looks like."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.discover import links, sections
from archiver.discover.candidates import is_candidate, looks_like_article
from archiver.discover.html import slim
from archiver.discover.listing import Listing
from archiver.discover.sections import parse_section
from archiver.errors import DiscoveryError
from archiver.model import Outlet, SourceKind

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
SITE = "https://www.example.com"
DAY = f"{SITE}/news/2024/05/06"
CORPUS = Path(__file__).parents[4] / "shared" / "corpus"


def post(**more) -> Outlet:
    given = {"id": "post", "name": "Harbour Post", "homepage": f"{SITE}/", "sources": ()}
    return Outlet(**given | more)


def read(body: bytes, outlet: Outlet | None = None, **more: str) -> Listing:
    return parse_section(body, url=f"{SITE}/news", outlet=outlet or post(), found_at=NOW, **more)


def gold() -> list[dict[str, str]]:
    return [json.loads(line) for line in (CORPUS / "gold.jsonl").read_bytes().splitlines()]


def reasons(listing: Listing) -> list[str]:
    return [problem.reason for problem in listing.problems]


def test_a_front_gives_its_articles_with_their_headlines(hostile):
    listing = read(hostile("section-front.html"))
    assert [(one.url, one.title) for one in listing.discoveries] == [
        (f"{DAY}/harbour-wall-falls-in-storm", "Harbour wall falls, in storm"),
        (f"{DAY}/ferry-fares-rise-again", "Ferry fares rise again"),
        (
            "https://video.example.com/watch/keeper-of-the-lighthouse-looks-back-12345678",
            "Keeper of the lighthouse looks back",
        ),
    ]
    assert {one.via for one in listing.discoveries} == {SourceKind.SECTION}
    assert listing.problems == ()
    assert listing.feeds == (f"{SITE}/rss/news.xml", f"{SITE}/atom.xml")
    assert listing.sitemaps == (f"{SITE}/sitemap.xml",)
    assert listing.next_page == f"{SITE}/news?page=2"


def test_patterns_decide_where_there_are_some(hostile):
    listing = read(
        hostile("section-front.html"),
        post(article_include=(r"/tag/", r"ferry", "wall"), article_exclude=("wall-falls",)),
    )
    assert [one.url for one in listing.discoveries] == [
        f"{SITE}/tag/harbour-and-boats",
        f"{DAY}/ferry-fares-rise-again",
    ]


def test_a_page_of_script_only_is_empty(hostile):
    listing = read(hostile("section-js-only.html"))
    assert (listing.discoveries, reasons(listing)) == ((), ["empty"])


def test_a_tag_with_thousands_of_attributes_never_reaches_libxml2(hostile):
    # libxml2's HTML parser compares each attribute of a tag with all others
    text = hostile("section-long-tag.html").decode()
    assert "a0001" not in slim(text)
    listing = read(hostile("section-long-tag.html"))
    assert [one.title for one in listing.discoveries] == ["After"]


def test_a_picture_in_an_attribute_is_no_long_tag():
    body = f"<p><img src='data:{'A' * 9000}'><a href='/2024/05/06/one-two'>One</a></p>"
    assert len(read(body.encode()).discoveries) == 1


def test_a_script_that_looks_like_a_long_tag_does_not_swallow_the_page():
    body = f"<p><script>i<n;{'x' * 9000}</script><a href='/2024/05/06/one-two'>One</a></p>"
    assert len(read(body.encode()).discoveries) == 1


def test_neither_the_section_itself_nor_the_front_page_is_an_article():
    body = b"<p><a href='/news'>N</a><a href='http://example.com'>H</a><a href='/news/a'>A</a></p>"
    listing = read(body, post(article_include=("example",)))
    assert [one.url for one in listing.discoveries] == [f"{SITE}/news/a"]


def test_what_is_no_page_is_refused():
    for body in (b"", b"  ", b"%PDF-1.7 \xff\xfe\x00", b"{}"):
        with pytest.raises(DiscoveryError, match="not an HTML page"):
            read(body)


def test_only_the_first_bytes_of_an_endless_page_are_read(monkeypatch):
    monkeypatch.setattr(sections, "MAX_BYTES", 100)
    body = (
        b"<p><a href='/2024/05/06/one-two'>One</a>" + b" " * 100 + b"<a href='/2024/05/06/three'>"
    )
    listing = read(body)
    assert reasons(listing) == ["too-large"]
    assert len(listing.discoveries) == 1


def test_only_the_first_links_of_an_endless_page_are_read(monkeypatch):
    monkeypatch.setattr(sections, "MAX_LINKS", 2)
    listing = read(b"<p>" + b"<a href='/2024/05/06/one-two'>One</a>" * 2)
    assert (len(listing.discoveries), reasons(listing)) == (1, [])
    monkeypatch.setattr(links, "MAX_LINKS", 2)
    body = b"".join(b"<p><a href='/2024/05/0%d/one-two'>One</a>" % n for n in range(1, 9))
    listing = read(body)
    assert (len(listing.discoveries), reasons(listing)) == (2, ["too-large"])


def test_encodings_of_pages():
    body = "<p><a href='/2024/05/06/день'>день в порту</a>"
    for encoding in ("utf-8", "cp1251", "utf-16"):
        (one,) = read(body.encode(encoding), content_type="text/html; charset=cp1251").discoveries
        assert one.title == "день в порту"


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://www.example.com/a", True),
        ("http://example.com/a", True),
        ("https://news.example.com/a", True),
        ("https://WWW.EXAMPLE.COM:8443/a", True),
        ("https://other.example/a", True),
        ("https://sub.other.example/a", True),
        ("https://notexample.com/a", False),
        ("https://example.com.evil.test/a", False),
        ("https://evil.test/?u=https://www.example.com/a", False),
        ("https://www.example.com@evil.test/a", False),
        ("ftp://www.example.com/a", False),
        ("not a url", False),
        ("https://[bad/a", False),
    ],
)
def test_hosts(url, own):
    assert is_candidate(url, post(hosts=("WWW.Other.example",))) is own


def test_patterns_are_searched_in_the_whole_url_and_exclusion_comes_first():
    outlet = post(article_include=("/story/", r"\?id=\d"), article_exclude=("/story/video",))
    assert is_candidate(f"{SITE}/story/a", outlet)
    assert is_candidate(f"{SITE}/x?id=1", outlet)
    assert not is_candidate(f"{SITE}/story/video/a", outlet)
    assert not is_candidate(f"{SITE}/other", outlet)
    assert not is_candidate("https://evil.test/story/a", outlet)


@pytest.mark.parametrize(
    ("path", "article"),
    [
        ("/2024/05/06/ferry", True),
        ("/news/uk-politics-68912345", True),
        ("/story/ferry-fares-rise-again-13098765", True),
        ("/politik/article409961272/streit-um-faehren.html", True),
        ("/world/2024/may/06/harbour-wall-falls", True),
        ("/index.php?option=article&id=12345", True),
        ("/news.php?page=2", False),
        ("/2024/05/06/", True),
        ("/", False),
        ("/news", False),
        ("/news/world", False),
        ("/sport/football", False),
        ("/tag/harbour-and-boats", False),
        ("/author/jane-smith-12345", False),
        ("/newsletters/the-morning-boat", False),
        ("/privacy-policy", False),
    ],
)
def test_how_an_article_looks(path, article):
    assert looks_like_article(SITE + path) is article


def test_words_of_a_link_count():
    url = f"{SITE}/news/harbour-wall"
    assert not looks_like_article(url, "Harbour")
    assert looks_like_article(url, "The harbour wall that fell in the storm last night")


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(
        [b"", b"<p><a href='", b"<html><base href='http://[' ><a href=", b"<a rel=next href=//"]
    ),
)
def test_any_bytes_give_a_listing_or_a_discovery_error(body, start):
    try:
        listing = read(start + body)
    except DiscoveryError:
        return
    assert isinstance(listing, Listing)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(10**6, 10**7), unique=True, min_size=1, max_size=10), st.text())
def test_generated_links_are_found_in_order(numbers, title):
    links = "".join(f"<a href='/news/some-long-story-{number}'>x</a>" for number in numbers)
    listing = read(f"<html><body><p>{links}</p></body></html>".encode())
    assert [one.url for one in listing.discoveries] == [
        f"{SITE}/news/some-long-story-{number}" for number in numbers
    ]
    looks_like_article(f"{SITE}/{title}", title)


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus of real pages is absent")
def test_real_article_urls_look_like_articles():
    rows = gold()
    missed = [row["url"] for row in rows if not looks_like_article(row["url"], row["title"])]
    assert len(missed) <= len(rows) // 50, missed


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus of real pages is absent")
def test_real_pages_are_read_as_sections():
    rows = gold()[::8]
    with_links = 0
    for row in rows:
        page = CORPUS / row["page"]
        page = page if page.exists() else CORPUS / "pages" / row["page"]
        parts = urlsplit(row["url"])
        listing = parse_section(
            gzip.decompress(page.read_bytes()),
            url=row["url"],
            outlet=post(homepage=f"{parts.scheme}://{parts.netloc}/"),
            found_at=NOW,
        )
        with_links += bool(listing.discoveries)
    assert with_links >= len(rows) * 3 // 4
