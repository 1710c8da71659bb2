"""Finishing what a crash left behind: every unlocked `.open` file becomes a whole WARC."""

from __future__ import annotations

import fcntl
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from archiver.warc.cdxj import INDEXED, record_line, write_sidecar
from archiver.warc.compress import iter_members
from archiver.warc.names import JOURNAL, OPEN, TORN, beside, sync_folder
from archiver.warc.reader import Damage, iter_records
from archiver.warc.writer import disk_error

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovered:
    """What was found in one file.

    `file` is its final name, `size` in bytes and `sha256` (hex) of what was kept; 0 and empty
    where it held no exchange and was removed. `journalled` is how far it was known to be
    durable, `torn` how many bytes were cut off (kept as `<file>.torn`). `captures` are the
    offsets of all its responses and revisits. Those before `journalled` may be unknown to a
    catalogue as well, if the crash came between the journal and its commit: add what it lacks.
    """

    file: str
    size: int
    sha256: str
    journalled: int
    torn: int
    captures: tuple[int, ...]

    @property
    def after_journal(self) -> tuple[int, ...]:
        """The captures from the journalled offset on."""
        return tuple(offset for offset in self.captures if offset >= self.journalled)


def left_open(folder: Path) -> list[Path]:
    """The `.open` files of the folder that no writer holds: a crash left them."""
    found = []
    for left in sorted(folder.glob(f"*{OPEN}")):
        try:
            with left.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                found.append(left)
        except (BlockingIOError, FileNotFoundError):
            continue
    return found


def recover(folder: Path) -> list[Recovered]:
    """Finish every `.open` file of the folder that no writer holds; what came of each.

    Each gzip member from the last journalled offset on must end; from the first that does not,
    the rest is kept as `<name>.torn` and cut off. Then the file is made durable, gets its
    index and its final name. To be interrupted and run again harms nothing.

    Raises:
        DiskFullError, WarcError: a file could not be finished; it stays as it is.

    """
    found = []
    for left in sorted(folder.glob(f"*{OPEN}")):
        path = left.with_name(left.name.removesuffix(OPEN))
        try:
            fd = os.open(left, os.O_RDWR)
        except FileNotFoundError:
            continue  # its writer has just closed it
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if left.exists() and left.stat().st_ino == os.fstat(fd).st_ino:
                found.append(_finish(fd, path))
        except BlockingIOError:
            continue  # being written
        except OSError as error:
            raise disk_error("recover the file", left, error) from error
        finally:
            os.close(fd)
    for journal in folder.glob(f"*{JOURNAL}"):  # of a crash just before its removal
        if not beside(journal.with_name(journal.name.removesuffix(JOURNAL)), OPEN).exists():
            journal.unlink(missing_ok=True)
    return found


def _journalled(path: Path, size: int) -> int:
    try:
        offset = int(beside(path, JOURNAL).read_bytes())
    except (OSError, ValueError):
        return 0
    return offset if 0 <= offset <= size else 0


def _intact(fd: int, journalled: int, size: int) -> int:
    """Find the end of the last member, from the journalled offset on, that ends well."""
    end = max((end for _, end in iter_members(fd, journalled)), default=journalled)
    if end == journalled and 0 < journalled < size:
        # A journal that lies (a torn write of its own) costs a scan, but no record.
        end = max((end for _, end in iter_members(fd)), default=0)
    return max(end, journalled)


def _finish(fd: int, path: Path) -> Recovered:
    size = os.fstat(fd).st_size
    journalled = _journalled(path, size)
    end = _intact(fd, journalled, size)
    if end < size:
        _keep_torn(fd, end, beside(path, TORN))
        os.ftruncate(fd, end)
    os.fsync(fd)
    left = beside(path, OPEN)
    captures, lines, holds_more = [], [], False
    for record in iter_records(left):
        if isinstance(record, Damage):
            continue  # of what was durable: for check to name
        holds_more = holds_more or record.type != "warcinfo"
        if record.type in INDEXED:
            captures.append(record.offset)
            lines.append(record_line(record))
    if holds_more:
        write_sidecar(path, filter(None, lines))
        left.rename(path)
    else:
        left.unlink()
    sync_folder(path.parent)
    beside(path, JOURNAL).unlink(missing_ok=True)
    return Recovered(
        file=path.name,
        size=end if holds_more else 0,
        sha256=_sha256(fd) if holds_more else "",
        journalled=journalled,
        torn=size - end,
        captures=tuple(captures),
    )


def _keep_torn(fd: int, end: int, torn: Path) -> None:
    """Copy the file from `end` on, durably, before it is cut off."""
    with torn.open("wb") as out:
        while data := os.pread(fd, _CHUNK, end):
            out.write(data)
            end += len(data)
        out.flush()
        os.fsync(out.fileno())


def _sha256(fd: int) -> str:
    digest = hashlib.sha256()
    position = 0
    while data := os.pread(fd, _CHUNK, position):
        digest.update(data)
        position += len(data)
    return digest.hexdigest()
