"""Plain text: one clean form to keep, one folded form to compare, and the text of elements."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from lxml.html import HtmlElement

# Controls, lone surrogates and non-characters: no text can hold them, and XML may not.
_JUNK = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff]")
_SPACE = re.compile(r"\s+")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]{0,2000}>")
_BREAK = re.compile(r"<(?:br|/p|/div|/h[1-6]|/li|/blockquote)\b[^<>]{0,200}>", re.IGNORECASE)
_FOLD = str.maketrans(
    "\u2018\u2019\u201a\u201b“”„‟«»\u2039\u203a\u2013—\u2010\u2011\u2212", "''''\"\"\"\"\"\"''-----"
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W_]+(?:['\u2019\-][^\W_]+)*")

_SILENT = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "button"})
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "cite", "code", "del", "em", "font", "i", "ins", "mark", "q", "s"}
    | {"small", "span", "strong", "sub", "sup", "time", "u", "wbr", "hi", "ref"}
)


def strip_junk(text: str) -> str:
    """The text without characters that XML 1.0 (section 2.2) or UTF-8 cannot hold."""
    return _JUNK.sub("", text)


def clean(value: object) -> str:
    """A value of the page as one line of text in NFC; "" for anything that is no text."""
    if not isinstance(value, str):
        return ""
    text = _INVISIBLE.sub("", strip_junk(value))
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()


def clean_markup(value: object) -> str:
    """Like `clean`, for structured data that holds entities or tags where text should stand."""
    if not isinstance(value, str):
        return ""
    text = value
    for _ in range(2):  # some publishers escape twice
        if "&" in text:
            text = html.unescape(text)
    return clean(_TAG.sub(" ", text) if "<" in text else text)


def markup_lines(value: object) -> list[str]:
    """The non-empty lines of a text that may hold markup; block elements end a line."""
    if not isinstance(value, str):
        return []
    text = html.unescape(_BREAK.sub("\n", value))
    return [line for raw in re.split(r"[\r\n]+", text) if (line := clean_markup(raw))]


def fold(value: object) -> str:
    """The form in which two texts are compared: case, quotes, dashes and spaces unified."""
    text = clean(value)
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).translate(_FOLD)).strip().casefold()


def count_words(text: str) -> tuple[int, int]:
    """Words of scripts with spaces, and characters of Chinese and Japanese."""
    cjk = len(_CJK.findall(text))
    return sum(1 for _ in _WORD.finditer(_CJK.sub(" ", text))), cjk


def _pieces(element: HtmlElement, skip: frozenset[Any]) -> Iterator[str]:
    """Text in document order; a space wherever a browser would start a new line."""
    stack: list[tuple[HtmlElement, bool]] = [(element, False)]
    while stack:
        node, closing = stack.pop()
        named = isinstance(node.tag, str)
        inline = named and node.tag in _INLINE
        if closing:
            if not inline:
                yield " "
            if node is not element and node.tail:
                yield node.tail
            continue
        stack.append((node, True))
        if not named or node.tag in _SILENT or (node is not element and node in skip):
            continue
        if not inline:
            yield " "
        if node.text:
            yield node.text
        stack.extend((child, False) for child in reversed(node))


def inner_text(element: HtmlElement, *, skip: Iterable[HtmlElement] = ()) -> str:
    """The visible text of an element as one clean line, without the elements in `skip`."""
    return clean("".join(_pieces(element, frozenset(skip))))


def line_text(element: HtmlElement, *, most: int = 20) -> str:
    """Like `inner_text` for an element of a line's size; "" for one with more descendants.

    What looks at every element of a page must use this one, or a deep page takes square time.
    """
    if next(islice(element.iterdescendants(), most, None), None) is not None:
        return ""
    return inner_text(element)


def unique(values: Iterable[str]) -> tuple[str, ...]:
    """The non-empty texts in order, each once; two that fold alike are one."""
    kept: dict[str, str] = {}
    for value in values:
        if key := fold(value):
            kept.setdefault(key, value)
    return tuple(kept.values())
