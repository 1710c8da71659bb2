"""Names of people and agencies out of the words around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from archiver.extract.phrases import alternatives, phrases
from archiver.extract.text import clean_markup, fold

_LONGEST = 60  # characters of a name
_MOST_WORDS = 6
_NO_NAME = re.compile(r"https?:|www\.|@|\.(?:html?|php)\b|[{}<>|()]|^\d|^[\W\d]*$", re.IGNORECASE)
_URL = re.compile(r"(?:https?:)?//|www\.", re.IGNORECASE)
_MAIL = re.compile(r"\s*[(<\[]?\S+@\S+|(?<!\w)@\w+", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$")
_PLACE = re.compile(r"\s+(?:in|à|aus)\s+[^\W\d_a-z].*$")
_DATE = re.compile(r"\s*[|•·,]?\s+\d.*$")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SHORT_JOINERS = frozenset({"y", "e", "i"})  # which stand within names, too
_ELISIONS = frozenset({"d'", "d\u2019", "l'", "l\u2019"})


@cache
def _prefix() -> re.Pattern[str]:
    words = alternatives("byline", "prefixes")
    return re.compile(rf"(?:{words})(?:\s*[:\uff1a\uff0f]\s*|\s+)", re.IGNORECASE)


@cache
def _sure_prefix() -> re.Pattern[str]:
    words = alternatives("byline", "sure_prefixes")
    return re.compile(rf"(?:{words})(?:\s*[:\uff1a]\s*|\s+)", re.IGNORECASE)


@cache
def _joiner() -> re.Pattern[str]:
    words = alternatives("byline", "joiners")
    return re.compile(
        rf"\s*[,/|•·、]\s*(?:(?:{words})\s+)?|\s+(?:{words})\s+|\s+[-\u2013—]\s+", re.IGNORECASE
    )


@cache
def _end() -> re.Pattern[str]:
    words = alternatives("byline", "ends")
    return re.compile(rf"[\s|•·,-]*(?<![^\W_])(?:{words})(?![^\W_]).*$", re.IGNORECASE)


@cache
def _suffix() -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{alternatives('byline', 'suffixes')})$")


def _bare(text: str) -> str:
    """A byline without what stands before its names; "Di Stefano" keeps its first word."""
    bare = clean_markup(text)
    match = _prefix().match(bare)
    if match is None:
        return bare
    rest = bare[match.end() :]
    if fold(match.group()) in phrases("byline", "particles") and (
        " " not in rest.strip() or rest[:1].islower()
    ):
        return bare
    return rest


def _parts(bare: str) -> list[str]:
    """The pieces of a byline; "Ortega y Gasset" stays one, unless there are two whole names."""
    if ";" in bare:
        return bare.split(";")
    pieces = re.split(rf"({_joiner().pattern})", bare, flags=re.IGNORECASE)
    parts = pieces[:1]
    for joiner, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if joiner.strip() in _SHORT_JOINERS and " " not in piece.strip():
            parts[-1] += joiner + piece
        else:
            parts.append(piece)
    return parts


def split_names(text: str) -> Iterator[str]:
    """The names of a byline, one by one, without "By", roles, places, dates and the like.

    Where semicolons part the names, commas and slashes belong to them.
    """
    bare = _bare(text)
    if _URL.match(bare):
        return
    bare = _DATE.sub("", _end().sub("", _MAIL.sub("", bare)))
    for part in _parts(bare):
        name = _PLACE.sub("", _BRACKETS.sub("", part.strip()))
        name = _suffix().sub("", name).strip(" .,:;-\u2013—")
        if name and len(name) <= _LONGEST and not _NO_NAME.search(name) and not is_role(name):
            yield name


def is_role(name: str) -> bool:
    """Whether words name a role and no person: "Political Editor"."""
    words = fold(name).split()
    return bool(words) and not phrases("byline", "roles").isdisjoint(words)


def is_address(text: str) -> bool:
    """Whether a text is a URL or an e-mail address, or has no letters: no name of any kind."""
    return bool(_NO_NAME.search(text))


def is_agency(name: str) -> bool:
    """Whether a name is that of a news agency."""
    return fold(name) in phrases("byline", "agencies")


def is_person(name: str) -> bool:
    """Whether a name has a person's form: two to six words with capitals, or few wide letters."""
    if is_agency(name) or any(char.isdigit() for char in name):
        return False
    if _WIDE.search(name):
        return 2 <= len(name.replace(" ", "")) <= 8 and not _organised(name)
    words = name.split()
    if not 2 <= len(words) <= _MOST_WORDS or _organised(name):
        return False
    return all(
        word[:1].isalpha() and (_is_capital(word) or word in phrases("byline", "particles"))
        for word in words
    )


def _is_capital(word: str) -> bool:
    """Whether a word begins with a capital, or is of a script that has none."""
    return not word[0].islower() or word[:2].lower() in _ELISIONS


def _organised(name: str) -> bool:
    words = re.split(r"[\W_]+", fold(name))
    listed = phrases("byline", "organisations")
    if words[-1] in listed or words[0] in listed:
        return True
    return any(word in name for word in listed if _WIDE.match(word))


def is_byline_start(text: str) -> bool:
    """Whether a text begins as a byline by its words does: "By …"."""
    return bool(_sure_prefix().match(text[:_LONGEST] + " "))


def byline_names(line: str, *, anyone: bool = False) -> tuple[str, ...]:
    """The names of a line that is a byline by its words alone ("By Jo Doe"); () for any other.

    `anyone`: initials and desks will do; without it one name must have a person's form.
    """
    text = clean_markup(line)
    match = _sure_prefix().match(text)
    names = tuple(n for n in split_names(text) if not n[0].islower()) if match else ()
    if any(is_person(name) for name in names):
        return names
    return names[:1] if anyone else ()
