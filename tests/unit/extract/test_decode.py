"""Bytes into text: what XML cannot hold is taken out, whichever way it is looked for."""

from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.extract.decode import decode_html
from archiver.extract.text import strip_junk

_ODD = "\x00\x08\t\n\x0b\x0c\r\x0e\x1f\x7f\x80\x84\x85\x86\x9f\xa0«äÂ\ufffd\ufffe\uffff\U0001f600"


@settings(max_examples=500, deadline=None)
@given(st.text(st.sampled_from(_ODD) | st.characters(exclude_categories=["Cs"])))
def test_utf8_is_text_without_junk(text: str) -> None:
    found = decode_html(text.encode(), "text/html; charset=utf-8")
    assert found == strip_junk(text.removeprefix("\ufeff"))
