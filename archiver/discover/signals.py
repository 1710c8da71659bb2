"""What a page and its head say about being kept, indexed and mined.

noarchive and noindex: the robots meta element and X-Robots-Tag, for all or for our product name.
TDM reservation: the TDM Reservation Protocol of the W3C's community group (header, meta element,
/.well-known/tdmrep.json).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

HEAD = 256 * 1024  # bytes of a page in which meta elements are looked for
_BEGIN = re.compile(rb"<meta(?=[\s/])", re.IGNORECASE)
_REST = re.compile(rb"(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+>")
_ATTRIBUTE = re.compile(
    rb"([a-z-]+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))", re.IGNORECASE
)
_MAX_META = 4096  # bytes of one element
_MAX_METAS = 500  # of one page: what is behind them is no head
_MAX_ENTRIES = 10_000  # of a tdmrep.json
# Directives with a value: what stands before their colon is no crawler's name.
_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_RECORDED = frozenset({"noarchive", "noindex"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """One thing that was said: `source` is X-Robots-Tag, meta, header or tdmrep.json."""

    name: str  # noarchive, noindex, tdm-reservation, tdm-policy
    value: str
    source: str


def page_signals(
    headers: Iterable[tuple[bytes, bytes]], body: bytes, *, product: str
) -> tuple[Signal, ...]:
    """What the head of an answer and the start of its decoded body say; each name once.

    `product`: our name as crawlers are called by, such as "news-archiver". Of a TDM reservation
    the meta element counts before the header. Cost grows with the head, or with the first 256 KiB
    where no end of it is found there.
    """
    found: dict[str, Signal] = {}
    end = body.find(b"</head>", 0, HEAD)
    for name, value in _metas(body[: end if end >= 0 else HEAD]):
        if name in ("robots", product.lower()):
            for directive in _directives(value):
                found.setdefault(directive, Signal(name=directive, value="1", source="meta"))
        elif name in ("tdm-reservation", "tdm-policy"):
            found.setdefault(name, Signal(name=name, value=value.strip()[:2000], source="meta"))
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "x-robots-tag":
            for directive in _directives(_for_us(value, product)):
                found.setdefault(
                    directive, Signal(name=directive, value="1", source="X-Robots-Tag")
                )
        elif name in ("tdm-reservation", "tdm-policy"):
            found.setdefault(name, Signal(name=name, value=value.strip()[:2000], source="header"))
    return tuple(found.values())


def file_signals(text: str, url: str) -> tuple[Signal, ...]:
    """What a /.well-known/tdmrep.json says of a URL, by the longest location that fits.

    Nothing where it is no such file.
    """
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    best: tuple[int, dict[str, object]] = (-1, {})
    for entry in entries[:_MAX_ENTRIES] if isinstance(entries, list) else ():
        location = entry.get("location") if isinstance(entry, dict) else None
        if isinstance(location, str) and len(location) > best[0] and _fits(location, path):
            best = (len(location), entry)
    return tuple(
        Signal(name=name, value=str(value)[:2000], source="tdmrep.json")
        for name in ("tdm-reservation", "tdm-policy")
        if isinstance(value := best[1].get(name), str | int)
    )


def says(signals: Iterable[Signal], name: str) -> bool:
    """Whether something is asked for: noarchive, noindex, or tdm-reservation with the value 1."""
    return any(signal.name == name and signal.value == "1" for signal in signals)


def _fits(location: str, path: str) -> bool:
    """As in robots.txt: a prefix, * for anything, $ for the end. Takes linear time."""
    end = location.endswith("$")
    first, *rest = location.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    place = len(first)
    for piece in rest[:-1] if end and rest else rest:
        place = path.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    if not end:
        return True
    return (
        path.endswith(rest[-1]) and len(path) - len(rest[-1]) >= place
        if rest
        else place == len(path)
    )


def _metas(head: bytes) -> Iterator[tuple[str, str]]:
    """Name and content of each meta element, in order."""
    for begin in islice(_BEGIN.finditer(head), _MAX_METAS):
        rest = _REST.match(head[begin.end() : begin.end() + _MAX_META])
        if rest is None:
            continue
        given = {
            found[1].lower(): html.unescape(
                (found[2] or found[3] or found[4] or b"").decode("utf-8", "replace")
            )
            for found in _ATTRIBUTE.finditer(rest[0][:-1])
        }
        if b"name" in given and b"content" in given:
            yield given[b"name"].strip().lower(), given[b"content"]


def _for_us(value: str, product: str) -> str:
    """The directives of an X-Robots-Tag that are for all or for us; "" where for another."""
    name, colon, rest = value.partition(":")
    if not colon or "," in name or name.strip().lower() in _VALUED:
        return value
    return rest if name.strip().lower() == product.lower() else ""


def _directives(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip().lower()) in _RECORDED]
