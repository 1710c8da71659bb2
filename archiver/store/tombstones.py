"""The archive's own account of what was taken down: one JSON object a line, in one file.

The catalogue can be made anew from the archive's files; without this one it would show again
what was redacted. So an event stands here, durable, before the catalogue learns of it. Lines
are only ever added.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from archiver.errors import CatalogueError, disk_error
from archiver.store.veil import Redaction, Replaced

FILE = "redactions.jsonl"
REDACT, LIFT, REWRITE, REMOVE = "redact", "lift", "rewrite", "remove"

Event = Mapping[str, Any]


class Applies(Protocol):
    """A catalogue, as far as it concerns redactions."""

    def apply_events(self, events: Iterable[Event]) -> int:
        """Take in events; how many changed something."""
        ...

    def tombstones(self) -> list[Event]:
        """What the file should say, so far as the catalogue knows it."""
        ...


_NEEDED = {  # and of which type
    REDACT: ("id", "at", "by", "reason", "scope", "url", "urls"),
    LIFT: ("id", "at", "by", "reason"),
    REWRITE: ("id", "at", "by", "old", "old_sha256", "new", "new_sha256"),
    REMOVE: ("name", "at", "by", "rule", "size", "records"),
}


def file_beside(warcs: Path) -> Path:
    """The file, in the archive whose folder of WARC files this is."""
    return warcs.parent / FILE


def append(path: Path, events: Iterable[Event]) -> None:
    """Add events durably; what a crash left of an earlier line is cut off first.

    Raises:
        DiskFullError, WarcError: they could not be written; none of them counts.
    """
    data = "".join(f"{json.dumps(event)}\n" for event in events).encode()
    try:
        with _locked(path) as fd:
            end = _whole(fd)
            os.ftruncate(fd, end)
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.pwrite(fd, rest, end + len(data) - len(rest)) :]
                os.fsync(fd)
            except OSError:
                os.ftruncate(fd, end)
                raise
            _sync_folder(path.parent)
    except OSError as error:
        raise disk_error("write down a redaction", path, error) from error


def read(path: Path) -> list[Event]:
    """All events, in order; none where there is no file. A last line that was cut is none.

    Raises:
        CatalogueError: a line cannot be read. It is not passed over: what it hides would show.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise disk_error("read what was redacted", path, error) from error
    lines = data[: data.rfind(b"\n") + 1].splitlines()
    return [_event(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _event(path: Path, number: int, line: bytes) -> Event:
    try:
        event = json.loads(line)
        needed = _NEEDED[event["event"]]
        missing = [name for name in needed if name not in event]
        datetime.fromisoformat(event["at"])
        if missing:
            raise ValueError(f"no {missing[0]}")
    except (ValueError, KeyError, TypeError) as error:
        raise CatalogueError(
            f"this line is no redaction that can be read ({error!r:.200})",
            thing=f"{path}, line {number}",
            todo="Mend the line, or bring the file back from a copy; nothing may be left out.",
        ) from error
    return dict(event)


def events_of(one: Redaction) -> Iterator[Event]:
    """What the file says of a redaction: that it was made, rewritten, lifted."""
    yield {
        "event": REDACT,
        "id": one.id,
        "at": one.made.isoformat(),
        "by": one.by,
        "reason": one.reason,
        "scope": one.scope.value,
        "url": one.url,
        "urls": list(one.urls),
        "moment": one.moment.isoformat() if one.moment else None,
        "payloads": list(one.payloads),
    }
    for file in one.files:
        yield rewriting(one.id, file, at=one.rewritten or one.made, by=one.by)
    if one.lifted is not None:
        yield lifting(
            one.id, at=one.lifted, by=one.lifted_by or one.by, reason=one.lifted_why or ""
        )


def lifting(identity: str, *, at: datetime, by: str, reason: str) -> Event:
    """That a redaction holds no longer."""
    return {"event": LIFT, "id": identity, "at": at.isoformat(), "by": by, "reason": reason}


def rewriting(identity: str, file: Replaced, *, at: datetime, by: str) -> Event:
    """That a file was written anew without what a redaction hides."""
    names = {name: getattr(file, name) for name in Replaced.__slots__}
    return {"event": REWRITE, "id": identity, "at": at.isoformat(), "by": by, **names}


def removal_event(one: Any) -> Event:
    """That a file went by a rule; `one` has the facts of a `Removal`."""
    return {
        "event": REMOVE,
        "name": one.name,
        "at": one.at.isoformat(),
        "by": one.by,
        "rule": one.rule,
        "size": one.size,
        "records": dict(one.records),
        "sha256": one.sha256,
        "copy_url": one.copy_url,
    }


def known_events(events: Iterable[Event]) -> dict[tuple[str, str], Event]:
    """Events by what happened to which redaction or file, so that two accounts can be compared."""
    found = {}
    for event in events:
        whose = event["name"] if event["event"] == REMOVE else event["id"]
        what = f"rewrite of {event['old']}" if event["event"] == REWRITE else event["event"]
        found[whose, what] = event
    return found


def reconcile(path: Path, catalogue: Applies) -> tuple[int, int]:
    """Bring file and catalogue together; how many events each of them lacked.

    Raises:
        CatalogueError: a line of the file cannot be read.
        DiskFullError, WarcError: what it lacks cannot be written.
    """
    said = known_events(read(path))
    held = known_events(catalogue.tombstones())
    unknown = [event for what, event in said.items() if what not in held]
    lacking = [event for what, event in held.items() if what not in said]
    if unknown:
        catalogue.apply_events(unknown)
    if lacking:
        append(path, lacking)
    return len(lacking), len(unknown)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)


def _whole(fd: int) -> int:
    """Where the last whole line ends."""
    end = os.fstat(fd).st_size
    while end:
        start = max(0, end - 65_536)
        found = os.pread(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
