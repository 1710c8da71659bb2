"""Headlines: every one that the page gives, the one to show, and the section behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from archiver.extract.document import Document
from archiver.extract.jsonld import text_of
from archiver.extract.standfirst import descriptions
from archiver.extract.text import clean_markup, fold, inner_text, letters, unique

# " | World News", " - Site", " :: Site": what a template puts behind, in all its dashes and bars.
_SUFFIX = re.compile(
    r"(?:\s+[|»\u203a]+\s*|\s+[·•]+\s+|\s*[|\uff5c\u1175\u3163]\s*|\s+[-\u2013—:]{1,2}\s+|[\uff1a∙])(?=[^\s])"
)
_HUNG = re.compile(r"\s*[-|\u3163\uff5c\u2013—]\s*(?=\S)")
_LONGEST_SECTION = 40  # characters
_SECTION_MAX = 4  # words
_MOST_HEADINGS = 200
_STEM = 80  # letters by which a standfirst is known
_SURE = 20  # letters of a headline that are no site's name and no section's
_KICKER = re.compile(r"\s*[:|\uff1a\uff5c]\s+|\s+[-\u2013—]\s+")
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_MARK = re.compile(r"[|·•»\u203a\uff5c\u1175\u3163]")


@dataclass(frozen=True, kw_only=True)
class Headlines:
    """`title`: the one to show; `all`: every other wording too; `section`: found behind one."""

    title: str | None
    all: tuple[str, ...]
    section: str | None = None


def _site_names(doc: Document) -> set[str]:
    """What the site calls itself, folded; its host name's labels among it."""
    publisher = doc.graph.resolve(doc.graph.article.get("publisher"))
    names = {fold(doc.first("og:site_name", "application-name")), fold(text_of(publisher))}
    names |= {fold(text_of(node.get("name"))) for node in doc.graph.of_type("website")}
    host = (urlsplit(doc.url).hostname or "").removeprefix("www.")
    names |= {host, host.split(".")[0], host.rsplit(".", 1)[0]}
    return {re.sub(r"[\W_]", "", name) for name in names} - {""}


def _is_site(part: str, names: set[str]) -> bool:
    key = re.sub(r"[\W_]", "", fold(part))
    return key in names or any(
        len(name) > 3 and (key.startswith(name) or (len(key) > 3 and name.startswith(key)))
        for name in names
    )


def split_suffix(
    title: str, names: set[str], known: set[str], sections: set[str] | None = None
) -> tuple[str, str | None]:
    """A headline without what a template hung behind it, and the section among that.

    Taken off are parts that are the site's name (`names`, folded, letters only), all that
    stands behind a remainder which the page elsewhere gives as a headline (`known`, folded),
    and, before a " | " only, a short part: a section.
    """
    section: str | None = None
    head = title
    while match := _last_suffix(head):
        front, mark, part = head[: match.start()].strip(), match.group(), head[match.end() :]
        if not front:
            break
        site = _is_site(part, names)
        agreed = fold(front) in known
        short = bool(_MARK.search(mark)) and len(part.split()) <= _SECTION_MAX
        if not (site or agreed or (short and len(front.split()) > _SECTION_MAX)):
            break
        if not site and _MARK.search(mark) and len(part.split()) <= _SECTION_MAX:
            section = part.strip()
        head = front
    head, hung = _known_head(head, known, sections or set())
    return head, section or hung


def _known_head(title: str, known: set[str], sections: set[str]) -> tuple[str, str | None]:
    """A title without a section hung on it, which the rest or the section being known tells."""
    for mark in _HUNG.finditer(title):
        head, rest = title[: mark.start()], title[mark.end() :]
        if fold(rest) in sections or (fold(head) in known and len(rest) <= _LONGEST_SECTION):
            return head, rest
    return title, None


def _last_suffix(text: str) -> re.Match[str] | None:
    last = None
    for last in _SUFFIX.finditer(text):  # noqa: B007 - the last match is what is wanted
        pass
    return last


def _h1s(doc: Document) -> Iterator[str]:
    for element in doc.tree.iter("h1"):
        if text := inner_text(element):
            yield text


