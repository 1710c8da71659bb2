"""Listings that are too much of something: what could be read is there, and the reason too."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime

import pytest
from hostile.discover import make

from archiver.discover import feeds, listing, markup
from archiver.discover.feeds import parse_feed
from archiver.discover.listing import MAX_ITEMS, Listing
from archiver.discover.sitemaps import parse_sitemap
from archiver.errors import DiscoveryError

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def read(body: bytes, parse=parse_feed) -> Listing:
    return parse(body, url=f"{make.SITE}/feed", outlet="post", found_at=NOW)


def reasons(found: Listing) -> list[str]:
    return [problem.reason for problem in found.problems]


def test_a_feed_of_200_000_items() -> None:
    found = read(make.feed_of_items())
    assert len(found.discoveries) == MAX_ITEMS
    assert reasons(found) == ["too-many-items"]
    assert found.about.format == "rss-2.0"


@pytest.mark.parametrize(
    ("maker", "parse"),
    [
        (make.json_feed_of_items, parse_feed),
        (make.sitemap_of_pages, parse_sitemap),
        (make.index_of_sitemaps, parse_sitemap),
        (make.text_sitemap, parse_sitemap),
    ],
)
def test_other_listings_of_too_many_items(maker, parse, monkeypatch) -> None:
    monkeypatch.setattr(listing, "MAX_ITEMS", 500)
    found = read(maker(600), parse)
    assert len(found.discoveries) + len(found.sitemaps) == 500
    assert reasons(found) == ["too-many-items"]
    assert reasons(read(maker(500), parse)) == []


def test_a_feed_200_000_deep() -> None:
    found = read(make.feed_as_deep())
    assert [one.url for one in found.discoveries] == [f"{make.SITE}/a"]
    with pytest.raises(DiscoveryError, match="broken JSON"):
        read(make.json_feed_as_deep())


def test_a_feed_of_100_mb_is_read_so_far_as_the_limit() -> None:
    found = read(make.feed_of_one_text())
    assert [one.url for one in found.discoveries] == [f"{make.SITE}/a"]
    assert reasons(found) == ["too-large", "truncated-xml"]


@pytest.mark.parametrize("maker", [make.feed_of_empty_tags, make.feed_of_ampersands])
def test_a_feed_of_nothing_but_marks_takes_memory_in_proportion(maker, monkeypatch) -> None:
    monkeypatch.setattr(feeds, "MAX_MARKS", 10_000)
    monkeypatch.setattr(markup, "MAX_MARKS", 10_000)
    body = maker(1_000_000)
    tracemalloc.start()
    found = read(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(body) + 8_000_000  # of libxml2 nothing is seen, hence the reason:
    assert reasons(found) == ["too-large"]
    assert [one.url for one in found.discoveries] == [f"{make.SITE}/a"]


def test_an_item_with_200_000_attributes() -> None:
    assert read(make.feed_of_attributes()).discoveries[0].url == f"{make.SITE}/a"


def test_an_entity_that_is_long_and_named_often() -> None:
    (one,) = read(make.feed_with_quadratic_entity(20_000)).discoveries
    assert one.title is not None
    assert "x" not in one.title


def test_a_json_feed_of_nothings_is_refused_before_it_is_read() -> None:
    with pytest.raises(DiscoveryError, match="more than"):
        read(make.json_feed_of_nothings())


def test_a_title_without_end_is_looked_at_so_far() -> None:
    title = "&lt;b&gt;" * 10_000 + "late"
    found = read(
        f"<rss><channel><item><link>/a</link><title>{title}</title></item></channel></rss>".encode()
    )
    assert "late" not in (found.discoveries[0].title or "")


def test_links_that_are_none() -> None:
    bad = ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "mailto:a@example.com",
           "ftp://example.com/x", "https://", "http://[::1", "https://a:b:c/")  # fmt: skip
    items = "".join(f"<item><link>{link}</link></item>" for link in bad)
    found = read(f"<rss><channel>{items}<item><link>../up</link></item></channel></rss>".encode())
    assert [one.url for one in found.discoveries] == [f"{make.SITE}/up"]
    assert reasons(found) == ["item-bad-link"] * len(bad)
