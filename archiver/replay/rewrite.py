"""HTML whose references lead to mementos; everything else stays to the letter.

This is about showing what was captured, not about safety: what it misses is stopped by the
policy that every archived answer is sent with (see `policy.py`). But browsers connect to the
host of a frame before they refuse it (Chromium was seen to), and `<link rel=preconnect>` heeds
no policy at all; so these are seen to wherever they stand, see `_rewrite_lawless`.
"""

from __future__ import annotations

import re

from w3lib.encoding import html_to_unicode

from archiver.replay.css import rewrite_css, utf8_or_1252
from archiver.replay.markup import Attribute, Element, encode, read_attributes, start_tags
from archiver.replay.uris import References

_URLS = frozenset(
    ("href", "src", "poster", "background", "action", "formaction", "longdesc", "xlink:href")
)
_SRCSETS = frozenset(("srcset", "imagesrcset"))
# They report clicks to the live web, check bytes that rewriting changes, or are long dead.
_EMPTIED = frozenset(("ping", "attributionsrc", "integrity", "manifest"))
_READ = _URLS | _SRCSETS | _EMPTIED | {"data", "style", "target", "http-equiv", "content"}
_CANDIDATE = re.compile(r"([ \t\n\f\r,]*)([^ \t\n\f\r]+)")
_DESCRIPTORS = re.compile(r"(?:[^,(]|\([^)]*\)?)*+")
# Elements that a browser connects for whatever the policy says.
_LAWLESS = re.compile(
    r"<(?:[\w.\-]{1,100}+:)?+(?=[lif])(link|i?frame)(?=[ \t\n\f\r/>])", re.IGNORECASE
)
_DEPTH = 2  # srcdoc within srcdoc; deeper ones are emptied
_REFRESH = re.compile(
    r"(\s*+[\d.]*+(?:[;,]|\s)\s*+(?:url\s*=\s*+)?[\"']?)([^\"'\s][^\"']*)(.*)",
    re.IGNORECASE | re.DOTALL,
)


def decode_html(body: bytes, content_type: str | None) -> str:
    """The text of a page by byte order mark, HTTP header, meta element or guess. Never fails."""
    return html_to_unicode(content_type, body, auto_detect_fun=utf8_or_1252)[1]


def rewrite_html(text: str, references: References, *, depth: int = 0) -> str:
    """The document with every reference that a browser would follow replaced.

    Args:
        text: the document.
        references: makes memento addresses; takes `<base>` elements into account.
        depth: in how many `srcdoc` attributes this document stands.
    """
    return _rewrite_lawless(_rewrite_markup(text, references), references, depth)


def _rewrite_markup(text: str, references: References) -> str:
    """The document with the references in its start tags and style elements replaced."""
    parts: list[str] = []
    place = 0
    based = False
    for element in start_tags(text, _READ):
        for item in element.attributes:
            new = _value(element, item, references)
            if new is not None and new != item.value:
                quote = text[item.start] if text[item.start : item.start + 1] in ('"', "'") else ""
                parts += text[place : item.start], encode(new, quote)
                place = item.end
        if element.name == "base" and not based and (href := element.get("href")) is not None:
            references.rebase(href)  # only the first one counts, for what comes after it
            based = True
        if element.name == "style" and element.raw_end > element.raw_start:
            style = text[element.raw_start : element.raw_end]
            parts += text[place : element.raw_start], rewrite_css(style, references)
            place = element.raw_end
    parts.append(text[place:])
    return "".join(parts)


def _value(element: Element, item: Attribute, references: References) -> str | None:
    """What an attribute's value becomes; None where it stays."""
    name, value = item.name, item.value
    new: str | None = None
    if name in _URLS or (name == "data" and element.name == "object"):
        new = references(value)
    elif name in _SRCSETS:
        new = rewrite_srcset(value, references)
    elif name == "style":
        new = rewrite_css(value, references)
    elif name in _EMPTIED:
        new = ""
    elif name == "target":
        new = "_self" if value else None  # other windows are closed to a sandboxed page
    elif element.name == "meta":
        new = _meta(element, item, references)
    return new


def _meta(element: Element, item: Attribute, references: References) -> str | None:
    kind = (element.get("http-equiv") or "").strip().lower()
    if item.name == "http-equiv" and kind.startswith("content-security-policy"):
        return f"x-archived-{kind}"  # the page's own policy names hosts of the live web
    if item.name == "content" and kind == "refresh" and (match := _REFRESH.match(item.value)):
        return match[1] + references(match[2].rstrip()) + match[3]
    return None


def rewrite_srcset(value: str, references: References) -> str:
    """An image candidate list (WHATWG HTML section 4.8.4.2.1) with its URLs replaced."""
    parts: list[str] = []
    place = 0
    while match := _CANDIDATE.match(value, place):
        url = match[2].rstrip(",")
        parts += match[1], references(url), match[2][len(url) :]
        place = match.end()
        if match[2] == url and (descriptors := _DESCRIPTORS.match(value, place)):
            parts.append(descriptors[0])
            place = descriptors.end()
    parts.append(value[place:])
    return "".join(parts)


def _rewrite_lawless(text: str, references: References, depth: int) -> str:
    """The document with what heeds no policy replaced, wherever it stands.

    Where a comment or an element's raw text ends depends on the tree that a browser builds,
    which we do not: `<svg><title><link …>` is an element, `<title><link …>` a text. So here
    each is taken for an element, also within comments, scripts and attributes.
    """
    parts: list[str] = []
    place = 0
    budget = 8 * len(text) + 1_000_000  # characters to look at: hostile text nests its tags
    for match in _LAWLESS.finditer(text):
        if match.start() < place:
            continue  # within a value that was replaced, where it stands escaped
        if budget < 0:
            parts += text[place : match.start()], "<not-a-"
            place = match.start() + 1
            continue
        attributes, end = read_attributes(text, match.end())
        budget -= (end or len(text)) - match.end()
        for item in attributes:
            new = _lawless(match[1].lower(), item, references, depth)
            if new is not None and new != item.value:
                quote = text[item.start] if text[item.start] in "\"'" else ""
                parts += text[place : item.start], encode(new, quote)
                place = item.end
    parts.append(text[place:])
    return "".join(parts)


def _lawless(name: str, item: Attribute, references: References, depth: int) -> str | None:
    """What an attribute of such an element becomes; None where it stays."""
    if item.name == "srcdoc":
        inner = References(references.base, references.prefix)
        return rewrite_html(item.value, inner, depth=depth + 1) if depth < _DEPTH else ""
    if item.name != ("href" if name == "link" else "src"):
        return None
    return None if item.value.startswith(references.prefix) else references(item.value)
