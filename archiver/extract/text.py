"""Plain text: one clean form to keep, one folded form to compare, and the text of elements."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from lxml.html import HtmlElement

# Controls, lone surrogates and non-characters: no text can hold them, and XML may not.
_JUNK = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff]")
_LETTERS = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]{0,2000}>")
_BREAK = re.compile(r"<(?:br|/p|/div|/h[1-6]|/li|/blockquote)\b[^<>]{0,200}>", re.IGNORECASE)
_FOLD = tuple(
    zip(
        "\u2018\u2019\u201a\u201b“”„‟«»\u2039\u203a\u2013—\u2010\u2011\u2212",
        "''''\"\"\"\"\"\"''-----",
        strict=True,
    )
)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[^\W_]+(?:['\u2019\-][^\W_]+)*")

# Every rule compares the same lines of a page, each its own way; what is longer is no line.
_CACHED_LENGTH = 2000
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
    text = " ".join(value.split())
    if text.isascii() and text.isprintable():
        return text
    if not text.isprintable():
        text = " ".join(_INVISIBLE.sub("", strip_junk(text)).split())
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


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
    if text.isascii():
        return text.lower()
    return _fold(text) if len(text) <= _CACHED_LENGTH else _fold.__wrapped__(text)


@lru_cache(maxsize=2048)
def _fold(text: str) -> str:
    same = unicodedata.normalize("NFKC", text)
    for char, plain in _FOLD:  # str.translate looks every character up: ten times as long
        if char in same:
            same = same.replace(char, plain)
    return " ".join(same.split()).casefold()


def letters(text: str) -> str:
    """Only letters and digits of the folded text: what is left where templates differ."""
    return _letters(text) if len(text) <= _CACHED_LENGTH else _letters.__wrapped__(text)


@lru_cache(maxsize=2048)
def _letters(text: str) -> str:
    return "".join(_LETTERS.findall(fold(text)))


def count_words(text: str) -> tuple[int, int]:
    """Words of scripts with spaces, and characters of Chinese and Japanese."""
    cjk = len(_CJK.findall(text))
    return sum(1 for _ in _WORD.finditer(_CJK.sub(" ", text))), cjk


def _pieces(element: HtmlElement, skip: frozenset[Any]) -> list[str]:
    """Text inside an element in document order; a space where a browser would start a new line."""
    if not isinstance(element.tag, str) or element.tag in _SILENT:
        return []
    found = [element.text or ""]
    above: list[tuple[Iterator[Any], str, str | None]] = []  # what comes behind what was entered
    children = iter(element)
    while True:
        for child in children:
            tag = child.tag
            line = "" if tag in _INLINE else " "
            found.append(line)
            if isinstance(tag, str) and tag not in _SILENT and child not in skip:
                if text := child.text:
                    found.append(text)
                if len(child):
                    above.append((children, line, child.tail))
                    children = iter(child)
                    break
            found.append(line)
            if tail := child.tail:
                found.append(tail)
        else:
            if not above:
                return found
            children, line, behind = above.pop()
            found += (line, behind or "")


def inner_text(element: HtmlElement, *, skip: Iterable[HtmlElement] = ()) -> str:
    """The visible text of an element as one clean line, without the elements in `skip`."""
    if not len(element):  # most elements that are asked for
        return (
            clean(element.text)
            if isinstance(tag := element.tag, str) and tag not in _SILENT
            else ""
        )
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
