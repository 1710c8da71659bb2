"""The body of a page that scripts would have filled: JSON state embedded in script elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from archiver.extract.decode import parse_html
from archiver.extract.document import Document
from archiver.extract.jsonld import loads
from archiver.extract.text import fold, markup_lines

_ASSIGNED = re.compile(
    r"(?:^|[;\s])(?:window\.|self\.|globalThis\.|var\s+|let\s+|const\s+|(?=[A-Z]\w*\.))"
    r"(?P<name>[\w$.]{1,60}|\[[\"']\w{1,60}[\"']\])\s*=\s*(?P<value>(?=[{\[])|JSON\.parse\((?=[\"']))",
)
_FLIGHT = re.compile(r"self\.__next_f\.push\(\s*(?=\[)")
_SMALLEST = 300  # characters of a script that can hold an article
_SHORTEST = 40  # characters of a string that counts as prose
_BODY_KEY = re.compile(
    r"(?:^|_)(?:article_?)?(?:body|content|text|paragraphs?|html|components?|blocks?|elements?|value|children|p)\w*$",
    re.IGNORECASE,
)
_NO_PROSE_KEY = re.compile(
    r"css|style|script|url|query|schema|config|consent|legal|terms|cookie|privacy|translation|i18n|messages"
    r"|related|recommend|caption|alt|description|teaser|comments?|seo|promo|newsletter|footer|nav|menu",
    re.IGNORECASE,
)
_CODE = re.compile(r"[{};=]{2}|function\s*\(|^\s*(?:https?://|/|data:)\S*$|^[\w+/=-]{40,}$")
_CAPTION_CLASS = re.compile(
    r"caption|(?:^|[-_\s])(?:ad|ads|advert\w*|related)(?:$|[-_\s])", re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"\W*[A-Z_]*\W*")  # "$$AD$$": where a script puts something
_INSERTED = re.compile(r"\|?\s*\$\$[A-Z_]+\$\$")  # the same inside a text
_MAX_STRINGS = 20_000


def _scripts(doc: Document) -> Iterator[tuple[str, Any]]:
    """Name and JSON value of every script that holds state."""
    flight: list[str] = []
    for script in doc.tree.iter("script"):
        text = script.text or ""
        kind = (script.get("type") or "").lower()
        if "ld+json" in kind:
            continue
        if match := _FLIGHT.match(text.strip()):
            row = loads(text.strip()[match.end() :])
            flight += [part for part in row or [] if isinstance(part, str)]
            continue
        if len(text) < _SMALLEST:
            continue
        if "json" in kind:
            yield script.get("id") or "json", loads(text)
            continue
        for match in _ASSIGNED.finditer(text):
            value = loads(text[match.end() :])
            if isinstance(value, str):
                value = loads(value)
            yield match.group("name").strip("[]\"'"), value
    if flight:
        yield "__next_f", list(_flight_rows("".join(flight)))


def _flight_rows(text: str) -> Iterator[Any]:
    """The values of React's wire format: `id:json` lines and `id:Tlength,text` rows."""
    for row in re.split(r"\n?(?=\b[0-9a-f]{1,4}:)", text):
        _, _, value = row.partition(":")
        if re.match(r"T[0-9a-f]+,", value):
            yield {"body": value.partition(",")[2]}
        elif value[:1] in "[{":
            yield loads(value)


def _is_prose(text: str) -> bool:
    return len(text) >= _SHORTEST and " " in text.strip() and not _CODE.search(text[:500])


def _strings(value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every prose string with the keys that lead to it, in document order."""
    stack: list[tuple[tuple[str, ...], Any]] = [((), value)]
    count = 0
    while stack and count < _MAX_STRINGS:
        path, item = stack.pop()
        count += 1
        if isinstance(item, dict):
            stack.extend(((*path[-8:], str(key)), item[key]) for key in reversed(list(item)))
        elif isinstance(item, list):
            stack.extend((path, one) for one in reversed(item))
        elif isinstance(item, str) and _is_prose(item):
            yield path, item


def _lines(text: str) -> list[str]:
    """The lines of a string of state; of markup without captions and embedded things."""
    text = _INSERTED.sub("\n", text)
    tree = parse_html(text) if "<" in text else None
    if tree is None:
        return markup_lines(text)
    for element in list(tree.iter("figure", "figcaption", "script", "style", "div", "aside")):
        unwanted = element.tag != "div" or _CAPTION_CLASS.search(element.get("class") or "")
        if unwanted and element.getparent() is not None:
            element.drop_tree()
    whole = etree.tostring(tree, encoding="unicode", method="html")
    return [line for line in markup_lines(whole) if not _PLACEHOLDER.fullmatch(line)]


def _best_of(value: Any) -> list[str]:
    """The lines of the one path of keys that holds the most prose under a body's name."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for path, text in _strings(value):
        if path and _BODY_KEY.search(path[-1]) and not _NO_PROSE_KEY.search(" ".join(path[-3:])):
            groups.setdefault(path, []).extend(_lines(text))
    unique = (list(dict.fromkeys(lines)) for lines in groups.values())
    return max(unique, key=lambda lines: sum(map(len, lines)), default=[])


def state_body(doc: Document) -> tuple[str, list[str]]:
    """The method ("state:" and the script's name) and the lines of the longest body in state."""
    best: tuple[str, list[str]] = ("state", [])
    for name, value in _scripts(doc):
        lines = _best_of(value)
        if sum(map(len, lines)) > sum(map(len, best[1])):
            best = (f"state:{fold(name)}", lines)
    return best
