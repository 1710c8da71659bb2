"""Captions and credits: who made a picture is split from what it shows."""

from __future__ import annotations

import re
from functools import cache

from lxml.html import HtmlElement

from archiver.extract.phrases import alternatives, phrases
from archiver.extract.text import clean, fold, inner_text, unique

_CREDIT_CLASS = re.compile(
    r"credit|copyright|(?:^|[-_\s])(?:source|quelle|agency|photographer|fotograf|byline|rights"
    r"|author|autor|attribution|courtesy|owner|foto)(?:$|[-_\s])|(?<=[a-z])(?:Source|Author|Byline)",
    re.IGNORECASE,
)
_AGENCY = (
    r"getty(?: images)?|reuters|afp|dpa|ap(?: photo)?|epa|efe|ansa|apa|keystone|ntb|tt|ritzau"
    r"|shutterstock|istock|imago|picture alliance|alamy|pa(?: wire| images| media)?|xinhua"
    r"|bloomberg|istockphoto|unsplash|pixabay|ddp|zuma|sipa|belga|anp|lusa|ctk|čtk|pap|aap|jiji|kyodo|yonhap"
)
_BRACKETED = re.compile(
    rf"\s*[(\[]([^()\[\]]*?(?:\b(?:{_AGENCY})\b|photo|foto|image|bild|©|credit|via )"
    r"[^()\[\]]*)[)\]]\s*$",
    re.IGNORECASE,
)
_EQUALS = re.compile(r"\s*\[(?:사진|그래픽|写真)[^\[\]=]{0,8}=\s*([^\[\]]{2,80})\]\s*$")
_BY = re.compile(
    r"(?:^|(?<=[.!?”\"])\s*|\s+[-\u2013—|/•]\s*)(?:photo|picture|photograph|image|pic)s?"
    r"\s+(?:by|from|via|courtesy of)\s+"
    r"([^:]{2,110})$",
    re.IGNORECASE,
)
_NAME = re.compile(r"\s+/\s*((?:[A-ZÀ-ÞĀ-Ž][\w.\u2019'-]*\.?\s?){1,5})$")
_AFTER_STOP = re.compile(
    r"(?<=[.!?])\s*\(((?!symbol|file|stock|archiv)[^()]{2,60})\)$", re.IGNORECASE
)
_COPYRIGHT = re.compile(r"\s*(?:©|\(c\)|&copy;)\s*(.{2,100})$", re.IGNORECASE)
_SLASHED = re.compile(
    rf"\s*[-\u2013—|•/]\s*((?:[^.|•\u2013—]{{2,60}}[/,]\s*)?(?:{_AGENCY})\b[^.]{{0,40}})$",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:image|bild|photo|foto|pic|picture|imagen|legende|caption|bildunterschrift)\s*:\s+",
    re.IGNORECASE,
)
_LONGEST_CREDIT = 120  # characters
_CREDIT_WORDS = 5  # of a bare credit; what is longer is a caption


@cache
def _labelled() -> re.Pattern[str]:
    """A label, a colon and the rest of the text, at the end or after a full stop."""
    labels = alternatives("credit", "labels")
    return re.compile(
        rf"(?:^|(?<=[.!?…»”\"'|)\]])\s*|\s+[-\u2013—|•/]?\s*|\s*[(\[])\b(?:{labels})\s*(?:by\b\s*)?[:\uff1a]\s*"
        r"([^:\uff1a]{2,120}?)[)\]]?$",
        re.IGNORECASE,
    )


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return (_BRACKETED, _EQUALS, _labelled(), _BY, _COPYRIGHT, _SLASHED, _NAME, _AFTER_STOP)


@cache
def _label() -> re.Pattern[str]:
    labels = alternatives("credit", "labels")
    return re.compile(
        rf"^[\s(\[]*(?:(?:{labels})\s*(?:by\b)?\s*[:\uff1a]|©|\(c\)|photo by|foto von)\s*",
        re.IGNORECASE,
    )


def clean_credit(text: str) -> str:
    """A credit without its label, brackets and copyright sign; "" where nothing is left."""
    bare = clean(text)
    while (match := _label().match(bare)) and match.end():
        bare = bare[match.end() :]
    bare = bare.strip(" ()[]|,;:-\u2013—•")
    return "" if len(bare) > _LONGEST_CREDIT or fold(bare) in _only_labels() else bare


@cache
def _only_labels() -> frozenset[str]:
    return phrases("credit", "labels") | {"©", ""}


def _unlabelled(text: str) -> str:
    """A caption without "Image:" before it, where what follows is a caption and no credit."""
    bare = _LEAD.sub("", text)
    return bare if len(bare.split()) > _CREDIT_WORDS or _labelled().search(bare) else text


def split_credits(text: str) -> tuple[str, tuple[str, ...]]:
    """A caption without its credits, and these, last first split off but given in order.

    Split off from the end are "Pic: Reuters", "(AP Photo/…)", "Foto: …", "© …" and
    "… - Name/Agency".
    """
    caption, found = _unlabelled(clean(text)), list[str]()
    for _ in range(3):
        match = next(
            (m for rx in _patterns() if (m := rx.search(caption))),
            None,
        )
        if match is None:
            break
        credit = clean_credit(match.group(1))
        if credit:
            found.insert(0, credit)
        caption = caption[: match.start()].rstrip(" |•-\u2013—/([")
    return _LEAD.sub("", caption).strip().rstrip(" |•-\u2013—/"), unique(found)


def credit_elements(element: HtmlElement) -> list[HtmlElement]:
    """The parts of a caption element that are credits by their class or itemprop, outermost."""
    found: list[HtmlElement] = []
    for part in element.iterdescendants():
        if not isinstance(part.tag, str) or any(p in found for p in part.iterancestors()):
            continue
        label = " ".join(part.get(key) or "" for key in ("class", "itemprop", "data-testid"))
        if part.tag in {"cite", "small"} or _CREDIT_CLASS.search(label):
            found.append(part)
    return found


def read_caption(element: HtmlElement) -> tuple[str, tuple[str, ...]]:
    """The caption and credits of a caption element (figcaption and the like)."""
    parts = credit_elements(element)
    marked = [clean_credit(inner_text(part)) for part in parts]
    caption, found = split_credits(inner_text(element, skip=parts))
    if not caption and not found and parts and len(inner_text(element)) > _LONGEST_CREDIT:
        return split_credits(inner_text(element))  # a class that means something else
    return caption, unique([*marked, *found])
