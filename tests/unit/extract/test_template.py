from __future__ import annotations

from lxml.html import document_fromstring

from archiver.extract.template import likeness, template_sketch

WORDS = [first + second for first in ("main", "side", "head", "foot", "text") for second in
         ("bar", "box", "line", "item", "list", "link", "part", "wrap")]  # fmt: skip


def sketch(names: list[str]) -> str:
    page = "".join(f'<p class="{name}">x</p>' for name in names)
    found = template_sketch(document_fromstring(f"<html><body>{page}</body></html>"))
    assert found is not None
    return found


def test_pages_of_one_template_are_alike() -> None:
    assert likeness(sketch(WORDS), sketch(WORDS[::-1])) == 1.0
    assert likeness(sketch(WORDS), sketch([*WORDS, "gallery"])) > 0.9


def test_another_build_is_the_same_template() -> None:
    assert sketch([f"{word}-1a2b" for word in WORDS]) == sketch([f"{word}_9" for word in WORDS])


def test_another_template_is_not_alike() -> None:
    assert likeness(sketch(WORDS), sketch([f"new{word}" for word in WORDS])) == 0.0


def test_a_page_with_few_class_names_tells_nothing() -> None:
    page = document_fromstring('<p class="one two">x</p>')
    assert template_sketch(page) is None
