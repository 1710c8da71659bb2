"""Whether an article is free to read: what the page says, beside what is to be seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from archiver.extract.document import Document
from archiver.extract.jsonld import as_list
from archiver.extract.phrases import phrases
from archiver.extract.region import Region
from archiver.extract.text import fold, inner_text
from archiver.model import Access

_TIERS = {"free": True, "metered": None, "locked": False, "paid": False, "premium": False}
_WHOLE = 1500  # characters of a body that was not cut off for those who have not paid
_LONGEST = 300  # characters of a line that asks for a subscription
_SIMPLE = re.compile(r"^[a-z0-9]*([.#])([\w-]+)$", re.IGNORECASE)
_HIDDEN = re.compile(r"display:\s*none|visibility:\s*hidden", re.IGNORECASE)
_TAGS = ("div", "p", "span", "a", "h2", "h3", "h4", "strong", "b", "em", "li", "button", "label")
_SHORTEST = 5
_LEVELS = 12


def _flag(value: Any) -> bool | None:
    said = str(value).strip().lower().rsplit("/", 1)[-1]
    return {"true": True, "false": False}.get(said)


def _stated(doc: Document) -> tuple[bool | None, str | None]:
    """What the page says of itself and where."""
    article = doc.graph.article
    value = article.get("isAccessibleForFree")
    if value is None:
        stated = (node.get("isAccessibleForFree") for node in doc.graph.of_type("webpage"))
        value = next((one for one in stated if one is not None), None)
    for source, raw in (
        ("json-ld:isAccessibleForFree", value),
        ("meta:isAccessibleForFree", doc.first("isaccessibleforfree")),
    ):
        if (free := _flag(raw)) is not None:
            return free, f"{source}={str(free).lower()}"
    tier = doc.first("article:content_tier").lower()
    if tier in _TIERS:
        return _TIERS[tier], f"meta:article:content_tier={tier}"
    return None, None


def _parts(doc: Document) -> Iterator[HtmlElement]:
    """The elements that structured data names as those which cost something."""
    for part in as_list(doc.graph.article.get("hasPart")):
        node = doc.graph.resolve(part)
        if not isinstance(node, dict) or _flag(node.get("isAccessibleForFree")) is not False:
            continue
        for selector in as_list(node.get("cssSelector")):
            match = _SIMPLE.match(str(selector).split(",")[0].split(" ")[-1].strip())
            if match:
                attribute = "class" if match.group(1) == "." else "id"
                yield from doc.tree.xpath(
                    f"//*[contains(concat(' ', normalize-space(@{attribute}), ' '), $name)]",
                    name=f" {match.group(2)} ",
                )


def _wall(doc: Document, region: Region) -> str | None:
    """The words with which a visible block asks for a subscription; None where none does."""
    lines = [
        (element, text)
        for element in doc.tree.iter(*_TAGS)
        for text in (element.text, element.tail)
        if text and _SHORTEST < len(text) <= _LONGEST and not text.isspace()
    ]
    page = " ".join(" ".join(text for _, text in lines).split()).casefold()
    asked = sorted(phrase for phrase in phrases("access", "phrases") if phrase in page)
    for element, text in lines if asked else ():
        folded = fold(text)
        found = next((phrase for phrase in asked if phrase in folded), None)
        if found and not _is_hidden(element) and region.owns(element):
            return found
    return None


def _is_hidden(element: HtmlElement) -> bool:
    return any(
        each.get("hidden") is not None
        or each.tag in {"template", "noscript"}
        or _HIDDEN.search(each.get("style") or "")
        for each in (element, *islice(element.iterancestors(), _LEVELS))
    )


def find_access(doc: Document, region: Region, text: str = "") -> Access:
    """Whether the article is free, and the evidence; `free` is None where it is contradictory.

    `text` is the body that was found. A page that says it costs something and yet shows a
    whole body and asks for nothing is not believed, nor one that says it is free and asks for a
    subscription below a stub.
    """
    free, evidence = _stated(doc)
    wall = _wall(doc, region)
    try:
        closed = sum(len(inner_text(part)) for part in _parts(doc))
    except etree.XPathError:
        closed = 0
    seen = [evidence] if evidence else []
    if wall:
        seen.append(f"seen: {wall!r}")
    if closed:
        seen.append(f"seen: {closed} characters in cssSelector")
    whole = max(len(text), closed) >= _WHOLE
    if free is False and whole and not wall:
        free = None
        seen.append(f"seen: {len(text)} characters of text and no wall")
    elif wall and not whole:
        free = None if free else False
    return Access(free=free, evidence="; ".join(seen) or None)
