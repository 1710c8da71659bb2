"""Finishing what a crash left behind: every unlocked `.open` file becomes a whole WARC."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import disk_error
from archiver.warc.cdxj import INDEXED, record_line, write_sidecar
from archiver.warc.journal import journalled_offset
from archiver.warc.names import JOURNAL, OPEN, TORN, beside, sync_folder
from archiver.warc.reader import Damage, StoredRecord, iter_records

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


def recover(
    folder: Path, *, visit: Callable[[StoredRecord], object] = lambda _: None
) -> list[Recovered]:
    """Finish every `.open` file of the folder that no writer holds; what came of each.

    Each exchange from the last journalled offset on must be whole; from the first that is not,
    the rest is kept as `<name>.torn` and cut off. Then the file gets its index and its final
    name. One pass over it does all: `visit` is called with each record that is kept, which is
    durable by then. To be interrupted and run again harms nothing.

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
                found.append(_finish(fd, path, visit))
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
        offset = journalled_offset(beside(path, JOURNAL).read_bytes())
    except OSError:
        return 0
    return offset if offset is not None and offset <= size else 0


def _finish(fd: int, path: Path, visit: Callable[[StoredRecord], object]) -> Recovered:
    os.fsync(fd)  # before anyone learns of a record
    size = os.fstat(fd).st_size
    journalled = _journalled(path, size)
    captures, lines, holds_more = [], [], False
    exchange: list[StoredRecord] = []  # the records of one that has not ended yet

    def keep(records: Iterable[StoredRecord]) -> None:
        nonlocal holds_more
        for record in records:
            holds_more = holds_more or record.type != "warcinfo"
            if record.type in INDEXED:
                captures.append(record.offset)
                lines.append(record_line(record))
            visit(record)

    left = beside(path, OPEN)
    end = size
    torn: int | None = None  # where a member began that does not end
    for item in iter_records(left):
        if torn is not None and item.offset > journalled:
            break  # what follows it was not known to be durable
        if isinstance(item, Damage):
            torn = item.offset if item.torn else torn
            continue  # of what was durable: for check to name
        torn = None
        exchange.append(item)
        if _ends_exchange(item):
            keep(exchange)
            exchange.clear()
    keep(record for record in exchange if record.offset < journalled)
    # what is left of it is a part of an exchange whose other records did not come so far
    torn = next((item.offset for item in exchange if item.offset >= journalled), torn)
    if torn is not None:
        end = max(torn, journalled)
        _keep_torn(fd, end, beside(path, TORN))
        os.ftruncate(fd, end)
        os.fsync(fd)
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


def _ends_exchange(record: StoredRecord) -> bool:
    """Whether it is the last of what `exchange_records` makes, or stands for itself."""
    fields = record.header("Content-Type") == "application/warc-fields"
    return record.type == "warcinfo" or (record.type == "metadata" and fields)


def _keep_torn(fd: int, end: int, torn: Path) -> None:
    """Copy the file from `end` on, durably, before it is cut off."""
    with torn.open("wb") as out:
        while data := os.pread(fd, _CHUNK, end):
            out.write(data)
            end += len(data)
        out.flush()
        os.fsync(out.fileno())
    sync_folder(torn.parent)


def _sha256(fd: int) -> str:
    digest = hashlib.sha256()
    position = 0
    while data := os.pread(fd, _CHUNK, position):
        digest.update(data)
        position += len(data)
    return digest.hexdigest()
