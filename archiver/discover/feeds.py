"""Feeds: RSS 0.9 to 2.0, RDF, Atom and JSON Feed.

Read with lxml item by item, so that a bad item costs itself: docs/decisions/ says why feedparser
is not used here.
"""

from __future__ import annotations

import html
import json
import re
from datetime import datetime
from typing import Any

from lxml import etree

from archiver.discover.listing import About, Collector, Listing, join_url, words
from archiver.discover.markup import (
    MAX_BYTES,
    MAX_MARKS,
    Xml,
    decode,
    name_of,
    text_of,
    unpack,
)
from archiver.errors import DiscoveryError
from archiver.model import SourceKind

_ATOM = "http://www.w3.org/2005/Atom"
_ATOM_03 = "http://purl.org/atom/ns#"
_RSS_090 = re.compile(r"netscape\.com/rdf/simple/0\.9")
_DC = "http://purl.org/dc/elements/1.1/"
_DCTERMS = "http://purl.org/dc/terms/"
_FEEDBURNER = "http://rssnamespace.org/feedburner/ext/1.0"
_PREFIXES = {"atom": _ATOM, "dc": _DC, "dcterms": _DCTERMS, "feedburner": _FEEDBURNER}
_RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_WEB = ("http://", "https://")
_PUBLISHED = ("pubdate", "published", "issued", "date", "created")
_MODIFIED = ("updated", "modified")

_MAX_HUBS = 10
_MAX_TEXT = 20_000  # characters of a title that are looked at
_MAX_JSON = 8 * 1024 * 1024  # characters: half of a JSON document is no document
_WAY_OUT = "Look at it in a browser, and correct the feed's address in the seed file"

Fields = dict[str, list[etree._Element]]


def parse_feed(
    body: bytes, *, url: str, outlet: str, found_at: datetime, content_type: str | None = None
) -> Listing:
    """The items of a feed, in the feed's order.

    `url` is the feed's address after redirects: relative links are resolved against it, or
    against xml:base. A permanent guid serves as link where there is none. What is broken costs
    itself and is among the listing's problems. A date without a zone is taken as UTC.

    Raises:
        DiscoveryError: where the body is no feed at all.
    """
    taken = Collector(source_url=url, outlet=outlet, via=SourceKind.FEED, found_at=found_at)
    unpacked = unpack(body, MAX_BYTES)
    if len(unpacked) > MAX_BYTES:
        taken.problem("too-large", f"more than {MAX_BYTES} bytes; the first were read")
    text = decode(unpacked[:MAX_BYTES], content_type)
    if text.lstrip()[:1] == "{":
        next_page, about = _read_json(text, taken)
    else:
        document = Xml.of(text)
        if document is None or document.root in ("urlset", "sitemapindex"):
            what = "not a feed" if text.strip() else "not a feed: an empty answer"
            raise DiscoveryError(what, thing=url, todo=_WAY_OUT)
        next_page, about = _read_xml(document, taken)
    return taken.listing(next_page=next_page, about=about)


def _read_xml(document: Xml, taken: Collector) -> tuple[str | None, About]:
    """Take the items; the next page of a paged feed (RFC 5005 section 3), and what it says."""
    based = b"xml:base" in document.data
    for item in document.elements("item", "entry"):
        if not taken.room():
            break
        _read_item(item, taken, based=based)
    if document.cut:
        taken.problem("too-large", f"more than {MAX_MARKS} tags; the first were read")
    elif document.fault:
        taken.problem(document.fault)
    if document.tree is None:
        return None, About()
    return _about_xml(document.tree, taken.source_url)


def _about_xml(root: etree._Element, url: str) -> tuple[str | None, About]:
    """The next page, and what the feed's own elements say; its items were emptied."""
    channels = root.iterchildren("{*}channel", "{*}Channel")
    head = next(channels, root)
    fields = _fields(head)
    links: dict[str, list[str]] = {}
    for link in fields.get("link", ()):
        joined = join_url(url, link.get("href") or "") if link.get("href") else None
        for rel in (link.get("rel") or "alternate").lower().split() if joined else ():
            links.setdefault(rel, []).append(str(joined))
    own = next((link.text for link in fields.get("link", ()) if (link.text or "").strip()), None)
    alternate = own or next(iter(links.get("alternate", ())), None)
    return next(iter(links.get("next", ())), None), About(
        format=_format(root, head),
        title=words(_title(fields)),
        language=words(_text(fields, "language") or root.get(_XML_LANG)),
        site=join_url(url, alternate) if alternate else None,
        hubs=tuple(dict.fromkeys(links.get("hub", ()))),
        topic=next(iter(links.get("self", ())), None),
    )


def _format(root: etree._Element, head: etree._Element) -> str:
    """Which of the forms of RSS and Atom a feed has, by its root, namespace and version."""
    namespace, _, local = name_of(root)
    if local.lower() == "rdf":
        return "rss-0.90" if _RSS_090.search(name_of(head)[0]) else "rss-1.0"
    if local.lower() == "feed":
        return "atom-0.3" if namespace == _ATOM_03 else "atom-1.0"
    version = words(root.get("version")) or "unversioned"
    return f"rss-{version[:10]}"


