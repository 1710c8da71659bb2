"""Small facts of a page: section and tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from archiver.extract.document import Document
from archiver.extract.jsonld import as_list, text_of
from archiver.extract.text import clean_markup, unique

_SECTION_META = ("article:section", "og:section", "parsely-section", "section", "content_category")
_TAG_META = ("article:tag", "news_keywords", "keywords", "parsely-tags", "og:article:tag")


def find_section(doc: Document, behind_title: str | None = None) -> str | None:
    """The section that the article stands in: structured data, meta, then behind the headline."""
    stated = [text_of(doc.graph.article.get("articleSection"))]
    stated += [clean_markup(doc.first(name)) for name in _SECTION_META]
    return next((text for text in (*stated, behind_title or "") if text and len(text) < 80), None)


def find_tags(doc: Document) -> tuple[str, ...]:
    """Keywords, from the first source that has more than one, each once."""
    sources: list[Iterable[Any]] = [as_list(doc.graph.article.get("keywords"))]
    sources += [doc.meta.get(name, ()) for name in _TAG_META]
    best: tuple[str, ...] = ()
    for source in sources:
        found = unique(_keywords(source))
        if len(found) > 1:
            return found
        best = best or found
    return best


def _keywords(values: Iterable[Any]) -> Iterator[str]:
    whole = [text_of(value) for value in values]
    for text in whole:
        parts = re.split(r"\s*[,;]\s*", text) if len(whole) == 1 else [text]
        yield from (part for part in parts if 1 < len(part) <= 80 and not part.startswith("http"))
