"""The one reader of WARC files, ours and foreign, plain and gzipped: records and damage.

Framing is by gzip member and Content-Length, checked exactly. FastWARC 2.0 was tried for this:
it passes over a torn last record in silence, reads a record whose field is spelled
`content-length` as empty, and aborts with a panic that is no Exception where a stream fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from archiver.errors import WarcError
from archiver.warc.frames import HELD, Fault, Frame, cut_records, whole_record
from archiver.warc.members import MAGIC, FileWindow, GzipMember, JoinedMembers
from archiver.warc.source import ByteSource, HeldSource, begin_of, opened
from archiver.warc.stored import Damage, StoredRecord
from archiver.wire.spool import Content, Spilled, Streamed, portion

__all__ = ["Damage", "StoredRecord", "iter_records", "read_record"]

_CHUNK = 1 << 20
_RECORD = re.compile(rb"WARC/\d\.\d+\r?\n")
_MEMBER = re.compile(re.escape(MAGIC))


def read_record(warc: Path | ByteSource, offset: int) -> StoredRecord:
    """Read the record that begins at `offset` of a WARC, even of one still being written.

    Raises:
        WarcError: no such file, or no intact record begins there.
        ArchiverError: as the source says.

    """
    place = warc.place if isinstance(warc, ByteSource) else warc
    for item in iter_records(warc, start=offset):
        if isinstance(item, StoredRecord) and item.offset == offset:
            return item
        what = item.what if isinstance(item, Damage) else "no record begins here"
        raise WarcError(f"cannot read the record: {what}", thing=f"{place} at offset {offset}")
    raise WarcError("cannot read the record: the file ends here", thing=f"{place} at {offset}")


def iter_records(warc: Path | ByteSource, *, start: int = 0) -> Iterator[StoredRecord | Damage]:
    """Give every intact record of a WARC from `start` on, and every fault, in file order.

    After damage it goes on with the next thing that begins like a record. Such a find within
    the damaged bytes may be content of the lost record that looks like one: what follows
    damage is best effort. Nothing in a file makes this raise. Memory is flat: a block too large
    to be held is given as content that reads itself from the file. A source that is given stays
    open.

    Raises:
        WarcError: the file cannot be opened or read, or is an ARC.
        ArchiverError: as the source says, such as StorageError where a store does not answer.

    """
    with opened(warc) as source:
        try:
            # Its name is word enough for who reads one record of it: of a store, each look costs.
            begin = MAGIC if start and source.name.endswith(".gz") else begin_of(source, 11)
            if begin.startswith(MAGIC) or (begin and source.name.endswith(".gz")):
                if not start:
                    _refuse_arc(GzipMember(FileWindow(source), 0).begin(11), source)
                yield from _gzipped(source, start)
            else:
                _refuse_arc(begin, source)
                yield from _plain(source, start)
        except OSError as error:
            raise WarcError(f"cannot be read ({error.strerror})", thing=source.place) from error


def _refuse_arc(begin: bytes, source: ByteSource) -> None:
    if begin == b"filedesc://":
        raise WarcError(
            "is an ARC file, the format before WARC, which is not read here",
            thing=source.place,
            todo="Convert it first: warcio recompress FILE.arc.gz FILE.warc.gz",
        )


def _stored(frame: Frame, block: Content, file: str, offset: int, length: int) -> StoredRecord:
    return StoredRecord(
        file=file,
        offset=offset,
        length=length,
        headers=frame.headers,
        fields=frame.fields,
        block=block,
    )


def _gzipped(source: ByteSource, start: int) -> Iterator[StoredRecord | Damage]:
    file, name = FileWindow(source), source.name
    offset = start
    may_join = True
    while file.at(offset):
        whole = GzipMember(file, offset).whole(HELD)
        frame = whole and whole_record(whole[0])
        if whole and frame:  # as nearly all are; whatever else it is, is found out below
            yield _stored(frame, frame.block or b"", name, offset, whole[1] - offset)
            offset = whole[1]
            continue
        member = GzipMember(file, offset)
        items = cut_records(member.read)
        record, more = next(items, None), next(items, None)
        faults: list[Fault] = []
        if isinstance(more, Frame):
            for item in chain((record, more), items):
                if isinstance(item, Frame):
                    yield _stored(item, _block(source, offset, item), name, offset, 0)
                elif item:
                    faults.append(item)
            faults.append(Fault(0, "several records in one gzip member"))
        member.drain()
        end = member.end
        torn = end is None
        if end is None:
            whose = None if faults else _id_of(record)
            faults = [Fault(0, member.fault or "broken gzip member", whose)]
        elif isinstance(record, Frame) and not faults:
            yield _stored(record, _block(source, offset, record), name, offset, end - offset)
            faults += [Fault(0, more.what, _id_of(record))] if isinstance(more, Fault) else []
        elif isinstance(record, Fault):
            joined = _joined(file, offset) if record.cut and may_join else None
            if joined:
                frame, end = joined
                block = _block(source, offset, frame, JoinedMembers)
                yield _stored(frame, block, name, offset, end - offset)
                faults.append(Fault(0, "one record in several gzip members", _id_of(frame)))
            else:
                may_join = may_join and not record.cut  # once: it reads far ahead
                faults.append(record)
        for fault in faults:
            yield Damage(
                file=name, offset=offset, what=fault.what, record_id=fault.record_id, torn=torn
            )
        # Looked for only by who goes on: it may read all that follows.
        offset = _next_member(file, offset + 1) if end is None else end


def _id_of(item: Frame | Fault | None) -> str | None:
    return item.fields.get("warc-record-id") if isinstance(item, Frame) else None


def _joined(file: FileWindow, offset: int) -> tuple[Frame, int] | None:
    """Read a record that lies in several members; it, and the end of the last of them."""
    members = JoinedMembers(file, offset)
    frame = next(cut_records(members.read), None)
    end = members.end_of(frame.end) if isinstance(frame, Frame) else None
    return (frame, end) if isinstance(frame, Frame) and end else None


def _block(
    source: ByteSource,
    offset: int,
    frame: Frame,
    members: Callable[[FileWindow, int], GzipMember | JoinedMembers] = GzipMember,
) -> Content:
    """Give a record's block; one that was too large to be held is inflated again when read."""
    if frame.block is not None:
        return frame.block
    held = HeldSource(source)

    def again() -> Iterator[bytes]:  # which keeps the file open while it is read
        yield from iter(members(FileWindow(held.source), offset).read, b"")

    return portion(Streamed(again, frame.end), frame.block_start, frame.end)


