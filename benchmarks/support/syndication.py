"""Articles with known copies: texts put together of real sentences, and edited as desks edit."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SENTENCE = re.compile(r"(?<=[.!?。])\s+")
_EDITS = ("none", "shortened", "led-in", "reworded", "localised")


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """A text, and the number of the story that it is of; `edit`: how it was made of it."""

    number: int
    edit: str
    text: str


def sentences_of(corpus: Path) -> list[str]:
    """The sentences of the corpus's reviewed texts."""
    found: dict[str, None] = {}
    for line in corpus.read_text("utf-8").splitlines():
        for section in json.loads(line)["sections"]:
            for text in section["paragraphs"]:
                found |= dict.fromkeys(one for one in _SENTENCE.split(text) if len(one) > 30)
    return list(found)


def stories(sentences: Sequence[str], *, count: int, copied: float, seed: int) -> Iterator[Story]:
    """So many articles, of which this share are copies of earlier stories, edited.

    Sentences come again and again in other stories, as stock phrases do, each changed in some
    words: alone they make no copy. One story in ten is "related": a fifth to a half of it, quotes
    and background, stands word for word in an earlier one, which makes it no copy either.
    """
    chance = random.Random(seed)
    words = sorted({word for one in sentences for word in one.split()})
    made: list[list[str]] = []
    for _ in range(count):
        if made and chance.random() < copied:
            number = chance.randrange(max(0, len(made) - 3000), len(made))
            edit = chance.choice(_EDITS)
            text = _edited(made[number], edit, sentences, words, chance)
        else:
            number, edit = len(made), "new"
            text = _story(sentences, words, chance)
            if made and chance.random() < 0.1:
                edit = "related"
                other = made[chance.randrange(max(0, len(made) - 3000), len(made))]
                share = int(len(text) * chance.uniform(0.2, 0.5))
                text[:share] = other[-share:]
            made.append(text)
        yield Story(number=number, edit=edit, text="\n".join(text))


def _story(sentences: Sequence[str], words: Sequence[str], chance: random.Random) -> list[str]:
    length = max(6, int(chance.gauss(22, 8)))
    return [_reworded(chance.choice(sentences), 0.25, words, chance) for _ in range(length)]


def _edited(
    text: list[str],
    edit: str,
    sentences: Sequence[str],
    words: Sequence[str],
    chance: random.Random,
) -> list[str]:
    if edit == "shortened":
        return text[: max(4, int(len(text) * chance.uniform(0.7, 0.95)))]
    if edit == "led-in":
        return [_reworded(chance.choice(sentences), 0.3, words, chance), *text[1:]]
    if edit == "reworded":
        return [_reworded(one, 0.02, words, chance) for one in text]
    if edit == "localised":
        more = max(1, len(text) // 8)
        local = [_reworded(chance.choice(sentences), 0.3, words, chance) for _ in range(more)]
        at = chance.randrange(len(text))
        return [*text[:at], *local, *text[at:]]
    return text


def _reworded(text: str, share: float, words: Sequence[str], chance: random.Random) -> str:
    return " ".join(
        chance.choice(words) if chance.random() < share else word for word in text.split()
    )
