"""Feeds as publishers really serve them. File names say what is odd about each."""

import gzip
import json
from datetime import UTC, datetime, timedelta, timezone
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.discover import feeds
from archiver.discover.feeds import parse_feed
from archiver.discover.listing import MAX_PROBLEMS, Listing
from archiver.errors import DiscoveryError
from archiver.model import SourceKind

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
SITE = "https://www.example.com"


def read(body: bytes, **more: str) -> Listing:
    return parse_feed(body, url=f"{SITE}/rss/feed.xml", outlet="post", found_at=NOW, **more)


def rss(items: str) -> bytes:
    return f'<rss version="2.0"><channel>{items}</channel></rss>'.encode()


def urls(listing: Listing) -> list[str]:
    return [one.url for one in listing.discoveries]


def reasons(listing: Listing) -> list[str]:
    return [problem.reason for problem in listing.problems]


def test_an_item_becomes_a_discovery_in_its_own_words():
    listing = read(
        rss(
            "<item><title>Fish &amp; chips</title><link>https://www.example.com/a</link>"
            "<guid isPermaLink='false'>id-1</guid>"
            "<pubDate>Tue, 05 Mar 2024 10:00:00 +0100</pubDate></item>"
        )
    )
    (one,) = listing.discoveries
    assert one.url == f"{SITE}/a"
    assert one.outlet == "post"
    assert one.via is SourceKind.FEED
    assert one.source_url == f"{SITE}/rss/feed.xml"
    assert one.found_at == NOW
    assert one.guid == "id-1"
    assert one.title == "Fish & chips"
    assert one.published_raw == "Tue, 05 Mar 2024 10:00:00 +0100"
    assert one.published == datetime(2024, 3, 5, 9, tzinfo=UTC)
    assert one.published.tzinfo is UTC
    assert one.modified is None
    assert listing.problems == ()


def test_items_without_links_cost_themselves_and_a_permanent_guid_serves(feed):
    listing = feed("rss-without-links.xml")
    assert urls(listing) == [f"{SITE}/news/two", f"{SITE}/news/three", f"{SITE}/news/seven"]
    assert reasons(listing) == ["item-no-link"] * 4
    assert listing.problems[0].detail == "No link at all"
    assert listing.problems[0].stage == "discover"
    assert listing.problems[0].url == f"{SITE}/rss/feed.xml"


def test_a_cut_feed_gives_its_whole_items_and_no_half_address(feed):
    listing = feed("rss-truncated.xml")
    assert urls(listing) == [f"{SITE}/news/first-story", f"{SITE}/news/second-story"]
    assert reasons(listing) == ["truncated-xml"]


def test_control_bytes_are_passed_over(feed):
    listing = feed("rss-nul-bytes.xml")
    (one,) = listing.discoveries
    assert (one.url, one.title, one.guid) == (f"{SITE}/news/nul", "AB bell", "g-1")
    assert listing.problems == ()


def test_relative_links_are_resolved_against_the_feed(feed):
    assert urls(feed("rss-relative-links.xml")) == [
        f"{SITE}/news/one",
        f"{SITE}/rss/two.html",
        f"{SITE}/three?a=1&b=2",
        "https://m.example.com/four",
        f"{SITE}/five",
    ]


def test_atom_with_xml_base_titles_of_three_types_and_a_next_page(feed):
    listing = feed("atom-xml-base.xml")
    first, second = listing.discoveries
    assert first.url == "https://cdn.example.com/feeds/news/one"
    assert first.title == "Boats & nets"
    assert first.guid == "urn:uuid:1"
    assert first.published == datetime(2024, 3, 1, 6, tzinfo=UTC)
    assert first.modified == datetime(2024, 3, 2, 9, 30, tzinfo=UTC)
    assert second.url == f"{SITE}/id-as-link"
    assert second.title == "Two words"
    assert second.published is None
    assert second.published_raw == "2024-03-03"
    assert second.modified == datetime(2024, 3, 3, tzinfo=UTC)
    assert reasons(listing) == ["item-no-link"]
    assert listing.next_page == f"{SITE}/atom.xml?page=2"


def test_rdf(feed):
    listing = feed("rdf-1.0.xml")
    one, two = listing.discoveries
    assert (one.title, one.url, one.guid) == ("One", f"{SITE}/one", f"{SITE}/one")
    assert one.published == datetime(2005, 2, 2, 19, 5, 6, tzinfo=UTC)
    assert two.url == f"{SITE}/two"  # rdf:about


def test_netscapes_doctype_and_its_entities(feed):
    listing = feed("rss-0.91-doctype.xml")
    assert [(one.url, one.title) for one in listing.discoveries] == [(f"{SITE}/cafe", "Café opens")]
    assert listing.problems == ()


