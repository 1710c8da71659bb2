"""Whether an archive agrees with itself: its WARC files, their indexes and its catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.errors import ArchiverError, WarcError
from archiver.fetch.index import original_of
from archiver.fetch.parallel import side_by_side
from archiver.fetch.recovery import size_and_sha256
from archiver.fetch.redacted import hiding, shown_lines
from archiver.store import tombstones
from archiver.store.catalogue import Catalogue
from archiver.store.files import WarcFile
from archiver.store.tombstones import known_events
from archiver.warc.cdxj import read_sidecar, record_line, sort_lines
from archiver.warc.check import check_file
from archiver.warc.names import resolve
from archiver.warc.reader import StoredRecord, read_record
from archiver.warc.recover import left_open


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong, by a name of a fixed vocabulary.

    damaged: a record that is not whole or not true; unreadable: no WARC that can be opened;
    capture-gone: a row of the catalogue for which there is no record; capture-unknown: an answer
    without its row; original-gone: a revisit whose response is
    not in the archive; sidecar-missing, sidecar-wrong: the CDXJ index; left-open: a crash left
    the file; file-unknown: not in the catalogue, or not as closed; file-changed: not the bytes
    that were closed; file-gone: the catalogue knows it, the folder does not; redactions-differ:
    the account of redactions and the catalogue do not say the same.
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
class _Examined:
    """What one file holds and what is wrong with it, found by one pass over it."""

    path: Path
    found: tuple[Finding, ...] = ()
    lines: tuple[str, ...] = ()
    captures: frozenset[int] = frozenset()  # offsets of the answers that a catalogue lists
    revisits: tuple[StoredRecord, ...] = ()  # without their blocks
    size: int | None = None  # None where it could not be read at all
    sha256: str = ""


def audit_file(path: Path) -> list[Finding]:
    """What is wrong with one WARC by itself, be it that it cannot be read at all."""
    return list(_examine(path).found)


def _examine(path: Path) -> _Examined:
    lines: list[str] = []
    captures: set[int] = set()
    revisits: list[StoredRecord] = []

    def visit(record: StoredRecord) -> None:
        line = record_line(record)
        if line:
            lines.append(line)
            if record.is_http and '"status": "-"' not in line:
                captures.add(record.offset)
        if record.type == "revisit":
            revisits.append(replace(record, block=b""))

    try:
        damage = check_file(path, visit=visit)
        size, sha256 = size_and_sha256(path)
    except WarcError as error:
        unreadable = Finding(name="unreadable", file=path.name, what=str(error))
        return _Examined(path=path, found=(unreadable,))
    return _Examined(
        path=path,
        found=tuple(
            Finding(
                name="damaged",
                file=fault.file,
                offset=fault.offset,
                what=fault.what,
                record_id=fault.record_id,
            )
            for fault in damage
        ),
        lines=tuple(sort_lines(lines)),
        captures=frozenset(captures),
        revisits=tuple(revisits),
        size=size,
        sha256=sha256,
    )


class Audit:
    """Checks the files of an archive's WARC folder against its catalogue."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._known = {file.name: file for file in catalogue.files()}
        self._places = catalogue.places()
        self._veil = catalogue.veil()
        self._good: set[tuple[str, int]] = set()  # originals that were looked at

    def file(self, path: Path) -> list[Finding]:
        """What is wrong with one closed file."""
        ((_, found),) = self.files([path])
        return found

    def files(self, paths: Sequence[Path]) -> Iterator[tuple[Path, list[Finding]]]:
        """What is wrong with each of these closed files, read side by side."""
        for examined in side_by_side(_examine, paths):
            found = list(examined.found)
            if examined.size is not None:
                name = examined.path.name
                found += self._sidecar(examined)
                for revisit in examined.revisits:
                    found += self._original(examined.path, revisit)
                found += self._as_closed(examined, self._known.get(name))
                found += self._rows(examined, frozenset(self._places.get(name, ())))
            yield examined.path, found

    def folder(self) -> Iterator[Finding]:
        """What is wrong beside the closed files: those left open, those that are not there."""
        for left in left_open(self._folder):
            yield Finding(name="left-open", file=left.name, what="a crash left it unfinished")
        yield from self._redactions()
        for known in self._known.values():
            if known.size != 0 and not resolve(self._folder, known.name).exists():
                yield Finding(
                    name="file-gone", file=known.name, what="is in the catalogue, but not here"
                )

    def _redactions(self) -> Iterator[Finding]:
        """Whether the archive's own account of what was redacted says what the catalogue does."""
        path = tombstones.file_beside(self._folder)
        try:
            said = set(known_events(tombstones.read(path)))
        except ArchiverError as error:
            yield Finding(name="redactions-differ", file=path.name, what=str(error))
            return
        held = set(known_events(self._catalogue.tombstones()))
        for identity, event in sorted(said ^ held):
            where = "the catalogue" if (identity, event) in said else "this file"
            what = f"{event}, {identity}: {where} does not say so"
            yield Finding(name="redactions-differ", file=path.name, what=what)

    def _sidecar(self, examined: _Examined) -> Iterator[Finding]:
        name = examined.path.name
        beside = read_sidecar(examined.path)
        if beside is None:
            yield Finding(name="sidecar-missing", file=name, what="has no CDXJ index")
        elif beside != shown_lines(examined.lines, self._veil):
            hidden = any(hiding(line, self._veil) for line in beside)
            what = "does not list what it holds" if not hidden else "lists what is redacted"
            what = f"its CDXJ index {what}"
            yield Finding(name="sidecar-wrong", file=name, what=what)

    def _rows(self, examined: _Examined, rows: frozenset[int]) -> Iterator[Finding]:
        name = examined.path.name
        for offset in sorted(rows - examined.captures):
            what = "the catalogue has a capture here, but no such record stands here"
            yield Finding(name="capture-gone", file=name, offset=offset, what=what)
        known = self._known.get(name)
        if known is not None and known.closed:  # else all of it is yet to be catalogued
            for offset in sorted(examined.captures - rows):
                what = "this capture is not in the catalogue"
                yield Finding(name="capture-unknown", file=name, offset=offset, what=what)

    def _original(self, path: Path, revisit: StoredRecord) -> Iterator[Finding]:
        original = original_of(self._catalogue, revisit)
        what = "the catalogue knows no such response"
        if original is not None:
            place = (original.warc.file, original.warc.offset)
            if place in self._good:
                return
            try:
                record = read_record(resolve(self._folder, place[0]), place[1])
            except WarcError as error:
                what = str(error)
            else:
                if (record.type, record.record_id) == ("response", original.warc.record_id):
                    self._good.add(place)
                    return
                what = f"another record stands in {place[0]} at {place[1]}"
        named = revisit.header("WARC-Refers-To-Target-URI"), revisit.header("WARC-Refers-To-Date")
        yield Finding(
            name="original-gone",
            file=path.name,
            offset=revisit.offset,
            record_id=revisit.record_id,
            what=f"a revisit of {named[0]} at {named[1]}: {what}",
        )

    def _as_closed(self, examined: _Examined, known: WarcFile | None) -> Iterator[Finding]:
        name = examined.path.name
        if known is None or not known.closed:
            what = "is not in the catalogue" if known is None else "is not closed in the catalogue"
            yield Finding(name="file-unknown", file=name, what=what)
        elif known.sha256 is not None and f"sha256:{examined.sha256}" != known.sha256:
            what = (
                f"has {examined.size} bytes, and not the SHA-256 of the {known.size} that were"
                " closed"
            )
            yield Finding(name="file-changed", file=name, what=what)
