"""The day, and the hour of it, that an address asks for; all in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starlette.requests import Request

from archiver.replay.uris import BadAddressError
from archiver.store.days import DAY, HOUR, start_of

EARLIEST, LATEST = date(1970, 1, 1), date(9998, 12, 31)


@dataclass(frozen=True, kw_only=True, slots=True)
class DayAsked:
    """A day, or one hour of it."""

    day: date
    hour: int | None = None

    @property
    def since(self) -> datetime:
        """Where it begins."""
        return start_of(self.day) + timedelta(hours=self.hour or 0)

    @property
    def until(self) -> datetime:
        """Where it has ended."""
        return self.since + (DAY if self.hour is None else HOUR)


def day_asked(request: Request, usual: date | None = None) -> DayAsked | None:
    """`date=YYYY-MM-DD` and `hour=0` to 23; the usual day, if there is one, where none is named.

    Raises:
        BadAddressError: where they are no such thing.
    """
    text, hour = (request.query_params.get(name, "").strip() for name in ("date", "hour"))
    day = usual
    if text:
        try:
            day = datetime.strptime(text, "%Y-%m-%d").date()
        except ValueError:
            day = None
        if day is None or not EARLIEST <= day <= LATEST:
            raise BadAddressError("date is a day such as 2026-05-01")
    if hour and not (hour.isascii() and hour.isdecimal() and len(hour) < 3 and int(hour) < 24):
        raise BadAddressError("hour is a number from 0 to 23")
    if day is None:
        return None
    return DayAsked(day=day, hour=int(hour) if hour else None)
