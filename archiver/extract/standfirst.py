"""The standfirst (dek, lead): the summary that stands between headline and body."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice

from lxml.html import HtmlElement

from archiver.extract.boilerplate import is_boilerplate
from archiver.extract.document import Document
from archiver.extract.jsonld import text_of
from archiver.extract.text import clean_markup, fold, inner_text, letters, line_text, unique
from archiver.model import Block, BlockKind, Cut

# Class name parts, in lower case, by which templates of many languages mark it. They stand at the
# start, or behind a letter or a separator. Without regard to case it would take four times as long.
_NAME = re.compile(
    r"(?<![^-_\sa-z])(?:stand-?first|dek|deck|lede?|lead(?:-?text)?|strap-?line|sub-?title"
    r"|sub-?tit(?:-\w+)?|mid-?title|sub-?head(?:line|ing)?|intro(?:duction|-?text)?|teaser(?:-?text)?|preface|abstract"
    r"|excerpt|summary(?:-?list)?|chapo|chapeau|entradilla|bajada|copete|sommario|occhiello"
    r"|ingress|vorspann|anriss|perex|manchet|speakable)(?=$|[-_\sa-z])"
)
_OTHER = re.compile(
    r"related|recommend|promo|newsletter|comment|footer|nav|menu|card|list-item|widget"
    r"|author|caption|ai-disclaimer",
    re.IGNORECASE,
)
_OUTSIDE = frozenset({"nav", "aside", "footer", "figure", "figcaption", "a", "form"})
_SHORTEST, _LONGEST = 30, 900  # characters
_SHORTEST_POINT = 20  # characters
_MOST_LINES = 4  # of a standfirst, each an element of its own
_BYLINE = 90  # characters of a line that may be a byline
_HEADINGS = frozenset({"h2", "h3", "h4"})
_BLOCKS = (
    "p", "div", "li", "section", "article", "h1", "h2", "h3", "h4", "ul", "ol", "blockquote",
    "header", "main", "figure",
)  # fmt: skip
_BEFORE, _AFTER = 40, 150  # elements between the h1 and its standfirst
_FIRST_LINES = 5  # of the body, where a standfirst may stand again
_WHOLE = 0.7  # share of a paragraph that a description must be, to be that paragraph
_WIDE = re.compile("[\u2e80-\U0010ffff]")
_ELLIPSIS = re.compile(r"\s*(?:\.\.\.|…|\[…\]|\[\.\.\.\])\s*$")


@lru_cache(maxsize=8192)  # one page's class names are on all pages of its site
def is_standfirst_name(names: str) -> bool:
    """Whether an attribute's names say that an element is a standfirst."""
    return bool(_NAME.search(names.lower()))


