"""What an outlet says of itself: its name, language, country, time zone, and an id made of them."""

from __future__ import annotations

import re
import zoneinfo
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from lxml import etree

from archiver.discover.candidates import bare_host
from archiver.discover.listing import words
from archiver.urls import host_of

_LANGUAGE = re.compile(r"([a-zA-Z]{2,3})(?:[-_](?:[A-Za-z]{4}[-_])?([A-Za-z]{2})(?![A-Za-z]))?")
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "go", "gov", "gob", "gouv", "ne", "net", "or",
                           "org"})  # fmt: skip
_IN_FRONT = frozenset({"www", "feed", "feeds", "rss", "m", "amp"})
# Countries' endings that are mostly sold to others.
_ANYWHERE = frozenset({"AI", "CC", "CO", "EU", "FM", "GG", "IO", "LA", "LY", "ME", "SH", "TO", "TV",
                       "WS"})  # fmt: skip
_PARTED = re.compile(r"\s+[|\u2013\u2014\u00b7\u2022:\u00bb-]+\s+|\s*[|\u00bb]\s*|:\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Masthead:
    """A proposal: the person who adds an outlet knows better."""

    id: str
    name: str
    language: str | None
    country: str | None
    timezone: str | None


def masthead(
    tree: etree._Element | None, *, homepage: str, languages: Iterable[str | None] = ()
) -> Masthead:
    """What a homepage tells; `languages` are those that its feeds and sitemaps name."""
    said = _metadata(tree) if tree is not None else {}
    language, region = _language(said.get("html-lang"))
    in_locale = _language(said.get("og:locale"))
    if language is None:
        named = Counter(_language(text)[0] for text in languages)
        del named[None]
        language = in_locale[0] or next((name for name, _ in named.most_common(1)), None)
    country = _country_of(homepage) or region or in_locale[1]
    country = country if country in _zones() else None
    zones = _zones().get(country or "", ())
    return Masthead(
        id=id_of(homepage),
        name=said.get("og:site_name") or said.get("application-name") or _name(said, homepage),
        language=language,
        country=country,
        timezone=zones[0] if len(zones) == 1 else None,
    )


def id_of(homepage: str) -> str:
    """An id made of a host: `https://news.sky.com/` gives sky-news."""
    host = bare_host(host_of(homepage))
    if ":" in host or re.fullmatch(r"[\d.]+", host):
        return re.sub(r"[^a-z0-9]+", "-", host).strip("-")
    labels = host.split(".")
    if len(labels) > 1:
        del labels[-1]
    if len(labels) > 1 and labels[-1] in _SECOND_LEVEL:
        del labels[-1]
    while len(labels) > 1 and labels[0] in _IN_FRONT:
        del labels[0]
    text = re.sub(r"[^a-z0-9]+", "-", "-".join(reversed(labels)).lower())
    return text.strip("-")[:64].strip("-") or "outlet"


def _metadata(tree: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").lower()
        value = words(meta.get("content"))
        if name in ("og:site_name", "og:locale", "application-name") and value:
            found.setdefault(name, value[:100])
    title = tree.find(".//title")
    if title is not None and (text := words("".join(map(str, title.itertext())))):
        found["title"] = text
    if (lang := words(tree.get("lang") or tree.get("xml:lang"))) is not None:
        found["html-lang"] = lang
    return found


def _name(said: dict[str, str], homepage: str) -> str:
    """The part of the title that has most of the host's letters; else the host."""
    host = bare_host(host_of(homepage))
    parts = [part.strip() for part in _PARTED.split(said.get("title", "")) if part.strip()]
    letters = re.sub(r"[^a-z0-9]", "", host)

    def likeness(part: str) -> int:
        return sum(len(word) for word in re.findall(r"\w+", part.lower()) if word in letters)

    best = max(parts, key=lambda part: (likeness(part), -len(part)), default=host)
    return best[:100]


def _language(text: str | None) -> tuple[str | None, str | None]:
    """Language and region of a BCP 47 tag or a locale."""
    match = _LANGUAGE.match(text or "")
    if match is None:
        return None, None
    return match[1].lower(), match[2].upper() if match[2] else None


def _country_of(homepage: str) -> str | None:
    ending = host_of(homepage).rpartition(".")[2].upper()
    if len(ending) != 2 or ending in _ANYWHERE:
        return None
    return {"UK": "GB"}.get(ending, ending)


@cache
def _zones() -> dict[str, tuple[str, ...]]:
    """The time zones of each country (ISO 3166-1 alpha-2), by the time zone database's table."""
    zones: dict[str, tuple[str, ...]] = {}
    for line in _zone_table().splitlines():
        cells = line.split("\t")
        if len(cells) >= 3 and not line.startswith("#"):
            zones[cells[0]] = (*zones.get(cells[0], ()), cells[2])
    return zones


def _zone_table() -> str:
    for folder in zoneinfo.TZPATH:
        path = Path(folder) / "zone.tab"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    try:
        return (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError):
        return ""
