"""When a crawl's known articles are due next, and how many of them it may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from archiver.config.recheck import RecheckSettings
from archiver.config.settings import Settings
from archiver.revise.policy import (
    LEARNED_FROM,
    Edits,
    Facts,
    Next,
    Timetable,
    first_plan,
    next_check,
    spread_of,
)
from archiver.revise.removals import State
from archiver.store.rechecks import EditCounts, Recheck

COUNT = "articles/rechecked"
"""The run's count of known articles that were asked for again."""

_MOST = 10_000  # that one crawl asks for again, whatever its budget


def timetable_of(settings: RecheckSettings) -> Timetable:
    """The timetable of an installation."""
    return Timetable(
        ages=settings.ages,
        then=settings.then,
        live_every=settings.live_every,
        missing_every=settings.missing_every,
        fastest=settings.fastest,
        slowest=settings.slowest,
    )


def allowance(settings: Settings, *, in_run: int, today: int) -> int:
    """How many more articles may be asked for again, after so many in this run and today.

    `today`: in earlier runs. A share of what a crawl may ask one host and of what an outlet may be
    asked in a day, and no more than `recheck.daily_checks`.
    """
    own, share = settings.recheck, settings.recheck.share
    left = [_MOST]
    if settings.crawl.host_requests:
        left.append(int(settings.crawl.host_requests * share) - in_run)
    if settings.politeness.daily_requests:
        left.append(int(settings.politeness.daily_requests * share) - in_run - today)
    if own.daily_checks:
        left.append(own.daily_checks - in_run - today)
    return max(0, min(left))


class RecheckPlan:
    """The times of one outlet's checks, by what is learned of how often it edits."""

    def __init__(self, timetable: Timetable, known: EditCounts) -> None:
        self._timetable = timetable
        self._edits = Edits(checks=known.checks, changes=known.changes)

    @property
    def learned(self) -> EditCounts:
        """What is known of the outlet by now."""
        return EditCounts(checks=self._edits.checks, changes=self._edits.changes)

    def begun(self, row: Recheck, now: datetime) -> Recheck:
        """The place of an article that has none yet, though it may be old."""
        return _at(row, first_plan(_facts(row), now, self._edits, self._timetable))

    def planned(self, row: Recheck) -> Recheck:
        """The place of an article by what is known of it now."""
        return _at(row, next_check(_facts(row), self._edits, self._timetable))

    def checked(self, row: Recheck, now: datetime, *, changed: bool, told: bool) -> Recheck:
        """The place of an article after a check; `told`: whether that said anything of it."""
        young = (row.checked - row.first).total_seconds() <= LEARNED_FROM
        if told and young and row.state == State.LIVE:
            self._edits = self._edits.learn(changed=changed)
        return self.planned(
            replace(
                row,
                checked=max(now, row.checked),
                checks=row.checks + 1,
                unchanged=0 if changed else row.unchanged + 1,
                failed=0 if told else row.failed + 1,
                modified=None,
            )
        )


def today_of(counts: Mapping[str, Mapping[str, int]], outlet: str) -> int:
    """How many articles of an outlet were asked for again, by the counts of runs."""
    return counts.get(outlet, {}).get(COUNT, 0)


def _at(row: Recheck, found: Next) -> Recheck:
    return replace(row, due=found.at, step=found.step)


def _facts(row: Recheck) -> Facts:
    return Facts(
        first=row.first,
        checked=row.checked,
        checks=row.checks,
        unchanged=row.unchanged,
        failed=row.failed,
        live_blog=row.live_blog,
        missing=row.state == State.MISSING,
        modified=row.modified,
        spread=spread_of(row.article_id),
    )
