"""Who wrote an article: JSON-LD first, then meta elements, then what looks like a byline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from archiver.extract.document import Document
from archiver.extract.jsonld import Node, as_list, text_of, types_of
from archiver.extract.phrases import alternatives
from archiver.extract.text import clean_markup, fold, inner_text, unique

_META = (
    "author", "article:author", "parsely-author", "sailthru.author", "dc.creator",
    "dcterms.creator", "cxenseparse:author", "byl", "article:author_name",
)  # fmt: skip
_BYLINE = (
    "//*[@rel='author' or @itemprop='author']",
    (
        "//*[contains(concat(' ', normalize-space(@class), ' '), ' byline ')"
        " or contains(@class, 'author-name') or contains(@class, 'author__name')"
        " or contains(@class, 'article-author') or contains(@class, 'article__author')]"
    ),
)
_LONGEST = 60  # characters of a name
_NO_NAME = re.compile(r"https?:|www\.|@|\.(?:html?|php)\b|[{}<>|()]|^\d|^[\W\d]*$", re.IGNORECASE)
_URL = re.compile(r"(?:https?:)?//|www\.", re.IGNORECASE)
_TAIL = re.compile(
    r"\s*(?:\(.*?\)|\[.*?\]|,\s*(?:dpa|afp|ap|reuters|apa|ntb|ansa|efe))\s*$", re.IGNORECASE
)


@cache
def _prefix() -> re.Pattern[str]:
    return re.compile(rf"(?:{alternatives('byline', 'prefixes')})(?:\s*:\s*|\s+)", re.IGNORECASE)


@cache
def _joiner() -> re.Pattern[str]:
    words = alternatives("byline", "joiners")
    return re.compile(rf"\s*[,;/|•·、]\s*|\s+(?:{words})\s+", re.IGNORECASE)


def split_names(text: str) -> Iterator[str]:
    """The names of a byline, one by one, without "By" and the like."""
    bare = clean_markup(text)
    if match := _prefix().match(bare):
        bare = bare[match.end() :]
    if _URL.match(bare):
        return
    for part in _joiner().split(bare):
        name = _TAIL.sub("", part).strip(" .,:;-\u2013—")
        if name and len(name) <= _LONGEST and not _NO_NAME.search(name):
            yield name


def _of_json_ld(doc: Document) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of persons, and of organisations (the publisher's own name among them)."""
    article = doc.graph.article
    publisher = fold(text_of(doc.graph.resolve(article.get("publisher"))))
    site = {publisher, fold(doc.first("og:site_name"))} - {""}
    persons: list[str] = []
    others: list[str] = []
    for value in _values(doc, article):
        node = doc.graph.resolve(value)
        kinds = types_of(node) if isinstance(node, dict) else set()
        raw = node.get("name") if isinstance(node, dict) else node
        for item in as_list(raw):
            text = text_of(item)
            impersonal = fold(text) in site or any("organization" in kind for kind in kinds)
            (others if impersonal else persons).extend(split_names(text))
    return unique(persons), unique(others)


def _values(doc: Document, article: Node) -> Iterator[Any]:
    for key in ("author", "creator"):
        if values := as_list(doc.graph.resolve(article.get(key))):
            yield from values
            return


def _of_meta(doc: Document) -> tuple[str, ...]:
    for name in _META:
        if found := unique(n for value in doc.meta.get(name, ()) for n in split_names(value)):
            return found
    return ()


def _of_byline(doc: Document) -> tuple[str, ...]:
    for path in _BYLINE:
        elements = doc.tree.xpath(path + "[not(ancestor::aside or ancestor::footer)]")
        texts = (inner_text(element) for element in elements[:5])
        if found := unique(n for text in texts if len(text) < 120 for n in split_names(text)):
            return found
    return ()


def find_authors(doc: Document, *, not_names: Iterable[str] = ()) -> tuple[str, ...]:
    """The authors' names in the page's order; `not_names` are texts that are none for sure.

    An organisation is an author only where no person is named.
    """
    wrong = {fold(text) for text in not_names}
    persons, others = _of_json_ld(doc)
    site = {fold(name) for name in others}
    meta = _of_meta(doc)
    people = tuple(name for name in meta if fold(name) not in site)
    for found in (persons, people, _of_byline(doc) if not others or not meta else (), others, meta):
        if names := tuple(name for name in found if fold(name) not in wrong):
            return names
    return ()
