"""JSON-LD of a page (schema.org), read as tolerantly as publishers write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml.html import HtmlElement

from archiver.extract.text import clean_markup, fold, strip_junk

Node = dict[str, Any]

_MAX_NODES = 20_000  # a page that holds more is an attack or a whole catalogue
_WRAP = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*$")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_ARTICLE = re.compile(r"(?:article|posting|report|review|opinion\w*|analysis\w*)$")
_NO_ARTICLE = frozenset({"jobposting", "discussionforumposting", "review", "claimreview"})
_HOLDERS = ("@graph", "mainEntity", "mainEntityOfPage", "liveBlogPosting")


def types_of(node: Node) -> set[str]:
    """The node's types in lower case, without vocabulary prefix."""
    raw = node.get("@type")
    values = raw if isinstance(raw, list) else [raw]
    return {re.split(r"[/#:]", v)[-1].strip().lower() for v in values if isinstance(v, str)}


def loads(text: str) -> Any:
    """A JSON value out of a script's text; None where it cannot be read.

    Forgiven are comment and CDATA wrappers, raw control characters, trailing commas, a closing
    semicolon and anything after the first value.
    """
    body = _WRAP.sub("", strip_junk(text)).strip()
    for form in (str, _without_trailing_commas):
        try:
            return json.JSONDecoder(strict=False).raw_decode(form(body))[0]
        except (ValueError, RecursionError):
            continue
    return None


def _without_trailing_commas(text: str) -> str:
    return _TRAILING_COMMA.sub(r"\1", text)


def nodes(value: Any, limit: int = _MAX_NODES) -> Iterator[Node]:
    """Every object inside a JSON value, outer before inner, in document order."""
    stack = [value]
    seen = 0
    while stack and seen < limit:
        item = stack.pop()
        if isinstance(item, dict):
            seen += 1
            yield item
            stack.extend(reversed(item.values()))
        elif isinstance(item, list):
            stack.extend(reversed(item))


def as_list(value: Any) -> list[Any]:
    """A value that schema.org lets stand alone or in a list, as a list; None as none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def text_of(value: Any) -> str:
    """A property's text: the value itself, the first of a list, or an object's name."""
    for item in as_list(value):
        if isinstance(item, dict):
            item = item.get("name") or item.get("@value") or item.get("headline")
        if text := clean_markup(item):
            return text
    return ""


def url_of(value: Any) -> str:
    """A property's URL: the value itself or an object's url, contentUrl or @id."""
    for item in as_list(value):
        if isinstance(item, dict):
            item = next(
                (item[k] for k in ("url", "contentUrl", "@id") if isinstance(item.get(k), str)), ""
            )
        if isinstance(item, str) and item.strip():
            return item.strip()
    return ""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All JSON-LD of one page. `article` is the node of the page's own article, {} for none."""

    roots: tuple[Any, ...] = ()
    all: tuple[Node, ...] = ()
    by_id: dict[str, Node] = field(default_factory=dict)
    article: Node = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """The node that a bare {"@id": …} points at, else the value itself."""
        if isinstance(value, dict) and "@id" in value and len(value) <= 2:
            return self.by_id.get(str(value["@id"]), value)
        return value

    def of_type(self, *names: str) -> list[Node]:
        """The nodes of any of these types (lower case), in document order."""
        wanted = set(names)
        return [node for node in self.all if types_of(node) & wanted]


def is_article(node: Node) -> bool:
    """Whether a node is an article by its type (NewsArticle, BlogPosting and their like)."""
    names = types_of(node) - _NO_ARTICLE
    return any(_ARTICLE.search(name) for name in names)


def _tops(roots: list[Any]) -> Iterator[Node]:
    """Nodes that speak for the page, not for something that it links to or contains."""
    stack = list(reversed(roots))
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            yield item
            stack.extend(item[key] for key in reversed(_HOLDERS) if key in item)


def _main(roots: list[Any], url: str, headline: str) -> Node:
    """The page's own article: named by its URL or headline, else the richest, else the first."""
    wanted_url, wanted_headline = url.partition("#")[0].rstrip("/"), fold(headline)

    def rank(node: Node) -> tuple[bool, bool, bool, int]:
        urls = {url_of(node.get(key)).partition("#")[0].rstrip("/") for key in _URL_KEYS}
        same = bool(wanted_headline) and fold(text_of(node.get("headline"))) == wanted_headline
        live = "liveblogposting" in types_of(node)
        return wanted_url in urls, same, live, sum(key in node for key in _RICH_KEYS)

    found = [node for node in _tops(roots) if is_article(node)]
    return max(found, key=rank, default={})


_URL_KEYS = ("url", "@id", "mainEntityOfPage")
_RICH_KEYS = ("headline", "datePublished", "author", "image", "articleBody", "description")


def read_graph(tree: HtmlElement, *, url: str, headline: str = "") -> Graph:
    """The JSON-LD of a page; scripts that cannot be read are passed over."""
    roots = [
        value
        for script in tree.iter("script")
        if "ld+json" in (script.get("type") or "").lower()
        and (value := loads(script.text or "")) is not None
    ]
    every = tuple(nodes(roots))
    by_id: dict[str, Node] = {}
    for node in every:
        name = node.get("@id")
        if isinstance(name, str) and len(node) > len(by_id.get(name, {})):
            by_id[name] = node
    return Graph(roots=tuple(roots), all=every, by_id=by_id, article=_main(roots, url, headline))
