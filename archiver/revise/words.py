"""Words of a text in any script, each with what stands behind it: joined they give the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Scripts that write no spaces between words are cut into characters.
_SINGLE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"  # CJK
)
_MARKS = "\u0300-\u036f\u064b-\u065f\u0670\u0900-\u0dff\u00ad\u200b-\u200d\u2060"
_LETTER = rf"(?:[^\W_{_SINGLE}]|[{_MARKS}])"
_GAP = "[\\s\u00ad\u200b-\u200f\u2060\ufeff\u202a-\u202e]*"
_TOKEN = re.compile(
    rf"(?:{_LETTER}+(?:['\u2019.,:\-\u2010\u2011]{_LETTER}+)*|[{_SINGLE}]|''|``|--+|\.\.\.|\S|\s+){_GAP}"
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\u202a-\u202e]")
_SINGLE_ONE = re.compile(f"[{_SINGLE}]")

# Typography that reads the same: quotes, apostrophes, dashes, dots.
_SAME = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2039\u203a`\u00b4\u2032", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad", "-")
    | {"\u2026": "...", "\u2022": "\u00b7", "\u2044": "/"}
)
_DOUBLED = re.compile("''|--+")


def plain(text: str) -> str:
    """The text as it is compared: NFKC, one kind of quotes and dashes, single spaces.

    Case counts: a name is told from a noun by it.
    """
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_SAME)
    text = text.replace("`", "'")
    if "''" in text or "--" in text:
        text = _DOUBLED.sub(lambda found: '"' if found.group() == "''" else "-", text)
    return " ".join(text.split())


def tokens(text: str) -> list[str]:
    """Words, CJK characters and marks, each with the space behind it; joined they are `text`."""
    return _TOKEN.findall(text)


def keys(found: Sequence[str]) -> list[str]:
    """What each token is compared by; empty for one that is nothing but space."""
    return [plain(token) for token in found]


def is_word(key: str) -> bool:
    """Whether a token's key is a word or a number, not a mark."""
    return any(map(str.isalnum, key))


def count(text: str) -> int:
    """Words of a text; of scripts without spaces, characters."""
    return sum(1 for token in tokens(text) if is_word(token))


def is_single(key: str) -> bool:
    """Whether a token is one character of a script without spaces."""
    return bool(_SINGLE_ONE.match(key))
