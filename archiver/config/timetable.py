"""When outlets are crawled and the archive is looked after: the settings of the daemon's plan."""

from __future__ import annotations

import re
from datetime import date
from fnmatch import fnmatchcase
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    model_validator,
)

from archiver.config.quantities import Duration
from archiver.config.section import Section

DAY = 86400.0
_MINUTES = r"(?:[01]\d|2[0-3]):[0-5]\d"
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


def standard_cron(text: str) -> str:
    """Five cron fields with their weekdays as names: APScheduler counts them from Monday.

    In a crontab (POSIX) 0 is Sunday, and by custom 7 is, too.
    """
    fields = text.split()
    if len(fields) == 5:
        fields[4] = ",".join(_weekdays(part) for part in fields[4].split(","))
    return " ".join(fields)


def _weekdays(part: str) -> str:
    match = re.fullmatch(r"([0-7])(?:-([0-7]))?(?:/([1-7]))?", part.replace("*/", "0-6/"))
    if match is None:
        return part
    first = int(match[1])
    last = int(match[2]) if match[2] else (6 if match[3] else first)
    return ",".join(_WEEKDAYS[day % 7] for day in range(first, last + 1, int(match[3] or 1)))


def _check_cron(text: str) -> str:
    if text:
        from apscheduler.triggers.cron import CronTrigger  # not in every crawl's start

        try:
            CronTrigger.from_crontab(standard_cron(text), timezone="UTC")
        except (ValueError, KeyError, IndexError) as error:
            raise ValueError(f"{text!r:.80} are no five cron fields: {error}") from None
    return text


def _check_zone(name: str) -> str:
    if name and name != "outlet":
        try:
            ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            raise ValueError(
                f"{name!r:.80} is no time zone such as 'Europe/London', and not 'outlet'"
            ) from None
    return name


def _check_day(text: str) -> str:
    try:
        date.fromisoformat(text if len(text) == 10 else f"2024-{text}")
    except ValueError:
        raise ValueError(
            f"{text!r:.40} is no date such as '2026-12-24', nor '12-24' for every year"
        ) from None
    return text


def _check_span(text: str) -> str:
    if not re.fullmatch(rf"{_MINUTES}-{_MINUTES}", text) or text[:5] == text[6:]:
        raise ValueError(f"{text!r:.40} is no span such as '23:00-05:30'")
    return text


Cron = Annotated[str, AfterValidator(_check_cron)]
Zone = Annotated[str, AfterValidator(_check_zone)]
Span = Annotated[str, AfterValidator(_check_span)]
Day = Annotated[str, AfterValidator(_check_day)]
Interval = Annotated[Duration, Field(ge=10)]
Pattern = Annotated[str, StringConstraints(pattern=r"^[a-z0-9*?\[\]!-]+$")]


class Times(Section):
    """When to crawl: an interval, cron fields, or the outlet's own rhythm."""

    every: Interval | None = Field(default=None, description="Time between two crawls.")
    cron: Cron | None = Field(
        default=None,
        description="Instead of an interval: minute, hour, day, month and weekday as in a crontab"
        " (0 and 7 are Sunday), on the clock of `timezone`.",
    )
    adaptive: bool | None = Field(
        default=None,
        description="Instead of a fixed interval: so often that a crawl finds about one new"
        " article, between `shortest` and `longest`; `every` holds until that is known.",
    )
    shortest: Interval | None = Field(default=None, description="Least interval when adaptive.")
    longest: Interval | None = Field(default=None, description="Greatest interval when adaptive.")
    jitter: Duration | None = Field(
        default=None, description="Up to how much later a crawl begins than planned, at random."
    )
    timezone: Zone | None = Field(
        default=None,
        description='Clock of cron, quiet hours and dates: a time zone, or "outlet" for the one in'
        " the outlet's seed (UTC where it has none).",
    )
    quiet: tuple[Span, ...] | None = Field(
        default=None, description='Hours without crawls, such as "23:00-05:30".'
    )
    blackout: tuple[Day, ...] | None = Field(
        default=None, description='Days without crawls: "2026-12-24", or "12-24" every year.'
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Times:
        if self.cron and (self.every is not None or self.adaptive):
            raise ValueError("give cron fields or an interval (every, adaptive), not both")
        if self.shortest and self.longest and self.shortest > self.longest:
            raise ValueError("shortest is longer than longest")
        return self


class Group(Times):
    """Times of all outlets whose ids match a pattern."""

    outlets: tuple[Pattern, ...] = Field(
        min_length=1, description='Ids or patterns of ids, such as "de-*".'
    )

    def has(self, outlet: str) -> bool:
        """Whether an outlet is one of the group."""
        return any(fnmatchcase(outlet, pattern) for pattern in self.outlets)


class TimetableSettings(Times):
    """When outlets are crawled by `archiver daemon`, and when the archive is looked after.

    What a group says goes before this table, a later group before an earlier one, and the table
    `timetable` of an outlet's seed before all.
    """

    every: Interval = Field(default=1800.0, description="Time between two crawls of an outlet.")
    cron: Cron = Field(
        default="",
        description="Instead of an interval: minute, hour, day, month and weekday as in a crontab"
        " (0 and 7 are Sunday), on the clock of `timezone`.",
    )
    adaptive: bool = Field(
        default=False,
        description="Instead of a fixed interval: so often that a crawl finds about one new"
        " article, between `shortest` and `longest`; `every` holds until that is known.",
    )
    shortest: Interval = Field(default=300.0, description="Least interval when adaptive.")
    longest: Interval = Field(default=DAY, description="Greatest interval when adaptive.")
    jitter: Duration = Field(
        default=60.0, description="Up to how much later a crawl begins than planned, at random."
    )
    timezone: Zone = Field(
        default="UTC",
        description='Clock of cron, quiet hours and dates: a time zone, or "outlet" for the one in'
        " the outlet's seed (UTC where it has none).",
    )
    quiet: tuple[Span, ...] = Field(
        default=(), description='Hours without crawls, such as "23:00-05:30".'
    )
    blackout: tuple[Day, ...] = Field(
        default=(), description='Days without crawls: "2026-12-24", or "12-24" every year.'
    )
    overlap: Literal["wait", "skip"] = Field(
        default="skip",
        description="What becomes of a crawl that is due while the outlet's last one still runs:"
        ' "wait" begins it right afterwards, "skip" leaves it out; both are shown.',
    )
    groups: tuple[Group, ...] = Field(
        default=(),
        description="Tables `[[timetable.groups]]` with `outlets` (ids or patterns such as"
        ' "de-*") and any of the keys above that are to differ.',
    )
    recheck: Cron = Field(
        default="",
        description="When all known articles of every outlet are asked for again, due or not, as"
        " cron fields; empty: never. Crawls ask for those that are due by themselves ([recheck]).",
    )
    check: Cron = Field(
        default="7 3 * * *",
        description="When a part of the archive is checked, as cron fields; empty: never.",
    )
    prune: Cron = Field(
        default="47 4 * * *",
        description="When old accounts of runs and problems are removed, as cron fields; empty:"
        " never.",
    )
    report: Cron = Field(
        default="0 6 * * *", description="When a report of the last day is made; empty: never."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> TimetableSettings:
        if self.shortest > self.longest:
            raise ValueError("shortest is longer than longest")
        return self
