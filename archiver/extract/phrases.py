"""The words of this folder's .toml tables, read once and made ready to match."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from archiver.extract.text import fold


@cache
def _data() -> dict[str, dict[str, list[str]]]:
    folder = files("archiver.extract").iterdir()
    return merged(f.read_text(encoding="utf-8") for f in folder if f.name.endswith(".toml"))


def merged(texts: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """The tables of several TOML texts together.

    Raises:
        ValueError: two of them have a table of the same name; one would hide the other.
    """
    tables: dict[str, dict[str, list[str]]] = {}
    for text in texts:
        found = tomllib.loads(text)
        if twice := sorted(tables.keys() & found.keys()):
            raise ValueError(f"tables {twice} stand in two .toml files: join them in one")
        tables |= found
    return tables


def table(section: str) -> dict[str, list[str]]:
    """All lists of a table by their names, as they stand there."""
    return _data()[section]


@cache
def phrases(section: str, name: str) -> frozenset[str]:
    """A list of phrases, each folded."""
    return frozenset(fold(phrase) for phrase in _data()[section][name])


@cache
def alternatives(section: str, name: str) -> str:
    """The folded phrases as the inside of a regular expression group, longest first."""
    found = sorted(phrases(section, name), key=lambda phrase: (-len(phrase), phrase))
    return "|".join(re.escape(phrase) for phrase in found)


@cache
def pattern(section: str, name: str = "patterns") -> re.Pattern[str]:
    """One regular expression that is any of a list's, without regard to case."""
    joined = "|".join(f"(?:{one})" for one in _data()[section][name])
    return re.compile(joined, re.IGNORECASE)
