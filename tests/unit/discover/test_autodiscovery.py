"""Sources that pages, robots.txt and headers name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discover.autodiscovery import (
    MAX_NAMED,
    MAX_ROBOTS,
    common_feeds,
    common_sitemaps,
    feed_anchors,
    feed_links,
    sitemaps_of_robots,
    websub_of_headers,
)
from archiver.discover.html import html_tree

SITE = "https://www.example.com"
ROBOTS = f"{SITE}/robots.txt"


def links(markup: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    tree = html_tree(f"<html><head>{markup}</head><body><p>x</p></body></html>")
    assert tree is not None
    return feed_links(tree, f"{SITE}/news/"), feed_anchors(tree, f"{SITE}/news/")


def test_feeds_that_a_head_names() -> None:
    found, _ = links(
        '<link rel="alternate" type="application/rss+xml" href="/rss">'
        '<link rel="ALTERNATE home" type="application/atom+xml; charset=utf-8" href="atom">'
        '<link rel=alternate type="application/feed+json" href="//feeds.example.com/f.json">'
        '<link rel=alternate type="application/rss+xml" href="/comments/feed/">'
        '<link rel=alternate type="application/json" href="/wp-json/wp/v2/pages/2">'
        '<link rel=alternate type="text/xml" href="/rss.xml">'
        '<link rel=alternate type="text/xml" href="/about.xml">'
        '<link rel=alternate hreflang=fr href="/fr/">'
        '<link rel=stylesheet type="application/rss+xml" href="/no">'
        '<link rel=alternate type="application/rss+xml" href="javascript:void(0)">'
        '<link rel=alternate type="application/rss+xml" href="/rss">'
    )
    assert found == (
        f"{SITE}/rss", f"{SITE}/news/atom", "https://feeds.example.com/f.json", f"{SITE}/rss.xml"
    )  # fmt: skip


def test_feeds_that_are_linked_to() -> None:
    _, found = links(
        '<a href="/rss/world.xml">World</a><a href="/world/feed/">Feed</a><a href="/news.rss">x</a>'
        '<a href="/story/rssi-falls">Story</a><a href="/feedback">Write</a><a href="http://[">x</a>'
    )
    assert found == (f"{SITE}/rss/world.xml", f"{SITE}/world/feed/", f"{SITE}/news.rss")


def test_a_page_that_names_a_million_feeds() -> None:
    one = '<link rel=alternate type="application/rss+xml" href="/rss/{}">'
    assert len(links("".join(one.format(n) for n in range(1000)))[0]) == MAX_NAMED


def test_sitemaps_of_robots() -> None:
    body = (
        b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /x\r\nSitemap: https://www.example.com/a.xml\r\n"
        b"  SITEMAP :https://cdn.example.net/b.xml.gz # all\n# Sitemap: https://no.example/\n"
        b"Sitemap: /c.xml\nSitemap: javascript:alert(1)\nSitemap:\nsitemap: /c.xml\n"
    )
    assert sitemaps_of_robots(body, url=ROBOTS) == (
        f"{SITE}/a.xml", "https://cdn.example.net/b.xml.gz", f"{SITE}/c.xml"
    )  # fmt: skip


def test_a_robots_txt_of_10_mb_is_read_so_far_as_the_standard_asks() -> None:
    line = b"Sitemap: /late.xml\n"
    long = b"Disallow: /x\n" * (10_000_000 // 13)
    assert sitemaps_of_robots(long + line, url=ROBOTS) == ()
    assert sitemaps_of_robots(long[: MAX_ROBOTS // 13 * 13 - 26] + line, url=ROBOTS) != ()
    many = b"".join(b"Sitemap: /%d.xml\n" % n for n in range(10_000))
    assert len(sitemaps_of_robots(many, url=ROBOTS)) == MAX_NAMED


def test_where_sources_are_often_found() -> None:
    assert f"{SITE}/news/rss.xml" in common_feeds(f"{SITE}/news")
    assert f"{SITE}/sitemap.xml" in common_sitemaps(f"{SITE}/news/")


@pytest.mark.parametrize(
    ("fields", "hubs", "topic"),
    [
        (["<https://h.example/>; rel=hub, </me>; rel=\"self\""], ("https://h.example/",), "/me"),
        (["</a>;title=\"a, b; rel=self\";rel='hub'"], (), None),
        (["</a>; rel=\"preload hub\"", "</b>;REL=Hub;x"], ("/a", "/b"), None),
        (["<javascript:x>; rel=hub", "no link; rel=hub", "<", "<a>;rel="], (), None),
    ],
)  # fmt: skip
def test_link_headers(fields: list[str], hubs: tuple[str, ...], topic: str | None) -> None:
    found, own = websub_of_headers(fields, url=f"{SITE}/feed")
    assert [hub.removeprefix(SITE) for hub in found] == list(hubs)
    assert (own and own.removeprefix(SITE)) == topic


@given(st.lists(st.text(alphabet='<>;,="/ relhubsf\\', max_size=200), max_size=5))
def test_any_link_header(fields: list[str]) -> None:
    websub_of_headers(fields, url=SITE)


def test_a_link_header_of_one_thing_over_and_over() -> None:
    for piece in ("<", "<a>", "<a>;", ';a="', "<a>; rel", ";a=b", " "):
        websub_of_headers([piece * 100_000], url=SITE)
