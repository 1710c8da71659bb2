"""A WARC written anew without the payloads of some of its records; all others byte for byte.

A record that is taken out leaves a `metadata` record in its place, with its WARC-Record-ID, so
that whatever refers to it still finds it. It keeps the old header, digests included, and the
SHA-256 of the gzip member that is gone: who has a copy can prove that it was this one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from archiver.errors import WarcError, disk_error
from archiver.warc.compress import compress_member
from archiver.warc.fields import parse_warc_fields, warc_date, warc_fields
from archiver.warc.reader import Damage, StoredRecord, iter_records
from archiver.warc.record import (
    CONFORMS_TO,
    FIELDS,
    FORMAT,
    RECORD_END,
    new_record_id,
    record_head,
)

_CHUNK = 1 << 20
_MAX_FIELDS = 1 << 20
_KEPT = frozenset(  # header fields that hold for the record in its place, too
    {
        "warc-record-id",
        "warc-warcinfo-id",
        "warc-date",
        "warc-target-uri",
        "warc-concurrent-to",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Why:
    """What is said in the place of a record that was taken out."""

    redaction: str
    by: str
    reason: str
    made: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """Where a record stands in the new file; `gone`: only a note of it is left there."""

    old: int
    new: int
    length: int
    gone: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Rewritten:
    """A new file: size in bytes, SHA-256 (hex), and where each record of the old one is."""

    size: int
    sha256: str
    moved: tuple[Moved, ...]


def holds_payload(record: StoredRecord) -> bool:
    """Whether it holds something of what was captured, and not only words about it."""
    if record.type in {"warcinfo", "request"}:
        return False
    kind = (record.header("Content-Type") or "").partition(";")[0].strip().lower()
    return not (record.type == "metadata" and kind == FIELDS)


def rewrite_file(
    old: Path,
    new: Path,
    *,
    sha256: str,
    why: Callable[[StoredRecord], Why | None],
    at: datetime,
) -> Rewritten:
    """Write `new`, durably, from an intact `old` with this SHA-256 (hex).

    `why` says for each record that holds a payload whether it goes.

    Raises:
        WarcError: the old file is damaged, or cannot be read; DiskFullError: there is no room.
    """
    try:
        with old.open("rb") as source, new.open("xb") as out:
            written = _Written(out)
            moved: list[Moved] = []
            for record in iter_records(old):
                if isinstance(record, Damage):
                    raise WarcError(
                        f"is damaged at {record.offset} ({record.what})",
                        thing=str(old),
                        todo="A file that is not whole is not written anew: see archiver check.",
                    )
                if not written.size:
                    written.add(_warcinfo(record, old.name, new.name, sha256, at))
                begin, reason = written.size, why(record) if holds_payload(record) else None
                if reason is None:
                    _copy(source, record, written)
                else:
                    written.add(_note(record, reason, at, _digest(source, record)))
                length = written.size - begin
                gone = reason is not None
                moved.append(Moved(old=record.offset, new=begin, length=length, gone=gone))
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise disk_error("write the file anew", new, error) from error
    return Rewritten(size=written.size, sha256=written.digest.hexdigest(), moved=tuple(moved))


class _Written:
    """What was written, and how much."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self.size = 0
        self.digest = hashlib.sha256()

    def add(self, data: bytes) -> None:
        """Write on."""
        self._out.write(data)
        self.digest.update(data)
        self.size += len(data)


def _pieces(source: Any, record: StoredRecord) -> Any:
    """The bytes of a record's gzip member."""
    source.seek(record.offset)
    left = record.length
    while left and (piece := source.read(min(left, _CHUNK))):
        left -= len(piece)
        yield piece


def _copy(source: Any, record: StoredRecord, written: _Written) -> None:
    for piece in _pieces(source, record):
        written.add(piece)


def _digest(source: Any, record: StoredRecord) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(source, record):
        digest.update(piece)
    return digest.hexdigest()


def _note(record: StoredRecord, why: Why, at: datetime, member: str) -> bytes:
    """The record that is left in the place of one that was taken out."""
    said = [
        ("redaction", why.redaction),
        ("redacted-by", why.by),
        ("redacted-on", warc_date(why.made)),
        ("reason", why.reason),
        ("rewritten-on", warc_date(at)),
        ("removed-member-sha256", member),
        ("removed-member-length", str(record.length)),
        *((f"removed-{name}", value) for name, value in record.headers),
    ]
    kept = [(name, value) for name, value in record.headers if name.lower() in _KEPT]
    return _member("metadata", kept, said)


def _warcinfo(first: StoredRecord, old: str, new: str, sha256: str, at: datetime) -> bytes:
    """The new file's first record: what the old one's says, and which file it replaces."""
    said: Sequence[tuple[str, str]] = [("format", FORMAT), ("conformsTo", CONFORMS_TO)]
    if first.type == "warcinfo":
        said = parse_warc_fields(first.block[:_MAX_FIELDS])
    said = [*said, ("replaces", old), ("replaces-sha256", sha256)]
    headers = [
        ("WARC-Record-ID", new_record_id()),
        ("WARC-Date", warc_date(at)),
        ("WARC-Filename", new),
    ]
    return _member("warcinfo", headers, said)


def _member(kind: str, headers: list[tuple[str, str]], said: Sequence[tuple[str, str]]) -> bytes:
    block = warc_fields(said)
    return compress_member(record_head(kind, FIELDS, block, headers) + block + RECORD_END)
