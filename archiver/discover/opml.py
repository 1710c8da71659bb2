"""OPML (opml.org/spec2): lists of feeds, as feed readers export them."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from lxml import etree

from archiver.discover.candidates import bare_host
from archiver.discover.listing import join_url, words
from archiver.discover.markup import MAX_BYTES, MAX_MARKS, decode, mended, unpack
from archiver.errors import DiscoveryError
from archiver.urls import host_of

MAX_FEEDS = 5000
_ROOT = re.compile(r"<opml[\s>]", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A feed of an OPML list; `site` is the page that it belongs to, where the list says so."""

    feed: str
    site: str | None = None
    title: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """The feeds of one site; `homepage` is the one that they name most often, or its root."""

    host: str
    homepage: str
    title: str | None
    feeds: tuple[str, ...]


def is_opml(start: str) -> bool:
    """Whether a document that begins so is OPML."""
    return _ROOT.search(start) is not None and "<rss" not in start[:200].lower()


def parse_opml(body: bytes, *, url: str) -> list[Listed]:
    """The feeds of an OPML list, each once, in its order; folders and broken entries are passed.

    `url` is where it came from: addresses may be relative to it.

    Raises:
        DiscoveryError: it is no OPML.
    """
    text = decode(unpack(body, MAX_BYTES)[:MAX_BYTES])
    root = _ROOT.search(text)
    if root is None:
        raise DiscoveryError("not an OPML list", thing=url, todo="Give one that a reader exports")
    found: dict[str, Listed] = {}
    data = mended(text[root.start() :].encode("utf-8", "replace"))
    parser = etree.iterparse(
        io.BytesIO(data), events=("start",), tag="{*}outline", recover=True,
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
    )  # fmt: skip
    for number, (_, outline) in enumerate(parser):
        if number > MAX_MARKS or len(found) == MAX_FEEDS:
            break
        given = {name.lower(): value for name, value in outline.attrib.items()}
        feed = join_url(url, given["xmlurl"]) if given.get("xmlurl") else None
        if feed:
            site = join_url(url, given["htmlurl"]) if given.get("htmlurl") else None
            title = words(given.get("title") or given.get("text"))
            found.setdefault(feed, Listed(feed=feed, site=site, title=title))
    return list(found.values())


def by_site(listed: list[Listed]) -> list[Site]:
    """The feeds grouped by the host of their sites; by their own where no site is named."""
    groups: dict[str, list[Listed]] = {}
    for one in listed:
        groups.setdefault(bare_host(host_of(one.site or one.feed)), []).append(one)
    sites = []
    for host, ones in groups.items():
        named = [one.site for one in ones if one.site]
        sites.append(
            Site(
                host=host,
                homepage=max(named, key=named.count) if named else f"https://{host}/",
                title=ones[0].title if len(ones) == 1 else None,
                feeds=tuple(one.feed for one in ones),
            )
        )
    return sites
