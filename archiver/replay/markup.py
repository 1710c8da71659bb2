"""Start tags and raw text of an HTML document, with their places in it.

A tokeniser after the WHATWG standard (section 13.2.5), as far as it is needed to find
attributes: every span it reports is a slice of the text, so that whoever changes one keeps
all the rest to the letter. It runs in linear time on any input. Parsers that are kept
(lxml, lexbor, html5lib) build a tree and write it anew, and the standard library's
tokeniser differs between patch releases and was quadratic; hence these few expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import unescape
from html.entities import html5
from typing import NamedTuple

_BLANK = r" \t\n\f\r"
_ATTRIBUTE = re.compile(
    rf"""[{_BLANK}/]*+
    (?:(>)
    |(=?[^{_BLANK}/>=]*+)
     (?:[{_BLANK}]*+=[{_BLANK}]*+
      (?:"([^"]*+)"|'([^']*+)'|(["'])|([^{_BLANK}>]*+)))?)""",
    re.VERBOSE,
)
_END, _NAME, _DOUBLE, _SINGLE, _UNCLOSED, _BARE = range(1, 7)  # its groups
# Elements whose content is text, whatever it looks like. `noscript` is none of them: scripts
# are off where archived pages are shown, so that browsers parse what it holds.
_RAW = frozenset(("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"))
_RAW_END = {name: re.compile(rf"</{name}(?=[{_BLANK}/>])", re.IGNORECASE) for name in _RAW}
_SPECIAL = re.compile(r"""[&<"']""")
_SPECIAL_BARE = re.compile(rf"""[&<>"'=`{_BLANK}]""")
_ESCAPES = {"&": "&amp;", "<": "&lt;", '"': "&quot;"}
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[A-Za-z0-9]+(?:;|(?P<equals>=)?))")


class Attribute(NamedTuple):
    """One attribute; `start` and `end` span its value with its quotes, if it has any."""

    name: str
    value: str
    start: int
    end: int


class Element(NamedTuple):
    """One start tag, and the span of the raw text behind it (empty where it has none)."""

    name: str
    attributes: Sequence[Attribute]
    raw_start: int
    raw_end: int

    def get(self, name: str) -> str | None:
        """The value of the first attribute of that name, which is the one that counts."""
        return next((item.value for item in self.attributes if item.name == name), None)


def start_tags(text: str, names: frozenset[str] | None = None) -> Iterator[Element]:
    """Every complete start tag of the document, in order. Never fails.

    With `names` (in lower case) only such attributes are read, and tags without any may be left
    out unless what they hold is raw text.
    """
    markup = _markup(names)
    place = 0
    unclosed: set[str] = set()  # raw elements that have no end tag in the rest of the text
    while match := markup.match(text, place):
        attributes, end = read_attributes(text, match.end(), names)
        if end is None:
            return  # the text ends inside of a tag: there is no tag
        place = end
        name = match[1].lower()
        raw_end = place
        if name == "plaintext":
            return
        if name in _RAW and name not in unclosed:
            closing = _RAW_END[name].search(text, place)
            if closing is None:
                unclosed.add(name)
            else:
                raw_end = closing.start()
        yield Element(name, attributes, place, raw_end)
        place = raw_end


@lru_cache(maxsize=8)
def _markup(names: frozenset[str] | None) -> re.Pattern[str]:
    """All that is passed over, in one step, and the name of the tag behind it (its group).

    Passed over are also tags as most are, plainly written and without any of these attributes:
    what is found there in one step is what a reading of them one by one would find.
    """
    dull = ""
    if names is not None:
        raw, wanted = ("|".join(map(re.escape, sorted(some))) for some in (_RAW, names))
        dull = rf"""|<(?!(?i:{raw}|plaintext)[{_BLANK}/>])[A-Za-z][A-Za-z0-9-]*+
            (?:[{_BLANK}]++(?!(?i:{wanted})[{_BLANK}=/>])[A-Za-z][A-Za-z0-9:_-]*+
             (?:=(?:"[^"<>]*+"|'[^'<>]*+'))?+)*+
            [{_BLANK}]*+/?>"""
    return re.compile(
        rf"""(?:[^<]++
        |<!--(?:-?>|.*?(?:--!?>|\Z))            # a comment; unclosed, it lasts to the end
        |<[!?/][^>]*+                           # declaration, instruction, end tag
        {dull}
        |<(?![A-Za-z])                          # text
        )*+<([A-Za-z][^{_BLANK}/>]*+)""",
        re.DOTALL | re.VERBOSE,
    )


def read_attributes(
    text: str, place: int, names: frozenset[str] | None = None
) -> tuple[Sequence[Attribute], int | None]:
    """The attributes of a tag whose name ends at `place`; the tag's end, None where it has none.

    With `names` (in lower case) only those.
    """
    found: list[Attribute] = []
    while match := _ATTRIBUTE.match(text, place):
        kind, end = match.lastindex, match.end()
        if kind == _END:
            return found, end
        if kind == _UNCLOSED or (kind in (_NAME, _BARE) and end in (place, len(text))):
            break
        place = end
        if kind is None or kind == _NAME:
            continue  # an attribute without a value
        name = match[_NAME].lower()
        if names is None or name in names:
            start = match.start(kind) - (kind != _BARE)
            found.append(Attribute(name, decode(match[kind]), start, end))
    return found, None


def decode(raw: str) -> str:
    """An attribute's value without character references (WHATWG HTML section 13.2.5.73).

    Unlike in text, a name that lacks its semicolon counts only where neither a letter, a
    digit nor `=` follows: `?a=1&copy=2` holds no ©.
    """

    def char(match: re.Match[str]) -> str:
        token = match[0]
        if token[1] == "#":
            return unescape(token)
        return html5.get(token[1:], token) if match["equals"] is None else token

    return _REFERENCE.sub(char, raw) if "&" in raw else raw


def encode(value: str, quote: str) -> str:
    """The value as an attribute's source text, `quote` being `"`, `'` or nothing.

    Neither quotes nor `<` stand in it unescaped, so that it fits wherever the old value stood,
    be it within a value of another attribute.
    """
    special = _SPECIAL if quote else _SPECIAL_BARE
    text = special.sub(lambda match: _ESCAPES.get(match[0], f"&#{ord(match[0])};"), value)
    return f"{quote}{text}{quote}" if quote or text else '""'
