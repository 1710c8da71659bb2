"""Listings too large to be kept as files: each maker gives the bytes of one.

Sizes are arguments, so that a test of a limit need not be as large as the limit.
"""

from __future__ import annotations

import json
from collections.abc import Callable

SITE = "https://www.example.com"


def feed_of_items(count: int = 200_000) -> bytes:
    items = "".join(
        f"<item><title>T{n}</title><link>{SITE}/story-{n}</link></item>" for n in range(count)
    )
    return f'<rss version="2.0"><channel>{items}</channel></rss>'.encode()


def json_feed_of_items(count: int = 200_000) -> bytes:
    items = [{"url": f"{SITE}/{n}"} for n in range(count)]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()


def sitemap_of_pages(count: int = 200_000) -> bytes:
    pages = "".join(f"<url><loc>{SITE}/story-{n}</loc></url>" for n in range(count))
    return f"<urlset>{pages}</urlset>".encode()


def index_of_sitemaps(count: int = 200_000) -> bytes:
    children = "".join(f"<sitemap><loc>{SITE}/{n}.xml</loc></sitemap>" for n in range(count))
    return f"<sitemapindex>{children}</sitemapindex>".encode()


def text_sitemap(count: int = 200_000) -> bytes:
    return "\n".join(f"{SITE}/story-{n}" for n in range(count)).encode()


def feed_as_deep(depth: int = 200_000) -> bytes:
    return b"<rss><channel><item><link>/a</link></item>" + b"<a>" * depth


def feed_of_one_text(size: int = 100_000_000) -> bytes:
    head = b"<rss><channel><item><link>/a</link></item><item><link>/b</link><title>"
    return head + b"x" * (size - len(head))


def feed_of_empty_tags(count: int = 4_000_000) -> bytes:
    return b"<rss><channel><item><link>/a</link></item>" + b"<a/>" * count


def feed_of_ampersands(count: int = 4_000_000) -> bytes:
    return b"<rss><channel><item><link>/a</link></item>" + b"&" * count


def feed_of_attributes(count: int = 200_000) -> bytes:
    attributes = " ".join(f'a{n}=""' for n in range(count))
    return f"<rss><channel><item><link>/a</link></item><item {attributes}/>".encode()


def json_feed_as_deep(depth: int = 200_000) -> bytes:
    return b'{"items":' + b"[" * depth


def json_feed_of_nothings(count: int = 4_000_000) -> bytes:
    return b'{"items":[' + b"{}," * count + b"{}]}"


def feed_with_quadratic_entity(size: int = 100_000) -> bytes:
    """One long entity, named as many times as it is long."""
    return (
        b'<!DOCTYPE rss [<!ENTITY a "' + b"x" * size + b'">]>'
        b"<rss><channel><item><link>/a</link><title>"
        + b"&a;" * size
        + b"</title></item></channel></rss>"
    )


MAKERS: dict[str, Callable[[], bytes]] = {
    maker.__name__: maker  # type: ignore[attr-defined]  # functions have names
    for maker in (
        feed_of_items, json_feed_of_items, sitemap_of_pages, index_of_sitemaps, text_sitemap,
        feed_as_deep, feed_of_one_text, feed_of_empty_tags, feed_of_ampersands,
        feed_of_attributes, json_feed_as_deep, json_feed_of_nothings, feed_with_quadratic_entity,
    )
}  # fmt: skip
