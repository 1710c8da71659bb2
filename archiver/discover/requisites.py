"""What a page needs to be seen as it was: style sheets, pictures, fonts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from archiver.discover.html import html_tree
from archiver.discover.listing import join_url
from archiver.discover.markup import decode
from archiver.urls import canonical_url

MAX_REQUISITES = 150  # of one page or style sheet; the first ones, which a reader sees first
MAX_BYTES = 8 * 1024 * 1024

_CSS_URL = re.compile(
    r"""url\(\s*(?:"([^"\n]{1,2000})"|'([^'\n]{1,2000})'|([^"'()\s]{1,2000}))\s*\)"""
    r"""|@import\s+(?:"([^"\n]{1,2000})"|'([^'\n]{1,2000})')""",
    re.IGNORECASE,
)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)
_WANTED_RELS = frozenset({"stylesheet", "icon", "apple-touch-icon"})
_CANDIDATE = re.compile(r"\s*([^\s,]\S*[^\s,])(?:\s+([\d.]+)[wx])?\s*(?:,|$)")


def page_requisites(
    body: bytes, *, url: str, content_type: str | None = None, pictures_only: bool = False
) -> tuple[str, ...]:
    """The absolute URLs of what an HTML page shows, in its order, each once.

    Pictures (of a `srcset` the largest) and posters of films; unless `pictures_only`, style
    sheets, icons, and what its own styles name, too; no scripts, frames or films. `url` is the
    page's address after redirects.
    """
    text = decode(body[:MAX_BYTES], content_type)
    tree = html_tree(text)
    base, found = url, []
    if tree is not None:
        named = next((base.get("href") for base in tree.iter("base") if base.get("href")), None)
        base = (named and join_url(url, named)) or url
        found = list(_pictures(tree) if pictures_only else _of_elements(tree))
    for style in () if pictures_only else _STYLE.findall(text):
        found += _in_css(style)
    return _absolute(found, base)


def style_requisites(body: bytes, *, url: str, content_type: str | None = None) -> tuple[str, ...]:
    """The absolute URLs that a style sheet names: other style sheets, pictures, fonts."""
    return _absolute(_in_css(decode(body[:MAX_BYTES], content_type)), url)


def _of_elements(tree: etree._Element) -> Iterator[str]:
    for element in tree.iter("link", "img", "source", "video", "input", "body", "td", "table"):
        if element.tag == "link":
            if _WANTED_RELS.intersection((element.get("rel") or "").lower().split()):
                yield element.get("href") or ""
            continue
        yield from _of_picture(element)
        yield element.get("background") or ""
    for element in tree.iterfind(".//*[@style]"):
        yield from _in_css(element.get("style") or "")


def _pictures(tree: etree._Element) -> Iterator[str]:
    for element in tree.iter("img", "source", "video"):
        yield from _of_picture(element)


def _of_picture(element: etree._Element) -> Iterator[str]:
    if element.tag in ("img", "input"):
        yield element.get("src") or ""
    if element.tag in ("img", "source"):
        yield _largest(element.get("srcset") or "")
    yield element.get("poster") or ""


def _largest(srcset: str) -> str:
    """The candidate with the greatest width or density (HTML, section 4.8.4.2.1)."""
    candidates = [(float(size or 1), link) for link, size in _sized(srcset)]
    return max(candidates, default=(0.0, ""), key=lambda candidate: candidate[0])[1]


def _sized(srcset: str) -> Iterator[tuple[str, str]]:
    for link, size in _CANDIDATE.findall(srcset[:20_000]):
        yield link, size if size.count(".") <= 1 and size.strip(".") else ""


def _in_css(css: str) -> Iterator[str]:
    for groups in _CSS_URL.findall(css):
        yield next(filter(None, groups), "")


def _absolute(links: Iterator[str] | list[str], base: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for link in links:
        if not link or link.startswith("data:") or len(found) == MAX_REQUISITES:
            continue
        joined = join_url(base, link)
        if joined:
            try:
                found[canonical_url(joined)] = None
            except ValueError:
                continue
    return tuple(found)
