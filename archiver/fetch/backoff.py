"""How long a host is to be left alone: what it says itself, or longer from time to time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 30 * 86400.0  # seconds of a Retry-After that are believed
_DOUBLINGS = 30  # more would only be a larger number than any limit


def retry_after(field: bytes | None, now: datetime) -> float | None:
    """Seconds from `now` that a Retry-After asks for; None where it says nothing readable.

    Delay in seconds or an HTTP date (RFC 9110 section 10.2.3); at most 30 days.
    """
    text = (field or b"").decode("latin-1").strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(float(text[:12]), _LONGEST)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return min(max((then - now).total_seconds(), 0.0), _LONGEST)


def next_wait(failures: int, *, first: float, longest: float, share: float) -> float:
    """Seconds to wait after so many refusals in a row: doubled each time, at most `longest`.

    `share` (0 to 1, by chance) shortens it by up to a half, lest all that wait come at once.
    """
    whole = min(first * 2.0 ** min(max(failures - 1, 0), _DOUBLINGS), longest)
    return whole * (1 - share / 2)
