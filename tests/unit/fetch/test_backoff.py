from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.fetch.backoff import next_wait, retry_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MONTH = 30 * 86400.0


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (b"0", 0),
        (b" 120 ", 120),
        (b"99999999999999999999", MONTH),
        (b"Sun, 01 Mar 2026 12:01:00 GMT", 60),
        (b"Sunday, 01-Mar-26 12:01:00 GMT", 60),
        (b"Sun Mar  1 12:01:00 2026", 60),
        (b"Sun, 01 Mar 2026 11:00:00 GMT", 0),
        (b"Sun, 01 Mar 9999 11:00:00 GMT", MONTH),
        (b"Sun, 01 Mar 2026 13:01:00 +0100", 60),
        (None, None),
        (b"", None),
        (b"-1", None),
        (b"1.5", None),
        (b"soon", None),
        ("١٢".encode(), None),
        (b"Sun, 99 Mar 2026 99:01:00 GMT", None),
    ],
)
def test_retry_after(field: bytes | None, seconds: float | None) -> None:
    assert retry_after(field, NOW) == seconds


@given(st.binary(max_size=60))
def test_whatever_stands_there_is_read_or_not(field: bytes) -> None:
    seconds = retry_after(field, NOW)
    assert seconds is None or 0 <= seconds <= MONTH


@given(st.integers(0, 10**9), st.floats(0, 1))
def test_waits_double_to_a_limit_and_vary(failures: int, share: float) -> None:
    wait = next_wait(failures, first=15.0, longest=86400.0, share=share)
    assert 7.5 <= wait <= 86400.0
    assert next_wait(failures + 1, first=15.0, longest=86400.0, share=share) >= wait
    assert next_wait(3, first=15.0, longest=86400.0, share=0) == 60.0
    assert next_wait(3, first=15.0, longest=86400.0, share=1) == 30.0
