"""The page's tree without what stands around an article, and what was cut with its reason.

Templates name their parts ("newsletter-signup", "related"), and teasers are links: both are
seen on the elements, and no longer in the text. The names are those of furniture.toml.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import groupby, islice

from lxml import etree
from lxml.html import HtmlElement

from archiver.extract.boilerplate import is_label, starts_with_label
from archiver.extract.phrases import table
from archiver.extract.standfirst import is_standfirst_name
from archiver.extract.text import clean, inner_text
from archiver.model import Cut

_SILENT = (
    "script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "video",
    "audio", "picture", "select", "button", "input", "link", "map", "dialog",
)  # fmt: skip
_NAMED = ("class", "id", "role", "aria-label", "data-testid", "data-component", "data-type")
_INLINE = frozenset(
    {"a", "abbr", "b", "br", "cite", "em", "font", "html", "body", "i", "img", "main", "mark", "s"}
    | {"strong", "sub", "sup", "small", "time", "u", "head"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LINES = frozenset({"p", "li", "div", "span", "strong", "b", "dt"}) | _HEADINGS
_LISTS = frozenset({"ul", "ol", "dl"})
_MOST = 0.35  # share of the page's words outside links: a part that holds more is the article
_MOST_OF_BOX = 0.6  # of a box, whose name leaves no doubt
_LINKED = 0.6  # share of a part's text in links by which it is a list of links
_TEASER = (20, 200)  # characters of a line that is only a link
_LONG = 1200  # characters of prose of a part that is more than a line or a box of lines
_MAY_BE_LONG = frozenset({"related", "comments", "box", "author-box"})
_NEAR_HEADLINE = frozenset({"author-box", "share", "navigation", "caption"})
_CARD = 600  # characters of a teaser with its summary
_MOST_PARTS = 30  # elements in a line
_LONGEST_CUT = 500  # characters of a cut text that are kept
_MANY_CARDS = 3
_LEVELS = 5  # from a card's heading up to the card
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[_:/.-]+")
_NOT_STATES = "".join(f"(?<!{word}-)" for word in ("no", "has", "with", "without", "hide", "not"))


def _form(name: str) -> str:
    """A name, or a part of one, as an expression; a star stands for the rest of a word."""
    return re.escape(name).replace(r"\*", r"[^\s-]*")


@cache
def furniture() -> re.Pattern[str]:
    """All names as one expression with a group a reason."""
    groups = []
    for reason, names in table("furniture").items():
        words = sorted(names, key=lambda name: (-len(name), name))
        joined = "|".join(map(_form, words))
        groups.append(f"(?P<{reason.replace('-', '_')}>{joined})")
    return re.compile(rf"(?<![^\s-]){_NOT_STATES}(?:{'|'.join(groups)})(?=$|[\s-])")


@cache
def any_name() -> re.Pattern[str]:
    """What matches where `furniture` does, without groups: in a sixth of the time.

    The names are sorted by their first letters, of which most words of a page have another.
    """
    names = sorted({name for found in table("furniture").values() for name in found})
    joined = "|".join(
        f"{_form(first)}(?:{'|'.join(_form(name[1:]) for name in some)})"
        for first, some in groupby(names, key=lambda name: name[0])
    )
    return re.compile(rf"(?<![^\s-]){_NOT_STATES}(?:{joined})(?=$|[\s-])")


def _reason_of(label: str) -> tuple[str, str] | None:
    """Reason and name by which an element's attributes say that it is no part of the text."""
    for name in label.split():
        if hit := _reason_of_name(name):
            return hit
    return None


@lru_cache(maxsize=8192)
def _reason_of_name(label: str) -> tuple[str, str] | None:
    name = _SEPARATORS.sub("-", _WORDS.sub("-", label)).lower()
    match = furniture().search(name) if any_name().search(name) else None
    return (str(match.lastgroup).replace("_", "-"), match.group()) if match else None


