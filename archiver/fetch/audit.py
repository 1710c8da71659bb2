"""Whether an archive agrees with itself: its WARC files, their indexes and its catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import WarcError
from archiver.fetch.index import original_of
from archiver.fetch.recovery import size_and_sha256
from archiver.store.captures import WarcFile
from archiver.store.catalogue import Catalogue
from archiver.warc.cdxj import read_sidecar, record_line, sort_lines
from archiver.warc.check import check_file
from archiver.warc.names import resolve
from archiver.warc.reader import StoredRecord, read_record
from archiver.warc.recover import left_open


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong, by a name of a fixed vocabulary.

    damaged: a record that is not whole or not true; original-gone: a revisit whose response is
    not in the archive; sidecar-missing, sidecar-wrong: the CDXJ index; left-open: a crash left
    the file; file-unknown: not in the catalogue, or not as closed; file-changed: not the bytes
    that were closed; file-gone: the catalogue knows it, the folder does not.
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


def audit_file(path: Path) -> list[Finding]:
    """What is wrong with one WARC by itself.

    Raises:
        WarcError: it cannot be opened, or is an ARC.
    """
    return list(_damage(path, [], []))


class Audit:
    """Checks the files of an archive's WARC folder, one after the other, against its catalogue."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._known = {file.name: file for file in catalogue.files()}
        self._good: set[tuple[str, int]] = set()  # originals that were looked at

    def file(self, path: Path) -> list[Finding]:
        """What is wrong with one closed file.

        Raises:
            WarcError: it cannot be opened, or is an ARC.
        """
        lines: list[str] = []
        revisits: list[StoredRecord] = []
        found = list(_damage(path, lines, revisits))
        found += self._sidecar(path, lines)
        for revisit in revisits:
            found += self._original(path, revisit)
        found += self._as_closed(path, self._known.get(path.name))
        return found

    def folder(self) -> Iterator[Finding]:
        """What is wrong beside the closed files: those left open, those that are not there."""
        for left in left_open(self._folder):
            yield Finding(name="left-open", file=left.name, what="a crash left it unfinished")
        for known in self._known.values():
            if known.size != 0 and not resolve(self._folder, known.name).exists():
                yield Finding(
                    name="file-gone", file=known.name, what="is in the catalogue, but not here"
                )

    def _sidecar(self, path: Path, lines: list[str]) -> Iterator[Finding]:
        beside = read_sidecar(path)
        if beside is None:
            yield Finding(name="sidecar-missing", file=path.name, what="has no CDXJ index")
        elif beside != sort_lines(lines):
            what = "its CDXJ index does not list what it holds"
            yield Finding(name="sidecar-wrong", file=path.name, what=what)

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

    def _as_closed(self, path: Path, known: WarcFile | None) -> Iterator[Finding]:
        if known is None or not known.closed:
            what = "is not in the catalogue" if known is None else "is not closed in the catalogue"
            yield Finding(name="file-unknown", file=path.name, what=what)
        elif known.sha256 is not None:
            size, sha256 = size_and_sha256(path)
            if f"sha256:{sha256}" != known.sha256:
                what = f"has {size} bytes, and not the SHA-256 of the {known.size} that were closed"
                yield Finding(name="file-changed", file=path.name, what=what)


def _damage(path: Path, lines: list[str], revisits: list[StoredRecord]) -> Iterator[Finding]:
    """What is damaged; the CDXJ lines and the revisits met on the way go into the lists."""

    def visit(record: StoredRecord) -> None:
        line = record_line(record)
        if line:
            lines.append(line)
        if record.type == "revisit":
            revisits.append(record)

    for fault in check_file(path, visit=visit):
        yield Finding(
            name="damaged",
            file=fault.file,
            offset=fault.offset,
            what=fault.what,
            record_id=fault.record_id,
        )
