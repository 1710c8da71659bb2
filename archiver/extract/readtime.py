"""Reading time: what the page states, else counted from the words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice

from lxml.html import HtmlElement

from archiver.extract.document import Document
from archiver.extract.jsonld import text_of
from archiver.extract.phrases import alternatives, pattern, phrases
from archiver.extract.region import Region
from archiver.extract.text import fold, line_text
from archiver.model import ReadTime

_WORDS_A_MINUTE = 230
_CJK_A_MINUTE = 500
_LONGEST_LINE = 60  # characters of a line that states a reading time
_LEVELS = 3  # how far up from a word of it the line is looked for
_LONGEST_PIECE = 160  # characters of a text, spaces and all
_ONE_NUMBER = re.compile(r"\D*\d{1,3}\D*")
_SILENT = frozenset({"script", "style", "option", "title"})
_DURATION = re.compile(
    r"P(?:\d+Y)?(?:\d+M)?(?:\d+D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?$", re.IGNORECASE
)


@cache
def _forms() -> re.Pattern[str]:
    """A line that is a number of minutes and, before or behind, what it is a number of."""
    noun, unit = alternatives("readtime", "nouns"), alternatives("readtime", "units")
    about = rf"(?:(?:{alternatives('readtime', 'abouts')})\s*)?"
    number = rf"{about}(\d{{1,3}})\s?-?\s?(?:{unit})\.?"
    return re.compile(
        rf"\W*(?:{noun})\s*[:|\-]?\s*(?:in\s|de\s)?{number}(?:\s*(?:{noun}))?\W*"
        rf"|\W*{number}\s*[-|]?\s*(?:of\s|zum\s)?(?:{noun})\W*"
    )


def stated_minutes(line: str) -> int | None:
    """The minutes of a line that is nothing but a reading time ("4 min read")."""
    if not 0 < len(line) <= _LONGEST_LINE:
        return None
    folded = fold(line)
    match = _forms().fullmatch(folded) or pattern("readtime").fullmatch(folded)
    minutes = next((int(group) for group in match.groups() if group), 0) if match else 0
    return minutes or None


def _from_data(doc: Document) -> int | None:
    """The reading time of structured data or of the fields of a Twitter card."""
    match = _DURATION.match(text_of(doc.graph.article.get("timeRequired")))
    if match and any(match.groups()):
        hours, minutes, seconds = (int(group or 0) for group in match.groups())
        if total := hours * 60 + minutes + math.ceil(seconds / 60):
            return total
    for number in ("1", "2", "3"):
        if fold(doc.first(f"twitter:label{number}")) in phrases("readtime", "labels"):
            found = re.search(r"\d{1,3}", doc.first(f"twitter:data{number}"))
            if found and int(found.group()):
                return int(found.group())
    return None


def _lines(doc: Document) -> Iterator[tuple[HtmlElement, str]]:
    """Short lines with one number in them, and the elements that hold the number."""
    for element in doc.tree.iter():
        for text, inside in ((element.text, True), (element.tail, False)):
            if not text or len(text) > _LONGEST_PIECE or text.isspace():
                continue
            if not _ONE_NUMBER.fullmatch(text):
                continue
            holder = element if inside else element.getparent()
            if holder is None or holder.tag in _SILENT or not isinstance(holder.tag, str):
                continue
            for around in (holder, *islice(holder.iterancestors(), _LEVELS)):
                line = line_text(around)
                if not line or len(line) > _LONGEST_LINE:
                    break
                yield holder, line


def published_minutes(doc: Document, region: Region) -> int | None:
    """The minutes that the page states, of itself and not of another article; None for none."""
    if (stated := _from_data(doc)) is not None:
        return stated
    for element, line in _lines(doc):
        minutes = stated_minutes(line)
        if minutes is not None and region.owns(element):
            return minutes
    return None


def minutes_for(words: int, cjk: int) -> int:
    """Minutes to read so many words, and Chinese or Japanese characters; at least one."""
    return max(1, round(words / _WORDS_A_MINUTE + cjk / _CJK_A_MINUTE))


def find_read_time(doc: Document, region: Region, counted: tuple[int, int]) -> ReadTime | None:
    """What the page says, else 230 words or 500 CJK characters a minute, as `counted`."""
    published = published_minutes(doc, region)
    if published:
        return ReadTime(minutes=published, source="published")
    words, cjk = counted
    if not words + cjk:
        return None
    return ReadTime(minutes=minutes_for(words, cjk), source="computed")