@dataclass
class _Sizes:
    """Characters of text, and of text in links, of every element; kept true while cutting."""

    text: dict[HtmlElement, int] = field(default_factory=dict)
    link: dict[HtmlElement, int] = field(default_factory=dict)

    @classmethod
    def of(cls, tree: HtmlElement) -> _Sizes:
        sizes = cls()
        text, link = sizes.text, sizes.link
        for element in reversed(list(tree.iter(etree.Element))):
            own = text.get(element, 0)
            if words := element.text:
                own += len(words.strip())
            text[element] = own
            if element.tag == "a" and not (element.get("href") or "#").startswith("#"):
                link[element] = own
            parent = element.getparent()
            if parent is not None:
                behind = len(words.strip()) if (words := element.tail) else 0
                text[parent] = text.get(parent, 0) + own + behind
                if element in link:
                    link[parent] = link.get(parent, 0) + link[element]
        return sizes

    def prose(self, element: HtmlElement) -> int:
        """Characters outside links."""
        return self.text[element] - self.link.get(element, 0)

    def linked(self, element: HtmlElement) -> float:
        """The share of an element's text that is in links."""
        return self.link.get(element, 0) / max(1, self.text[element])

    def forget(self, element: HtmlElement) -> None:
        """Take an element out of the sizes of all that it stands in."""
        for ancestor in element.iterancestors():
            self.text[ancestor] -= self.text[element]
            self.link[ancestor] = self.link.get(ancestor, 0) - self.link.get(element, 0)


@dataclass(frozen=True, kw_only=True)
class Pruned:
    """`tree`: a copy without furniture; `cuts`: what it was; `links`: hrefs of cut teasers.

    `elements`: all of the tree; while they are held, lxml need not make them anew.
    """

    tree: HtmlElement
    cuts: tuple[Cut, ...]
    links: frozenset[str]
    elements: tuple[HtmlElement, ...] = field(default=(), repr=False)


