"""One WARC file written to any stream: records copied as the members they are, or made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import BinaryIO

from archiver import __version__
from archiver.errors import WarcError
from archiver.exchange.resolving import Resolved
from archiver.model import utcnow
from archiver.warc.cdxj import cdxj_line, record_line
from archiver.warc.compress import compress_member, compress_pieces
from archiver.warc.fields import line, warc_date, warc_fields
from archiver.warc.members import MAGIC
from archiver.warc.reader import StoredRecord, read_record
from archiver.warc.record import (
    CONFORMS_TO,
    FIELDS,
    FORMAT,
    RECORD_END,
    Record,
    new_record_id,
    record_head,
)
from archiver.warc.source import ByteSource
from archiver.wire.spool import pieces

_STEP = 1 << 20


def warcinfo(filename: str, description: str, *, operator: str | None = None) -> Record:
    """The first record of an exported file."""
    at, record_id = utcnow(), new_record_id()
    said = (
        ("software", f"news-archiver/{__version__}"),
        ("format", FORMAT),
        ("conformsTo", CONFORMS_TO),
        ("operator", operator),
        ("description", description),
    )
    block = warc_fields((name, value) for name, value in said if value)
    headers = [
        ("WARC-Record-ID", record_id),
        ("WARC-Date", warc_date(at)),
        ("WARC-Filename", line(filename)),
    ]
    head = record_head("warcinfo", FIELDS, block, headers)
    return Record(type="warcinfo", record_id=record_id, head=head, block=block, date=at)


class WarcFileWriter:
    """Writes one file of gzip members, from its warcinfo record on.

    Args:
        out: where to.
        name: the file's, for its index.
        info: its first record.
        on_line: is given each CDXJ line of what is written.
    """

    def __init__(
        self, out: BinaryIO, name: str, info: Record, on_line: Callable[[str], object] | None = None
    ) -> None:
        self.size = 0
        self.name = name
        self.warcinfo_id = info.record_id
        self._out = out
        self._on_line = on_line
        self._infos: set[str] = set()  # of the source files, that are here
        self.make(info)

    def copy(self, record: StoredRecord, source: ByteSource, *, listed: bool = True) -> None:
        """Write a record as it stands in its file, after the warcinfo record that it names.

        Raises:
            WarcError: it shares its gzip member with others.
            ArchiverError: as the source says.
        """
        info_id = record.header("WARC-Warcinfo-ID")
        if info_id is not None and info_id not in self._infos:
            self._infos.add(info_id)
            try:
                info = read_record(source, 0)
            except WarcError:
                info = None
            if info is not None and (info.type, info.record_id) == ("warcinfo", info_id):
                self._write(member_of(info, source))
        offset = self.size
        length = self._write(member_of(record, source))
        if listed and self._on_line:
            moved = replace(record, file=self.name, offset=offset, length=length)
            if found := record_line(moved):
                self._on_line(found)

    def make(self, record: Record) -> tuple[int, int]:
        """Write a record of our own; its offset and length."""
        offset = self.size
        if isinstance(record.block, bytes):
            whole: Iterator[bytes] = iter((compress_member(record.data),))
        else:
            whole = compress_pieces(chain((record.head,), pieces(record.block), (RECORD_END,)))
        return offset, self._write(whole)

    def resolve(self, resolved: Resolved) -> None:
        """Write what was made of a revisit and of what stood beside it."""
        places = [self.make(record) for record in resolved.records]
        response, (offset, length) = resolved.records[0], places[0]
        if self._on_line and response.target_uri is not None:
            found = cdxj_line(
                record_type=response.type,
                url=response.target_uri,
                at=response.date,
                mime=resolved.mime,
                status=resolved.status,
                digest=response.payload_digest,
                length=length,
                offset=offset,
                filename=self.name,
            )
            if found:
                self._on_line(found)

    def _write(self, data: Iterator[bytes]) -> int:
        before = self.size
        for piece in data:
            self._out.write(piece)
            self.size += len(piece)
        return self.size - before


def member_of(record: StoredRecord, source: ByteSource) -> Iterator[bytes]:
    """The gzip member of a record, as it stands, or made of the bytes of one that is not packed.

    Raises:
        WarcError: it shares its member with others, or the file ends within it.
        ArchiverError: as the source says.
    """
    if not record.length:
        raise WarcError(
            "several records in one gzip member cannot be told apart",
            thing=f"{source.place} at {record.offset}",
            todo="Import the file: archiver import gives each record its own.",
        )
    whole = stretch(source, record.offset, record.offset + record.length)
    first = next(whole)
    whole = chain((first,), whole)
    if first.startswith(MAGIC):
        return whole
    return compress_pieces(chain(whole, (RECORD_END,)))


def stretch(source: ByteSource, start: int, end: int) -> Iterator[bytes]:
    """The bytes between two offsets, in pieces.

    Raises:
        WarcError: the file ends before, or cannot be read.
        ArchiverError: as the source says.
    """
    while start < end:
        try:
            data = source.read_at(start, min(_STEP, end - start))
        except OSError as error:
            raise WarcError(f"cannot be read ({error.strerror})", thing=source.place) from error
        if not data:
            raise WarcError("ends within a record", thing=f"{source.place} at {start}")
        yield data
        start += len(data)
