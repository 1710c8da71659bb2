from __future__ import annotations

import pytest
from lxml.html import document_fromstring

from archiver.extract.template import likeness, template_sketch

WORDS = [first + second for first in ("main", "side", "head", "foot", "text") for second in
         ("bar", "box", "line", "item", "list", "link", "part", "wrap")]  # fmt: skip


def sketch(names: list[str]) -> str:
    page = "".join(f'<p class="{name}">x</p>' for name in names)
    return template_sketch(document_fromstring(f"<html><body>{page}</body></html>"))


def test_pages_of_one_template_are_alike() -> None:
    assert likeness(sketch(WORDS), sketch(WORDS[::-1])) == 1.0
    alike = likeness(sketch(WORDS), sketch([*WORDS, "gallery"]))
    assert alike is not None
    assert alike > 0.9


def test_another_build_is_the_same_template() -> None:
    assert sketch([f"{word}-1a2b" for word in WORDS]) == sketch([f"{word}_9" for word in WORDS])


def test_another_template_is_not_alike() -> None:
    assert likeness(sketch(WORDS), sketch([f"new{word}" for word in WORDS])) == 0.0


@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_page_with_few_class_names_is_not_like_one_with_many(count: int) -> None:
    few, many = sketch(WORDS[:count]), sketch(WORDS)
    assert likeness(few, many) == likeness(many, few)
    assert (likeness(few, many) or 0.0) <= count / 24


@pytest.mark.parametrize("count", [0, 2, 23])
def test_pages_with_few_class_names_tell_nothing_of_each_other(count: int) -> None:
    assert likeness(sketch(WORDS[:count]), sketch(WORDS[1:count])) is None
