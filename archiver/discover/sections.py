"""Section and front pages: the links that look like articles."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from archiver.discover.autodiscovery import feed_links, with_rel
from archiver.discover.candidates import is_candidate, is_page, looks_like_article
from archiver.discover.html import html_tree
from archiver.discover.listing import About, Collector, Listing, join_url, words
from archiver.discover.markup import decode, unpack
from archiver.errors import DiscoveryError
from archiver.model import Outlet, SourceKind
from archiver.urls import canonical_url, urlkey

__all__ = ["is_candidate", "parse_section"]

MAX_BYTES = 8 * 1024 * 1024
MAX_LINKS = 5000
_MAX_TITLE = 500
_INLINE = frozenset({"a", "abbr", "b", "bdi", "cite", "em", "font", "i", "mark", "q", "small",
                     "strong", "sub", "sup", "u", "wbr"})  # fmt: skip
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def _text(element: etree._Element) -> str | None:
    """The words inside an element; what is not inline markup stands apart from its neighbours."""
    pieces: list[str] = []
    size = 0
    for event, inner in etree.iterwalk(element, events=("start", "end")):
        apart = "" if inner.tag in _INLINE else " "
        text = (inner.text if event == "start" else inner is not element and inner.tail) or ""
        pieces += (apart, text)
        size += len(text)
        if size > _MAX_TITLE:
            break
    return words("".join(pieces))


def _title(link: etree._Element) -> str | None:
    """The headline inside a link, else all its words, else what it is labelled."""
    for heading in link.iter(*_HEADINGS):
        text = _text(heading)
        if text:
            return text
    return _text(link) or words(link.get("title") or link.get("aria-label"))


def parse_section(
    body: bytes, *, url: str, outlet: Outlet, found_at: datetime, content_type: str | None = None
) -> Listing:
    """The links of a page that may be articles of the outlet, in the page's order.

    `url` is the page's address after redirects. Where the outlet has `article_include` patterns
    they decide; else a URL must look like an article's (see `looks_like_article`). `feeds` and
    `sitemaps` are those that the page's head names, `next_page` its rel="next".

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
    _read_links(tree, base, taken, outlet)
    sitemaps = (join_url(base, link.get("href", "")) for link in with_rel(tree, "sitemap"))
    following = (join_url(base, link.get("href", "")) for link in with_rel(tree, "next"))
    hubs = (join_url(base, link.get("href", "")) for link in with_rel(tree, "hub"))
    return taken.listing(
        feeds=feed_links(tree, base),
        about=About(
            format="html",
            title=_text(heading) if (heading := tree.find(".//title")) is not None else None,
            language=words(tree.get("lang")),
            hubs=tuple(dict.fromkeys(hub for hub in hubs if hub)),
        ),
        sitemaps=filter(None, sitemaps),
        next_page=next(filter(None, following), None),
    )


def _read_links(tree: etree._Element, base: str, taken: Collector, outlet: Outlet) -> None:
    """Take the page's links, each with the best words that any of its mentions has."""
    itself = {urlkey(taken.source_url), urlkey(outlet.homepage)}
    titles: dict[str, str | None] = {}
    for number, link in enumerate(tree.iter("a")):
        if number == MAX_LINKS:
            taken.problem("too-large", f"more than {MAX_LINKS} links; the first were read")
            break
        href = join_url(base, link.get("href") or "#")
        if href is None:
            continue
        target = canonical_url(href)
        title = _title(link)
        known = titles.setdefault(target, title)
        if title and len(title) > len(known or "") and not (known and " " in known):
            titles[target] = title
    for target, title in titles.items():
        if (
            urlkey(target) not in itself
            and is_page(target)
            and is_candidate(target, outlet)
            and (outlet.article_include or looks_like_article(target, title))
        ):
            taken.add(target, title=title)
