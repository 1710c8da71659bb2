"""Sizes in bytes and durations in seconds as people write them: "1GB", "20s", "1h30m".

Powers of ten have the SI names (kB, MB), powers of two the IEC ones (KiB, MiB).
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_SIZES = {"B": 1}
_SIZES |= {f"{letter}B": 1000**power for power, letter in enumerate("kMGT", 1)}
_SIZES |= {f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)}
_SIZE_UNITS = {unit.lower(): factor for unit, factor in _SIZES.items()} | {"": 1}
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

_NUMBER = r"[0-9]{1,19}(?:\.[0-9]{1,9})?"
_SIZE = re.compile(rf"({_NUMBER})\s*([kmgt]?i?b|)", re.IGNORECASE)
_PART = re.compile(rf"\s*({_NUMBER})\s*(ms|[smhd])\s*")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")

_LARGEST_SIZE = 2**63 - 1
_LONGEST = 100 * 366 * 86400


def _bad_size(value: object) -> ValueError:
    return ValueError(f"{value!r:.60} is no size; write a number and one of {', '.join(_SIZES)}")


def parse_size(value: object) -> int:
    """Bytes of a size such as "1GB", "1.5 MiB" or 4096.

    Raises:
        ValueError: where it is no size, negative, no whole number of bytes or beyond 64 bits.
    """
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        size = Decimal(match[1]) * _SIZE_UNITS[match[2].lower()]
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        size = Decimal(value)
    else:
        raise _bad_size(value)
    if size < 0 or size > _LARGEST_SIZE or size != int(size):
        raise _bad_size(value)
    return int(size)


def format_size(size: int) -> str:
    """The shortest exact text of a size; `parse_size` gives the same number back."""
    exact = [(unit, factor) for unit, factor in _SIZES.items() if size % factor == 0]
    unit, factor = max(exact, key=lambda pair: pair[1]) if size else ("B", 1)
    return f"{size // factor}{unit}"


def _bad_duration(value: object) -> ValueError:
    units = ", ".join(_MILLISECONDS)
    return ValueError(
        f'{value!r:.60} is no duration; write seconds, or numbers with {units} such as "1h30m"'
    )


def parse_duration(value: object) -> float:
    """Seconds, to the microsecond, of a duration such as "1h", "1h30m", "250ms", 2.5 or "2.5".

    Raises:
        ValueError: where it is no duration, negative or over a hundred years.
    """
    if isinstance(value, str) and re.fullmatch(_NUMBER, value.strip()):
        seconds = float(value)
    elif isinstance(value, str) and _DURATION.fullmatch(value):
        parts = _PART.findall(value)
        total = sum((Decimal(number) * _MILLISECONDS[unit] for number, unit in parts), Decimal())
        seconds = float(total / 1000)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) <= _LONGEST else math.inf
    else:
        raise _bad_duration(value)
    if not 0 <= seconds <= _LONGEST:  # False for NaN as well
        raise _bad_duration(value)
    return round(seconds, 6)


def format_duration(seconds: float) -> str:
    """A short exact text of a duration; `parse_duration` gives the same number back."""
    for unit, factor in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % factor == 0:
            return f"{seconds // factor:.0f}{unit}"
    text = f"{Decimal(repr(seconds)):f}"
    return f"{text.removesuffix('.0')}s"


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, return_type=str, when_used="json"),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["32MB", "1GiB", 4096]}),
]
"""Bytes, written as a number or with a unit."""

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": ["string", "number"], "examples": ["20s", "1h30m", 2.5]}),
]
"""Seconds, written as a number or with units."""
