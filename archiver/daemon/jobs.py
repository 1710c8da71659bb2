"""What the timetable does besides crawling: look after the archive, and tell how it stands."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from archiver.config.load import Loaded
from archiver.daemon.commands import run_command
from archiver.errors import ArchiverError
from archiver.fetch.recovery import finish_left_files
from archiver.store.catalogue import Catalogue
from archiver.store.copies import UNREACHABLE, look_at
from archiver.store.machines import not_elsewhere
from archiver.store.warcs import Warcs

log = structlog.get_logger("daemon")

_MOST_FILES = 500  # in one command line


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What came of checking WARC files: how many, and the names of those with faults.

    `unasked`: how many could not be looked at, since their store did not answer; they are next.
    """

    files: int
    damaged: tuple[str, ...]
    unasked: int = 0


async def check_slice(loaded: Loaded, catalogue: Catalogue, now: datetime) -> Checked:
    """Check a share of the archive's files, longest unchecked first.

    Those that are here are read in a process of its own; of those that are in a store only, size
    and SHA-256 are asked for.
    """
    share = loaded.settings.daemon.check_share / 100
    names = await asyncio.to_thread(catalogue.least_checked, share)
    warcs = Warcs.of(loaded, catalogue)
    damaged: list[str] = []
    unasked: list[str] = []
    for start in range(0, len(names), _MOST_FILES):
        some = names[start : start + _MOST_FILES]
        here = [name for name in some if (loaded.warc_folder / name).is_file()]
        found = await _check(loaded, [loaded.warc_folder / name for name in here])
        lost, silent = await asyncio.to_thread(
            _look, warcs, catalogue, [name for name in some if name not in here]
        )
        damaged += [*lost, *found]
        unasked += silent
        done = [name for name in some if name not in silent]
        await asyncio.to_thread(catalogue.note_checked, done, now)
    return Checked(files=len(names) - len(unasked), damaged=tuple(damaged), unasked=len(unasked))


def _look(warcs: Warcs, catalogue: Catalogue, names: list[str]) -> tuple[list[str], list[str]]:
    """Those of the files that no store has whole, and those of which no store said anything."""
    known = [file for file in map(catalogue.file, names) if file is not None]
    here_only = [file for file in known if file.copy_url is None and file.size != 0]
    ours = not_elsewhere(here_only, warcs.folder, catalogue)
    lost: list[str] = [file.name for file in ours]
    # what another machine has yet to ship is looked at once it has
    unasked: list[str] = [file.name for file in here_only if file not in ours]
    copied = [file for file in known if file.copy_url is not None]
    silent = 0
    for file, fault in look_at(warcs.stores, copied):
        if fault is not None:
            (unasked if fault.name == UNREACHABLE else lost).append(file.name)
            silent += fault.name == UNREACHABLE
    if silent:
        log.warning("store does not answer", files=silent)
    return lost, unasked


async def _check(loaded: Loaded, paths: list[Path]) -> list[str]:
    if not paths:
        return []
    said = await run_command(loaded, "check", "--json", *map(str, paths))
    if said.code not in (0, 1, 3):
        raise ArchiverError(
            f"the check of WARC files ended with {said.code}", todo="Run archiver check by hand."
        )
    return [Path(line["file"]).name for line in said.lines if line["whole"] is False]


async def rotate(loaded: Loaded, catalogue: Catalogue) -> None:
    """Finish WARC files that killed crawls left open; those of running crawls are left alone."""
    if loaded.warc_folder.is_dir():
        await asyncio.to_thread(finish_left_files, loaded.warc_folder, catalogue)


async def prune(loaded: Loaded, catalogue: Catalogue, now: datetime) -> dict[str, int]:
    """Remove accounts of runs, problems and batches that are older than `daemon.keep_runs`."""
    before = now - timedelta(seconds=loaded.settings.daemon.keep_runs)
    batches = await asyncio.to_thread(catalogue.prune_batches, before)
    return {**await asyncio.to_thread(catalogue.prune, before), "batches": batches}


async def report(catalogue: Catalogue, now: datetime) -> dict[str, object]:
    """The last day in numbers: runs by state, articles, captures, problems; what is amiss."""
    counts = await asyncio.to_thread(catalogue.counts_since, now - timedelta(days=1))
    total: Counter[str] = Counter()
    for own in counts.values():
        total.update(own)
    amiss = await asyncio.to_thread(catalogue.alerts)
    return {
        "event": "report",
        "subject": "archive",
        "at": now.isoformat(),
        "since": (now - timedelta(days=1)).isoformat(),
        "outlets": len(counts),
        "counts": dict(sorted(total.items())),
        "amiss": [
            {"subject": subject, "what": what, "since": since.isoformat()}
            for (subject, what), since in sorted(amiss.items())
        ],
    }
