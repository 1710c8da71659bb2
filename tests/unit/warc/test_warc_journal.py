"""The journal of an open file: what is read from it was written to it, whatever was torn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.warc.journal import journal_line, journalled_offset

OFFSETS = st.integers(0, 10**12)


@given(OFFSETS)
def test_what_was_written_is_read(offset: int) -> None:
    assert journalled_offset(journal_line(offset)) == offset


@given(OFFSETS, OFFSETS, st.data())
def test_a_line_torn_over_another_says_nothing_new(old: int, new: int, data: st.DataObject) -> None:
    line = journal_line(new)
    upto = data.draw(st.integers(0, len(line)))
    assert journalled_offset(line[:upto] + journal_line(old)[upto:]) in (None, old, new)


def test_the_digits_of_two_offsets_make_no_third() -> None:
    """24,264 torn over 19,900 would be 29,900, of which nothing was durable."""
    mixed = journal_line(24264)[:16] + journal_line(19900)[16:]
    assert b"29900" in mixed
    assert journalled_offset(mixed) is None


@pytest.mark.parametrize(
    "line", [b"", b"x", b"-5", b"17", bytes(30), b"%020d\n" % 17, journal_line(17) + b" "]
)
def test_what_is_no_line_says_nothing(line: bytes) -> None:
    assert journalled_offset(line) is None
