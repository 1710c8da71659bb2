"""Which elements of a page are the article's own, and which are other articles' teasers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from archiver.extract.document import Document
from archiver.extract.marks import roles_of
from archiver.extract.text import inner_text

_OUTSIDE = frozenset({"nav", "aside", "footer", "form", "template"})
_FOREIGN = frozenset({"other", "player"})
_PICTURE_LINK = re.compile(
    r"^(?:#|javascript:)|\.(?:jpe?g|png|webp|gif|avif)(?:$|[?#])", re.IGNORECASE
)
_PROSE = 40  # characters of a paragraph that counts


@dataclass(frozen=True, kw_only=True)
class Region:
    """Where an article's own things stand: below its spine, outside of teasers.

    `spine`: the elements around the h1 and around most of the paragraphs, from outer to inner;
    what their class names say is said of the whole page. `headline`, `body`: the h1, and the
    element that holds most paragraphs.
    """

    doc: Document
    spine: frozenset[HtmlElement]
    headline: HtmlElement | None
    body: HtmlElement | None
    _places: dict[HtmlElement, bool] = field(default_factory=dict, repr=False, compare=False)

    def owns(self, element: HtmlElement) -> bool:
        """Whether an element is the article's own, not a teaser's of another one."""
        return not _is_foreign(element) and self._is_own_place(element.getparent())

    def _is_own_place(self, place: HtmlElement | None) -> bool:
        """Whether what stands in an element, at any depth, may be the article's own."""
        passed: list[HtmlElement] = []
        own = True
        while place is not None and place not in self.spine:
            if (known := self._places.get(place)) is not None:
                own = known
                break
            passed.append(place)
            if _is_foreign(place) or (place.tag == "a" and self._leads_away(place)):
                own = False
                break
            place = place.getparent()
        self._places.update(dict.fromkeys(passed, own))
        return own

    def _leads_away(self, anchor: HtmlElement) -> bool:
        """Whether a link around words leads to another page than a picture's own."""
        href = (anchor.get("href") or "").strip()
        if not href or _PICTURE_LINK.search(href):
            return False
        target = self.doc.absolute(href) or ""
        if target.startswith(self.doc.url.partition("?")[0].removesuffix("/")):
            return False
        return bool(inner_text(anchor))


def _is_foreign(element: HtmlElement) -> bool:
    roles = roles_of(element)
    return not _FOREIGN.isdisjoint(roles) or (element.tag in _OUTSIDE and "picture" not in roles)


def find_region(doc: Document) -> Region:
    """The region of a page's article."""
    counts: dict[HtmlElement, int] = {}
    for paragraph in doc.tree.iter("p"):
        parent = paragraph.getparent()
        if parent is not None and len(paragraph.text or "") > _PROSE:
            counts[parent] = counts.get(parent, 0) + 1
    headline = next((h1 for h1 in doc.tree.iter("h1") if inner_text(h1)), None)
    body = max(counts, key=counts.__getitem__) if counts else None
    spine = set() if body is None else {body}
    for end in (headline, body):
        spine.update(() if end is None else end.iterancestors())
    return Region(doc=doc, spine=frozenset(spine), headline=headline, body=body)
