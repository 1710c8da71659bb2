"""What the timetable does besides crawling: look after the archive, and tell how it stands."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from archiver.config.load import Loaded
from archiver.errors import ArchiverError
from archiver.fetch.recovery import finish_left_files
from archiver.store.catalogue import Catalogue

log = structlog.get_logger("daemon")

_MOST_FILES = 500  # in one command line


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What came of checking WARC files: how many, and the names of those with faults."""

    files: int
    damaged: tuple[str, ...]


async def check_slice(loaded: Loaded, catalogue: Catalogue, now: datetime) -> Checked:
    """Check a share of the archive's files in a process of its own, longest unchecked first."""
    share = loaded.settings.daemon.check_share / 100
    names = await asyncio.to_thread(catalogue.least_checked, share)
    damaged: list[str] = []
    for start in range(0, len(names), _MOST_FILES):
        some = names[start : start + _MOST_FILES]
        lost = [name for name in some if not (loaded.warc_folder / name).is_file()]
        found = await _check([loaded.warc_folder / name for name in some if name not in lost])
        damaged += [*lost, *found]
        await asyncio.to_thread(catalogue.note_checked, some, now)
    return Checked(files=len(names), damaged=tuple(damaged))


async def _check(paths: list[Path]) -> list[str]:
    if not paths:
        return []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "archiver.cli.main", "check", "--json", *map(str, paths)),
        stdout=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        start_new_session=True,
    )
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode not in (0, 1):
        raise ArchiverError(
            f"the check of WARC files ended with {process.returncode}",
            todo="Run archiver check by hand.",
        )
    lines = (json.loads(line) for line in said.decode("utf-8", "replace").splitlines() if line)
    return [Path(line["file"]).name for line in lines if not line["whole"]]


async def rotate(loaded: Loaded, catalogue: Catalogue) -> None:
    """Finish WARC files that killed crawls left open; those of running crawls are left alone."""
    if loaded.warc_folder.is_dir():
        await asyncio.to_thread(finish_left_files, loaded.warc_folder, catalogue)


async def prune(loaded: Loaded, catalogue: Catalogue, now: datetime) -> dict[str, int]:
    """Remove accounts of runs and problems that are older than `daemon.keep_runs`."""
    before = now - timedelta(seconds=loaded.settings.daemon.keep_runs)
    return await asyncio.to_thread(catalogue.prune, before)


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
