"""Links that say something of the article: where a copy came from, what else to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from urllib.parse import urlsplit

from courlan import extract_domain
from lxml.html import HtmlElement

from archiver.extract.document import Document
from archiver.extract.jsonld import as_list, url_of
from archiver.extract.phrases import phrases
from archiver.extract.text import inner_text
from archiver.model import Links

_RELATED = re.compile(
    r"(?:^|[-_\s])(?:related|read-?(?:more|also|next)|more-on|see-also|recommended|you-may(?:-also)?-like"
    r"|further-reading|lire-aussi|mehr-zum-thema|auch-interessant)",
    re.IGNORECASE,
)
_MOST_RELATED = 50
_FEW = 8  # pieces of text of a label
_LONGEST_LABEL = 50  # characters


def site_of(url: str) -> str | None:
    """The registered domain of a URL, as the public suffix list has it; None for none."""
    return extract_domain(url, fast=True) or urlsplit(url).hostname


def find_canonical(doc: Document) -> str | None:
    """The URL by which the page wants to be known, in canonical form; its own where none."""
    for element in doc.tree.iter("link"):
        if "canonical" in (element.get("rel") or "").lower().split():
            found = doc.canonical(element.get("href"))
            if found:
                return found
    return doc.canonical(doc.first("og:url") or doc.url) or doc.canonical(doc.url)


def _elsewhere(doc: Document, url: str | None) -> bool:
    return bool(url) and site_of(str(url)) != site_of(doc.url)


def find_original(doc: Document, canonical: str | None) -> str | None:
    """Where a syndicated copy came from: a "Source link", else a canonical URL of another site."""
    labels = phrases("source", "links")
    for anchor in doc.tree.iter("a"):
        pieces = islice(anchor.itertext(), _FEW) if len(anchor) else (anchor.text or "",)
        text = " ".join("".join(pieces).split())
        if len(text) > _LONGEST_LABEL:
            continue
        if text.replace("\u2019", "'").casefold().rstrip(" :.»\u203a→") in labels:
            target = doc.absolute(anchor.get("href"))
            if _elsewhere(doc, target):
                return target
    for key in ("isBasedOn", "isBasedOnUrl"):
        for value in as_list(doc.graph.article.get(key)):
            target = doc.absolute(url_of(value))
            if _elsewhere(doc, target):
                return target
    stated = doc.absolute(doc.first("original-source", "syndication-source"))
    return next((url for url in (stated, canonical) if _elsewhere(doc, url)), None)


@lru_cache(maxsize=8192)
def _is_related(name: str, own_id: str) -> bool:
    return bool(_RELATED.search(f"{name} {own_id}"))


def _related(doc: Document) -> Iterator[HtmlElement]:
    for element in doc.tree.iter("div", "section", "aside", "ul", "p", "nav"):
        if _is_related(element.get("class") or "", element.get("id") or ""):
            yield from element.iter("a")


def find_links(doc: Document, canonical: str | None, in_text: frozenset[str]) -> Links:
    """The original, and related articles: of marked containers and of `in_text` (absolute URLs)."""
    own = {doc.canonical(doc.url), canonical}
    targets = [doc.canonical(a.get("href")) for a in _related(doc) if len(inner_text(a)) > 15]
    found = dict.fromkeys([*sorted(in_text), *(t for t in targets if t)])
    related = [url for url in found if url not in own and urlsplit(url).path.strip("/")]
    return Links(original=find_original(doc, canonical), related=tuple(related[:_MOST_RELATED]))
