"""The last steps of writing a WARC file anew, and what a crash between them leaves.

A note of what is to be done is durable before the first of them. What it says is gone on with
where the catalogue has the new file already, and undone where it has not.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from archiver.errors import disk_error
from archiver.model import utcnow
from archiver.store import tombstones
from archiver.store.catalogue import Catalogue
from archiver.store.veil import Replaced
from archiver.warc.names import SIDECAR, beside, sync_folder

ASIDE = ".rewriting"  # folder in the WARC folder, where new files are made
ORIGINAL = ".redacted-original"
_NOTE = ".intent.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """What is to be done: which file takes the place of which; digests are SHA-256 in hex."""

    old: str
    old_sha256: str
    new: str
    new_sha256: str
    redactions: tuple[str, ...]
    by: str
    keep: bool
    copy_url: str | None = None


def settle(folder: Path, catalogue: Catalogue) -> list[str]:
    """End what a crash left half done, one way or the other; the names of the files concerned.

    What another process is at is left to it. Costs a look whether there is a folder.

    Raises:
        DiskFullError, WarcError, CatalogueError: it could not be ended.
    """
    aside = folder / ASIDE
    if not aside.is_dir():
        return []
    try:
        with held(aside) as alone:
            return end_left(folder, catalogue) if alone else []
    except OSError as error:
        raise disk_error("end what was begun", aside, error) from error


def end_left(folder: Path, catalogue: Catalogue) -> list[str]:
    """As `settle`, for who holds the folder."""
    aside, ended = folder / ASIDE, []
    for note in sorted(aside.glob(f"*{_NOTE}")):
        intent = _read(note)
        if intent is not None:
            end(folder, catalogue, intent)
            ended.append(intent.old)
        note.unlink(missing_ok=True)
    for left in aside.iterdir():
        left.unlink()
    return ended


def end(folder: Path, catalogue: Catalogue, intent: Intent) -> None:
    """Go on to the new state where the catalogue has the new file, else back to the old one."""
    if catalogue.file(intent.new) is not None and catalogue.file(intent.old) is None:
        _forward(folder, catalogue, intent)
    else:
        for path in (folder / intent.new, beside(folder / intent.new, SIDECAR)):
            path.unlink(missing_ok=True)
        sync_folder(folder)
    (folder / ASIDE / f"{intent.old}{_NOTE}").unlink(missing_ok=True)


def being_made(folder: Path) -> set[str]:
    """The names of new files that the catalogue learns of in another way than by being read."""
    notes = (folder / ASIDE).glob(f"*{_NOTE}")
    return {intent.new for note in notes if (intent := _read(note)) is not None}


@contextmanager
def held(aside: Path) -> Iterator[bool]:
    """Hold the folder as the only process; False where another one does."""
    fd = os.open(aside, os.O_RDONLY | os.O_DIRECTORY)
    try:
        alone = True
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alone = False
        yield alone
    finally:
        os.close(fd)


def write_note(aside: Path, intent: Intent) -> None:
    """Say durably what is about to be done."""
    with (aside / f"{intent.old}{_NOTE}").open("w", encoding="utf-8") as file:
        json.dump(asdict(intent), file)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(aside)


def _read(note: Path) -> Intent | None:
    """A note; None where a crash cut it, so that nothing was done yet."""
    try:
        facts = json.loads(note.read_text("utf-8"))
    except (ValueError, FileNotFoundError):
        return None
    return Intent(**{**facts, "redactions": tuple(facts["redactions"])})


def publish(folder: Path, name: str) -> None:
    """Give the new file its place, its index first."""
    for path in (beside(folder / name, SIDECAR), folder / name):
        (folder / ASIDE / path.name).rename(path)
    sync_folder(folder)


def _forward(folder: Path, catalogue: Catalogue, intent: Intent) -> None:
    """All that comes after the catalogue has the new file; again is no harm."""
    file = Replaced(
        old=intent.old,
        old_sha256=intent.old_sha256,
        new=intent.new,
        new_sha256=intent.new_sha256,
        copy_url=intent.copy_url,
    )
    account = tombstones.file_beside(folder)
    told = tombstones.known_events(tombstones.read(account))
    events = [
        tombstones.rewriting(identity, file, at=utcnow(), by=intent.by)
        for identity in intent.redactions
        if (identity, f"rewrite of {intent.old}") not in told
    ]
    if events:
        tombstones.append(account, events)
    catalogue.apply_events(one for one in tombstones.read(account) if one.get("old") == intent.old)
    old = folder / intent.old
    beside(old, SIDECAR).unlink(missing_ok=True)
    if intent.keep and old.exists():
        old.rename(beside(old, ORIGINAL))
    else:
        old.unlink(missing_ok=True)
    sync_folder(folder)
