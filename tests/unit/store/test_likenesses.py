"""Articles of nearly the same text come into one group, whoever published them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import after, make_article
from support.redactions import redact

from archiver.model import Links
from archiver.revise.groups import group_articles, original_of
from archiver.revise.likeness import (
    BANDS,
    LEAST,
    THRESHOLD,
    bands_of,
    likeness,
    signature_of,
)
from archiver.store.catalogue import Catalogue

WORDS = [f"word{number}" for number in range(4000)]


def text(seed: int, words: int = 400) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def edited(whole: str, *, keep: float, seed: int = 9) -> str:
    """The first part of a text, and other words behind it."""
    words = whole.split()
    cut = int(len(words) * keep)
    return " ".join(words[:cut]) + " " + text(seed, len(words) - cut)


def save(catalogue: Catalogue, name: str, body: str, *, hour: int = 0, **more: object) -> str:
    url = f"https://{name}.example/story"
    article = make_article(url, body, after(hours=hour), outlet=name, **more)
    catalogue.save_article(article)
    return url


def shown(catalogue: Catalogue, **asked: object) -> list[list[str]]:
    found = catalogue.likeness_groups(**asked)  # type: ignore[arg-type]
    return [[member.outlet for member in group.members] for group in found]


def test_copies_are_found_and_others_are_not(catalogue: Catalogue) -> None:
    save(catalogue, "a", text(1))
    save(catalogue, "b", edited(text(1), keep=0.9), hour=1)
    save(catalogue, "c", text(2), hour=2)
    assert group_articles(catalogue).compared == 3
    assert shown(catalogue) == [["a", "b"]]


def test_what_comes_later_joins_and_nothing_is_compared_twice(catalogue: Catalogue) -> None:
    save(catalogue, "a", text(1))
    assert group_articles(catalogue).compared == 1
    save(catalogue, "b", text(1), hour=1)
    assert (group_articles(catalogue).compared, shown(catalogue)) == (1, [["a", "b"]])
    save(catalogue, "c", edited(text(1), keep=0.85), hour=2)
    assert (group_articles(catalogue).compared, shown(catalogue)) == (1, [["a", "b", "c"]])
    assert group_articles(catalogue).compared == 0


def test_one_that_is_like_two_groups_makes_one_of_them(catalogue: Catalogue) -> None:
    one, two = text(1), text(2)
    save(catalogue, "a", one)
    save(catalogue, "b", one, hour=1)
    save(catalogue, "c", two, hour=2)
    save(catalogue, "d", two, hour=3)
    group_articles(catalogue)
    assert sorted(shown(catalogue)) == [["a", "b"], ["c", "d"]]
    long = f"{one} {two}"
    save(catalogue, "e", long, hour=4)
    group_articles(catalogue)
    # half of its words are those of each, which is not enough
    assert sorted(shown(catalogue)) == [["a", "b"], ["c", "d"]]
    save(catalogue, "f", edited(one, keep=0.8), hour=5)
    group_articles(catalogue)
    assert sorted(shown(catalogue)) == [["a", "b", "f"], ["c", "d"]]


def test_short_texts_are_like_nothing(catalogue: Catalogue) -> None:
    short = " ".join(WORDS[: LEAST - 1])
    save(catalogue, "a", short)
    save(catalogue, "b", short, hour=1)
    save(catalogue, "c", "", hour=2)
    assert group_articles(catalogue).compared == 3
    assert shown(catalogue) == []
    assert group_articles(catalogue).compared == 0


def test_groups_of_one_outlet_are_given_when_asked_for(catalogue: Catalogue) -> None:
    for name in ("one", "two"):
        catalogue.save_article(make_article(f"https://a.example/{name}", text(1), outlet="a"))
    group_articles(catalogue)
    assert shown(catalogue) == []
    assert shown(catalogue, across=False) == [["a", "a"]]


def test_groups_by_outlet_and_time(catalogue: Catalogue) -> None:
    for hour, names in enumerate((("a", "b"), ("c", "d"), ("a2", "c2"))):
        for name in names:
            save(catalogue, name, text(hour), hour=hour)
    group_articles(catalogue)
    assert shown(catalogue) == [["a2", "c2"], ["c", "d"], ["a", "b"]]
    assert shown(catalogue, limit=1) == [["a2", "c2"]]
    assert shown(catalogue, outlet="b") == [["a", "b"]]
    assert shown(catalogue, since=after(hours=1)) == [["a2", "c2"], ["c", "d"]]


def test_what_is_redacted_is_in_no_group(catalogue: Catalogue, tmp_path: Path) -> None:
    save(catalogue, "a", text(1))
    url = save(catalogue, "b", text(1), hour=1)
    save(catalogue, "c", text(1), hour=2)
    group_articles(catalogue)
    redact(catalogue, tmp_path / "warc", url)
    assert shown(catalogue) == [["a", "c"]]


def test_the_original_is_the_one_that_others_name(catalogue: Catalogue) -> None:
    save(catalogue, "a", text(1), published="2026-03-01T09:00:00+00:00")
    url = save(catalogue, "b", text(1), hour=1, published="2026-03-01T10:00:00+00:00")
    save(catalogue, "c", text(1), hour=2, links=Links(original=url), agencies=("AFP",))
    group_articles(catalogue)
    (group,) = catalogue.likeness_groups()
    found = original_of(group)
    assert (found.member.url, found.why, found.agencies) == (url, "named", ("AFP",))


def test_without_a_name_the_original_is_the_first_by_its_own_words(catalogue: Catalogue) -> None:
    save(catalogue, "a", text(1), published="2026-03-01T11:00:00+01:00")
    save(catalogue, "b", text(1), hour=1, published="2026-03-01T09:30:00Z")
    group_articles(catalogue)
    (group,) = catalogue.likeness_groups()
    assert (original_of(group).member.outlet, original_of(group).why) == ("b", "published")
    save(catalogue, "c", text(1), hour=2, published="2026-03-01")  # no time: nobody can tell
    group_articles(catalogue)
    (group,) = catalogue.likeness_groups()
    assert (original_of(group).member.outlet, original_of(group).why) == ("a", "captured")


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_likeness_is_a_share_and_alike_both_ways(seed: int, keep: float) -> None:
    one, other = signature_of(text(seed)), signature_of(edited(text(seed), keep=keep))
    assert one is not None
    assert other is not None
    assert likeness(one, one) == 1.0
    assert 0.0 <= likeness(one, other) == likeness(other, one) <= 1.0
    assert len(bands_of(one)) == BANDS


@pytest.mark.parametrize("keep", [0.85, 0.9, 0.95])
def test_what_is_alike_shares_a_key(keep: float) -> None:
    for seed in range(100):
        one, other = signature_of(text(seed)), signature_of(edited(text(seed), keep=keep))
        assert one is not None
        assert other is not None
        if likeness(one, other) >= THRESHOLD + 0.1:
            assert set(bands_of(one)) & set(bands_of(other))


def test_marks_case_and_quotes_make_no_difference() -> None:
    plain = text(3)
    loud = plain.upper().replace("WORD1 ", "“WORD1,” ")
    one, other = signature_of(plain), signature_of(loud)
    assert one is not None
    assert other is not None
    assert likeness(one, other) == 1.0


def test_copies_are_found_by_the_keys_of_the_first_alone(catalogue: Catalogue) -> None:
    for hour, name in enumerate("abcde"):
        save(catalogue, name, text(1), hour=hour)
    group_articles(catalogue)
    made = signature_of(text(1))
    assert made is not None
    found = catalogue.alike(bands_of(made))
    assert {len(there) for there in found.values()} == {1}
    assert shown(catalogue) == [["a", "b", "c", "d", "e"]]