class _Pruner:
    def __init__(self, tree: HtmlElement) -> None:
        self.tree = tree
        self.sizes = _Sizes.of(tree)
        self.total = max(1, self.sizes.prose(tree))
        self.cuts: list[Cut] = []
        self.links: dict[str, None] = {}
        self.gone: set[HtmlElement] = set()

    def cut(self, element: HtmlElement, reason: str) -> None:
        if text := clean(inner_text(element)):
            self.cuts.append(Cut(reason=reason, text=text[:_LONGEST_CUT]))
        if reason == "related":
            self.links.update(dict.fromkeys(a.get("href") or "" for a in element.iter("a")))
        self.sizes.forget(element)
        self.gone.update(element.iter())
        element.drop_tree()

    def _whole(self, element: HtmlElement, reason: str = "related") -> bool:
        """Whether a part is too much to be furniture: it holds the headline or most words."""
        most = _MOST_OF_BOX if reason == "box" else _MOST
        if self.sizes.prose(element) > most * self.total:
            return True
        if any(len(clean(h1.text_content())) > _TEASER[0] for h1 in element.iter("h1")):
            return True
        return reason in _NEAR_HEADLINE and any(
            is_standfirst_name(part.get("class") or "")
            and len(clean(part.text_content())) > _TEASER[0]
            for part in element.iter("h2", "p", "div")
        )

    def _cuttable(self, element: HtmlElement, reason: str) -> bool:
        if element.tag in _HEADINGS or (element.tag == "span" and reason != "hidden"):
            return False
        long = self.sizes.prose(element) > _LONG and reason not in _MAY_BE_LONG
        return not long and not self._whole(element, reason)

    def named(self) -> None:
        """Cut the parts whose names say what they are.

        A name whose parts together hold most of the page is the template's for something else.
        """
        found: list[tuple[HtmlElement, str, str]] = []
        stack = list(reversed(self.tree))
        while stack:
            element = stack.pop()
            if not isinstance(element.tag, str):
                continue
            label = " ".join(v for k in _NAMED if (v := element.get(k)))
            hit = _reason_of(label[:400]) if label and element.tag not in _INLINE else None
            if hit and self._cuttable(element, hit[0]):
                found.append((element, *hit))
                continue
            stack.extend(reversed(element))
        masses: dict[str, int] = {}
        for element, _, name in found:
            masses[name] = masses.get(name, 0) + self.sizes.prose(element)
        for element, reason, name in found:
            if masses[name] <= (_MOST_OF_BOX if reason == "box" else _MOST) * self.total:
                self.cut(element, reason)

    def linked(self) -> None:
        """Cut lists of links, lines that are one link, and teaser cards."""
        for element in list(self.tree.iter(etree.Element)):
            if element in self.gone:
                continue
            size = self.sizes.text[element]
            if size and self._is_links(element, size):
                self.cut(element, "related")

    def cards(self) -> None:
        """Cut teaser cards: headings that are links, each in a small container of its own.

        A page has several of them or none; a single heading that is a link may be the article's.
        """
        found = [
            card
            for heading in self.tree.iter(*_HEADINGS)
            if self.sizes.text[heading] >= _TEASER[0] and self.sizes.linked(heading) >= 0.9
            if (card := self._card(heading)) is not None
        ]
        if len(found) >= _MANY_CARDS:
            for card in found:
                if card not in self.gone:
                    self.cut(card, "related")

    def _card(self, heading: HtmlElement) -> HtmlElement | None:
        """The largest container of a heading and a summary; None where it has none."""
        card: HtmlElement | None = None
        for ancestor in islice(heading.iterancestors(), _LEVELS):
            headings = islice(ancestor.iter(*_HEADINGS), 2)
            if self.sizes.text[ancestor] > _CARD or len(list(headings)) > 1:
                break
            card = ancestor
        return card

    def _is_links(self, element: HtmlElement, size: int) -> bool:
        tag = element.tag
        if tag in _LISTS:
            return size > _TEASER[0] and self.sizes.linked(element) >= _LINKED
        if tag == "p":
            return _TEASER[0] <= size <= _TEASER[1] and self.sizes.linked(element) >= 0.9
        if tag == "a":
            card = any(part.tag in _HEADINGS or part.tag == "p" for part in element.iter())
            return card and size >= _TEASER[0]
        if tag == "article":
            return size <= _CARD and self.sizes.linked(element) >= 0.3
        return False

    def labelled(self) -> None:
        """Cut lines such as "Read more: …", and labels with the links that follow them."""
        for element in list(self.tree.iter(*_LINES)):
            if element in self.gone or not 0 < self.sizes.text[element] <= _TEASER[1]:
                continue
            parts = list(islice(element.iterdescendants(), _MOST_PARTS))
            if len(parts) == _MOST_PARTS or any(e.tag in _LINES - {"span"} for e in parts):
                continue
            text = inner_text(element)
            if is_label(text):
                self._after(element)
                self.cut(element, "related")
            elif self.sizes.linked(element) >= 0.4 and starts_with_label(text):
                self.cut(element, "related")

    def _after(self, label: HtmlElement) -> None:
        """Cut what follows a label as long as it is links."""
        place = label
        for _ in range(3):
            if place.getnext() is not None or place.getparent() is None:
                break
            place = place.getparent()
        for sibling in list(place.itersiblings()):
            if not isinstance(sibling.tag, str):
                continue
            size = self.sizes.text[sibling]
            if size and (self.sizes.linked(sibling) < 0.5 or self._whole(sibling)):
                return
            self.cut(sibling, "related")


def prune(tree: HtmlElement) -> Pruned:
    """A copy of a page's tree without what is no part of its article, and what that was."""
    copied = deepcopy(tree)
    etree.strip_elements(copied, *_SILENT, with_tail=False)
    pruner = _Pruner(copied)
    pruner.named()
    pruner.labelled()
    pruner.linked()
    pruner.cards()
    return Pruned(
        tree=copied,
        cuts=tuple(pruner.cuts),
        links=frozenset(pruner.links),
        elements=tuple(copied.iter()),
    )
