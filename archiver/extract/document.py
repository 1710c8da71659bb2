"""A page read once: its tree, its meta elements, its JSON-LD. What every rule works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from lxml.html import HtmlElement

from archiver.extract.decode import decode_html, parse_html
from archiver.extract.jsonld import Graph, read_graph
from archiver.extract.text import clean
from archiver.urls import canonical_url


@dataclass(frozen=True, kw_only=True)
class Document:
    """A parsed page. Rules read it and never change its tree.

    `elements`: all of the tree in document order; while they are held, lxml need not make them
    anew for every rule that walks the tree. `meta`: contents of meta elements by lower-case
    property, name or itemprop.
    """

    url: str
    base: str
    tree: HtmlElement
    meta: Mapping[str, tuple[str, ...]]
    graph: Graph
    elements: tuple[HtmlElement, ...] = field(repr=False)

    def first(self, *names: str) -> str:
        """The first meta content under the first of these names that has one; "" for none."""
        return next((values[0] for name in names if (values := self.meta.get(name))), "")

    def absolute(self, link: str | None) -> str | None:
        """A link of the page as an absolute http or https URL; None where it is none."""
        text = clean(link)
        try:
            whole = urljoin(self.base, text) if text else ""
        except ValueError:
            return None
        return whole if whole.lower().startswith(("http://", "https://")) else None

    def canonical(self, link: str | None) -> str | None:
        """A link of the page in canonical form; None where it is no usable URL."""
        whole = self.absolute(link)
        try:
            return canonical_url(whole) if whole else None
        except ValueError:
            return None


def _meta(tree: HtmlElement) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        content = clean(element.get("content"))
        if content:
            for key in {element.get(k) for k in ("property", "name", "itemprop")} - {None}:
                found.setdefault(str(key).strip().lower(), []).append(content)
    return {key: tuple(values) for key, values in found.items()}


def _base(tree: HtmlElement, url: str) -> str:
    for element in tree.iter("base"):
        try:
            return urljoin(url, clean(element.get("href"))) or url
        except ValueError:
            return url
    return url


def read_document(body: bytes, *, url: str, content_type: str | None = None) -> Document | None:
    """The page as a Document; None where the bytes hold no element at all."""
    tree = parse_html(decode_html(body, content_type))
    if tree is None:
        return None
    elements = tuple(tree.iter())  # held from here on: every walk below is cheaper
    meta = _meta(tree)
    headline = next(iter(meta.get("og:title", ())), "")
    return Document(
        url=url,
        base=_base(tree, url),
        tree=tree,
        elements=elements,
        meta=meta,
        graph=read_graph(tree, url=url, headline=headline),
    )
