"""Whether an article still stands: what one check shows, and what that makes of its state.

Pure functions. A check that fails says nothing of the article; a page that is not there says
nothing either while the outlet's other pages are not there: an outlet that is down removes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

_RUN = 8  # characters of what two texts may have in common
_LOOKED_AT = 20_000  # characters of each text


class State(StrEnum):
    """How an article stands; the words of the catalogue."""

    LIVE = "live"
    MISSING = "missing"  # not there, not yet for long
    REMOVED = "removed"
    PAYWALLED = "paywalled"  # it was free before
    BLOCKED = "blocked"  # we are not let in, others of its outlet's pages let us
    MOVED = "moved"  # to the address of another article


class Sight(StrEnum):
    """What one check of an article showed."""

    CAME = "came"  # the article, in whatever words
    SAME = "same"  # 304: as it was when it last came
    WALLED = "walled"  # it came, no longer free
    GONE = "gone"  # 404, 410
    SOFT = "soft"  # an error page, the front page or a section page in its place
    BLOCKED = "blocked"
    MOVED = "moved"
    FAILED = "failed"  # no answer, or one that says nothing: 5xx, a timeout


MISSED = frozenset({Sight.GONE, Sight.SOFT})
AWAY = frozenset({State.MISSING, State.REMOVED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """From when on what is missing is removed: seconds, and checks that found it so."""

    after: float = 259_200.0
    checks: int = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How an article stands: `since` when, where not live; `evidence`: checks that missed it."""

    state: State = State.LIVE
    since: datetime | None = None
    evidence: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One look at an article; `answering`: whether its outlet's other pages were there then."""

    at: datetime
    sight: Sight
    answering: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Company:
    """How the other pages of an outlet answered in the same run.

    `bad`: those that were live and did not come. Its sources count where no other page was asked.
    """

    good: int = 0
    bad: int = 0
    good_sources: int = 0
    bad_sources: int = 0

    @property
    def answering(self) -> bool:
        """Whether the outlet was there: most of what it was asked for came."""
        if self.good or self.bad:
            return self.good > self.bad
        return self.good_sources > self.bad_sources


def judge(standing: Standing, check: Check, rules: Rules | None = None) -> Standing:
    """How an article stands after a check; the same where it showed nothing, or is an old one."""
    held = rules or Rules()
    sight = check.sight
    if standing.since is not None and check.at < standing.since:
        return standing
    if sight is Sight.FAILED:
        return standing
    if sight is Sight.SAME and standing.state is State.PAYWALLED:
        return standing
    if sight in (Sight.CAME, Sight.SAME):
        return Standing()
    if sight in (Sight.WALLED, Sight.MOVED):
        state = State.PAYWALLED if sight is Sight.WALLED else State.MOVED
        same = standing.state is state
        return standing if same else Standing(state=state, since=check.at)
    if not check.answering:
        return standing
    if sight is Sight.BLOCKED:
        # Whether what was missing is there again cannot be seen through a wall.
        if standing.state in (*AWAY, State.BLOCKED, State.MOVED):
            return standing
        return Standing(state=State.BLOCKED, since=check.at)
    return _missed(standing, check, held)


def _missed(standing: Standing, check: Check, rules: Rules) -> Standing:
    if standing.state is State.MOVED:
        return standing  # its old address went
    if standing.state not in AWAY or standing.since is None:
        standing = Standing(state=State.MISSING, since=check.at)
    found = replace(standing, evidence=standing.evidence + 1)
    if found.state is State.REMOVED or found.since is None:
        return found
    long = check.at - found.since >= timedelta(seconds=rules.after)
    if long and found.evidence >= rules.checks:
        return replace(found, state=State.REMOVED)
    return found


def same_story(before: str, after: str) -> float:
    """How much two texts have in common: 0 to 1, of the shorter one.

    By runs of eight characters, so that it is the same in all languages; a text that was cut off
    has all in common with the whole one.
    """
    old, new = _runs(before), _runs(after)
    least = min(len(old), len(new))
    return len(old & new) / least if least else float(old == new)


def _runs(text: str) -> frozenset[str]:
    plain = " ".join(text[:_LOOKED_AT].casefold().split())
    return frozenset(plain[at : at + _RUN] for at in range(max(0, len(plain) - _RUN + 1)))
