"""Captions and credits: who made a picture is split from what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from lxml.html import HtmlElement

from archiver.extract.marks import roles_of
from archiver.extract.phrases import alternatives, phrases
from archiver.extract.text import clean, fold, inner_text, unique

_LONGEST_CREDIT = 120  # characters
_CREDIT_WORDS = 5  # of a bare credit; what is longer is a caption
_MOST = 3  # credits of one caption
_MOST_PARTS = 200  # elements of a caption; what has more is none
_ATTRIBUTES = ("data-credit", "data-copyright", "data-credits", "data-photographer", "data-source")
_END = r"\s*[.,;]?\s*$"
# Where a credit may begin: at the start, behind a sentence, a bar, a dash, a comma or a bracket.
_BEGIN = (
    r"(?:^|(?<=[.!?…»”\"'\u2019|)\]。])\s*|\s*[|•·/,;]\s*|\s+[-\u2013—]\s*|\s+|\s*[(\[\uff08【])"
)
_WORD = r"[A-ZÀ-ÞĀ-Ž][\w.\u2019'-]*"
_NAME = rf"{_WORD}(?:\s(?:(?:de|da|di|del|van|von|der|den|la|le|el|al|bin)\s)*{_WORD}){{0,4}}"


@cache
def _agency() -> str:
    return alternatives("credit", "agencies")


@cache
def _labelled() -> re.Pattern[str]:
    """A label, a colon and the rest of the text."""
    labels = alternatives("credit", "labels")
    return re.compile(
        rf"{_BEGIN}(?<![^\W_])(?:(?:{labels})\s+)?(?:{labels})\.?\s*(?:by\b\s*)?[:\uff1a=\uff1d]\s*"
        r"([^:\uff1a]{2,120}?)\s*[)\]\uff09】]?" + _END,
        re.IGNORECASE,
    )


@cache
def _opened() -> re.Pattern[str]:
    """What begins with "Photo by" or its like."""
    openings = alternatives("credit", "openings")
    return re.compile(
        r"(?:^|(?<=[.!?…”\"'\u2019)])\s*|\s+[-\u2013—|/•]\s*|\s*[(\[])"
        rf"(?i:{openings})\s+(?=[^\Wa-z])([^:]{{2,110}}?)[)\]]?" + _END,
    )


@cache
def _bracketed() -> re.Pattern[str]:
    """Brackets at the end with an agency, a label or a copyright sign in them."""
    labels = alternatives("credit", "labels")
    return re.compile(
        rf"\s*[(\[\uff08【]([^()\[\]\uff08\uff09【】]*?(?:(?<![^\W_])(?:{_agency()})(?![^\W_])|\b(?:{labels})\b|©|\bvia\b"
        rf"|(?:撮影|提供|写す)(?=[)\uff09\]】]))[^()\[\]\uff08\uff09【】]*)[)\]\uff09】]" + _END,
        re.IGNORECASE,
    )


@cache
def _slashed() -> re.Pattern[str]:
    """A dash, a bar or the end of a sentence, then an agency, maybe with a name before it."""
    return re.compile(
        r"(?:\s*[-\u2013—|•/\uff1d]\s*|(?<=[.!?…”\"\u2019)。])\s+)"
        rf"((?:[^.|•\u2013—]{{2,60}}[/,|]\s*)?(?<![^\W_])(?:{_agency()})(?![^\W_])[^.]{{0,40}})"
        + _END,
        re.IGNORECASE,
    )


@cache
def _with_role() -> re.Pattern[str]:
    """A name and a reporter's role behind a sentence."""
    return re.compile(
        rf"(?<=[.!?。])\s*([^\s.]{{2,20}})\s*(?:{alternatives('credit', 'roles')})" + _END
    )


_MAY_CREDIT = re.compile(r"[:\uff1a=\uff1d©ⓒ/|•\u2013—(-]")  # what every credit of an alt text has
_COPYRIGHT = re.compile(
    r"\s*(?:©|\(c\)|ⓒ|\uff08[cC\uff43\uff23]\uff09)\s*(.{2,100})$", re.IGNORECASE
)
_SLASH_NAME = re.compile(rf"\s+/\s*({_NAME})" + _END)
_NAME_SLASH = re.compile(
    rf"(?<=[.!?…”\"\u2019)])\s+({_NAME}\s?/\s?{_NAME}(?:\s?/\s?{_NAME})?)" + _END
)
_AFTER_STOP = re.compile(r"(?<=[.!?])\s*\(([^()]{2,60})\)" + _END)
_EQUALS = re.compile(r"\s*\uff1d\s*([^\uff1d\s]{1,20}(?:撮影|提供|写す))$")


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return (
        _labelled(), _bracketed(), _opened(), _COPYRIGHT, _EQUALS, _slashed(), _with_role(),
        _NAME_SLASH, _SLASH_NAME, _AFTER_STOP,
    )  # fmt: skip


@cache
def _label() -> re.Pattern[str]:
    labels, openings = alternatives("credit", "labels"), alternatives("credit", "openings")
    return re.compile(
        rf"^[\s(\[\uff08【]*(?:(?:{labels})\.?\s*(?:by\b)?\s*[:\uff1a=\uff1d]|©|ⓒ|\(c\)|(?:{openings})\b)\s*",
        re.IGNORECASE,
    )


