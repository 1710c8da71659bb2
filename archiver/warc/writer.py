"""Appending exchanges to WARC files so that none is ever torn or lost.

One writer, one thread. An exchange is one write() of complete gzip members, a large one several
of which only the last completes a member. A file is made anew (never one that exists is appended
to), locked while it is written, and gets its final name when it is closed. What a crash leaves
behind, `archiver.warc.recover` finishes.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archiver.errors import ArchiverError, disk_error
from archiver.model import WarcRef, utcnow
from archiver.warc.cdxj import cdxj_line, write_sidecar
from archiver.warc.compress import Codec, compress_member, compress_pieces
from archiver.warc.journal import journal_line
from archiver.warc.names import JOURNAL, OPEN, beside, make_folder, new_name, sync_folder
from archiver.warc.record import RECORD_END, Record, WarcInfo, warcinfo_record, with_warcinfo
from archiver.wire.spool import Content, pieces

_BATCH = 4 * 1024 * 1024  # bytes of one write() of a member that is made piece by piece


@dataclass(kw_only=True, slots=True)
class _OpenFile:
    """The file being written: `size` is its last good offset, `durable` what is on disk."""

    path: Path  # the final one
    fd: int
    journal: int
    begun: datetime
    warcinfo: Record
    size: int = 0
    durable: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    index: list[str] = field(default_factory=list)


class WarcWriter:
    """Writes records to a row of WARC files in one folder; used by one thread at a time.

    The first file is opened by the first append. A file is closed and the next one begun,
    before an exchange and never within, once it has `max_size` bytes or is `max_age` old and
    all of it is durable: what is synced together stands in one file.
    `on_open` gets a file's name before its first exchange is written; `on_close` its name, size
    in bytes and SHA-256 (hex) when it has its final name, or size 0 when it was removed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        prefix: str,
        info: WarcInfo,
        max_size: int = 1_000_000_000,
        max_age: timedelta | None = None,
        codec: Codec = Codec.ISAL,
        level: int | None = None,
        on_open: Callable[[str], None] | None = None,
        on_close: Callable[[str, int, str], None] | None = None,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._folder = folder
        self._prefix = prefix
        self._info = info
        self._max_size = max_size
        self._max_age = max_age
        self._codec = codec
        self._level = level
        self._on_open = on_open
        self._on_close = on_close
        self._clock = clock
        self._file: _OpenFile | None = None
        self._lost: ArchiverError | None = None  # why the last appends may not be there

    def __enter__(self) -> Self:
        """Give the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it, however the block ended."""
        self.close()

    @property
    def name(self) -> str | None:
        """The final name of the file being written; None where none is."""
        return self._file.path.name if self._file else None

    def append(self, records: Sequence[Record]) -> list[WarcRef]:
        """Write one exchange, whole or not at all; where each record stands, in their order.

        Written is not yet durable: see `sync`.

        Raises:
            DiskFullError: no room; the file ends after the exchange before, and can go on.
            WarcError: any other fault of the disk; the same holds.

        """
        if not records:
            return []
        if self._lost:
            raise self._lost
        if self._file and self._due(self._file):
            self.close()
        file = self._file = self._file or self._begin()
        first = file.size == 0
        warcinfo_id = file.warcinfo.record_id
        members = [self._member(file.warcinfo.head, file.warcinfo.block)] if first else []
        members += [self._member(with_warcinfo(r.head, warcinfo_id), r.block) for r in records]
        offset = file.size
        lengths = self._write(file, members)
        if first:
            offset += lengths.pop(0)
        refs = []
        for record, length in zip(records, lengths, strict=True):
            refs.append(
                WarcRef(
                    file=file.path.name,
                    offset=offset,
                    length=length,
                    record_id=record.record_id,
                    payload_digest=record.payload_digest,
                )
            )
            _index(file, record, refs[-1])
            offset += length
        return refs

    def sync(self) -> None:
        """Make everything appended durable, then note in the journal how far that is.

        Raises:
            WarcError: the disk may have lost what was written since the last sync; the file is
                left to recovery and the next append begins another.

        """
        lost, self._lost = self._lost, None
        if lost:
            raise lost
        file = self._file
        if file is None or file.durable == file.size:
            return
        try:
            os.fdatasync(file.fd)
        except OSError as error:
            # Linux reports a failed write-back once and then forgets it: a second try would lie.
            self._abandon(file)
            raise disk_error("make records durable", file.path, error) from error
        file.durable = file.size
        with suppress(OSError):  # without it recovery reads the whole file, no more
            os.pwrite(file.journal, journal_line(file.size), 0)

    def close(self) -> None:
        """Finish the file: durable, index beside it, final name. Without a file nothing happens.

        Raises:
            DiskFullError, WarcError: it could not be finished, and is left to recovery.

        """
        file = self._file
        if file is None:
            return
        self.sync()
        self._file = None
        temporary, journal = beside(file.path, OPEN), beside(file.path, JOURNAL)
        try:
            if file.size:
                write_sidecar(file.path, file.index)
                temporary.rename(file.path)
            else:
                temporary.unlink()  # not even the first exchange could be written
            sync_folder(self._folder)
            with suppress(OSError):  # the file is finished, and nothing reads this any more
                journal.unlink(missing_ok=True)
        except OSError as error:
            raise disk_error("finish the file", file.path, error) from error
        finally:
            _let_go(file.journal, file.fd)
        if self._on_close:
            self._on_close(file.path.name, file.size, file.sha256.hexdigest())

    def _due(self, file: _OpenFile) -> bool:
        if file.durable < file.size or not file.size:
            return False  # its last records belong to a group that is not synced yet
        old = self._max_age is not None and self._clock() - file.begun >= self._max_age
        return file.size >= self._max_size or old

    def _member(self, head: bytes, block: Content) -> Iterable[bytes]:
        if isinstance(block, bytes):
            data = b"".join((head, block, RECORD_END))
            return (compress_member(data, codec=self._codec, level=self._level),)
        whole = chain((head,), pieces(block), (RECORD_END,))
        return compress_pieces(whole, codec=self._codec, level=self._level)

    def _begin(self) -> _OpenFile:
        """Make a new, locked, empty file, and tell of it: nobody learns of it by its records."""
        begun = self._clock()
        path = self._folder / new_name(self._prefix, begun)
        made: list[int] = []
        try:
            make_folder(self._folder)
            made.append(_create_locked(beside(path, OPEN)))
            made.append(os.open(beside(path, JOURNAL), os.O_WRONLY | os.O_CREAT, 0o644))
            sync_folder(self._folder)
            if self._on_open:
                self._on_open(path.name)
        except BaseException as error:
            for suffix in (OPEN, JOURNAL) if made else ():
                with suppress(OSError):
                    beside(path, suffix).unlink()
            _let_go(*made)
            if isinstance(error, OSError):
                raise disk_error("begin a file", path, error) from error
            raise
        info = warcinfo_record(self._info, filename=path.name, at=begun)
        fd, journal = made
        return _OpenFile(path=path, fd=fd, journal=journal, begun=begun, warcinfo=info)

    def _write(self, file: _OpenFile, members: Sequence[Iterable[bytes]]) -> list[int]:
        """All members in one write() where the system allows, or none of them; their lengths.

        A member that is made piece by piece is written in batches, but its last piece goes with
        what comes after it: a crash before that leaves no part of the exchange that looks whole.
        """
        sha256, size = file.sha256.copy(), file.size
        lengths: list[int] = []
        try:
            for data in _batches(members, lengths):
                sha256.update(data)
                size += len(data)
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(file.fd, rest) :]
        except BaseException as error:
            try:
                os.ftruncate(file.fd, file.size)
            except OSError as stuck:
                if file.durable < file.size:  # of the same group; recovery may find them
                    self._lost = disk_error("make records durable", file.path, stuck)
                self._abandon(file)
            if isinstance(error, OSError):
                raise disk_error("keep an exchange", file.path, error) from error
            raise
        file.sha256, file.size = sha256, size
        return lengths

    def _abandon(self, file: _OpenFile) -> None:
        """Let go of a file that cannot be trusted; its name stays `.open` for recovery."""
        self._file = None
        _let_go(file.journal, file.fd)


