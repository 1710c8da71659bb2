"""Sitemaps: indexes, news, text, gzip, and those that mean harm."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.discover import sitemaps
from archiver.discover.listing import Listing
from archiver.discover.sitemaps import parse_sitemap
from archiver.errors import DiscoveryError
from archiver.model import SourceKind

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
SITE = "https://www.example.com"


def read(body: bytes, **more: str) -> Listing:
    return parse_sitemap(body, url=f"{SITE}/sitemap.xml", outlet="post", found_at=NOW, **more)


def urls(listing: Listing) -> list[str]:
    return [one.url for one in listing.discoveries]


def reasons(listing: Listing) -> list[str]:
    return [problem.reason for problem in listing.problems]


def urlset(*links: str) -> bytes:
    return f"<urlset>{''.join(f'<url><loc>{link}</loc></url>' for link in links)}</urlset>".encode()


def test_a_news_sitemap_newest_first(sitemap):
    listing = sitemap("sitemap-news.xml")
    assert urls(listing) == [
        f"{SITE}/news/newest",
        f"{SITE}/news/changed?a=1&b=2",
        f"{SITE}/news/older",
        f"{SITE}/news/undated",
        f"{SITE}/news/misdated",
    ]
    newest, changed, older, *_ = listing.discoveries
    assert newest.via is SourceKind.SITEMAP
    assert newest.title == "Newest"
    assert (changed.published, changed.modified) == (None, datetime(2024, 5, 2, tzinfo=UTC))
    assert older.title == "Older & wiser"
    assert older.published == datetime(2024, 5, 1, 4, tzinfo=UTC)
    assert older.published_raw == "2024-05-01T06:00:00+02:00"
    assert older.modified == datetime(2024, 5, 1, tzinfo=UTC)
    assert reasons(listing) == ["item-no-link", "item-bad-date"]


def test_an_index_names_its_children_newest_first(sitemap):
    listing = sitemap("sitemap-index.xml")
    assert listing.sitemaps == (
        f"{SITE}/sitemap-2024.xml",
        f"{SITE}/sitemap-2023.xml.gz",
        f"{SITE}/sitemap-undated.xml",
    )
    assert listing.discoveries == ()
    assert reasons(listing) == ["item-bad-link", "item-no-link"]


def test_entities_are_never_expanded(sitemap):
    listing = sitemap("sitemap-billion-laughs.xml")
    assert sorted(urls(listing)) == [f"{SITE}/&lol9;", f"{SITE}/safe"]


def test_nothing_outside_is_read(sitemap):
    listing = sitemap("sitemap-xxe.xml")
    assert sorted(urls(listing)) == [f"{SITE}/&xxe", f"{SITE}/safe?x=&xxe;"]


def test_text(sitemap):
    listing = sitemap("sitemap-text.txt")
    assert urls(listing) == [f"{SITE}/one", f"{SITE}/two"]
    assert reasons(listing) == ["item-bad-link"]


def test_cut_sitemaps_give_their_whole_entries(sitemap):
    listing = sitemap("sitemap-truncated.xml")
    assert (urls(listing), reasons(listing)) == ([f"{SITE}/one"], ["truncated-xml"])
    torn = sitemap("sitemap-torn.xml.gz")
    assert reasons(torn) == ["truncated-xml"]
    whole = {f"{SITE}/story-{number * 7919 % 10007}" for number in range(400)}
    assert 100 < len(torn.discoveries) < 400
    assert set(urls(torn)) <= whole


def test_gzip_in_one_or_more_members():
    body = urlset("https://a.example/1", "https://a.example/2")
    assert len(read(gzip.compress(body)).discoveries) == 2
    parts = gzip.compress(body[:40]) + gzip.compress(body[40:])
    assert len(read(parts).discoveries) == 2


def test_a_gzip_bomb_stops_at_the_limit(monkeypatch):
    monkeypatch.setattr(sitemaps, "MAX_BYTES", 100_000)
    bomb = urlset("https://a.example/1").replace(b"</urlset>", b" " * 50_000_000)
    listing = read(gzip.compress(bomb))
    assert reasons(listing) == ["too-large", "truncated-xml"]
    assert urls(listing) == ["https://a.example/1"]


def test_a_feed_may_stand_where_a_sitemap_should(hostile):
    listing = read(hostile("rdf-1.0.xml"))
    assert {one.via for one in listing.discoveries} == {SourceKind.FEED}


def test_pages_and_emptiness_are_no_sitemaps(hostile):
    for body in (hostile("html-instead-of-feed.html"), b"", b"ftp://a/b", b"\x1f\x8b"):
        with pytest.raises(DiscoveryError, match="not a sitemap"):
            read(body)
    assert reasons(read(b"<urlset/>")) == ["empty"]


def test_repeats_are_joined():
    listing = read(urlset(f"{SITE}/a", f"{SITE}/b", f"{SITE}/a#x"))
    assert urls(listing) == [f"{SITE}/a", f"{SITE}/b"]


def test_fifty_thousand_entries():
    listing = read(urlset(*(f"{SITE}/story-{number}" for number in range(50_000))))
    assert len(listing.discoveries) == 50_000


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.integers(0, 10**6),
        st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        min_size=1,
        max_size=12,
    )
)
def test_generated_sitemaps_are_read_back_sorted(entries):
    body = "".join(
        f"<url><loc>{SITE}/{number}</loc><lastmod>{when.isoformat()}</lastmod></url>"
        for number, when in entries.items()
    )
    listing = read(f"<?xml version='1.0'?><urlset>{body}</urlset>".encode())
    assert listing.problems == ()
    assert {one.url: one.modified for one in listing.discoveries} == {
        f"{SITE}/{number}": when for number, when in entries.items()
    }
    dates = [one.modified for one in listing.discoveries]
    assert dates == sorted(dates, reverse=True)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(
        [b"", b"<urlset><url><loc>", b"<sitemapindex><sitemap>", b"https://a\n", b"\x1f\x8b\x08\0"]
    ),
)
def test_any_bytes_give_a_listing_or_a_discovery_error(body, start):
    try:
        listing = read(start + body)
    except DiscoveryError:
        return
    assert isinstance(listing, Listing)
