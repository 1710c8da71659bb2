"""What pages draw of numbers: bars over the hours of a day, and the months of a calendar."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = 24
_LEAST = 4.0  # of a bar's height, which is 100 at most: less would not be seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """How often in an hour; `href` leads to what that was, where there is any."""

    hour: int
    count: int
    height: float  # 0 to 100
    href: str | None

    @property
    def label(self) -> str:
        """The hour as a person reads it."""
        return f"{self.hour:02}:00 to {self.hour + 1:02}:00"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A day of a month; `href` leads to what there is of it."""

    day: date
    count: int
    href: str | None
    shade: int  # 0 to 4: how much there is beside the other days
    current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """A month in weeks from Monday on; None stands for days of the months beside it."""

    name: str
    weeks: Sequence[Sequence[Cell | None]]


def hour_bars(counts: Mapping[int, int], href: Callable[[int], str]) -> list[Bar]:
    """A bar for each hour of a day, the highest one being 100 high."""
    most = max(counts.values(), default=1)
    return [
        Bar(
            hour=hour,
            count=count,
            height=round(max(100 * count / most, _LEAST), 2) if count else 0.0,
            href=href(hour) if count else None,
        )
        for hour in range(_HOURS)
        for count in [counts.get(hour, 0)]
    ]


def month_of(
    year: int,
    month: int,
    counts: Mapping[date, int],
    href: Callable[[date], str],
    *,
    current: date | None = None,
    most: int | None = None,
) -> Month:
    """A month's days, shaded beside the count `most`, or their own highest."""
    most = most or max(counts.values(), default=1)

    def cell(day: date) -> Cell | None:
        if day.month != month:
            return None
        count = counts.get(day, 0)
        return Cell(
            day=day,
            count=count,
            href=href(day) if count else None,
            shade=-(-4 * count // most),
            current=day == current,
        )

    weeks = calendar.Calendar().monthdatescalendar(year, month)
    return Month(
        name=f"{date(year, month, 1):%B}", weeks=[[cell(day) for day in week] for week in weeks]
    )
