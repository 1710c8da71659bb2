"""What checks of known articles showed in one run, and what that makes of their states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from archiver.config.recheck import RecheckSettings
from archiver.model import Article, Capture, WarcRef
from archiver.revise.errorpages import is_above, is_error_address, says_missing, titles_of
from archiver.revise.removals import (
    MISSED,
    Check,
    Company,
    Rules,
    Sight,
    Standing,
    State,
    judge,
    same_story,
)
from archiver.store.identity import Territory, key_of_spelling
from archiver.store.rechecks import Recheck
from archiver.store.standings import BACK, StateChange

MOST_CONTROLS = 10
"""Pages that a run asks, at most, so that it shows whether an outlet is there."""

_OTHER_TEXT = 0.3  # in common, below which a page's text is another than its article's
_PERMANENT = frozenset({301, 308})
_BLOCKS = frozenset({401, 403, 429, 451})
_GONE = frozenset({404, 410})


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one check showed: `reason` says by what, `target` where the article moved to."""

    page: str  # as it was asked for
    sight: Sight
    at: datetime
    reason: str
    status: int | None = None
    warc: WarcRef | None = None
    target: str | None = None

    @classmethod
    def of(
        cls, page: str, sight: Sight, reason: str, capture: Capture | None, *, at: datetime
    ) -> Sighting:
        """What a capture shows, or a failure of which there is none."""
        return cls(
            page=page,
            sight=sight,
            at=capture.captured_at if capture else at,
            reason=reason,
            status=capture.status if capture else None,
            warc=capture.warc if capture else None,
        )


@dataclass(kw_only=True)
class Answers:
    """Which of an outlet's pages and sources came in a run, and which did not."""

    good: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    good_sources: set[str] = field(default_factory=set)
    bad_sources: set[str] = field(default_factory=set)

    def page(self, url: str, *, good: bool) -> None:
        """Note a page; what turned out to be no page is bad, even if it was good before."""
        (self.good if good else self.bad).add(url)
        if not good:
            self.good.discard(url)

    def source(self, url: str, *, good: bool) -> None:
        """Note a source."""
        (self.good_sources if good else self.bad_sources).add(url)

    def wanting(self, *, known_away: Iterable[str]) -> int:
        """How many more pages have to come before it shows that the outlet is there."""
        return max(0, len(self.bad - set(known_away)) - len(self.good) + 1)

    def company(self, page: str, *, known_away: Iterable[str]) -> Company:
        """How the others than a page answered; those that were away before say nothing."""
        own = {page}
        return Company(
            good=len(self.good - own),
            bad=len(self.bad - own - set(known_away)),
            good_sources=len(self.good_sources),
            bad_sources=len(self.bad_sources),
        )


def sight_of_status(status: int) -> Sight:
    """What an answer that is no page shows by its status alone."""
    if status in _GONE:
        return Sight.GONE
    return Sight.BLOCKED if status in _BLOCKS else Sight.FAILED


def leads_away(asked: str, final: str, territory: Territory) -> str | None:
    """Why a page at the end of redirects is not the one asked for; None where it may be."""
    if key_of_spelling(asked) == key_of_spelling(final):
        return None
    if is_above(final, asked) or key_of_spelling(final) in territory.listings:
        return "section-page" if urlsplit(final).path.strip("/") else "front-page"
    return "error-address" if is_error_address(final) else None


def is_permanent(reasons: Iterable[object]) -> bool:
    """Whether all redirects on the way say that they are for good."""
    found = list(reasons)
    return bool(found) and all(reason in _PERMANENT for reason in found)


def in_its_place(article: Article | None, body: bytes, known: Article | None) -> str | None:
    """Why a page is an error page and not the article that is known; None where it is."""
    if article is None:
        return "error-page" if says_missing(*titles_of(body)) else None
    if known is not None and (
        same_story(known.text, article.text) >= _OTHER_TEXT
        or says_missing(known.title, text=known.text, words=known.word_count)
    ):
        return None
    found = says_missing(
        article.title, *titles_of(body), text=article.text, words=article.word_count
    )
    return "error-page" if found else None


def is_another(article: Article, known: Article | None) -> bool:
    """Whether a page's text has little to do with what the article said before."""
    return known is not None and same_story(known.text, article.text) < _OTHER_TEXT


def access_sight(article: Article, known: Article | None, state: str) -> Sight:
    """Whether an article that came is one that was free and is no more."""
    locked = article.access.free is False
    was_free = known is not None and known.access.free is not False
    if locked and (state == State.PAYWALLED or was_free):
        return Sight.WALLED
    return Sight.CAME


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a sighting makes of an article; `told`: whether it said anything of it."""

    row: Recheck
    change: StateChange | None
    told: bool


def verdict(row: Recheck, seen: Sighting, company: Company, settings: RecheckSettings) -> Verdict:
    """How an article stands after a sighting."""
    before = Standing(state=State(row.state), since=row.since, evidence=row.evidence)
    rules = Rules(after=settings.removed_after, checks=settings.removed_checks)
    check = Check(at=seen.at, sight=seen.sight, answering=company.answering)
    after = judge(before, check, rules)
    change = None
    if after.state is not before.state or seen.target is not None:
        change = StateChange.shown_by(
            seen.warc,
            article_id=row.article_id,
            state=after.state.value,
            at=seen.at,
            reason=_back(before.state, seen) if after.state is State.LIVE else seen.reason,
            status=seen.status,
            target=seen.target,
        )
    told = after != before or seen.sight not in (*MISSED, Sight.BLOCKED, Sight.FAILED)
    told = told or (seen.sight is Sight.BLOCKED and before.state is State.BLOCKED)
    row = replace(row, state=after.state.value, since=after.since, evidence=after.evidence)
    return Verdict(row=row, change=change, told=told)


def _back(before: State, seen: Sighting) -> str:
    return seen.reason if seen.target is not None else BACK.get(before.value, seen.reason)
