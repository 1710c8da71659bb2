"""When an outlet's articles are due next, by what its checks found so far."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from archiver.config.recheck import RecheckSettings
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