def _marked(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Elements with a standfirst's class, outermost only, in document order."""
    inside: set[HtmlElement] = set()
    for element in tree.iter("div", "p", "h2", "h3", "span", "section", "ul", "header", "strong"):
        if element.getparent() in inside:
            inside.add(element)
            continue
        label = " ".join(element.get(key) or "" for key in ("class", "itemprop", "id"))
        if is_standfirst_name(label) and not _OTHER.search(label) and not _outside(element):
            inside.add(element)
            yield element


def _outside(element: HtmlElement) -> bool:
    return any(ancestor.tag in _OUTSIDE for ancestor in element.iterancestors())


def _is_text(element: HtmlElement, text: str) -> bool:
    """Whether an element is prose of a standfirst's length, not a teaser list or the body."""
    links = sum(len(inner_text(a)) for a in element.iter("a"))
    paragraphs = sum(1 for _ in element.iter("p", "li"))
    return _SHORTEST <= _width(text) <= _LONGEST and links * 2 < len(text) and paragraphs <= 6


def headline_element(tree: HtmlElement, titles: set[str]) -> HtmlElement | None:
    """The element that shows the headline: the first h1 or h2 that is one, else the first h1."""
    first: HtmlElement | None = None
    for element in tree.iter("h1", "h2"):
        text = inner_text(element)
        if any(letters(text).endswith(title) for title in titles):
            return element
        if first is None and element.tag == "h1" and text:
            first = element
    return first


@dataclass(frozen=True, kw_only=True)
class _Marked:
    text: str
    alone: bool  # no other element is marked alike
    listed: bool  # a list of points


def _visible(tree: HtmlElement, start: HtmlElement | None) -> Iterator[_Marked]:
    """Texts near the headline that their class marks as a standfirst."""
    places = {element: place for place, element in enumerate(tree.iter())}
    zero = places.get(start, 0)
    near = [e for e in _marked(tree) if start is None or -_BEFORE <= places[e] - zero <= _AFTER]
    kinds: dict[tuple[str, str | None], list[HtmlElement]] = {}
    for element in near:
        kinds.setdefault((element.tag, element.get("class")), []).append(element)
    for group in kinds.values():
        texts = []
        for element in group:
            heads = element.iterdescendants("h1", "h2", "time", "figure", "button")
            texts.append((element, inner_text(element, skip=heads)))
        texts = [(element, text) for element, text in texts if _is_text(element, text)]
        parents = {element.getparent() for element, _ in texts}
        if 1 < len(texts) <= _MOST_LINES and len(parents) == 1:
            yield _Marked(text="\n".join(t for _, t in texts), alone=True, listed=False)
            continue
        for element, text in texts:
            points = [_width(inner_text(item)) for item in element.iter("li")]
            listed = len(points) > 1 and min(points) >= _SHORTEST_POINT
            yield _Marked(text=text, alone=len(group) == 1, listed=listed)


def _lines_after(tree: HtmlElement, start: HtmlElement) -> Iterator[HtmlElement]:
    """The elements below the headline that are a line each, in document order."""
    started = False
    for element in tree.iter(*_BLOCKS):
        started = started or element is start
        if not started or element is start:
            continue
        if next(element.iterdescendants(*_BLOCKS), None) is None:
            yield element


def _first_line(
    tree: HtmlElement, start: HtmlElement | None, fits: Callable[[str], bool]
) -> str | None:
    """The first text below the headline, where it stands apart from the paragraphs after it.

    Apart is what is a heading or a list, what has no sibling of its kind, and what is bold
    where the next one is not.
    """
    for element in islice(_lines_after(tree, start), _AFTER) if start is not None else ():
        if element.tag == "figure" or next(element.iterancestors("figure"), None) is not None:
            continue
        text = inner_text(element)
        if _width(text) < _SHORTEST or not fits(text):
            continue
        if len(text) > _LONGEST:
            return None
        if element.tag == "li":
            items = [inner_text(item) for item in element.itersiblings(preceding=True)][::-1]
            items += [text, *(inner_text(item) for item in element.itersiblings())]
            listed = len(items) > 1 and all(_width(item) >= _SHORTEST for item in items)
            return "\n".join(items) if listed else None
        following = next((e for e in element.itersiblings() if _same(e, element)), None)
        bold = following is not None and _bold(element, text) and not _bold(following)
        return text if element.tag in _HEADINGS or following is None or bold else None
    return None


def _width(text: str) -> int:
    """Characters of a text, where one of Chinese, Japanese or Korean counts for two."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def _same(sibling: HtmlElement, element: HtmlElement) -> bool:
    """Whether a sibling is a paragraph of the same kind."""
    return (
        sibling.tag == element.tag
        and sibling.get("class") == element.get("class")
        and _width(inner_text(sibling)) > 2 * _SHORTEST
    )


def _bold(element: HtmlElement, text: str | None = None) -> bool:
    bold = sum(len(inner_text(part)) for part in element.iter("strong", "b"))
    return bold >= 0.9 * len(inner_text(element) if text is None else text)


def descriptions(doc: Document) -> tuple[str, ...]:
    """The page's descriptions of itself: structured data, social, plain; each once."""
    texts = [text_of(doc.graph.article.get("description"))]
    texts += [
        clean_markup(doc.first(name))
        for name in ("og:description", "description", "twitter:description")
    ]
    return unique(text for text in texts if _width(text) >= _SHORTEST)


def _candidates(tree: HtmlElement) -> list[tuple[HtmlElement, str, str]]:
    """Elements of a standfirst's length with their text and its letters."""
    return [
        (element, shown, letters(shown))
        for element in tree.iter("p", "div", "h2", "span", "strong")
        if _SHORTEST <= _width(shown := line_text(element)) <= _LONGEST
    ]


def _shown(candidates: list[tuple[HtmlElement, str, str]], text: str) -> str | None:
    """The visible element that is a description's words, maybe with a dateline before them."""
    stem, cut = letters(_ELLIPSIS.sub("", text)), bool(_ELLIPSIS.search(text))
    for element, shown, own in candidates:
        whole = cut or len(stem) >= _WHOLE * len(own)
        if whole and stem[:80] in own and not _outside(element):
            return shown
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standfirst:
    """The standfirst, None where the page has none beside its text, and all that it might be."""

    text: str | None
    choices: tuple[str, ...]


def find_standfirst(
    doc: Document,
    tree: HtmlElement,
    *,
    titles: Iterable[str],
    lines: Iterable[str],
    authors: Iterable[str] = (),
    taken: Container[str] = (),
) -> Standfirst:
    """Choose the standfirst among what the page gives as its summaries.

    `titles` are the page's headlines, `lines` its body, `authors` its authors, `taken` what is
    something else: captions, posts of a live blog (folded). In order of trust: an element
    marked as one that agrees with a description; a description that the page shows near the
    headline; an element that is the only one marked so; the first line below the headline,
    where it stands apart; a description shown elsewhere or nowhere. A marked list of points
    follows it.
    """
    known = set(map(letters, titles)) - {""}
    start = headline_element(tree, known)
    body = [letters(line) for line in lines]
    names = [fold(name) for name in authors]

    def fits(text: str) -> bool:
        named = len(text) < _BYLINE and any(name in fold(text) for name in names)
        return letters(text) not in known and _is_prose(text) and not named

    visible, said = list(_visible(tree, start)), descriptions(doc)
    marked = [one for one in visible if fits(one.text)]
    described = [text for text in said if fits(text)]
    first = _first_line(tree, start, fits) or ""
    agreed = (m.text for m in marked if any(_agree(m.text, text) for text in described))
    candidates = _candidates(tree) if described else []
    shown = [found for text in described if (found := _shown(candidates, text)) and fits(found)]
    near = (text for text in shown if letters(text) not in body[_FIRST_LINES:])
    alone = (
        text
        for text in chain((one.text for one in marked if one.alone), [first])
        if text and fold(text) not in taken
    )
    begin = "".join(body[:_FIRST_LINES])
    unseen = (t for t in described if letters(_ELLIPSIS.sub("", t))[:80] not in begin)
    best = next(chain(agreed, near, alone, shown, unseen), None)
    points = next((m.text for m in marked if m.listed and m.text != best), None)
    return Standfirst(
        text="\n".join(filter(None, (best, points))) or None,
        choices=unique([one.text for one in visible] + [*said, *shown, first]),
    )


def without_standfirst(
    blocks: Sequence[Block], standfirst: str | None
) -> tuple[tuple[Block, ...], tuple[Cut, ...]]:
    """The blocks without a list of points at the beginning that is the standfirst again.

    A standfirst that is a paragraph is left where it stands: there the page only says of its
    first paragraph that it sums up the article.
    """
    stem = letters(standfirst or "")
    count = 0
    for block in blocks:
        if block.kind is not BlockKind.LIST or letters(block.text) not in stem:
            break
        count += 1
    cuts = tuple(Cut(reason="standfirst", text=block.text) for block in blocks[:count])
    return tuple(blocks[count:]), cuts


def _is_prose(text: str) -> bool:
    """Whether a line is words, not furniture or mostly digits (a date)."""
    return sum(map(str.isdigit, text)) * 5 < len(text) and not is_boilerplate(text)


def _agree(one: str, other: str) -> bool:
    """Whether one of two texts is the beginning of the other, or they share most words."""
    a, b = fold(_ELLIPSIS.sub("", one)), fold(_ELLIPSIS.sub("", other))
    if a.startswith(b[:80]) or b.startswith(a[:80]):
        return True
    words, others = set(a.split()), set(b.split())
    return len(words & others) >= 0.7 * min(len(words), len(others))
