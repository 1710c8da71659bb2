"""What one WARC file holds and what is wrong with it, found by one pass over its bytes."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field, replace
from pathlib import Path

from archiver.errors import StorageError, WarcError, WireError
from archiver.fetch.body import BodyFacts, body_facts
from archiver.fetch.imported import Imported
from archiver.fetch.index import MAX_FIELDS, describes, stated_digest
from archiver.store.copies import Copy, fault_of, open_whole
from archiver.warc.cdxj import record_line
from archiver.warc.check import check_file
from archiver.warc.fields import parse_warc_fields
from archiver.warc.reader import Damage, StoredRecord
from archiver.warc.scratch import sort_many
from archiver.warc.source import ByteSource, Digested
from archiver.wire.kept import Kept

_DIGEST = re.compile(r"WARC-(Block|Payload)-Digest ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong, by a name of a fixed vocabulary.

    damaged: a record that is not whole or not true; unreadable: no WARC that can be opened;
    capture-gone: a row of the catalogue for which there is no record; capture-unknown: an answer
    without its row; original-gone: a revisit whose response is
    not in the archive; sidecar-missing, sidecar-wrong: the CDXJ index; left-open: a crash left
    the file; file-unknown: not in the catalogue, or not as closed; file-changed: not the bytes
    that were closed; file-gone: the catalogue knows it, neither the folder nor a store has it;
    copy-gone, copy-changed: its copy in a store is not there, or has not the bytes that were
    closed; store-unreachable: a store did not answer, which is no word on the file;
    redactions-differ: the account of redactions and the catalogue do not say the same.
    """

    name: str
    file: str
    what: str
    offset: int | None = None
    record_id: str | None = None

    def __str__(self) -> str:
        """One line for people."""
        where = "" if self.offset is None else f" at {self.offset}"
        return f"{self.name}{where}: {self.what}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """A capture of which the record cannot be read; `at` in UTC, as ISO 8601 or 14 digits."""

    offset: int
    url: str
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Audited:
    """What came of checking one file.

    `place`: its path, or the URL of its copy; `intact`: how many records can be read, None where
    it was not read; `lost`: the captures that cannot.
    """

    place: str
    found: tuple[Finding, ...] = ()
    intact: int | None = None
    lost: tuple[Lost, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Examined:
    """What one file holds and what is wrong with it; what it holds is on disk, where it is much."""

    place: Path | Copy
    found: tuple[Finding, ...] = ()
    lines: Kept[str] = field(default_factory=Kept)  # of its CDXJ index, sorted
    captures: frozenset[int] = frozenset()  # offsets of the answers that a catalogue lists
    untrue: frozenset[int] = frozenset()  # offsets of records whose digests say so
    revisits: Kept[StoredRecord] = field(default_factory=Kept)  # without their blocks
    intact: int = 0  # records
    size: int | None = None  # None where it could not be read at all
    sha256: str = ""


def examine(place: Path | Copy) -> Examined:
    """Read a file, or a copy of one, from its begin to its end."""
    try:
        with open_whole(place) as source:
            return examine_source(place, source)
    except StorageError as error:
        fault = fault_of(error)
        found = Finding(name=fault.name, file=place.name, what=fault.what)
    except (WarcError, OSError) as error:
        found = Finding(name="unreadable", file=place.name, what=str(error))
    return Examined(place=place, found=(found,))


def examine_source(place: Path | Copy, source: ByteSource) -> Examined:
    """Read a source from its begin to its end.

    Raises:
        WarcError: it is no WARC, or cannot be read.
        StorageError: its store does not give it.
        DiskFullError: there is no room for what is noted of it.
    """
    lines: Kept[str] = Kept()
    captures: set[int] = set()
    revisits: Kept[StoredRecord] = Kept()
    offsets = array("Q")
    bodies = _Bodies()

    def visit(record: StoredRecord) -> None:
        offsets.append(record.offset)
        bodies.take(record)
        line = record_line(record)
        if line:
            lines.append(line)
            if record.is_http and '"status": "-"' not in line:
                captures.add(record.offset)
        if record.type == "revisit":
            revisits.append(replace(record, block=b""))

    digested = Digested(source)
    damage = check_file(digested, visit=visit) + bodies.untrue
    size, sha256 = digested.size_and_sha256()
    untrue = {fault.offset for fault in damage if _DIGEST.match(fault.what)}
    return Examined(
        place=place,
        found=tuple(
            Finding(
                name="damaged",
                file=fault.file,
                offset=fault.offset,
                what=fault.what,
                record_id=fault.record_id,
            )
            for fault in sorted(damage, key=lambda fault: fault.offset)
        ),
        lines=Kept(sort_many(lines)),
        captures=frozenset(captures),
        untrue=frozenset(untrue),
        revisits=revisits,
        intact=sum(offset not in untrue for offset in offsets),
        size=size,
        sha256=sha256,
    )


class _Bodies:
    """Compares what is told of bodies with these, of a file's records one after the other.

    Of records of this archive only, as `reindex` takes what they tell. A body that cannot be
    decoded here shows nothing to be untrue.
    """

    def __init__(self) -> None:
        self.untrue: list[Damage] = []
        self._answer: StoredRecord | None = None  # whose metadata record is still to come
        self._ours = True

    def take(self, record: StoredRecord) -> None:
        """Take the next record."""
        if record.offset == 0:
            self._ours = Imported.said(record) is None
        if record.type == "response":
            self._answer = record
        elif record.type == "metadata" and self._answer and describes(record, self._answer):
            answer, self._answer = self._answer, None
            told = BodyFacts.said(dict(parse_warc_fields(record.block[:MAX_FIELDS])))
            if self._ours and told.digest is not None and _made(answer) not in (told, BodyFacts()):
                what = (
                    f"body-digest {told.digest} and body-size {told.size} are not those of the"
                    " decoded body"
                )
                self.untrue.append(
                    Damage(
                        file=record.file,
                        offset=record.offset,
                        what=what,
                        record_id=record.record_id,
                    )
                )


def _made(answer: StoredRecord) -> BodyFacts:
    try:
        return body_facts(answer.http(), stated_digest(answer))
    except WireError:
        return BodyFacts()