def test_undeclared_prefixes(feed):
    (one,) = feed("rss-undeclared-prefixes.xml").discoveries
    assert one.title == "One"
    assert one.published == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_stray_ampersands_and_less_thans_stay_in_titles_and_links(feed):
    listing = feed("rss-stray-ampersands.xml")
    first, second = listing.discoveries
    assert first.url == f"{SITE}/story?a=1&b=2&copy=3"
    assert first.title == "Fish & chips < 5 £ &unknown; \u2019"
    assert second.url == f"{SITE}/other?a=1&b=2"
    assert second.title == "Salt & pepper mill \u2019"
    assert listing.problems == ()


def test_junk_before_and_after_the_document(feed):
    assert urls(feed("rss-junk-before.xml")) == [f"{SITE}/one"]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("rss-wrong-charset.xml", "Łódź \u2013 «день»"),  # says ISO-8859-1, is UTF-8
        ("rss-windows-1252.xml", "Café \u2013 “open”"),  # says UTF-8, is not
        ("rss-utf-16.xml", "Łódź"),
        ("rss-punycode-charset.xml", "One"),
    ],
)
def test_encodings(feed, name, title):
    listing = feed(name)
    assert [one.title for one in listing.discoveries] == [title]
    assert listing.problems == ()


def test_what_http_declares_counts_where_the_bytes_do_not_say():
    body = rss("<item><link>/a</link><title>день</title></item>").decode().encode("cp1251")
    (one,) = read(body, content_type="application/rss+xml; charset=windows-1251").discoveries
    assert one.title == "день"
    japanese = rss("<item><link>/a</link><title>日本</title></item>").decode().encode("iso2022_jp")
    (one,) = read(japanese, content_type="text/xml; charset=ISO-2022-JP").discoveries
    assert one.title == "日本"


def test_bad_links_cost_their_items(feed):
    listing = feed("rss-bad-port.xml")
    assert urls(listing) == [f"{SITE}/good"]
    assert reasons(listing) == ["item-bad-link"] * 7


def test_a_link_too_long_is_a_bad_link():
    listing = read(rss(f"<item><link>/{'a' * 3000}</link></item>"))
    assert reasons(listing) == ["item-bad-link", "empty"]


def test_dates_keep_their_raw_text_and_bad_ones_keep_their_item(feed):
    listing = feed("rss-dates.xml")
    ten = datetime(2024, 3, 5, 10, tzinfo=UTC)
    nine = ten - timedelta(hours=1)
    assert [one.published for one in listing.discoveries] == [
        nine, nine, ten, None, None, nine, None, None,
    ]  # fmt: skip
    assert reasons(listing) == ["item-bad-date"] * 3
    assert listing.discoveries[3].published_raw == "yesterday evening"
    assert listing.discoveries[5].modified == datetime(2024, 3, 6, 10, tzinfo=UTC)


def test_the_first_mention_of_a_url_wins(feed):
    listing = feed("rss-repeats.xml")
    assert [(one.url, one.title, one.guid) for one in listing.discoveries] == [
        (f"{SITE}/one", "One", "a"),
        (f"{SITE}/two", "Two", None),
    ]


def test_feedburners_redirects_give_way_to_the_link_they_hide(feed):
    assert urls(feed("rss-feedburner.xml")) == [f"{SITE}/one"]


def test_entities_are_never_expanded(feed):
    listing = feed("rss-billion-laughs.xml")
    assert [one.title for one in listing.discoveries] == ["&lol9;"]


def test_nothing_but_html_json_or_emptiness_is_no_feed(hostile):
    for body in (hostile("html-instead-of-feed.html"), b"", b"  \n", b"{", b'{"items": 3}', b"PK"):
        with pytest.raises(DiscoveryError) as caught:
            read(body)
        assert caught.value.thing == f"{SITE}/rss/feed.xml"
    with pytest.raises(DiscoveryError):
        read(hostile("sitemap-news.xml"))
    with pytest.raises(DiscoveryError, match="broken JSON"):
        read(b'{"items":' + b"[" * 100_000)


def test_a_feed_without_items_is_empty():
    assert reasons(read(rss(""))) == ["empty"]
    assert reasons(read(b"<rss/>")) == ["empty"]


def test_json_feed(feed):
    listing = feed("jsonfeed-1.1.json")
    first, second = listing.discoveries
    assert (first.url, first.title) == (f"{SITE}/one", "One & only")
    assert first.published == datetime(2024, 2, 7, 19, 4, tzinfo=UTC)
    assert first.modified == datetime(2024, 2, 8, tzinfo=UTC)
    assert (second.url, second.guid, second.title) == (f"{SITE}/two", "2", None)
    assert listing.next_page == f"{SITE}/rss/feed.json?page=2"
    assert listing.problems == ()


def test_json_feed_with_bad_items(feed):
    listing = feed("jsonfeed-bad-items.json")
    assert urls(listing) == [f"{SITE}/dated", f"{SITE}/good"]
    assert reasons(listing) == ["item-no-link"] * 7 + ["item-bad-link", "item-bad-date"]
    assert [one.title for one in listing.discoveries] == [None, "Good"]  # fit for a database


