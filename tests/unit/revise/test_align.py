from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.revise import edits
from archiver.revise.align import Piece, align
from archiver.revise.edits import Op, diff_words
from archiver.revise.words import count, plain, tokens

WORDS = st.sampled_from(
    [
        "the",
        "ship",
        "sank",
        "Ann",
        "12",
        "1,000.5",
        "—",
        "“so”",
        "don\u2019t",
        "\u00ad",
        " ",
        "日本",
        "語。",
        "नमस्ते",
        "\u200b",
        "…",
    ]
)
LINES = st.lists(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=20), max_size=8)
SHIP = "The ship sank on Monday with 12 people aboard, the coast guard said."
FISH = "Prices for cod and haddock have doubled since the spring, traders say."
RAIN = "Heavy rain is expected to reach the islands in the course of the night."


def sides(pieces: Sequence[Piece]) -> tuple[dict[int, str], dict[int, str]]:
    """The paragraphs that the edits give, by their places."""
    olds, news = {}, {}
    for piece in pieces:
        for places, text, found in (
            (piece.old, "".join(edit.old for edit in piece.edits), olds),
            (piece.new, "".join(edit.new for edit in piece.edits), news),
        ):
            if places:
                found[places] = text
            else:
                assert text == ""
    return olds, news  # type: ignore[return-value]  # by tuples of places


@given(LINES, LINES)
def test_the_edits_give_both_texts(old: list[str], new: list[str]) -> None:
    pieces = align(old, new)
    for lines, found in zip((old, new), sides(pieces), strict=True):
        places = [place for group in found for place in group]  # type: ignore[attr-defined]
        assert sorted(places) == list(range(len(lines)))
        for group, text in found.items():
            assert text == "\n".join(lines[place] for place in group)  # type: ignore[attr-defined]


@given(LINES, LINES)
def test_what_is_called_the_same_reads_the_same(old: list[str], new: list[str]) -> None:
    for piece in align(old, new):
        for edit in piece.edits:
            if edit.op is Op.SAME:
                assert plain(edit.old).replace(" ", "") == plain(edit.new).replace(" ", "")


@given(LINES)
def test_a_text_is_the_same_as_itself(lines: list[str]) -> None:
    assert all(piece.op is Op.SAME and piece.old == piece.new for piece in align(lines, lines))


@given(LINES, LINES)
def test_sides_may_be_changed(old: list[str], new: list[str]) -> None:
    def size(pieces: Sequence[Piece]) -> tuple[int, int]:
        edits = [edit for piece in pieces for edit in piece.edits if edit.op is not Op.SAME]
        return sum(count(edit.old) for edit in edits), sum(count(edit.new) for edit in edits)

    assert size(align(old, new)) == size(align(new, old))[::-1]


@given(st.text())
def test_tokens_are_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


def ops(old: list[str], new: list[str]) -> list[tuple[Op, tuple[int, ...], tuple[int, ...]]]:
    return [(piece.op, piece.old, piece.new) for piece in align(old, new)]


def test_words_change_within_their_paragraph() -> None:
    changed = SHIP.replace("12", "14")
    [piece, rest] = align([SHIP, FISH], [changed, FISH])
    assert (piece.op, rest.op) == (Op.CHANGED, Op.SAME)
    assert [(edit.op, edit.old, edit.new) for edit in piece.edits if edit.op is not Op.SAME] == [
        (Op.REMOVED, "12 ", ""),
        (Op.ADDED, "", "14 "),
    ]


def test_paragraphs_come_go_and_move() -> None:
    assert ops([SHIP, FISH], [SHIP, RAIN, FISH]) == [
        (Op.SAME, (0,), (0,)),
        (Op.ADDED, (), (1,)),
        (Op.SAME, (1,), (2,)),
    ]
    assert ops([SHIP, RAIN, FISH], [SHIP, FISH])[1] == (Op.REMOVED, (1,), ())
    assert sorted(op for op, _, _ in ops([SHIP, FISH, RAIN], [RAIN, SHIP, FISH])) == [
        Op.MOVED,
        Op.SAME,
        Op.SAME,
    ]


def test_a_paragraph_that_was_split_is_the_same_words() -> None:
    first, second = SHIP.split(", ")
    [piece] = align([SHIP], [f"{first},", second])
    assert (piece.old, piece.new) == ((0,), (0, 1))
    assert {edit.op for edit in piece.edits} == {Op.SAME}


def test_paragraphs_with_nothing_in_common_are_not_mixed() -> None:
    assert ops([SHIP], [FISH]) == [(Op.ADDED, (), (0,)), (Op.REMOVED, (0,), ())]


def test_a_few_common_words_do_not_tear_an_edit_apart() -> None:
    edits = diff_words("The old mayor of the town left", "The new head of a city left")
    assert [(edit.op, edit.old or edit.new) for edit in edits] == [
        (Op.SAME, "The "),
        (Op.REMOVED, "old mayor of the town "),
        (Op.ADDED, "new head of a city "),
        (Op.SAME, "left"),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("“So,” he said \u2013 once…", '"So," he said - once...'),
        ("re\u00adsume", "resume"),
        ("ﬁne", "fine"),
    ],
)
def test_typography_is_the_same(old: str, new: str) -> None:
    assert {edit.op for edit in diff_words(old, new)} == {Op.SAME}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It\u2019s 1,000.5 \u2013 well-known!", 3),
        ("日本語のtext10円", 6),
        ("नमस्ते दुनिया", 2),
        ("— … !", 0),
    ],
)
def test_words_are_counted(text: str, words: int) -> None:
    assert count(text) == words


def test_very_long_texts_are_not_aligned_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """That takes a bit of memory for each pair of words: gigabytes for 100,000 on each side."""
    monkeypatch.setattr(edits, "_MOST_CELLS", 99)
    old, new = "a b c d e f g h i j", "a b c d e f g h i k"
    assert [edit.op for edit in diff_words(old, new)] == [Op.REMOVED, Op.ADDED]
    assert [edit.op for edit in diff_words(old[:17], new[:17])] == [Op.SAME]
