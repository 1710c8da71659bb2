"""Who wrote an article: JSON-LD first, then meta elements, then what looks like a byline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import islice

from lxml.html import HtmlElement

from archiver.extract.document import Document
from archiver.extract.jsonld import as_list, text_of, types_of
from archiver.extract.marks import has_word
from archiver.extract.names import (
    byline_names,
    is_address,
    is_agency,
    is_byline_start,
    is_person,
    is_role,
    split_names,
)
from archiver.extract.region import Region
from archiver.extract.site import site_names
from archiver.extract.text import fold, inner_text, line_text, unique

_META = (
    "author", "article:author", "parsely-author", "sailthru.author", "dc.creator",
    "dcterms.creator", "cxenseparse:author", "byl", "article:author_name", "article:byline",
)  # fmt: skip
_TAGS = ("a", "span", "div", "p", "li", "address", "strong", "em", "cite", "b")
_NEAR = 4  # levels above two bylines of one place
_FEW = 4  # pieces of text in which a byline's first word stands
_LONGEST = 150  # characters of a byline
_BYLINE_WORDS = 14
_BEFORE, _AFTER = 60, 200  # elements around the h1 among which a byline by words stands
_LAST = 3  # paragraphs of the body among which a signature stands
_RIGHT = re.compile(r"text-align:\s*(?:right|end)", re.IGNORECASE)


def _of_json_ld(doc: Document, is_site: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """The names of the article's authors, and those of them that are persons.

    A role ("Special Correspondent") is a name only where nothing else is.
    """
    article = doc.graph.article
    values = (as_list(doc.graph.resolve(article.get(key))) for key in ("author", "creator"))
    names: list[str] = []
    persons: list[str] = []
    roles: list[str] = []
    for value in next((found for found in values if found), []):
        node = doc.graph.resolve(value)
        kinds = types_of(node) if isinstance(node, dict) else set[str]()
        raw = node.get("name") if isinstance(node, dict) else node
        organised = any("organization" in kind for kind in kinds)
        for text in (text_of(item) for item in as_list(raw)):
            found = [text] if organised else _person_names(text)
            names += found
            roles += [text] if text and not found and not is_address(text) else []
            if not organised:
                persons += (n for n in found if not is_site(n) and not is_agency(n))
    return names or roles, persons


def _person_names(text: str) -> list[str]:
    """The names in a Person's name; "Doe, Jo" is one, turned round."""
    first, comma, second = text.partition(",")
    if comma and len(first.split()) == 1 == len(second.split()) and second.strip().isalpha():
        return [f"{second.strip()} {first.strip()}"]
    return list(split_names(text))


def _of_meta(doc: Document) -> tuple[str, ...]:
    for name in _META:
        if found := unique(n for value in doc.meta.get(name, ()) for n in split_names(value)):
            return found
    return ()


def _bylines(doc: Document, region: Region) -> list[tuple[str, ...]]:
    """The names of the elements that are marked as bylines, those of one place together."""
    marked = [e for e in doc.tree.iter(*_TAGS) if _is_marked(e)]
    outer = {ancestor for element in marked for ancestor in element.iterancestors()}
    places: list[tuple[frozenset[HtmlElement], list[str]]] = []
    for element in marked:
        if element in outer or not region.owns(element):
            continue
        text = line_text(element)
        if not 0 < len(text) < _LONGEST or not (names := list(split_names(text))):
            continue
        around = frozenset(islice(element.iterancestors(), _NEAR)) - region.spine
        if places and around & places[-1][0]:
            places[-1][1].extend(names)
        else:
            places.append((around, names))
    return [unique(names) for _, names in places]


def _is_marked(element: HtmlElement) -> bool:
    if element.get("rel") == "author" or element.get("itemprop") == "author":
        return True
    return has_word(element, "byline", "marks", but="no_marks")


def _by_words(doc: Document, region: Region, *, anyone: bool = False) -> tuple[str, ...]:
    """The names of the first line near the h1 that is a byline by its words."""
    lines: list[HtmlElement] = []
    start: int | None = None
    for place, element in enumerate(doc.tree.iter()):
        if element is region.headline:
            start = place
        if start is not None and place > start + _AFTER:
            break
        if element.tag in {"p", "div", "span", "li", "address", "small"}:
            lines.append(element)
            del lines[: -_BEFORE if start is None else 0]
    for element in lines:
        start_of_it = "".join(islice(element.itertext(), _FEW)).lstrip()
        text = line_text(element) if is_byline_start(start_of_it) else ""
        names = byline_names(text, anyone=anyone) if len(text) < _LONGEST else ()
        if names and region.owns(element):
            return names
    return ()


def _signature(region: Region) -> tuple[str, ...]:
    """The name that an article ends with, in bold or at the right."""
    if region.body is None:
        return ()
    for paragraph in region.body.findall("p")[-_LAST:]:
        text = inner_text(paragraph)
        right = _RIGHT.search(paragraph.get("style") or "") or paragraph.get("align") == "right"
        bold = "".join(inner_text(e) for e in paragraph.iter("strong", "b"))
        if (right or bold == text) and is_person(text):
            return (text,)
    return ()


def find_authors(
    doc: Document, region: Region, *, not_names: Iterable[str] = ()
) -> tuple[str, ...]:
    """The authors' names in the page's order; `not_names` are texts that are none for sure.

    People come first: of structured data, of meta elements, of a byline that the page shows, of
    a signature. Agencies and desks stay beside them where structured data names both, and
    are the authors where no person is named. The site itself is one where nobody else is.
    """
    wrong = {fold(text) for text in not_names}
    sites = site_names(doc)

    def is_site(name: str) -> bool:
        return re.sub(r"[\W_]", "", fold(name)) in sites

    names, persons = _of_json_ld(doc, is_site)
    meta = _of_meta(doc)
    if persons:
        shown = next((line for line in _bylines(doc, region) if _adds(line, persons)), ())
        found: Iterable[str] = (n for n in shown or names if not is_site(n))
    elif any(not is_site(name) and not is_role(name) for name in names):
        found = names
    elif any(is_person(name) and not is_site(name) for name in meta):
        found = (name for name in meta if not is_site(name))
    else:
        lines = [*_bylines(doc, region), _by_words(doc, region), _signature(region)]
        people = (tuple(n for n in line if is_person(n) and not is_site(n)) for line in lines)
        others = (names, meta, *lines, _by_words(doc, region, anyone=True))
        found = next((line for line in (*people, *others) if line), ())
    return tuple(name for name in unique(found) if fold(name) not in wrong)


def _adds(line: tuple[str, ...], persons: list[str]) -> bool:
    """Whether a byline has all the persons of structured data and others beside them."""
    shown, known = {fold(name) for name in line}, {fold(name) for name in persons}
    return known < shown and all(is_person(name) for name in line)


def find_agencies(doc: Document, authors: Iterable[str]) -> tuple[str, ...]:
    """The news agencies that an article is by or from, as the page names them."""
    article = doc.graph.article
    named = [
        text_of(doc.graph.resolve(value))
        for key in ("author", "creator", "sourceOrganization", "provider", "contributor")
        for value in as_list(article.get(key))
    ]
    return unique(n for text in (*authors, *named) for n in split_names(text) if is_agency(n))


def is_byline(element: HtmlElement) -> bool:
    """Whether the words below a picture are those of an author's portrait, no caption."""
    if next(element.iter("address"), None) is not None:
        return True
    text = inner_text(element)
    return len(text.split()) < _BYLINE_WORDS and bool(byline_names(text))
