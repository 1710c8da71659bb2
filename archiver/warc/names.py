"""Names of WARC files and of what stands beside them, and how to open one by name.

A file that is being written is called `<name>.open`. References use the final `<name>` from
the start, so they stay true when the file is closed and renamed.
"""

from __future__ import annotations

import os
import re
import socket
import uuid
from datetime import UTC, datetime
from pathlib import Path

from archiver.errors import WarcError

OPEN = ".open"  # being written, or left behind by a crash
JOURNAL = ".journal"  # how far an open file is known to be durable
TORN = ".torn"  # what recovery cut off
SIDECAR = ".cdxj"  # the index of a closed file


def beside(path: Path, suffix: str) -> Path:
    """Add something to the end of a path's name."""
    return path.with_name(path.name + suffix)


def new_name(prefix: str, at: datetime) -> str:
    """Make `{prefix}-{UTC, 17 digits}-{host}-{8 hex digits}.warc.gz` (WARC 1.1, Annex C.1)."""
    moment = at.astimezone(UTC)
    stamp = f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03}"
    parts = (prefix, stamp, socket.gethostname(), uuid.uuid4().hex[:8])
    safe = (re.sub(r"[^A-Za-z0-9._]+", "-", part).strip("-.") or "x" for part in parts)
    return "-".join(safe) + ".warc.gz"


def resolve(folder: Path, name: str) -> Path:
    """Find where the WARC of this final name stands now: under it, or still under `.open`.

    The final path where there is neither. A reader opens through `open_warc`, which also
    sees a rename between the look and the opening.
    """
    path = folder / name
    if path.exists():
        return path
    being_written = beside(path, OPEN)
    return being_written if being_written.exists() else path


def open_warc(path: Path) -> int:
    """Open a WARC for reading, by its final or its `.open` path, whichever exists.

    Gives a file descriptor.

    Raises:
        WarcError: where there is none, or it cannot be opened.

    """
    final = path.with_name(path.name.removesuffix(OPEN))
    failure: OSError | None = None
    for candidate in (final, beside(final, OPEN), final):  # renamed while we looked: once more
        try:
            return os.open(candidate, os.O_RDONLY)
        except FileNotFoundError as error:
            failure = failure or error
        except OSError as error:
            failure = error
            break
    raise WarcError(
        f"cannot be opened ({failure.strerror if failure else 'unknown'})",
        thing=str(path),
        todo="Check that the archive's folder is mounted and readable.",
    ) from failure


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they are there after a loss of power too."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make names in the folder durable: files made, renamed, removed."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
