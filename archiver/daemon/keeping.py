"""The daemon's backups of its catalogue, each in a process of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from archiver.config.load import Loaded
from archiver.config.quantities import format_duration
from archiver.daemon.commands import run_command
from archiver.errors import ArchiverError, LockedError
from archiver.store.engine import catalogue_url

_LOOK = timedelta(hours=1)  # between two looks at how old the newest one is, at most


def backup_interval(loaded: Loaded) -> timedelta | None:
    """How often to see whether a backup is due; None where the daemon makes none.

    It makes them of a catalogue in SQLite, where there is a store: on the disk of the archive
    they would be lost with it.
    """
    if not loaded.settings.storage.url:
        return None
    if catalogue_url(loaded.catalogue_url).get_backend_name() != "sqlite":
        return None
    return min(_LOOK, timedelta(seconds=loaded.settings.storage.backup_every))


async def backup(loaded: Loaded) -> dict[str, Any]:
    """Back the catalogue up, where that is due; what `archiver backup --json` says.

    Nothing where somebody else is at it.

    Raises:
        ArchiverError: it was not done; says why.
    """
    older = format_duration(loaded.settings.storage.backup_every)
    said = await run_command(loaded, "backup", "--json", "--if-older", older)
    if said.code == LockedError.exit_code:
        return {}
    if said.code != 0:
        why = said.errors[-1] if said.errors else f"it ended with {said.code}"
        raise ArchiverError(
            f"the catalogue was not backed up: {why}",
            todo="Older backups stay. See archiver backup and archiver doctor.",
        )
    done: dict[str, Any] = said.lines[0]
    return done