def _plain(source: ByteSource, start: int) -> Iterator[StoredRecord | Damage]:
    size = source.size()
    base = start
    while base < size:
        fault: Fault | None = None
        for item in cut_records(_steps(source, base, size)):
            if isinstance(item, Fault):
                fault = item
                continue
            block: Content | None = item.block
            if block is None:
                block = Spilled(HeldSource(source), base + item.block_start, base + item.end)
            yield _stored(item, block, source.name, base + item.start, item.end - item.start)
        if fault is None:
            return
        offset = base + fault.start
        yield Damage(file=source.name, offset=offset, what=fault.what, record_id=fault.record_id)
        base = next(_find(source, _RECORD, offset + 1), size)


def _steps(source: ByteSource, start: int, size: int) -> Callable[[], bytes]:
    """Read on, a piece a call, up to where the file ended when it was opened."""

    def step() -> bytes:
        nonlocal start
        piece = source.read_at(start, min(_CHUNK, size - start)) if start < size else b""
        start += len(piece)
        return piece

    return step


def _find(source: ByteSource, pattern: re.Pattern[bytes], start: int) -> Iterator[int]:
    """Find the offsets where the pattern (at most 16 bytes) begins, from `start` on."""
    before = b""  # what a find may begin in that ends in the next piece
    while piece := source.read_at(start, _CHUNK):
        data, start = before + piece, start + len(piece)
        last = 0
        for found in pattern.finditer(data):
            last = found.start() + 1
            yield start - len(data) + found.start()
        before = data[max(last, len(data) - 16) :]


def _next_member(file: FileWindow, start: int) -> int:
    """Find the next gzip member that begins with a record, or else the file's end."""
    for offset in _find(file.source, _MEMBER, start):
        if GzipMember(file, offset).begin(5) == b"WARC/":
            return offset
    return file.source.size()
