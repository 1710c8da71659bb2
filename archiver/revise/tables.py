"""The words of this folder's .toml tables, read once."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from archiver.extract.text import fold


@cache
def table(name: str) -> dict[str, dict[str, list[str]]]:
    """A file's tables, as they stand there; `name` is without its ending."""
    text = (files("archiver.revise") / f"{name}.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)
    return found


@cache
def folded(name: str, section: str) -> frozenset[str]:
    """The words of a section, folded."""
    return frozenset(fold(word) for word in table(name)[section]["words"])


@cache
def alternatives(name: str, section: str) -> str:
    """The words of a section as the inside of a group, longest first; each of them whole."""
    ordered = sorted(folded(name, section), key=lambda word: (-len(word), word))
    return "|".join(bounded(word) for word in ordered)


def bounded(word: str) -> str:
    """The word as an expression: not within a longer one, where its script has spaces."""
    begin = r"(?<![^\W\d_])" if word[:1] < "\u0e00" and word[:1].isalpha() else ""
    end = r"(?![^\W\d_])" if word[-1:] < "\u0e00" and word[-1:].isalpha() else ""
    return f"{begin}{re.escape(word)}{end}"
