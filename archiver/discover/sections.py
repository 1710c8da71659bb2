"""Section and front pages: the links that look like articles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from archiver.discover.autodiscovery import feed_links, with_rel
from archiver.discover.candidates import is_candidate
from archiver.discover.html import html_tree
from archiver.discover.links import (
    MAX_LINKS,
    LinkKind,
    PageLink,
    classify,
    mentions,
    text_of_link,
)
from archiver.discover.listing import About, Collector, Listing, join_url, words
from archiver.discover.markup import decode, unpack
from archiver.discover.paging import next_of
from archiver.discover.shapes import Learned
from archiver.errors import DiscoveryError
from archiver.model import Outlet, SourceKind

__all__ = ["is_candidate", "parse_section"]

MAX_BYTES = 8 * 1024 * 1024


def parse_section(
    body: bytes,
    *,
    url: str,
    outlet: Outlet,
    found_at: datetime,
    content_type: str | None = None,
    learned: Learned | None = None,
) -> Listing:
    """The links of a page that may be articles of the outlet, in the page's order.

    `url` is the page's address after redirects. Where the outlet has `article_include` patterns
    they decide; else a link must look like an article's (see `classify`), or have a shape that was
    `learned` to be one. `feeds` and `sitemaps` are those that the page's head names, `sections`
    the links that look like lists; `next_page` is its rel="next", or the link to its page 2.

    Raises:
        DiscoveryError: where the body is no HTML page.
    """
    taken = Collector(source_url=url, outlet=outlet.id, via=SourceKind.SECTION, found_at=found_at)
    unpacked = unpack(body, MAX_BYTES)
    if len(unpacked) > MAX_BYTES:
        taken.problem("too-large", f"more than {MAX_BYTES} bytes; the first were read")
    tree = html_tree(decode(unpacked[:MAX_BYTES], content_type))
    if tree is None or next(tree.iter("a", "link", "p", "div"), None) is None:
        raise DiscoveryError(
            "not an HTML page",
            thing=url,
            todo="Look at it in a browser, and correct the section's address in the seed file",
        )
    named = next((base.get("href") for base in tree.iter("base") if base.get("href")), None)
    base = (named and join_url(url, named)) or url
    found = list(mentions(tree, base))
    if next(islice(tree.iter("a"), MAX_LINKS, None), None) is not None:
        taken.problem("too-large", f"more than {MAX_LINKS} links; the first were read")
    links = classify(found, outlet, itself=url, learned=learned)
    for link in _articles(links, outlet):
        taken.add(link.url, title=link.title)
    sitemaps = (join_url(base, link.get("href", "")) for link in with_rel(tree, "sitemap"))
    following = (join_url(base, link.get("href", "")) for link in with_rel(tree, "next"))
    next_page = next(filter(None, following), None) or next_of((one.url for one in found), url=url)
    hubs = (join_url(base, link.get("href", "")) for link in with_rel(tree, "hub"))
    return taken.listing(
        feeds=feed_links(tree, base),
        about=About(
            format="html",
            title=text_of_link(heading) if (heading := tree.find(".//title")) is not None else None,
            language=words(tree.get("lang")),
            hubs=tuple(dict.fromkeys(hub for hub in hubs if hub)),
        ),
        sitemaps=filter(None, sitemaps),
        sections=(link.url for link in links if link.kind is LinkKind.SECTION),
        next_page=next_page,
    )


def _articles(links: list[PageLink], outlet: Outlet) -> Iterator[PageLink]:
    """Those that the outlet's patterns admit, and where there are none, those that look so."""
    for link in links:
        if is_candidate(link.url, outlet) and (
            outlet.article_include or link.kind is LinkKind.ARTICLE
        ):
            yield link
