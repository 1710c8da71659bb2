"""Small facts of a page: section, tags, language, access, reading time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import py3langid  # type: ignore[import-untyped] # it ships no types

from archiver.extract.document import Document
from archiver.extract.jsonld import as_list, text_of
from archiver.extract.phrases import pattern, phrases
from archiver.extract.text import clean_markup, count_words, fold, line_text, unique
from archiver.model import Access, ReadTime

_WORDS_A_MINUTE = 230
_CJK_A_MINUTE = 500
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9-]+)?$", re.IGNORECASE)
_DURATION = re.compile(r"P(?:T)?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?$", re.IGNORECASE)
_SECTION_META = ("article:section", "og:section", "parsely-section", "section", "content_category")
_TAG_META = ("article:tag", "news_keywords", "keywords", "parsely-tags", "og:article:tag")
_LONGEST_LINE = 60  # characters of a line that states a reading time
_TIERS = {"free": True, "metered": None, "locked": False, "paid": False, "premium": False}


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


def find_language(doc: Document, text: str, hint: str | None = None) -> str | None:
    """The language as its ISO 639 code, lower case: html's lang, data, `hint`, then a detector."""
    html = doc.tree if doc.tree.tag == "html" else doc.tree.getroottree().getroot()
    stated = (
        html.get("lang") or html.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        text_of(doc.graph.article.get("inLanguage")),
        doc.first("og:locale", "content-language", "dc.language", "language"),
        hint or "",
    )
    for value in stated:
        if match := _LANGUAGE.match(value.strip()):
            return match.group(1).lower()
    return detect_language(text)


def detect_language(text: str) -> str | None:
    """The language that the words are of, by py3langid; None for too few words."""
    if len(text) < 40:
        return None
    code: str = py3langid.classify(text[:5000])[0]
    return code


def find_access(doc: Document) -> Access:
    """Whether the page says that it is free, and the words that say so; never guessed."""
    value = doc.graph.article.get("isAccessibleForFree")
    if value is None:
        stated = (node.get("isAccessibleForFree") for node in doc.graph.of_type("webpage"))
        value = next((one for one in stated if one is not None), None)
    for source, raw in (
        ("json-ld:isAccessibleForFree", value),
        ("meta:isAccessibleForFree", doc.first("isaccessibleforfree")),
    ):
        said = str(raw).strip().lower().rsplit("/", 1)[-1]
        if said in {"true", "false"}:
            return Access(free=said == "true", evidence=f"{source}={said}")
    tier = doc.first("article:content_tier").lower()
    if tier in _TIERS:
        return Access(free=_TIERS[tier], evidence=f"meta:article:content_tier={tier}")
    return Access()


def stated_minutes(line: str) -> int | None:
    """The minutes of a line that is nothing but a reading time ("4 min read")."""
    if len(line) > _LONGEST_LINE:
        return None
    match = pattern("readtime").fullmatch(fold(line))
    minutes = next((int(group) for group in match.groups() if group), 0) if match else 0
    return minutes or None


def _published_minutes(doc: Document) -> int | None:
    match = _DURATION.match(text_of(doc.graph.article.get("timeRequired")))
    if match and any(match.groups()):
        hours, minutes, seconds = (int(group or 0) for group in match.groups())
        return max(1, hours * 60 + minutes + math.ceil(seconds / 60))
    for number in ("1", "2", "3"):
        if fold(doc.first(f"twitter:label{number}")) in phrases("readtime", "labels"):
            found = re.search(r"\d{1,3}", doc.first(f"twitter:data{number}"))
            if found and int(found.group()):
                return int(found.group())
    for element in doc.tree.iter("p", "span", "div", "time", "li", "small", "em"):
        if stated := stated_minutes(line_text(element)):
            return stated
    return None


def minutes_for(words: int, cjk: int) -> int:
    """Minutes to read so many words, and Chinese or Japanese characters; at least one."""
    return max(1, round(words / _WORDS_A_MINUTE + cjk / _CJK_A_MINUTE))


def find_read_time(doc: Document, text: str) -> ReadTime | None:
    """What the page says, else counted at 230 words or 500 CJK characters a minute."""
    published = _published_minutes(doc)
    if published:
        return ReadTime(minutes=published, source="published")
    words, cjk = count_words(text)
    if not words + cjk:
        return None
    return ReadTime(minutes=minutes_for(words, cjk), source="computed")
