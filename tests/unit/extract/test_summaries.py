from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.extract.summaries import has_summary, summary_sketch

TEXTS = ("What is known of the ship", "First point\nSecond point", "It is said that the end ...")


@pytest.mark.parametrize(
    ("text", "had"),
    [
        ("What is known of the ship", True),
        ("WHAT IS KNOWN: of the ship.", True),  # letters alone count
        ("Second point", True),
        ("First point\nWhat is known of the ship", True),
        ("It is said that the end…", True),
        ("What is known of the ships", False),
        ("Second point\nThird point", False),
    ],
)
def test_a_page_has_the_summaries_that_it_gives(text: str, had: bool) -> None:
    assert has_summary(summary_sketch(TEXTS), text) is had


def test_a_page_without_summaries_has_none() -> None:
    assert summary_sketch(()) is None
    assert not has_summary(None, TEXTS[0])


@given(st.lists(st.text(), max_size=60))
def test_a_sketch_is_short_and_has_its_first_texts(texts: list[str]) -> None:
    made = summary_sketch(texts)
    assert len(made or "") <= 24 * 8
    assert not texts or has_summary(made, texts[0].split("\n")[0])