def test_gzipped_feeds_and_bodies_over_the_limit(monkeypatch):
    body = rss("<item><link>/a</link></item>" * 3 + "<item><link>/b</link></item>")
    assert urls(read(gzip.compress(body))) == [f"{SITE}/a", f"{SITE}/b"]
    monkeypatch.setattr(feeds, "MAX_BYTES", len(body) - 30)
    for bomb in (body, gzip.compress(body)):
        listing = read(bomb)
        assert urls(listing) == [f"{SITE}/a"]
        assert reasons(listing) == ["too-large", "truncated-xml"]


def test_a_million_faults_are_not_a_million_problems():
    listing = read(rss("<item/>" * 1000))
    assert reasons(listing) == ["item-no-link"] * MAX_PROBLEMS + ["empty"]


@pytest.mark.parametrize(
    "piece",
    ["<a>", "<", "<a ", "<![CDATA[", "<!--", "&a", "&lol;", "</", "<?", "<!", "<item>", 'a="', "é"],
)
def test_long_runs_of_one_thing_are_read_through(piece):
    read(f"<rss><channel><item><link>/a</link></item>{piece * 20_000}".encode())


PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6),
            PLAIN,
            st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)),
            st.integers(-12, 14),
        ),
        unique_by=lambda item: item[0],
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["rss", "atom", "json"]),
    st.sampled_from(["utf-8", "utf-16"]),
)
def test_generated_feeds_are_read_back(items, form, encoding):
    rows = [
        (f"{SITE}/n/{number}", f"T {escape(title)}", when.replace(
            microsecond=0, tzinfo=timezone(timedelta(hours=hours))))
        for number, title, when, hours in items
    ]  # fmt: skip
    if form == "rss":
        text = "".join(
            f"<item><title>{escape(title)}</title><link>{link}</link>"
            f"<pubDate>{when.strftime('%a, %d %b %Y %H:%M:%S %z')}</pubDate></item>"
            for link, title, when in rows
        )
        text = f"<rss><channel>{text}</channel></rss>"
    elif form == "atom":
        text = "".join(
            f"<entry><title type='html'>{escape(title)}</title><link href='{link}'/>"
            f"<published>{when.isoformat()}</published></entry>"
            for link, title, when in rows
        )
        text = f"<feed xmlns='http://www.w3.org/2005/Atom'>{text}</feed>"
    else:
        rows = [(link, title[:2] + escape(title[2:]), when) for link, title, when in rows]
        text = json.dumps(
            {
                "items": [
                    {"url": link, "title": title, "date_published": when.isoformat()}
                    for link, title, when in rows
                ]
            },
            ensure_ascii=False,
        )
    listing = read(text.encode(encoding))
    assert listing.problems == ()
    assert urls(listing) == [link for link, _, _ in rows]
    assert [one.published for one in listing.discoveries] == [when for _, _, when in rows]


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(
        [b"", b"<rss><channel><item>", b"<feed>", b"{", b'{"items":[', b"\x1f\x8b\x08"]
    ),
    st.sampled_from([None, "text/xml", "text/xml; charset=idna", "x; charset=utf-16", "\0"]),
)
def test_any_bytes_give_a_listing_or_a_discovery_error(body, start, content_type):
    try:
        listing = read(start + body, content_type=content_type)
    except DiscoveryError:
        return
    assert isinstance(listing, Listing)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_shuffled_pieces_of_a_feed_give_a_listing_or_a_discovery_error(data):
    pieces = [
        "<rss>", "</rss>", "<channel>", "</channel>", "<item>", "</item>", "<link>", "</link>",
        "<link href='x'/>", "<guid>", "</guid>", "<title type='html'>", "</title>", "https://a/b",
        "<image>", "</image>", "<textInput>", "</textInput>", "<category>", "<media:credit>", "&",
        "</media:credit>", "<pubDate>", "</pubDate>", "Mon, 1 Jan 2024", "<![CDATA[", "]]>", "\0",
        "<item xml:base='http://[' rdf:about='/x'>", "&lt;", "&#0;", "&#x110000;", "&nbsp;", "é",
    ]  # fmt: skip
    body = "".join(data.draw(st.lists(st.sampled_from(pieces), max_size=40)))
    try:
        read(body.encode())
    except DiscoveryError:
        return


def test_feedparser_reads_the_same(hostile):
    feedparser = pytest.importorskip("feedparser", reason="feedparser is not installed")
    for name in ("rdf-1.0.xml", "rss-repeats.xml", "rss-feedburner.xml", "rss-junk-before.xml"):
        body = hostile(name)
        ours = read(body)
        theirs = feedparser.parse(body).entries
        assert [one.title for one in ours.discoveries] == list(
            dict.fromkeys(entry.title for entry in theirs if "again" not in entry.title)
        )
