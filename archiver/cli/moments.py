"""Moments on the command line: `1d`, `2026-03-05`, `2026-03-05T12:00`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from archiver.errors import UsageError


def moment(text: str, now: datetime) -> datetime:
    """A moment: a duration back from now, or a date with or without a time (UTC).

    Raises:
        UsageError: it is neither.
    """
    from archiver.config.quantities import parse_duration

    try:
        return now - timedelta(seconds=parse_duration(text))
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "is neither a duration nor a date",
            thing=text,
            todo="Write 1d, 12h, 2026-03-05 or 2026-03-05T12:00.",
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
