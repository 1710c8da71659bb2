"""The tables of phrases: no one hides another, and forms are written as lines are compared."""

import re

import pytest

from archiver.extract.phrases import merged, table

_ESCAPE = re.compile(r"\\.")


def test_a_table_that_stands_in_two_files_is_an_error() -> None:
    one, other = '[credit]\nlabels = ["photo"]', '[credit]\nagencies = ["ap"]'
    with pytest.raises(ValueError, match="credit"):
        merged([one, other])
    assert merged([one, '[byline]\nroles = ["editor"]']).keys() == {"credit", "byline"}


def test_boilerplate_forms_are_in_lower_case() -> None:
    for forms in table("boilerplate-patterns").values():
        for form in forms:
            bare = _ESCAPE.sub("", form)
            assert bare == bare.lower()
