"""Names, clocks and words of the demo's outlet, The Daily Lantern."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

NAME: Final = "The Daily Lantern"
BASE: Final = "http://lantern.example"
WIRE_HOST: Final = "www.farwire.example"  # where the syndicated copy says that it came from
COUNTRY: Final = "ca"

# The moment at which an edition is looked at. Fixed, so that a page never changes by itself.
CLOCK: Final = {
    1: datetime.fromisoformat("2026-03-04T18:00:00-04:00"),
    2: datetime.fromisoformat("2026-03-05T12:00:00-04:00"),
}
BUILT: Final = datetime.fromisoformat("2026-01-05T08:00:00-04:00")  # style, pictures, plain pages

SECTIONS: Final = {
    "world": "World",
    "politics": "Politics",
    "science": "Science",
    "sport": "Sport",
    "culture": "Culture",
    "local": "Local",
    "francais": "Français",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrases:
    """The furniture of an article page in one language."""

    locale: str
    home: str
    by: str
    joint: str
    share: str
    save: str
    read: str
    updated: str
    photo: str
    graphic: str
    about: str
    bio: str
    more: str
    clock: str
    months: list[str]


def language(section: str) -> str:
    """The language that a section is written in, as a code of two letters."""
    return "fr" if section == "francais" else "en"


@cache
def phrases(section: str) -> Phrases:
    """The words around the articles of a section."""
    text = (Path(__file__).parent / "templates" / "phrases.toml").read_text(encoding="utf-8")
    return Phrases(**tomllib.loads(text)[language(section)])


def spoken(when: datetime, words: Phrases) -> str:
    """A time as it is printed: 3 March 2026, 17:20."""
    return f"{when.day} {words.months[when.month - 1]} {when.year}, {when.strftime(words.clock)}"


def slug_of(name: str) -> str:
    """A person's name as part of an address."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
