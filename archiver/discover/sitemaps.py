"""Sitemaps (sitemaps.org protocol 0.9) with Google's news extension, and sitemap indexes."""

from __future__ import annotations

import io
from datetime import datetime

from lxml import etree

from archiver.discover.feeds import parse_feed
from archiver.discover.listing import NEVER, About, Collector, Listing, join_url
from archiver.discover.markup import MAX_BYTES, MAX_MARKS, Xml, decode, name_of, unpack
from archiver.errors import DiscoveryError
from archiver.model import SourceKind

_WEB = ("http://", "https://")


def parse_sitemap(
    body: bytes, *, url: str, outlet: str, found_at: datetime, content_type: str | None = None
) -> Listing:
    """The pages of a sitemap, or the sitemaps of an index; newest first, undated ones last.

    Gzipped, XML or plain text (an address a line). A news sitemap's title and publication date
    are the discovery's; lastmod is its `modified`. A feed is read as one: the protocol allows
    feeds for sitemaps. What is broken costs itself and is among the listing's problems.

    Raises:
        DiscoveryError: where the body is no sitemap at all.
    """
    taken = Collector(source_url=url, outlet=outlet, via=SourceKind.SITEMAP, found_at=found_at)
    unpacked = unpack(body, MAX_BYTES)
    if len(unpacked) > MAX_BYTES:
        taken.problem("too-large", f"more than {MAX_BYTES} bytes; the first were read")
    text = decode(unpacked[:MAX_BYTES], content_type)
    if text.lstrip().startswith(_WEB):
        return _read_text(text, taken)
    document = Xml.of(text)
    if document is None:
        raise DiscoveryError(
            "not a sitemap" if text.strip() else "not a sitemap: an empty answer",
            thing=url,
            todo="Look at it in a browser, and correct the sitemap's address in the seed file",
        )
    if document.root in ("urlset", "sitemapindex"):
        return _read_xml(document, taken)
    return parse_feed(body, url=url, outlet=outlet, found_at=found_at, content_type=content_type)


def _read_text(text: str, taken: Collector) -> Listing:
    for line in filter(None, map(str.strip, io.StringIO(text))):
        if not taken.room():
            break
        if line.startswith(_WEB):
            taken.add(line)
        else:
            taken.problem("item-bad-link", line)
    return taken.listing(newest_first=True, about=About(format="text-sitemap"))


def _read_xml(document: Xml, taken: Collector) -> Listing:
    children: dict[str, datetime] = {}
    form = "sitemap-index" if document.root == "sitemapindex" else "sitemap"
    language: str | None = None
    for element in document.elements("url", "sitemap"):
        if not taken.room():
            break
        if name_of(element)[2] == "url":
            texts = _read_page(element, taken)
            if "news:title" in texts or "news:publication_date" in texts:
                form, language = "news-sitemap", language or texts.get("news:language")
        else:
            _read_child(element, taken, children)
    if document.cut:
        taken.problem("too-large", f"more than {MAX_MARKS} tags; the first were read")
    elif document.fault:
        taken.problem(document.fault)
    newest_first = sorted(children, key=children.__getitem__, reverse=True)
    about = About(format=form, language=language)
    return taken.listing(newest_first=True, sitemaps=newest_first, about=about)


def _texts(element: etree._Element) -> dict[str, str]:
    """The texts of an element's children and of its news:news, by local name."""
    texts: dict[str, str] = {}
    for child in element.iterchildren(tag=etree.Element):
        name = name_of(child)[2]
        if name == "news":
            texts.update({f"news:{key}": text for key, text in _texts(child).items()})
        elif name == "publication":  # of news:news: name and language
            texts.update(_texts(child))
        elif child.text and child.text.strip():
            texts.setdefault(name, child.text.strip())
    return texts


def _read_page(element: etree._Element, taken: Collector) -> dict[str, str]:
    texts = _texts(element)
    taken.add(
        texts.get("loc"),
        title=texts.get("news:title"),
        published=texts.get("news:publication_date"),
        modified=texts.get("lastmod"),
    )
    return texts


def _read_child(element: etree._Element, taken: Collector, children: dict[str, datetime]) -> None:
    texts = _texts(element)
    if "loc" not in texts:
        taken.problem("item-no-link")
        return
    link = join_url(taken.source_url, texts["loc"])
    if link is None:
        taken.problem("item-bad-link", texts["loc"])
        return
    children.setdefault(link, taken.date(texts.get("lastmod")) or NEVER)
