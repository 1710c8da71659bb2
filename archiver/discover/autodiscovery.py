"""Where an outlet's sources stand: what pages, robots.txt and headers name, and where to look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

from lxml import etree

from archiver.discover.listing import join_url

MAX_NAMED = 100  # sources that one page or robots.txt may name
MAX_ROBOTS = 500 * 1024  # bytes (RFC 9309 section 2.5)

_FEED_TYPES = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
    }
)
# Types that feeds share with other things, where the address has to speak for itself.
_MAYBE_TYPES = frozenset({"text/xml", "application/xml", "application/json"})
_FEED_PATH = re.compile(
    r"(?:^|[/._-])(?:rss\d?|feeds?|atom|rdf)(?:[/._-]|$)|/rss[^/]*\.(?:xml|php|aspx?)$",
    re.IGNORECASE,
)
_NOT_NEWS = re.compile(r"comment|wp-json|oembed|/embed\b", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*([^\s#]+)", re.IGNORECASE | re.MULTILINE)
_LINK = re.compile(
    r"""<([^<>]{1,2048})>((?:\s*+;\s*+[^\s=;,"]++(?:\s*+=\s*+(?:"[^"]*+"|[^\s;,"]++))?+)*+)"""
)
_PARAMETER = re.compile(r""";\s*+([^\s=;,"]++)(?:\s*+=\s*+(?:"([^"]*+)"|([^\s;,"]++)))?+""")

_FEED_PATHS = (
    "feed/", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feeds/", "feed.json",
)  # fmt: skip
_SITEMAP_PATHS = (
    "sitemap.xml", "sitemap_index.xml", "news-sitemap.xml", "sitemap-news.xml", "sitemap_news.xml",
    "sitemap.xml.gz", "sitemap.txt",
)  # fmt: skip


def with_rel(tree: etree._Element, rel: str) -> Iterator[etree._Element]:
    """The links of a page that have one relation among theirs."""
    for element in tree.iter("link", "a"):
        if rel in (element.get("rel") or "").lower().split() and element.get("href"):
            yield element


def feed_links(tree: etree._Element, base: str) -> tuple[str, ...]:
    """The feeds that a page's head names (rel="alternate" with a feed's type), in its order.

    Feeds of comments are none. What is typed as XML or JSON only has to look like a feed.
    """
    found: dict[str, None] = {}
    for link in (*with_rel(tree, "alternate"), *with_rel(tree, "feed")):
        href = link.get("href", "")
        kind = (link.get("type") or "").split(";")[0].strip().lower()
        if kind in _FEED_TYPES or (kind in _MAYBE_TYPES and _FEED_PATH.search(href)):
            _add(found, base, href)
    return tuple(found)


def feed_anchors(tree: etree._Element, base: str) -> tuple[str, ...]:
    """A page's ordinary links that look like feeds: an outlet's own list of them has such."""
    found: dict[str, None] = {}
    for link in tree.iter("a"):
        href = link.get("href", "")
        if href and _FEED_PATH.search(_path_of(href)):
            _add(found, base, href)
    return tuple(found)


def sitemaps_of_robots(body: bytes, *, url: str) -> tuple[str, ...]:
    """The sitemaps that a robots.txt names (sitemaps.org protocol), each once, in its order.

    `url` is robots.txt's own; a sitemap that is named relative to it is taken for what it means.
    """
    text = body[:MAX_ROBOTS].decode("utf-8", "replace")
    found: dict[str, None] = {}
    for match in _SITEMAP_LINE.finditer(text):
        joined = join_url(url, match[1])
        if joined and len(found) < MAX_NAMED:
            found[joined] = None
    return tuple(found)


def common_feeds(homepage: str) -> tuple[str, ...]:
    """Addresses at which many sites have a feed, for outlets that name none."""
    return tuple(urljoin(_folder(homepage), path) for path in _FEED_PATHS)


def common_sitemaps(homepage: str) -> tuple[str, ...]:
    """Addresses at which many sites have a sitemap, for outlets that name none."""
    return tuple(urljoin(homepage, f"/{path}") for path in _SITEMAP_PATHS)


def websub_of_headers(values: Iterable[str], *, url: str) -> tuple[tuple[str, ...], str | None]:
    """Hubs and topic (rel="hub", rel="self") of Link fields (RFC 8288; W3C WebSub section 4)."""
    found: dict[str, dict[str, None]] = {"hub": {}, "self": {}}
    for value in values:
        for target, parameters in _LINK.findall(value[:20_000]):
            rels = [
                (quoted or plain).lower().split()
                for name, quoted, plain in _PARAMETER.findall(parameters)
                if name.lower() == "rel"
            ]
            joined = join_url(url, target) if rels else None
            for name in rels[0] if joined else ():  # of several the first counts
                if name in found and len(found[name]) < MAX_NAMED:
                    found[name][str(joined)] = None
    return tuple(found["hub"]), next(iter(found["self"]), None)


def _path_of(link: str) -> str:
    try:
        return urlsplit(link).path
    except ValueError:
        return ""


def _folder(homepage: str) -> str:
    return homepage if homepage.endswith("/") else homepage + "/"


def _add(found: dict[str, None], base: str, href: str) -> None:
    joined = join_url(base, href)
    if joined and not _NOT_NEWS.search(joined) and len(found) < MAX_NAMED:
        found[joined] = None
