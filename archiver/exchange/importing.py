"""WARC files of others taken into the archive: copied behind a record that says what they are."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from archiver import __version__
from archiver.errors import ArchiverError, WarcError, disk_error
from archiver.exchange.warcfile import member_of, stretch
from archiver.fetch.imported import Imported
from archiver.fetch.index import Row, Rows
from archiver.fetch.recovery import add_rows
from archiver.fetch.shown import shown_lines
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.copies import Copy, open_whole
from archiver.store.machines import machine_of
from archiver.warc.cdxj import record_line, write_sidecar
from archiver.warc.compress import compress_member
from archiver.warc.fields import line, warc_date, warc_fields
from archiver.warc.members import MAGIC, FileWindow, GzipMember
from archiver.warc.names import make_folder, sync_folder
from archiver.warc.reader import Damage, StoredRecord, iter_records
from archiver.warc.record import CONFORMS_TO, FIELDS, FORMAT, Record, new_record_id, record_head
from archiver.warc.source import ByteSource, Digested, FileSource

PART = ".import-"  # begins the name of a file that is being made
_BATCH = 500
_ENDING = re.compile(r"(?:\.open)?(?:\.warc)?(?:\.gz)?(?:\.open)?$", re.IGNORECASE)
_ODD = re.compile(r"[^A-Za-z0-9._]+")
_LONGEST = 80  # characters of the old name that stay in the new one


@dataclass(slots=True)
class Taken:
    """What came of one file. `known`: it was here before, by its SHA-256, and nothing was done.

    `packed`: its records were packed one by one, since they were not. `captures`: those that
    were added, by outlet.
    """

    source: str
    file: str
    known: bool = False
    packed: bool = False
    captures: Counter[str] = field(default_factory=Counter)
    damage: list[Damage] = field(default_factory=list)


class Importer:
    """Takes files into one archive; one importer at a time.

    Args:
        folder: of the WARC files.
        catalogue: the open catalogue.
        outlet: whose all captures are; else by host.
        hosts: the outlet of each host.
    """

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        *,
        outlet: str | None = None,
        hosts: dict[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._outlet = outlet
        self._hosts = hosts or {}
        make_folder(folder)
        for left in folder.glob(f"{PART}*"):  # by one that was broken off
            left.unlink(missing_ok=True)

    def take(self, place: Path | Copy) -> Taken:
        """Copy a file into the archive and index it; again is no harm.

        Raises:
            WarcError: it cannot be read, is no WARC, or was taken out of this archive before.
            StorageError: its store does not give it.
            DiskFullError: no room for it.
        """
        with self._temporary() as fetched:
            path = place if isinstance(place, Path) else _fetch(place, fetched)
            sha256 = _sha256(path)
            old = Path(place.name if isinstance(place, Copy) else path).name
            name = name_of(old, sha256)
            taken = Taken(source=str(place), file=name)
            known = self._catalogue.file(name)
            if known is not None and known.closed and known.size:
                taken.known = True
                return taken
            self._refuse_removed(name, place)
            final = self._folder / name
            if not final.exists():
                about = Imported(
                    name=old,
                    sha256=sha256,
                    size=path.stat().st_size,
                    outlet=self._outlet,
                    hosts={} if self._outlet is not None else self._hosts,
                )
                with self._temporary() as made:
                    self._make(path, made, about, taken)
                    machine = machine_of(self._folder, self._catalogue)
                    # a crash is settled by recovery
                    self._catalogue.open_file(name, utcnow(), machine=machine)
                    made.rename(final)
                    sync_folder(self._folder)
        self._index(final, taken)
        return taken

    def _temporary(self) -> _Temporary:
        return _Temporary(self._folder)

    def _refuse_removed(self, name: str, place: Path | Copy) -> None:
        gone = {one.name for one in self._catalogue.removals()}
        gone |= {file.old for one in self._catalogue.redactions() for file in one.files}
        if name in gone:
            raise WarcError(
                "was imported, and then removed or written anew without what is redacted",
                thing=str(place),
                todo="See the archive's redactions and its rules of retention.",
            )

    def _make(self, path: Path, made: Path, about: Imported, taken: Taken) -> None:
        """Write the archive's file."""
        try:
            with made.open("wb") as out:
                info = _warcinfo(about, taken.file)
                out.write(compress_member(info.data))
                with FileSource.of(path) as source:
                    packed = _unpacked(source)
                    if packed is None:
                        out.writelines(stretch(source, 0, source.size()))
                    elif packed:
                        taken.damage += _pack(source, out)
                    else:
                        with self._temporary() as plain, _inflate(source, plain) as inflated:
                            taken.damage += _pack(inflated, out)
                    taken.packed = packed is not None
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise disk_error("take the file in", path, error) from error

    def _index(self, path: Path, taken: Taken) -> None:
        """Add rows of what is in it, and write its sidecar, whose lines are held in memory."""
        rows = Rows()
        lines: list[str] = []
        waiting: list[Row] = []
        with Digested(FileSource.of(path)) as source:
            for item in iter_records(source):
                if isinstance(item, Damage):
                    taken.damage.append(item)
                    continue
                waiting += rows.take(item)
                if found := record_line(item):
                    lines.append(found)
                if len(waiting) >= _BATCH:
                    self._add(waiting, taken)
                    waiting = []
            self._add([*waiting, *rows.rest()], taken)
            size, sha256 = source.size_and_sha256()
        write_sidecar(path, shown_lines(lines, self._catalogue.veil()))
        self._catalogue.close_file(path.name, at=utcnow(), size=size, sha256=f"sha256:{sha256}")

    def _add(self, rows: list[Row], taken: Taken) -> None:
        lacking = self._catalogue.lacking([row.capture for row in rows])
        add_rows(self._catalogue, rows)
        taken.captures.update(capture.outlet for capture in lacking)


