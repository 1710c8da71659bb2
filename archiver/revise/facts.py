"""Facts of a text: numbers, dates, quotes, names and negations, told apart from style."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from archiver.extract.text import letters
from archiver.model import Article, FactKind
from archiver.revise.tables import folded, table
from archiver.revise.words import is_word, plain, tokens

Facts = Counter[tuple[FactKind, str]]

# Languages that write every noun with a capital: there a name is told by its company only.
_NOUNS = frozenset({"de", "lb", "gsw", "nds"})
# In the text as it is written: once all marks are one, a quote's end may be another's beginning.
# One that goes on in the next paragraph has no end in its own.
_QUOTES = re.compile(
    "\u201e([^\u201e\u201c\u201d\n]{2,800})(?:[\u201c\u201d]|$)|\u201c([^\u201c\u201d\n]{2,800})(?:\u201d|$)"
    "|\u00bb([^\u00ab\u00bb\n]{2,800})\u00ab|\u00ab([^\u00ab\u00bb\n]{2,800})\u00bb"
    "|\u300c([^\u300c\u300d]{2,800})\u300d|\u300e([^\u300e\u300f]{2,800})\u300f"
    '|(?<![^\\W_])"([^"\n]{2,800})(?:"|$)',
    re.MULTILINE,
)
_NUMBER = re.compile(r"\d[\d.,:'\u00a0]*\d|\d")
_SEPARATORS = re.compile(r"(?<=\d)[.,'](?=\d{3}(?!\d))")
_DAY = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{4}年|\d{1,2}月|\d{1,2}日")
_ENDS = frozenset('.!?:"([|*-\u2022/\u00b7')  # behind which a capital says nothing
_KATAKANA = re.compile("[\u30a1-\u30fa][\u30a1-\u30fa\u30fc\u30fb]{2,}")
_ALSO_WORDS = frozenset({"may", "march", "mars", "mai", "mei"})  # without a capital
_LEAST_NAME = 2  # letters


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """All that an article says: its words as they are compared, and its letters in a row."""

    words: frozenset[str]
    letters: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What is known of two articles beside the text that is looked at."""

    language: str = ""
    names: frozenset[str] = frozenset()  # words that are names wherever they stand


def context_of(articles: Iterable[Article], texts: Iterable[str]) -> Context:
    """The language, and words that are names: of authors' and tags' and of pairs in the texts."""
    both = tuple(articles)
    language = next((one.language for one in both if one.language), "").partition("-")[0].lower()
    language = "no" if language in {"nb", "nn"} else language
    names: set[str] = set()
    for article in both:
        for phrase in (*article.authors, *article.tags):
            if phrase[:1].isupper() and language not in _NOUNS:
                names.update(word for word in _capitalised(phrase))
    for text in texts:
        names |= names_of(plain(text), Context(language=language), sure=True)
    return Context(language=language, names=frozenset(names))


def _capitalised(text: str) -> list[str]:
    return [word for word in map(plain, tokens(text)) if word[:1].isupper()]


def names_of(text: str, context: Context, *, sure: bool = False) -> set[str]:
    """Words of compared text that are names; `sure`: only those told without `context.names`.

    Told by a capital that no beginning of a sentence explains; where all nouns have one, by a
    capital on both of two words in a row that stand within a sentence, or by capitals alone.
    """
    found: set[str] = set()
    words = [plain(token) for token in tokens(text)]
    for place, word in enumerate(words):
        if not word[:1].isupper() or len(word) < _LEAST_NAME or not word[0].isalpha():
            continue
        bare = word.removesuffix("'s")
        if bare.casefold() in _days():
            continue
        if bare in context.names or (len(bare) > 1 and bare.isupper() and bare.isalpha()):
            found.add(bare)
            continue
        begins = place == 0 or words[place - 1][-1:] in _ENDS or words[place - 1] == "'"
        if context.language in _NOUNS:
            continue
        if not begins:
            found.add(bare)
    if context.language in _NOUNS and sure:
        found |= _pairs(words)
    return found


def _pairs(words: list[str]) -> set[str]:
    """Words with a capital, two or more in a row: "Angela Merkel", hardly ever nouns."""
    found: set[str] = set()
    for first, second in pairwise(words):
        if all(word[:1].isupper() and len(word) > _LEAST_NAME for word in (first, second)):
            found |= {first, second}
    return found


@cache
def _days() -> frozenset[str]:
    """Names of months and weekdays."""
    return folded("facts", "months") | folded("facts", "weekdays")


@cache
def _of_language(section: str, language: str) -> frozenset[str]:
    return frozenset(table("facts")[section].get(language, ()))


def facts_of(text: str, context: Context) -> Facts:
    """All facts of a text and how often they stand in it. Names count once."""
    whole = plain(text)
    found: Facts = Counter()
    for match in _QUOTES.finditer(text):
        said = letters(next(group for group in match.groups() if group))
        if said:
            found[FactKind.QUOTE, said] += 1
    dates = _days()
    numbers = _of_language("numbers", context.language)
    negations = _of_language("negations", context.language)
    for token in tokens(whole):
        word = plain(token).casefold()
        if not is_word(word):
            continue
        if word in dates and (word not in _ALSO_WORDS or token[0].isupper()):
            found[FactKind.DATE, word] += 1
        elif word in numbers:
            found[FactKind.NUMBER, word] += 1
        elif word in negations or word.endswith("n't"):
            found[FactKind.NEGATION, "not" if word.endswith("n't") else word] += 1
    for match in _DAY.finditer(whole):
        found[FactKind.DATE, match.group()] += 1
    for match in _NUMBER.finditer(_DAY.sub(" ", whole)):
        found[FactKind.NUMBER, _SEPARATORS.sub("", match.group())] += 1
    for name in names_of(whole, context) | set(_KATAKANA.findall(whole)):
        found[FactKind.NAME, name] = 1
    return found


def differing(old: Facts, new: Facts, *, old_whole: Whole, new_whole: Whole) -> Facts:
    """The facts that are in one only: counted above zero where they came, below where they went.

    Names and quotes that stand elsewhere in the other article neither came nor went.
    """
    found: Facts = Counter()
    for facts, whole, sign in ((old - new, new_whole, -1), (new - old, old_whole, 1)):
        for (kind, text), times in facts.items():
            if kind is FactKind.NAME and text in whole.words:
                continue
            if kind is FactKind.QUOTE and text in whole.letters:
                continue
            found[kind, text] += sign * times
    return found
