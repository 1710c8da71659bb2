"""The one reader of WARC files, ours and foreign, plain and gzipped: records and damage.

Framing is by gzip member and Content-Length, checked exactly. FastWARC 2.0 was tried for this:
it passes over a torn last record in silence, reads a record whose field is spelled
`content-length` as empty, and aborts with a panic that is no Exception where a stream fails.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from archiver.errors import WarcError
from archiver.warc.fields import parse_warc_date
from archiver.warc.frames import Fault, Frame, cut_records
from archiver.warc.members import MAGIC, FileWindow, GzipMember, JoinedMembers
from archiver.warc.names import OPEN, open_warc
from archiver.warc.stored import Damage, StoredRecord
from archiver.wire.spool import Content, HeldFile, Spilled, Streamed, portion

__all__ = ["Damage", "StoredRecord", "iter_records", "read_record"]

_CHUNK = 1 << 20
_RECORD = re.compile(rb"WARC/\d\.\d+\r?\n")
_MEMBER = re.compile(re.escape(MAGIC))


def read_record(path: Path, offset: int) -> StoredRecord:
    """Read the record that begins at `offset` of a WARC, even of one still being written.

    Raises:
        WarcError: no such file, or no intact record begins there.

    """
    for item in iter_records(path, start=offset):
        if isinstance(item, StoredRecord) and item.offset == offset:
            return item
        what = item.what if isinstance(item, Damage) else "no record begins here"
        raise WarcError(f"cannot read the record: {what}", thing=f"{path} at offset {offset}")
    raise WarcError("cannot read the record: the file ends here", thing=f"{path} at {offset}")


def iter_records(path: Path, *, start: int = 0) -> Iterator[StoredRecord | Damage]:
    """Give every intact record of a WARC from `start` on, and every fault, in file order.

    After damage it goes on with the next thing that begins like a record. Such a find within
    the damaged bytes may be content of the lost record that looks like one: what follows
    damage is best effort. Nothing in a file makes this raise. Memory is flat: a block too large
    to be held is given as content that reads itself from the file.

    Raises:
        WarcError: the file cannot be opened, or is an ARC.

    """
    fd = open_warc(path)
    try:
        name = path.name.removesuffix(OPEN)
        begin = os.pread(fd, 11, 0)
        if begin.startswith(MAGIC) or (begin and name.endswith(".gz")):
            _refuse_arc(GzipMember(FileWindow(fd), 0).begin(11), path)
            yield from _gzipped(fd, name, start)
        else:
            _refuse_arc(begin, path)
            yield from _plain(fd, name, start)
    except OSError as error:
        raise WarcError(f"cannot be read ({error.strerror})", thing=str(path)) from error
    finally:
        os.close(fd)


def _refuse_arc(begin: bytes, path: Path) -> None:
    if begin == b"filedesc://":
        raise WarcError(
            "is an ARC file, the format before WARC, which is not read here",
            thing=str(path),
            todo="Convert it first: warcio recompress FILE.arc.gz FILE.warc.gz",
        )


def _stored(frame: Frame, block: Content, file: str, offset: int, length: int) -> StoredRecord:
    fields = frame.fields
    uri = fields.get("warc-target-uri")
    if uri is not None:
        uri = uri.removeprefix("<").removesuffix(">").replace(" ", "%20")
    return StoredRecord(
        file=file,
        offset=offset,
        length=length,
        type=fields.get("warc-type") or "unknown",
        record_id=fields.get("warc-record-id"),
        target_uri=uri,
        date=parse_warc_date(fields.get("warc-date") or ""),
        headers=frame.headers,
        fields=fields,
        block=block,
    )


def _gzipped(fd: int, name: str, start: int) -> Iterator[StoredRecord | Damage]:
    file = FileWindow(fd)
    offset = start
    may_join = True
    while file.at(offset):
        member = GzipMember(file, offset)
        items = cut_records(member.read)
        record, more = next(items, None), next(items, None)
        faults: list[Fault] = []
        if isinstance(more, Frame):
            for item in chain((record, more), items):
                if isinstance(item, Frame):
                    yield _stored(item, _block(fd, offset, item), name, offset, 0)
                elif item:
                    faults.append(item)
            faults.append(Fault(0, "several records in one gzip member"))
        member.drain()
        end = member.end
        torn = end is None
        if end is None:
            whose = None if faults else _id_of(record)
            faults = [Fault(0, member.fault or "broken gzip member", whose)]
            end = _next_member(file, offset + 1)
        elif isinstance(record, Frame) and not faults:
            yield _stored(record, _block(fd, offset, record), name, offset, end - offset)
            faults += [Fault(0, more.what, _id_of(record))] if isinstance(more, Fault) else []
        elif isinstance(record, Fault):
            joined = _joined(file, offset) if record.cut and may_join else None
            if joined:
                frame, end = joined
                block = _block(fd, offset, frame, JoinedMembers)
                yield _stored(frame, block, name, offset, end - offset)
                faults.append(Fault(0, "one record in several gzip members", _id_of(frame)))
            else:
                may_join = may_join and not record.cut  # once: it reads far ahead
                faults.append(record)
        for fault in faults:
            yield Damage(
                file=name, offset=offset, what=fault.what, record_id=fault.record_id, torn=torn
            )
        offset = end


def _id_of(item: Frame | Fault | None) -> str | None:
    return item.fields.get("warc-record-id") if isinstance(item, Frame) else None


def _joined(file: FileWindow, offset: int) -> tuple[Frame, int] | None:
    """Read a record that lies in several members; it, and the end of the last of them."""
    members = JoinedMembers(file, offset)
    frame = next(cut_records(members.read), None)
    end = members.end_of(frame.end) if isinstance(frame, Frame) else None
    return (frame, end) if isinstance(frame, Frame) and end else None


def _block(
    fd: int,
    offset: int,
    frame: Frame,
    members: Callable[[FileWindow, int], GzipMember | JoinedMembers] = GzipMember,
) -> Content:
    """Give a record's block; one that was too large to be held is inflated again when read."""
    if frame.block is not None:
        return frame.block
    held = HeldFile(os.dup(fd))

    def again() -> Iterator[bytes]:  # which keeps the file open while it is read
        yield from iter(members(FileWindow(held.fd), offset).read, b"")

    return portion(Streamed(again, frame.end), frame.block_start, frame.end)


