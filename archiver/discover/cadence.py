"""How often a source is asked: by what it brings, and by what it says of itself. Pure functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_SHORTER, _LONGER = 0.5, 1.5  # a burst is caught quickly; a quiet night costs few requests
_HEAD = 64 * 1024  # bytes of a feed in which its channel's own elements stand
_ITEM = re.compile(rb"<(?:[a-z]+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_TTL = re.compile(rb"<ttl>\s*(\d{1,6})\s*</ttl>", re.IGNORECASE)
_PERIOD = re.compile(rb"<\w+:updatePeriod>\s*(\w+)\s*<", re.IGNORECASE)
_FREQUENCY = re.compile(rb"<\w+:updateFrequency>\s*(\d{1,4})\s*<", re.IGNORECASE)
_SECONDS = {
    b"hourly": 3600,
    b"daily": 86_400,
    b"weekly": 604_800,
    b"monthly": 2_592_000,
    b"yearly": 31_536_000,
}
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_FRESH = re.compile(r"\bno-(?:cache|store)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """Seconds between two polls of a source: at least, at first, at most."""

    least: float
    first: float
    most: float

    def within(self, seconds: float) -> float:
        """The nearest number of seconds that is allowed."""
        return min(max(seconds, self.least), self.most)


def next_interval(last: float | None, *, brought: bool, bounds: Bounds) -> float:
    """Seconds until the next poll, by those that lay before this one (None: it is the first).

    Half as long after a poll that brought something, half as long again after one that did not.
    """
    if last is None:
        return bounds.within(bounds.first)
    return bounds.within(last * (_SHORTER if brought else _LONGER))


def due_after(at: datetime, interval: float, *, hint: float, bounds: Bounds) -> datetime:
    """When a source is to be asked again: what it says of itself can only make that later."""
    return at + timedelta(seconds=bounds.within(max(interval, hint)))


def feed_hint(body: bytes) -> float:
    """Seconds for which a feed says that it need not be read again; 0 where it says nothing.

    RSS 2.0's ttl (minutes) and the Syndication module of RSS 1.0 (updatePeriod by
    updateFrequency); the longer counts.
    """
    head = body[:_HEAD]
    item = _ITEM.search(head)
    head = head[: item.start()] if item else head
    ttl, period, often = _TTL.search(head), _PERIOD.search(head), _FREQUENCY.search(head)
    seconds = int(ttl[1]) * 60.0 if ttl else 0.0
    if period:
        span = _SECONDS.get(period[1].lower(), 0)
        seconds = max(seconds, span / max(1, int(often[1]) if often else 1))
    return seconds


def cache_hint(cache_control: str) -> float:
    """Seconds for which an answer is fresh (RFC 9111 section 5.2.2.1); 0 where it is not."""
    found = _MAX_AGE.search(cache_control)
    return float(found[1]) if found and not _FRESH.search(cache_control) else 0.0
