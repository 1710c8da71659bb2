"""Who is the daemon of an archive: one process at most, and how others find it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from archiver.errors import ArchiverError, LockedError, disk_error
from archiver.store.lock import holder_of, outlet_lock

_NAME = "daemon"
_ASKED = "asked"


@contextmanager
def daemon_lock(archive: Path) -> Iterator[None]:
    """Be the archive's daemon until the block ends.

    Raises:
        LockedError: another process is; names it.
        DiskFullError, WarcError: the lock's file cannot be made.
    """
    archive.mkdir(parents=True, exist_ok=True)
    try:
        with outlet_lock(archive / _NAME, _NAME):
            yield
    except LockedError as error:
        if error.thing != _NAME:
            raise
        raise LockedError(
            f"a daemon is at work on this archive: {error.what}",
            thing=str(archive),
            todo="Stop that one first, or leave the work to it.",
        ) from None


def daemon_process(archive: Path) -> int | None:
    """Process id of the archive's daemon; None where none can be seen."""
    return holder_of(archive / _NAME, _NAME)


def ask_daemon(archive: Path, outlets: Iterable[str]) -> int:
    """Have the archive's daemon crawl outlets now; its process id.

    Raises:
        ArchiverError: no daemon is at work there; there is no room to ask.
    """
    try:
        with outlet_lock(archive / _NAME, _NAME):
            pass
    except LockedError:
        asked = archive / _NAME / _ASKED
        try:
            asked.mkdir(exist_ok=True)
            for outlet in outlets:
                (asked / outlet).touch()
        except OSError as error:
            raise disk_error("ask the daemon", asked, error) from error
        text = (archive / _NAME / f"{_NAME}.lock").read_text("ascii").strip()
        if text.isdecimal():
            os.kill(int(text), signal.SIGUSR1)
            return int(text)
    raise ArchiverError(
        "no daemon is at work on this archive",
        thing=str(archive),
        todo="Start one (archiver daemon), or crawl by hand: archiver crawl OUTLET.",
    )


def asked_for(archive: Path) -> dict[str, int]:
    """The outlets that somebody has asked for, and when, in nanoseconds since 1970.

    Until `forget_asked`.
    """
    asked = archive / _NAME / _ASKED
    try:
        return {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(asked)}
    except FileNotFoundError:  # nobody ever has
        return {}


def forget_asked(archive: Path, names: Iterable[str]) -> None:
    """These are planned for.

    Raises:
        DiskFullError, WarcError: the disk does not take it.
    """
    for name in names:
        path = archive / _NAME / _ASKED / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error("forget what was asked for", path, error) from error