def _let_go(*descriptors: int) -> None:
    """Close them; what is durable is not lost by an error there, and the rest is not trusted."""
    for fd in descriptors:
        with suppress(OSError):
            os.close(fd)


def _batches(members: Sequence[Iterable[bytes]], lengths: list[int]) -> Iterator[bytes]:
    """Give the members as what is to be written at once; `lengths` takes the members' lengths."""
    waiting: list[bytes] = []
    for member in members:
        lengths.append(0)
        for number, piece in enumerate(member):
            if number and sum(map(len, waiting)) >= _BATCH:
                yield b"".join(waiting)
                waiting.clear()
            waiting.append(piece)
            lengths[-1] += len(piece)
    yield b"".join(waiting)


def _create_locked(path: Path) -> int:
    """Make a file under an exclusive lock, held from its first moment as far as others see."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink:
            return fd
        os.close(fd)  # recovery met it before the lock, took it for a leaving and removed it


def _index(file: _OpenFile, record: Record, ref: WarcRef) -> None:
    if record.target_uri is None:
        return
    line = cdxj_line(
        record_type=record.type,
        url=record.target_uri,
        at=record.date,
        mime=record.mime,
        status=record.status,
        digest=record.payload_digest,
        length=ref.length,
        offset=ref.offset,
        filename=ref.file,
    )
    if line:
        file.index.append(line)
