"""The standfirst (dek, lead): the summary that stands between headline and body."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from itertools import chain

from lxml.html import HtmlElement

from archiver.extract.boilerplate import is_boilerplate
from archiver.extract.document import Document
from archiver.extract.jsonld import text_of
from archiver.extract.text import clean_markup, fold, inner_text, line_text, unique

# Class name parts by which templates of many languages mark it.
_CLASS = re.compile(
    r"(?:^|[-_\s]|(?<=[a-z])(?=[A-Z]))(?:stand-?first|dek|deck|lede?|lead(?:-?text)?|strap-?line|sub-?title"
    r"|sub-?head(?:line|ing)?|intro(?:duction|-?text)?|teaser(?:-?text)?|preface|abstract"
    r"|excerpt|summary(?:-?list)?|chapo|chapeau|entradilla|bajada|copete|sommario|occhiello"
    r"|ingress|vorspann|anriss|perex|manchet|speakable)(?=$|[-_\s]|[A-Z])",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"related|recommend|promo|newsletter|comment|footer|nav|menu|card|list-item|widget"
    r"|author|caption|ai-disclaimer",
    re.IGNORECASE,
)
_OUTSIDE = frozenset({"nav", "aside", "footer", "figure", "figcaption", "a", "form"})
_SHORTEST, _LONGEST = 30, 900  # characters
_BEFORE, _AFTER = 40, 150  # elements between the h1 and its standfirst
_FIRST_LINES = 6  # of the body, where a standfirst may stand again
_WHOLE = 0.7  # share of a paragraph that a description must be, to be that paragraph
_ELLIPSIS = re.compile(r"\s*(?:\.\.\.|…|\[…\]|\[\.\.\.\])\s*$")


def _marked(doc: Document) -> Iterator[HtmlElement]:
    """Elements with a standfirst's class, outermost only, in document order."""
    inside: set[HtmlElement] = set()
    for element in doc.tree.iter(
        "div", "p", "h2", "h3", "span", "section", "ul", "header", "strong"
    ):
        parent = element.getparent()
        if parent is not None and parent in inside:
            inside.add(element)
            continue
        names = element.get("class") or ""
        label = " ".join((names, element.get("itemprop") or "", element.get("id") or ""))
        if not _CLASS.search(label) or _OTHER.search(label):
            continue
        if any(a.tag in _OUTSIDE or _OTHER.search(a.get("class") or "") for a in _near(element)):
            continue
        inside.add(element)
        yield element


def _near(element: HtmlElement) -> Iterator[HtmlElement]:
    for depth, ancestor in enumerate(element.iterancestors()):
        if depth > 4 or ancestor.tag in {"article", "main", "body"}:
            return
        yield ancestor


def _is_text(element: HtmlElement, text: str) -> bool:
    """Whether an element is prose of a standfirst's length, not a teaser list or the body."""
    links = sum(len(inner_text(a)) for a in element.iter("a"))
    paragraphs = sum(1 for _ in element.iter("p", "li"))
    return _SHORTEST <= len(text) <= _LONGEST and links * 2 < len(text) and paragraphs <= 6


def _places(doc: Document) -> tuple[dict[HtmlElement, int], int | None]:
    """Every element's place in the page, and that of the first h1."""
    places = {element: place for place, element in enumerate(doc.tree.iter())}
    return places, next((places[h1] for h1 in doc.tree.iter("h1") if inner_text(h1)), None)


def _visible(doc: Document, titles: set[str]) -> Iterator[str]:
    places, start = _places(doc)
    for element in _marked(doc):
        if start is not None and not -_BEFORE <= places[element] - start <= _AFTER:
            continue
        heads = [
            e for e in element.iter("h1", "h2", "time", "figure", "button") if e is not element
        ]
        text = inner_text(element, skip=heads)
        if _is_text(element, text) and fold(text) not in titles:
            yield text


def descriptions(doc: Document) -> tuple[str, ...]:
    """The page's descriptions of itself: structured data, social, plain; each once."""
    texts = [text_of(doc.graph.article.get("description"))]
    texts += [
        clean_markup(doc.first(name))
        for name in ("og:description", "description", "twitter:description")
    ]
    return unique(text for text in texts if len(text) >= _SHORTEST)


def _shown(doc: Document, text: str) -> str | None:
    """The visible element that is a description's words, maybe with a dateline before them."""
    stem = _letters(_ELLIPSIS.sub("", text))
    for element in doc.tree.iter("p", "div", "h2", "span", "strong"):
        shown = line_text(element)
        if len(shown) > _LONGEST or any(a.tag in _OUTSIDE for a in element.iterancestors()):
            continue
        letters = _letters(shown)
        if stem[:80] in letters and len(stem) >= _WHOLE * len(letters):
            return shown
    return None


def find_standfirst(
    doc: Document, *, titles: Iterable[str], lines: Iterable[str], captions: Container[str] = ()
) -> str | None:
    """The standfirst; None where the page has none beside its text.

    `titles` are the page's headlines, `lines` its body, `captions` its captions (folded). In
    order of trust: an element marked as one that agrees with a description; a description
    that the page shows as a paragraph of its own; one that is neither shown nor the beginning
    of the body; a marked element.
    """
    known = {fold(title) for title in titles}
    wrong = {_letters(title) for title in known} | {""}
    marked = [text for text in _visible(doc, known) if fold(text) not in captions]
    described = [
        text
        for text in descriptions(doc)
        if fold(text) not in captions and _letters(text) not in wrong and not is_boilerplate(text)
    ]
    for text in marked:
        if any(_agree(text, one) for one in described):
            return text
    for text in described:
        if shown := _shown(doc, text):
            return shown
    start = _letters("".join(list(lines)[:_FIRST_LINES]))
    unseen = (t for t in described if _letters(_ELLIPSIS.sub("", t))[:80] not in start)
    return next(chain(unseen, marked), None)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", fold(text))


def _agree(one: str, other: str) -> bool:
    """Whether one of two texts is the beginning of the other, or they share most words."""
    a, b = fold(_ELLIPSIS.sub("", one)), fold(_ELLIPSIS.sub("", other))
    if a.startswith(b[:80]) or b.startswith(a[:80]):
        return True
    words, others = set(a.split()), set(b.split())
    return len(words & others) >= 0.7 * min(len(words), len(others))
