"""Sizes and durations as people write them."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.config.quantities import (
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1GB", 1_000_000_000),
        ("1 GiB", 1_073_741_824),
        ("1.5kb", 1500),
        (" 32MB ", 32_000_000),
        ("4096", 4096),
        ("7B", 7),
        ("0", 0),
        (4096, 4096),
        (1e6, 1_000_000),
    ],
)
def test_sizes(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "bad",
    ["", "GB", "1 GB more", "-1MB", "1e9", "1.5B", "1G", "1gbit", "٣MB", "9" * 40, "8EB", True,
     -1, 1.5, math.nan, math.inf, 2**63, None, ["1GB"], "1,5GB", "9999999TB"],
)  # fmt: skip
def test_bad_sizes(bad: object) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size(bad)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h", 3600.0),
        ("1h30m", 5400.0),
        (" 1 h 30 m ", 5400.0),
        ("250ms", 0.25),
        ("0.1s", 0.1),
        ("2d", 172_800.0),
        ("2.5", 2.5),
        (0, 0.0),
        (20, 20.0),
    ],
)
def test_durations(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "bad",
    ["", "h", "1 hour", "-1s", "1h later", "1M", "1:30", True, -0.1, math.nan, math.inf, -math.inf,
     10**400, None, [1], "9" * 15, "٣s"],
)  # fmt: skip
def test_bad_durations(bad: object) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(bad)


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1))
def test_a_written_size_reads_as_the_same(size: int) -> None:
    assert parse_size(format_size(size)) == size


@settings(deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 1000, 1024, 10**6, 2**20, 10**9, 2**30]))
def test_round_sizes_are_written_with_their_unit(count: int, unit: int) -> None:
    text = format_size(count * unit)
    assert parse_size(text) == count * unit
    assert len(text) <= len(str(count * unit)) + 1


@settings(deadline=None)
@given(st.floats(1e-9, 3e9) | st.integers(0, 10**9).map(float))
def test_a_written_duration_reads_as_the_same(seconds: float) -> None:
    rounded = parse_duration(seconds)
    assert rounded == pytest.approx(seconds, abs=1e-6)
    assert parse_duration(format_duration(rounded)) == rounded


@settings(deadline=None)
@given(st.text(max_size=12) | st.floats() | st.integers() | st.none())
def test_anything_else_is_a_value_error(value: object) -> None:
    for parse in (parse_size, parse_duration):
        with suppress(ValueError):
            assert parse(value) >= 0
