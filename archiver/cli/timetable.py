"""The timetable's part of `archiver status`: its tables, and the live view of --watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from archiver.cli.output import make_table
from archiver.daemon.standing import Place, Standing
from archiver.errors import UsageError

COLUMNS = ("outlet", "next run", "late", "last good run", "age", "freshness", "at work")
_EVERY = 3.0  # seconds between two looks
_BELOW = 6  # lines of a screen that are not rows
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def row(name: str, place: Place, standing: Standing) -> tuple[str, ...]:
    """A line of the table, as `COLUMNS`."""
    work = ""
    if place.running:
        process = standing.processes.get(name)
        where = f" (process {process})" if process else ""
        work = short((standing.at - place.running).total_seconds()) + where
    return (
        name,
        moment(place.due),
        short(place.late) if place.late else "",
        moment(place.last_good),
        short(place.age) if place.age is not None else "",
        place.freshness,
        work,
    )


def lines(standing: Standing) -> Iterator[str]:
    """The timetable as a whole, one thing a line."""
    yield (
        f"daemon: process {standing.daemon}"
        if standing.daemon
        else "daemon: none is at work on this archive, as far as can be seen from here"
    )
    queue = standing.queue
    waits = f", longest for {short(queue[0])}" if queue else ""
    yield f"queue: {len(queue)} due{waits}; {len(standing.running)} at work"
    state = "; paused: no crawl of the timetable begins" if standing.paused else ""
    yield f"disk: {standing.free:,} bytes free, reserve {standing.reserve:,}{state}"
    if standing.spool_max is not None:
        spool = standing.spool
        last = moment(standing.shipped) or "never"
        yield (
            f"spool: {spool.files} files, {spool.size:,} bytes wait for the store,"
            f" {spool.open_size:,} bytes being written, at most {standing.spool_max:,};"
            f" last shipped: {last}"
        )
    if standing.backup is not None:
        yield f"last backup: {moment(standing.backup.at)}, {standing.backup.url}"
    else:
        yield "last backup: none was made from here"
    for (subject, what), since in sorted(standing.amiss.items()):
        yield f"amiss: {subject}: {what}, since {moment(since)}"
    for fault in standing.seed_faults:
        yield f"seed not read: {fault}"


def urgent_first(standing: Standing) -> list[tuple[str, Place]]:
    """Outlets as one would look at them: at work, late, stale, then by their next run."""
    amiss = {subject for subject, _ in standing.amiss}

    def rank(item: tuple[str, Place]) -> tuple[object, ...]:
        name, place = item
        due = place.due.timestamp() if place.due else float("inf")
        return (
            place.running is None,
            not place.late,
            place.freshness != "stale",
            name not in amiss,
            due,
            name,
        )

    return sorted(standing.places.items(), key=rank)


def view(standing: Standing, height: int) -> RenderableType:
    """One screen of `height` lines; outlets that find no place on it are counted."""
    below = list(lines(standing))
    room = max(1, height - _BELOW - len(below))
    places = urgent_first(standing)
    table = make_table(COLUMNS, [row(name, place, standing) for name, place in places[:room]])
    more = f"and {len(places) - room} more outlets\n" if len(places) > room else ""
    end = f"{standing.at:%Y-%m-%d %H:%M:%S} UTC, anew every {_EVERY:.0f} s; Ctrl-C ends"
    return Group(table, Text(f"{more}\n" + "\n".join(below) + f"\n{end}"))


def watch(look: Callable[[], Standing]) -> None:
    """Show a view that is made anew every few seconds, until Ctrl-C.

    Raises:
        UsageError: standard output is no terminal.
    """
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        raise UsageError(
            "a live view needs a terminal", thing="--watch", todo="Use --json in a pipe."
        )
    try:
        with Live(
            view(look(), console.height), console=console, screen=True, auto_refresh=False
        ) as live:
            while True:
                live.update(view(look(), console.height), refresh=True)
                time.sleep(_EVERY)
    except KeyboardInterrupt:
        return


def moment(when: datetime | None) -> str:
    """A time in UTC, to the second."""
    return f"{when:%Y-%m-%d %H:%M:%S}" if when else ""


def short(seconds: float) -> str:
    """A duration in its two largest units, such as "3h 20m"."""
    rest = int(seconds)
    said: list[str] = []
    for unit, size in _UNITS:
        n, rest = divmod(rest, size)
        if n or said:
            said.append(f"{n}{unit}")
    return " ".join(said[:2]) or "0s"