def _shown_beside(doc: Document, data: str) -> bool:
    """Whether a heading right beside the h1 shows the headline of structured data.

    There the h1 is made for search engines, and the reader sees the other one.
    """
    headings = list(islice(doc.tree.iter("h1", "h2"), _MOST_HEADINGS))
    return any(
        heading.tag == "h2"
        and "h1" in {other.tag for other in headings[max(0, place - 1) : place + 2]}
        and fold(inner_text(heading)) == fold(data)
        for place, heading in enumerate(headings)
    )


def _choose(h1s: list[str], h2s: list[str], social: str, data: str, named: str) -> str | None:
    """The social headline, in the visible spelling; where it is no headline, data's or the h1.

    Measured against reviewed titles the social one is right most often (0.84; structured data
    0.81, the first h1 0.64). One that shares no words with any other and that no heading shows
    is the site's, not the article's. One that no h1 shows gives way to structured data that the
    title element (`named`) confirms.
    """
    others = [*h1s, data]
    alone = any(others) and not any(_alike(social, one) for one in others)
    seen = {letters(h1) for h1 in h1s}
    outvoted = letters(data) == letters(named) and letters(social) not in seen
    choice = social
    if not social or (alone and not _is_shown(social, h2s)):
        choice = data or next(iter(h1s), "") or social
    elif data and outvoted and letters(data) not in seen:
        choice = data
    choice = _without_kicker(choice, h1s)
    return next((h1 for h1 in h1s if fold(h1) == fold(choice)), choice) or None


def _is_shown(title: str, headings: list[str]) -> bool:
    """Whether a heading shows a title, maybe behind a kicker."""
    own = letters(title)
    return len(own) >= _SURE and any(letters(heading).endswith(own) for heading in headings)


def _without_kicker(title: str, h1s: list[str]) -> str:
    """What a title and an h1 have in common, where each puts another kicker before it."""
    match = _KICKER.search(title)
    rest = fold(title[match.end() :]) if match else ""
    if match is None or len(letters(rest)) < _SURE:
        return title
    for h1 in map(fold, h1s):
        before = h1.removesuffix(rest)
        if letters(before) and before != h1 and not _alike(before, title[: match.start()]):
            return title[match.end() :]
    return title


def _alike(one: str, other: str) -> bool:
    """Whether two wordings share at least a third of the words (CJK: characters) of the shorter."""
    a, b = set(_TOKEN.findall(fold(one))), set(_TOKEN.findall(fold(other)))
    return bool(a and b) and len(a & b) * 3 >= min(len(a), len(b))


def find_headlines(doc: Document) -> Headlines:
    """All headlines of a page: visible, social, structured data, its title element."""
    article = doc.graph.article
    h1s = list(_h1s(doc))
    standfirsts = [letters(text)[:_STEM] for text in descriptions(doc)]
    data = [text_of(article.get(key)) for key in ("headline", "alternativeHeadline")]
    # Some publishers give the standfirst as an alternative headline.
    data[1:] = [text for text in data[1:] if letters(text)[:_STEM] not in standfirsts]
    social = [clean_markup(doc.first(name)) for name in ("og:title", "twitter:title")]
    named = [clean_markup(doc.first(name)) for name in ("headline", "title", "dc.title")]
    title_element = [inner_text(element) for element in doc.tree.iter("title")][:1]
    names = _site_names(doc)
    known = {fold(text) for text in (*h1s, *data) if text} - {""}
    stated = (text_of(article.get("articleSection")), doc.first("article:section"))
    sections = set(map(fold, stated)) - {""}
    section: str | None = None
    bare: list[str] = []
    for text in (*social, *title_element, *named, *data):
        head, found = split_suffix(text, names, known, sections)
        section = section or found
        bare.append(head)
    others = {fold(text) for text in bare}
    bare = [_known_head(text, others - {fold(text)}, sections)[0] for text in bare]
    plain_social = bare[0] or bare[1] or (bare[2] if title_element else "")
    plain_data = bare[len(bare) - len(data)]
    plain_title = bare[len(social)] if title_element else ""
    h2s = [inner_text(heading) for heading in islice(doc.tree.iter("h2"), _MOST_HEADINGS)]
    title = _choose(h1s, h2s, plain_social, plain_data, plain_title)
    if plain_data and _shown_beside(doc, plain_data):
        title = plain_data
    near = [h1 for h1 in h1s if title is None or _alike(h1, title)]
    every = unique([title or "", *near, *social, *data, *bare, *title_element])
    return Headlines(title=title or None, all=every, section=section)