class _Temporary:
    """The path of a file in the archive's folder that is gone at the end, if it is still there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None

    def __enter__(self) -> Path:
        try:
            fd, name = tempfile.mkstemp(prefix=PART, dir=self._folder)
        except OSError as error:
            raise disk_error("begin a file", self._folder, error) from error
        os.fchmod(fd, 0o644)
        os.close(fd)
        self._path = Path(name)
        return self._path

    def __exit__(self, *_: object) -> None:
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)


def name_of(old: str, sha256: str) -> str:
    """The name in the archive of a file of this name and SHA-256: safe, and its own."""
    stem = _ODD.sub("-", _ENDING.sub("", old)).strip("-.")[:_LONGEST] or "x"
    return f"import-{stem}-{sha256[:16]}.warc.gz"


def _warcinfo(about: Imported, name: str) -> Record:
    at, record_id = utcnow(), new_record_id()
    said = [
        ("software", f"news-archiver/{__version__}"),
        ("format", FORMAT),
        ("conformsTo", CONFORMS_TO),
        ("description", "another archiver's file, which follows"),
        *([("isPartOf", about.outlet)] if about.outlet else []),
        *about.fields(),
    ]
    block = warc_fields(said)
    headers = [
        ("WARC-Record-ID", record_id),
        ("WARC-Date", warc_date(at)),
        ("WARC-Filename", line(name)),
    ]
    head = record_head("warcinfo", FIELDS, block, headers)
    return Record(type="warcinfo", record_id=record_id, head=head, block=block, date=at)


def _unpacked(source: ByteSource) -> bool | None:
    """Whether a file is not packed at all (true), or not record by record (false); else None.

    Raises:
        WarcError: there is no record in it, or it is an ARC.
    """
    first = next((one for one in iter_records(source) if isinstance(one, StoredRecord)), None)
    if first is None:
        raise WarcError("there is no WARC record in it", thing=source.place)
    if source.read_at(0, len(MAGIC)) != MAGIC:
        return True
    return None if first.length else False


def _inflate(source: ByteSource, plain: Path) -> ByteSource:
    """Write what all members of a file hold one after the other, up to what is broken."""
    file, offset = FileWindow(source), 0
    with plain.open("wb") as out:
        while file.at(offset):
            member = GzipMember(file, offset)
            out.writelines(iter(member.read, b""))
            if member.end is None:
                break
            offset = member.end
    return FileSource.of(plain)


def _pack(source: ByteSource, out: BinaryIO) -> list[Damage]:
    """Write each intact record as a gzip member of its own; what was left out, by its place."""
    damage = []
    for item in iter_records(source):
        if isinstance(item, Damage):
            damage.append(item)
        else:
            out.writelines(member_of(item, source))
    return damage


def _fetch(copy: Copy, path: Path) -> Path:
    with open_whole(copy) as source, path.open("wb") as out:
        try:
            out.writelines(stretch(source, 0, source.size()))
        except OSError as error:
            raise disk_error("fetch the file", path, error) from error
    return path


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WarcError(f"cannot be read ({error.strerror})", thing=str(path)) from error


def take_all(
    importer: Importer, places: list[Path | Copy]
) -> Iterator[tuple[Path | Copy, Taken | ArchiverError]]:
    """What came of each file; one that cannot be taken costs itself alone."""
    for place in places:
        try:
            yield place, importer.take(place)
        except ArchiverError as error:
            if error.exit_code != ArchiverError.exit_code:
                raise  # the disk is full
            yield place, error