def _fields(item: etree._Element) -> Fields:
    """An item's children by local name in lower case, of the vocabularies that are read."""
    own = name_of(item)[0]
    fields: Fields = {}
    for child in item.iterchildren(tag=etree.Element):
        namespace, prefix, local = name_of(child)
        if prefix:
            namespace = _PREFIXES.get(prefix, prefix)
        if namespace in (own, *_PREFIXES.values()):
            fields.setdefault(local.lower(), []).append(child)
    return fields


def _text(fields: Fields, *names: str) -> str | None:
    """The first text among the fields of these names."""
    for name in names:
        for element in fields.get(name, ()):
            text = text_of(element)[:_MAX_TEXT].strip()
            if text:
                return text
    return None


def _title(fields: Fields) -> str | None:
    """The title as plain text: it may hold HTML, escaped once more than XML asks for."""
    title = _text(fields, "title")
    return html.unescape(_TAG.sub("", title)) if title else None


def _link(item: etree._Element, fields: Fields) -> str | None:
    """The item's address: what it says that its link is, else a guid that is an address."""
    links = fields.get("link", ())
    original = _text(fields, "origlink")  # FeedBurner's redirects die; this is where they led
    if original:
        return original
    for link in links:
        if link.text and link.text.strip():
            return link.text
    alternates = [
        link for link in links if link.get("href") and link.get("rel", "alternate") == "alternate"
    ]
    alternates.sort(key=lambda link: link.get("type", "text/html") != "text/html")
    if alternates:
        return alternates[0].get("href")
    about = item.get(_RDF_ABOUT)
    if about:
        return about
    for guid in (*fields.get("guid", ()), *fields.get("id", ())):
        text = (guid.text or "").strip()
        if guid.get("isPermaLink") != "false" and text.startswith(_WEB):
            return text
    return None


def _base(element: etree._Element, url: str) -> str:
    """The base of an element's links (XML Base): the feed's URL and every xml:base above."""
    bases = [element.get(_XML_BASE), *(above.get(_XML_BASE) for above in element.iterancestors())]
    for base in reversed(bases):
        url = (base and join_url(url, base)) or url
    return url


def _read_item(item: etree._Element, taken: Collector, *, based: bool) -> None:
    fields = _fields(item)
    taken.add(
        _link(item, fields),
        base=_base(fields["link"][0] if "link" in fields else item, taken.source_url)
        if based
        else None,
        guid=_text(fields, "guid", "id") or item.get(_RDF_ABOUT),
        title=_title(fields),
        published=_text(fields, *_PUBLISHED),
        modified=_text(fields, *_MODIFIED),
    )


def _value(item: dict[str, Any], *names: str) -> str | None:
    """The first text or number of these names: ids are numbers in some feeds."""
    for name in names:
        value = item.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            return value
    return None


def _read_json(text: str, taken: Collector) -> tuple[str | None, About]:
    """JSON Feed 1.0 and 1.1 (jsonfeed.org); `next_url`, if there is one, and what it says."""
    if len(text) > _MAX_JSON:
        raise DiscoveryError(
            f"a JSON feed of more than {_MAX_JSON} characters", thing=taken.source_url
        )
    try:
        feed = json.loads(text, strict=False)
    except (ValueError, RecursionError) as error:
        raise DiscoveryError(
            f"not a feed: broken JSON ({error})", thing=taken.source_url, todo=_WAY_OUT
        ) from error
    items = feed.get("items")
    if not isinstance(items, list):
        raise DiscoveryError(
            "not a feed: JSON without items", thing=taken.source_url, todo=_WAY_OUT
        )
    for item in items:
        if not taken.room():
            break
        fields = item if isinstance(item, dict) else {}
        taken.add(
            _value(fields, "url", "external_url"),
            guid=_value(fields, "id"),
            title=_value(fields, "title"),
            published=_value(fields, "date_published"),
            modified=_value(fields, "date_modified"),
        )
    found = feed.get("hubs")
    hubs = (
        [_value(hub, "url") for hub in found if isinstance(hub, dict)]
        if isinstance(found, list)
        else []
    )
    addresses = [join_url(taken.source_url, hub) for hub in hubs[:_MAX_HUBS] if hub]
    version = (_value(feed, "version") or "").rstrip("/").rpartition("/")[2]
    return _joined(taken, feed, "next_url"), About(
        format=f"json-feed-{version[:10]}" if version else "json-feed",
        title=words(_value(feed, "title")),
        language=words(_value(feed, "language")),
        site=_joined(taken, feed, "home_page_url"),
        hubs=tuple(dict.fromkeys(hub for hub in addresses if hub)),
        topic=_joined(taken, feed, "feed_url"),
    )


def _joined(taken: Collector, feed: dict[str, Any], name: str) -> str | None:
    value = _value(feed, name)
    return join_url(taken.source_url, value) if value else None