def _plain(fd: int, name: str, start: int) -> Iterator[StoredRecord | Damage]:
    size = os.fstat(fd).st_size
    base = start
    while base < size:
        fault: Fault | None = None
        steps = (os.pread(fd, _CHUNK, at) for at in range(base, size, _CHUNK))
        for item in cut_records(partial(next, steps, b"")):
            if isinstance(item, Fault):
                fault = item
                continue
            block: Content | None = item.block
            if block is None:
                block = Spilled(HeldFile(os.dup(fd)), base + item.block_start, base + item.end)
            yield _stored(item, block, name, base + item.start, item.end - item.start)
        if fault is None:
            return
        offset = base + fault.start
        yield Damage(file=name, offset=offset, what=fault.what, record_id=fault.record_id)
        base = next(_find(fd, _RECORD, offset + 1), size)


def _find(fd: int, pattern: re.Pattern[bytes], start: int) -> Iterator[int]:
    """Find the offsets where the pattern (at most 16 bytes) begins, from `start` on."""
    while data := os.pread(fd, _CHUNK + 16, start):
        for found in pattern.finditer(data):
            if found.start() < _CHUNK:
                yield start + found.start()
        start += _CHUNK


def _next_member(file: FileWindow, start: int) -> int:
    """Find the next gzip member that begins with a record, or else the file's end."""
    for offset in _find(file.fd, _MEMBER, start):
        if GzipMember(file, offset).begin(5) == b"WARC/":
            return offset
    return os.fstat(file.fd).st_size
