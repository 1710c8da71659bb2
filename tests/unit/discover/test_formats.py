"""Every form of feed and sitemap that there is, and what each says of itself."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from archiver.discover.feeds import parse_feed
from archiver.discover.listing import Listing
from archiver.discover.sitemaps import parse_sitemap

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
SITE = "https://www.example.com"
WHEN = datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC)
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
RSS = (
    '<rss version="{}"><channel><title>Post</title><link>/</link><language>en-gb</language>'
    "<item><title>One</title><link>/one</link>{}</item></channel></rss>"
)
FEEDS = {
    "rss-0.90": f'<rdf:RDF {RDF} xmlns="http://my.netscape.com/rdf/simple/0.9/">'
    "<channel><title>Post</title><link>/</link></channel>"
    "<item><title>One</title><link>/one</link></item></rdf:RDF>",
    "rss-0.91": RSS.format("0.91", ""),
    "rss-0.92": RSS.format("0.92", "<category>x</category>"),
    "rss-1.0": f'<rdf:RDF {RDF} xmlns="http://purl.org/rss/1.0/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="/"><title>Post</title>'
    '<link>/</link></channel><item rdf:about="/one"><title>One</title><link>/one</link>'
    "<dc:date>2024-02-03T04:05:06Z</dc:date></item></rdf:RDF>",
    "rss-2.0": RSS.format("2.0", "<pubDate>Sat, 03 Feb 2024 04:05:06 GMT</pubDate>"),
    "atom-0.3": '<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="en-gb">'
    '<title>Post</title><link rel="alternate" type="text/html" href="/"/><entry><title>One</title>'
    '<link rel="alternate" type="text/html" href="/one"/><issued>2024-02-03T04:05:06Z</issued>'
    "</entry></feed>",
    "atom-1.0": '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-gb"><title>Post</title>'
    '<link href="/"/><entry><title>One</title><link href="/one"/>'
    "<published>2024-02-03T04:05:06Z</published></entry></feed>",
    "json-feed-1": '{"version": "https://jsonfeed.org/version/1", "title": "Post",'
    ' "home_page_url": "/", "items": [{"id": "1", "url": "/one", "title": "One",'
    ' "date_published": "2024-02-03T04:05:06Z"}]}',
    "json-feed-1.1": '{"version": "https://jsonfeed.org/version/1.1", "title": "Post",'
    ' "language": "en-gb", "home_page_url": "/", "items": [{"id": "1", "url": "/one",'
    ' "title": "One", "date_published": "2024-02-03T04:05:06Z"}]}',
}
UNDATED = {"rss-0.90", "rss-0.91", "rss-0.92"}
WITHOUT_LANGUAGE = {"rss-0.90", "rss-1.0", "json-feed-1"}


def feed(body: str | bytes) -> Listing:
    body = body.encode() if isinstance(body, str) else body
    return parse_feed(body, url=f"{SITE}/feed", outlet="post", found_at=NOW)


def sitemap(body: str | bytes) -> Listing:
    body = body.encode() if isinstance(body, str) else body
    return parse_sitemap(body, url=f"{SITE}/sitemap", outlet="post", found_at=NOW)


@pytest.mark.parametrize("form", FEEDS)
def test_each_form_of_feed(form: str) -> None:
    listing = feed(FEEDS[form])
    (one,) = listing.discoveries
    assert (one.url, one.title) == (f"{SITE}/one", "One")
    assert one.published == (None if form in UNDATED else WHEN)
    about = listing.about
    assert (about.format, about.title, about.site) == (form, "Post", f"{SITE}/")
    assert about.language == (None if form in WITHOUT_LANGUAGE else "en-gb")
    assert feed(gzip.compress(FEEDS[form].encode())) == listing  # whatever its name says


def test_each_form_of_sitemap() -> None:
    page = f"<urlset>{{}}<url><loc>{SITE}/one</loc>{{}}</url></urlset>"
    news = (
        "<news:news><news:publication><news:name>Post</news:name><news:language>de</news:language>"
        "</news:publication><news:publication_date>2024-02-03T04:05:06Z</news:publication_date>"
        "<news:title>One</news:title></news:news>"
    )
    bodies = {
        "sitemap": page.format("", ""),
        "news-sitemap": page.format("", news),
        "text-sitemap": f"{SITE}/one\n",
    }
    for form, text in bodies.items():
        for body in (text.encode(), gzip.compress(text.encode()), text.encode("utf-8-sig")):
            listing = sitemap(body)
            assert [one.url for one in listing.discoveries] == [f"{SITE}/one"]
            assert listing.about.format == form
    listing = sitemap(bodies["news-sitemap"])
    assert (listing.discoveries[0].title, listing.discoveries[0].published) == ("One", WHEN)
    assert listing.about.language == "de"
    index = sitemap(f"<sitemapindex><sitemap><loc>{SITE}/a.xml.gz</loc></sitemap></sitemapindex>")
    assert (index.about.format, index.sitemaps) == ("sitemap-index", (f"{SITE}/a.xml.gz",))


def test_hubs() -> None:
    links = (
        '<atom:link rel="hub" href="https://hub.example/"/><atom:link rel="self next" href="/me"/>'
    )
    rss = feed(f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>{links}'
               "<item><link>/one</link></item></channel></rss>")  # fmt: skip
    atom = feed('<feed xmlns="http://www.w3.org/2005/Atom"><link rel="hub" '
                'href="https://hub.example/"/><link rel="self" href="/me"/></feed>')  # fmt: skip
    json = feed('{"items": [], "feed_url": "/me", "hubs": [7, {"type": "WebSub", "url": '
                '"https://hub.example/"}, {"url": "javascript:alert(1)"}]}')  # fmt: skip
    for listing in (rss, atom, json):
        assert listing.about.hubs == ("https://hub.example/",)
        assert listing.about.topic == f"{SITE}/me"
    assert rss.next_page == f"{SITE}/me"


def test_a_picture_of_the_channel_is_not_its_title_nor_link() -> None:
    listing = feed("<rss><channel><image><title>Logo</title><link>/logo</link></image>"
                   "<title>Post</title><link>/</link></channel></rss>")  # fmt: skip
    assert (listing.about.title, listing.about.site) == ("Post", f"{SITE}/")
