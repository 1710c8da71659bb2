"""What the attributes of an element say it is: class names and the like as plain words."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise

from lxml.html import HtmlElement

from archiver.extract.phrases import phrases

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
# Names of type styles ("text-caption" is small print), not of what an element holds.
_STYLES = ("text-", "typo-", "typography-", "font-", "Mui")
_CACHED = 8192  # names; few hundred stand in one page, the same ones on all pages of a site


@lru_cache(maxsize=_CACHED)
def _words(name: str) -> tuple[str, ...]:
    return tuple(part.lower() for part in _PARTS.findall(name))


def _is_style(name: str) -> bool:
    return name.startswith(_STYLES) or not {":", "/", "["}.isdisjoint(name)


_LISTS = {
    "captions": "caption", "credits": "credit", "players": "player", "others": "other",
    "pictures": "picture", "texts": "text",
}  # fmt: skip
_PART_LISTS = {"caption_parts": "caption", "credit_parts": "credit", "picture_parts": "picture"}


@cache
def _by_word() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, role in _LISTS.items():
        for word in phrases("mark", name):
            found.setdefault(word, set()).add(role)
    return found


@cache
def _by_part() -> tuple[tuple[str, str], ...]:
    return tuple(
        (part, role) for name, role in _PART_LISTS.items() for part in phrases("mark", name)
    )


@cache
def _other_pairs() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(pair.split()) for pair in phrases("mark", "other_pairs"))


@lru_cache(maxsize=_CACHED)
def _roles(name: str) -> frozenset[str]:
    """What one class name says; see `roles_of`."""
    if _is_style(name):
        return frozenset()
    words, known = _words(name), _by_word()
    found = {role for word in words if word in known for role in known[word]}
    joined = "".join(words)
    for part, role in _by_part():
        if part in joined:
            found.add(role)
    if not _other_pairs().isdisjoint(pairwise(words)):
        found.add("other")
    return frozenset(found - {"picture"} if {"picture", "text"} <= found else found - {"text"})


Key = tuple[str | None, ...]


def _key(element: HtmlElement) -> Key:
    get = element.get
    return (
        get("class"),
        get("itemprop"),
        get("data-testid"),
        get("data-qa"),
        get("data-component"),
    )


def _names(key: Key) -> list[str]:
    return [name for value in key if value for name in value.split()]


@lru_cache(maxsize=_CACHED)
def _roles_of(key: Key) -> frozenset[str]:
    found = {role for name in _names(key) for role in _roles(name)}
    return frozenset(found - {"caption", "text"} if "player" in found else found)


def roles_of(element: HtmlElement) -> frozenset[str]:
    """What the names of an element say it is: caption, credit, picture, text, player, other.

    "picture" is a frame around one, "text" the text of one, said in two words
    (`image-description`). "other" is about something else than the article. What belongs to a
    player is no caption of a picture.
    """
    return _roles_of(_key(element))


@lru_cache(maxsize=_CACHED)
def _has_word(key: Key, table: str, wanted: str, but: str) -> bool:
    lists = phrases(table, wanted), phrases(table, but)
    names = (_words(name) for name in _names(key) if not _is_style(name))
    return any(not lists[0].isdisjoint(words) and lists[1].isdisjoint(words) for words in names)


def has_word(element: HtmlElement, table: str, wanted: str, *, but: str) -> bool:
    """Whether a name of an element has a word of one list and none of another."""
    return _has_word(_key(element), table, wanted, but)


@lru_cache(maxsize=_CACHED)
def _has_words(key: Key, table: str, one: str, other: str) -> bool:
    lists = phrases(table, one), phrases(table, other)
    names = (frozenset(_words(name)) for name in _names(key))
    return any(all(words & wanted for wanted in lists) for words in names)


def has_words(element: HtmlElement, table: str, one: str, other: str) -> bool:
    """Whether a name of an element has a word of each of two lists."""
    return _has_words(_key(element), table, one, other)
