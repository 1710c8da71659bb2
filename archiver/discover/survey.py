"""How an outlet's sources stand: alive, empty, the same twice, stale, blocked, gone or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from archiver.discover.listing import Listing
from archiver.model import SourceKind

_BLOCKED = frozenset({401, 402, 403, 407, 429, 451})
_GONE = frozenset({404, 410})
_SAME = 0.9  # of the smaller one's items: then two sources are one
_BLOCKED_REASONS = frozenset({"robots", "robots-unreachable"})


class Verdict(StrEnum):
    """What came of asking a source."""

    ALIVE = "alive"
    EMPTY = "empty"
    DUPLICATE = "duplicate"
    STALE = "stale"
    BLOCKED = "blocked"
    GONE = "gone"
    NOT_A_SOURCE = "not-a-source"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One source as it stands. `items` counts what it mentions, for an index its sitemaps.

    `links` are the URLs that it mentions: by them two sources are known to be one.
    """

    url: str
    kind: SourceKind | None
    verdict: Verdict
    reason: str
    how: str = ""  # it was found: seed, given, page, robots.txt, usual place, navigation, index
    format: str | None = None
    items: int = 0
    newest: datetime | None = None
    language: str | None = None
    hubs: tuple[str, ...] = ()
    moved_to: str | None = None  # for good, as its server says
    links: frozenset[str] = field(default_factory=frozenset)


def refused(url: str, kind: SourceKind | None, how: str, *, word: str) -> Finding:
    """The finding of a source that could not be asked; `word` is the problem's reason."""
    blocked = word in _BLOCKED_REASONS
    verdict = Verdict.BLOCKED if blocked else Verdict.FAILED
    reason = "robots.txt forbids it" if word == "robots" else f"no answer: {word}"
    return Finding(url=url, kind=kind, verdict=verdict, reason=reason, how=how)


def unanswered(url: str, kind: SourceKind | None, how: str, *, status: int) -> Finding:
    """The finding of a source that answered with anything but 200."""
    verdict = (
        Verdict.GONE
        if status in _GONE
        else Verdict.BLOCKED
        if status in _BLOCKED
        else Verdict.FAILED
    )
    return Finding(url=url, kind=kind, verdict=verdict, reason=f"HTTP status {status}", how=how)


def read(
    url: str,
    kind: SourceKind,
    how: str,
    listing: Listing,
    *,
    now: datetime,
    stale_after: timedelta,
    expected: SourceKind | None = None,
    moved_to: str | None = None,
) -> Finding:
    """The finding of a source that was read; `expected` is the kind that it ought to have."""
    found = Finding(
        url=url,
        kind=kind,
        verdict=Verdict.ALIVE,
        reason=f"has moved to {moved_to}" if moved_to else "",
        moved_to=moved_to,
        how=how,
        format=listing.about.format,
        items=len(listing.discoveries) or len(listing.sitemaps),
        newest=max(
            (
                date
                for one in listing.discoveries
                if (date := one.published or one.modified) and date <= now + timedelta(days=1)
            ),
            default=None,
        ),
        language=listing.about.language,
        hubs=listing.about.hubs,
        links=frozenset(one.url for one in listing.discoveries),
    )
    if expected is SourceKind.FEED and kind is not SourceKind.FEED:
        return replace(found, verdict=Verdict.NOT_A_SOURCE, reason=f"not a feed but {found.format}")
    if expected is SourceKind.SITEMAP and kind is SourceKind.SECTION:
        return replace(found, verdict=Verdict.NOT_A_SOURCE, reason="not a sitemap but a page")
    if not found.items:
        return replace(found, verdict=Verdict.EMPTY, reason=_why_empty(listing))
    if found.newest is not None and now - found.newest > stale_after:
        days = (now - found.newest).days
        return replace(found, verdict=Verdict.STALE, reason=f"nothing newer than {days} days")
    return found


def _why_empty(listing: Listing) -> str:
    reasons = sorted({problem.reason for problem in listing.problems} - {"empty"})
    return f"no items ({', '.join(reasons)})" if reasons else "no items"


def without_doubles(findings: Iterable[Finding]) -> list[Finding]:
    """The findings; each that has the items of an earlier one of its kind is a duplicate."""
    judged: list[Finding] = []
    for one in findings:
        twin = next((other for other in judged if _same(one, other)), None)
        if twin is not None:
            one = replace(one, verdict=Verdict.DUPLICATE, reason=f"the items of {twin.url}")
        judged.append(one)
    return judged


def _same(one: Finding, other: Finding) -> bool:
    if one.kind is not other.kind or not one.links or other.verdict is Verdict.DUPLICATE:
        return False
    if Verdict.NOT_A_SOURCE in (one.verdict, other.verdict) or one.kind is SourceKind.SECTION:
        return False
    larger = max(len(one.links), len(other.links))
    return len(one.links & other.links) >= _SAME * larger


def chosen(findings: Sequence[Finding]) -> list[Finding]:
    """Those that a new outlet is to be watched by.

    All living feeds, news sitemaps and section pages, and what was given by hand though it is
    stale; other sitemaps only where there is neither feed nor news sitemap: they name everything
    that an outlet ever published.
    """
    good = [
        one
        for one in findings
        if one.verdict is Verdict.ALIVE or (one.verdict is Verdict.STALE and one.how == "given")
    ]
    news = [one for one in good if _is_news(one)]
    return news if any(one.kind is not SourceKind.SECTION for one in news) else good


def _is_news(one: Finding) -> bool:
    return one.kind is not SourceKind.SITEMAP or one.format == "news-sitemap"
