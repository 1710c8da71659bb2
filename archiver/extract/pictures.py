"""The URL of a picture: the largest that its element, its sources or a noscript copy offer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from lxml.html import HtmlElement

from archiver.extract.document import Document
from archiver.extract.text import clean

_NO_PICTURE = re.compile(
    r"^data:|\.svg(?:$|\?)|(?:spacer|blank|pixel|placeholder|logo|icon|avatar|1x1)\b", re.IGNORECASE
)
_ENDING = re.compile(r"\.(?:jpe?g|png|webp|gif|avif|heic|jfif|bmp|tiff?)$", re.IGNORECASE)
_SIZE = re.compile(r"\d{2,4}x\d{2,4}|[-_]\d{2,4}[wh]?$|\b[wh][=_-]?\d{2,4}\b")
# HTML, "srcset" (section 4.8.4.2.1): URLs without a comma at their ends, each with a descriptor.
_CANDIDATE = re.compile(r"\s*([^\s,]\S*[^\s,])(?:\s+(\d+(?:\.\d+)?)([wx])(?:\s+\d+h)?)?\s*(?:,|$)")
_WIDTH = re.compile(r"(?:^|[?&/,_-])(?:w|width|imwidth|resize)[=_-]?(\d{2,4})\b", re.IGNORECASE)
_EARLY = ("src", "data-src", "data-original", "data-lazy-src", "data-url", "data-image")
_ITEMPROPS = frozenset({"contenturl", "url", "image", "thumbnailurl"})
_PICTURES = frozenset({"img", "amp-img", "source"})
_PIXELS_OF_X = 1000  # width that a "1x" candidate stands for: less than any real one beside it


def _candidates(element: HtmlElement) -> Iterator[tuple[float, str]]:
    """Width (0 where none is stated) and URL of every picture that an img or source names."""
    if element.tag in {"meta", "link"}:
        if (element.get("itemprop") or "").lower() in _ITEMPROPS:
            yield 0, clean(element.get("content") or element.get("href"))
        return
    for name in _EARLY if element.tag in _PICTURES else ():
        if value := clean(element.get(name)):
            yield _stated_width(value), value
    for name, value in element.items():
        if "srcset" in name.lower():
            for match in _CANDIDATE.finditer(value):
                url, number, unit = match.groups()
                if number is None:
                    width = _stated_width(url)
                else:
                    width = float(number) * (_PIXELS_OF_X if unit == "x" else 1)
                yield width, clean(url)
        elif name.startswith("data-") and name not in _EARLY and _is_picture(value):
            yield _stated_width(value), clean(value)


def _is_picture(value: str) -> bool:
    """Whether an attribute of unknown meaning holds the URL of a picture."""
    text = value.strip()
    if not text.startswith(("http://", "https://", "/")) or " " in text or "{" in text:
        return False
    try:
        return bool(_ENDING.search(urlsplit(text).path))
    except ValueError:
        return False


def _stated_width(url: str) -> float:
    """The width that a URL states in a usual parameter or path part; 0 for none."""
    match = _WIDTH.search(url)
    return float(match.group(1)) if match else 0.0


def picture_url(img: HtmlElement, doc: Document) -> str | None:
    """The URL of an img element's picture: of the widest candidate, else of the first one.

    Placeholders (data URLs, spacers, logos) are passed over. None where nothing is left.
    """
    places = [img]
    parent = img.getparent()
    while parent is not None and parent.tag in {"picture", "source"}:
        # libxml2 takes an unclosed source for the parent of what follows it
        places += [each for each in parent.iter("source") if each not in places]
        parent = parent.getparent()
    following = img.getnext() if img.getnext() is not None else img.getparent()
    if following is not None and following.tag == "noscript":
        places += following.iter("img")
    best: tuple[float, str] | None = None
    for place in places:
        for width, raw in _candidates(place):
            if (best is None or width > best[0]) and not _NO_PICTURE.search(raw):
                best = (width, raw)
    return doc.absolute(best[1]) if best else None


def key_of(url: str) -> str:
    """What is the same for all sizes of one picture: its file name without sizes and ending."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    name = path.rsplit("/", 1)[-1]
    stem = _SIZE.sub("", _ENDING.sub("", name)).strip("-_.").lower()
    if len(stem) > 3 and stem not in {"image", "img", "photo", "picture", "master", "original"}:
        return stem
    named = [value for key, value in parse_qsl(parts.query) if _ENDING.search(value)]
    return named[0].lower() if named else path.lower()
