"""The language of an article: what the page states, checked against its words."""

from __future__ import annotations

import math
import re
from functools import cache

from archiver.extract.document import Document
from archiver.extract.jsonld import text_of
from archiver.extract.phrases import phrases

_CODE = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9-]+)?$", re.IGNORECASE)
_SAMPLE = 600  # characters that the detector reads; half a millisecond
_ENOUGH = 40  # characters for a guess where nothing is stated
_SURE = 200  # characters by which a page may be told that it is wrong
_MARGIN = math.log(20)  # how much likelier the detector's language must be than the stated one


def _stated(doc: Document, hint: str | None) -> str | None:
    html = doc.tree if doc.tree.tag == "html" else doc.tree.getroottree().getroot()
    values = (
        html.get("lang") or html.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
        text_of(doc.graph.article.get("inLanguage")),
        doc.first("og:locale", "content-language", "dc.language", "language"),
        hint or "",
    )
    for value in values:
        if match := _CODE.match(value.strip()):
            return match.group(1).lower()
    return None


@cache
def _relatives() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for group in phrases("language", "relatives"):
        codes = frozenset(group.split())
        for code in codes:
            found[code] = found.get(code, frozenset()) | codes
    return found


def _scores(text: str) -> dict[str, float]:
    """Log-likelihoods by language, best first, scaled so that the length does not matter."""
    import py3langid  # type: ignore[import-untyped] # no types; numpy and model take half a second

    scale = math.sqrt(len(text.encode("utf-8", "replace")) or 1)
    return {code: score / scale for code, score in py3langid.rank(text)}


def detect_language(text: str) -> str | None:
    """The language that the words are of, by py3langid; None for too few words."""
    if len(text) < _ENOUGH:
        return None
    return next(iter(_scores(text[:_SAMPLE])))


def find_language(doc: Document, text: str, hint: str | None = None) -> str | None:
    """The language as its ISO 639 code, lower case: html's lang, data, `hint`, then a detector.

    The detector overrules what is stated where the text is long enough, its own guess is twenty
    times as likely, and the two languages are no near relatives: templates state the language
    of the shop that made them.
    """
    stated = _stated(doc, hint)
    if stated is None or len(text) < _SURE:
        return stated or detect_language(text)
    scores = _scores(text[:_SAMPLE])
    best = next(iter(scores))
    if best in _relatives().get(stated, {stated}) or stated not in scores:
        return stated
    return best if scores[best] - scores[stated] >= _MARGIN else stated