@cache
def _lead() -> re.Pattern[str]:
    return re.compile(rf"^(?:{alternatives('caption', 'leads')})\s*[:\uff1a]\s*", re.IGNORECASE)


def clean_credit(text: str) -> str:
    """A credit without its label, brackets and copyright sign; "" where nothing is left."""
    bare = clean(text)
    while (match := _label().match(bare)) and match.end():
        bare = bare[match.end() :]
    bare = bare.strip(" ()[]\uff08\uff09【】|,;:-\u2013—•")
    labels = phrases("credit", "labels")
    return "" if len(bare) > _LONGEST_CREDIT or fold(bare) in labels | {"©"} else bare


def _is_aside(credit: str) -> bool:
    """Whether brackets hold something that is said of the picture: "(file photo)", "(left)"."""
    return fold(credit).partition(" ")[0] in phrases("caption", "asides") or fold(
        credit
    ) in phrases("caption", "asides")


@cache
def _furniture() -> re.Pattern[str]:
    words = alternatives("caption", "furniture")
    return re.compile(
        rf"^(?:\[?\d+\s*(?:/|of|von|de|sur|di)\s*\d+\]?|(?:{words})\b)[\s,:|]*"
        rf"|[\s,|]*(?<![^\W_])(?:{words})\s*$",
        re.IGNORECASE,
    )


def _unlabelled(text: str) -> str:
    """A caption without furniture, and without "Image:" where a caption follows and no credit."""
    for _ in range(_MOST):
        text = _furniture().sub("", text)
    bare = _lead().sub("", text)
    return bare if len(bare.split()) > _CREDIT_WORDS or _labelled().search(bare) else text


def split_credits(text: str) -> tuple[str, tuple[str, ...]]:
    """A caption without its credits, and these, last first split off but given in order.

    Split off from the end are "Pic: Reuters", "(AP Photo/…)", "Foto: …", "© …", "… - Name/Agency"
    and their like in other languages and scripts.
    """
    caption, found = _unlabelled(clean(text)), list[str]()
    for _ in range(_MOST):
        match = next(
            (m for rx in _patterns() if (m := rx.search(caption)) and not _is_aside(m.group(1))),
            None,
        )
        if match is None:
            break
        if credit := clean_credit(match.group(1)):
            found.insert(0, credit)
        caption = caption[: match.start()].rstrip(" |•-\u2013—/([\uff08,;\uff1d")
    return _lead().sub("", caption).strip().rstrip(" |•-\u2013—/"), unique(found)


@cache
def _only_agency() -> re.Pattern[str]:
    """A line that is an agency, maybe with a name at one side of a slash."""
    one = rf"(?:{_agency()})"
    return re.compile(
        rf"(?:[^/|]{{2,60}}\s*[/|]\s*)?{one}(?:\s*[/|]\s*[^/|]{{2,60}})*(?:\s+via\s+{one})?",
        re.IGNORECASE,
    )


def bare_credit(text: str) -> tuple[str, ...]:
    """The credits of a line that is nothing but a labelled credit or an agency; else ()."""
    if not text or len(text) > _LONGEST_CREDIT:
        return ()
    if _only_agency().fullmatch(text):
        return unique([clean_credit(text)])
    caption, found = split_credits(text) if _label().match(text) else (text, ())
    return () if caption else found


def attribute_credits(img: HtmlElement) -> tuple[str, ...]:
    """The credits that attributes of an img hold: data-credit, else a plain one in its alt."""
    for name in _ATTRIBUTES:
        if credit := clean_credit(img.get(name) or ""):
            return (credit,)
    for name in ("alt", "title", "data-caption"):
        text = clean(img.get(name))
        if not _MAY_CREDIT.search(text):
            continue
        for pattern in (_labelled(), _COPYRIGHT, _slashed()):
            if (match := pattern.search(text)) and (credit := clean_credit(match.group(1))):
                return (credit,)
    return ()


def credits_beside(box: HtmlElement, captions: Iterable[HtmlElement]) -> tuple[str, ...]:
    """The credits that stand in the box of a picture, outside its captions."""
    apart = frozenset(captions)
    marked = (
        clean_credit(inner_text(part))
        for part in credit_elements(box)
        if part not in apart and not any(a in apart for a in part.iterancestors())
    )
    return unique(marked) or bare_credit(inner_text(box, skip=apart))


def credit_elements(element: HtmlElement) -> list[HtmlElement]:
    """The parts of a caption element that are credits by what their names say, outermost."""
    found: list[HtmlElement] = []
    stack = list(reversed(element))
    for _ in range(_MOST_PARTS):
        if not stack:
            break
        part = stack.pop()
        if isinstance(part.tag, str):
            if part.tag in {"cite", "small"} or "credit" in roles_of(part):
                found.append(part)
            else:
                stack.extend(reversed(part))
    return found


def read_caption(element: HtmlElement) -> tuple[str, tuple[str, ...]]:
    """The caption and credits of a caption element (figcaption and the like)."""
    parts = credit_elements(element)
    marked = [clean_credit(inner_text(part)) for part in parts]
    caption, found = split_credits(inner_text(element, skip=parts))
    if not caption and not found and parts and len(inner_text(element)) > _LONGEST_CREDIT:
        return split_credits(inner_text(element))  # a class that means something else
    return caption, unique([*marked, *found])
