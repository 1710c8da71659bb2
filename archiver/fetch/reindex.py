"""The catalogue's rows and the files' indexes, made anew from the WARC files alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import ArchiverError
from archiver.fetch.fileindex import (
    FileIndex,
    closed_files,
    gathered,
    index_file,
    reading,
)
from archiver.fetch.index import Row
from archiver.fetch.parallel import Streams
from archiver.fetch.recovery import add_rows
from archiver.fetch.settling import being_made
from archiver.fetch.shown import shown_lines
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.copies import Copy
from archiver.warc.cdxj import read_sidecar, write_sidecar
from archiver.warc.reader import Damage


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexed:
    """What one file added to the archive's indexes; of a trial, what it would add.

    `known`: whether the catalogue had the file as closed. `sidecar`: what was wrong with the CDXJ
    index, "missing" or "wrong"; None where nothing was, or nobody asked.
    """

    file: str
    captures: int
    discoveries: int
    known: bool
    sidecar: str | None
    damage: tuple[Damage, ...]


def reindex(
    folder: Path,
    catalogue: Catalogue,
    *,
    sidecars: bool = False,
    trial: bool = False,
    mend: Callable[[Path, str | None], bool] = lambda _path, _sha256: False,
    ahead: Streams[Path, list[Row] | FileIndex] | None = None,
) -> Iterator[Indexed]:
    """Add what the catalogue lacks of the folder's closed files; what came of each.

    With `sidecars`, CDXJ indexes that are missing or wrong are written anew, without what is
    redacted. A `trial` writes nothing. To do it again changes nothing. With either of these,
    `mend` is given each file and its SHA-256 (hex; None where it cannot be read) before anything
    is made of it, and says whether it has put another one in its place; otherwise rows are added
    while their file is still being read. What `ahead` is reading need not be read again.

    Raises:
        WarcError, OSError: a file cannot be read at all.
    """
    closed = {file.name for file in catalogue.files() if file.closed}
    veil = catalogue.veil()
    made = being_made(folder) | {one.name for one in catalogue.removals()}
    paths = [path for path in closed_files(folder) if path.name not in made]
    with ExitStack() as stack:
        if ahead is None or ahead.places != paths:
            ahead = stack.enter_context(reading(paths, lines=sidecars))
        for path, pieces in zip(paths, ahead, strict=True):
            name = path.name
            if sidecars or trial:
                found = _mended(path, pieces, mend, lines=sidecars)
                captures, discoveries = catalogued(catalogue, found, trial=trial)
            else:
                found, captures, discoveries = _added(catalogue, pieces)
            if name not in closed and not trial:
                catalogue.close_file(
                    name, at=utcnow(), size=found.size, sha256=f"sha256:{found.sha256}"
                )
            wrong = None
            if found.lines is not None:
                beside = read_sidecar(path)
                lines = shown_lines(found.lines, veil)
                wrong = "missing" if beside is None else "wrong" if beside != lines else None
                if wrong and not trial:
                    write_sidecar(path, lines)
            yield Indexed(
                file=name,
                captures=captures,
                discoveries=discoveries,
                known=name in closed,
                sidecar=wrong,
                damage=found.damage,
            )


def _mended(
    path: Path,
    pieces: Iterator[list[Row] | FileIndex],
    mend: Callable[[Path, str | None], bool],
    *,
    lines: bool,
) -> FileIndex:
    """The index of a file, or of the one that was put in its place."""
    found: FileIndex | ArchiverError
    try:
        found = gathered(pieces)
    except ArchiverError as error:
        found = error
    if mend(path, None if isinstance(found, ArchiverError) else found.sha256):
        found = index_file(path, lines=lines)
    if isinstance(found, ArchiverError):
        raise found
    return found


def _added(
    catalogue: Catalogue, pieces: Iterator[list[Row] | FileIndex]
) -> tuple[FileIndex, int, int]:
    """Add a file's rows as they come; its index, and how many captures and mentions were new."""
    captures = discoveries = 0

    def adding() -> Iterator[FileIndex]:
        nonlocal captures, discoveries
        for piece in pieces:
            if isinstance(piece, FileIndex):
                yield piece
            else:
                new, told = add_rows(catalogue, piece)
                captures, discoveries = captures + new, discoveries + told

    return gathered(adding()), captures, discoveries


def reindex_file(place: Path | Copy, catalogue: Catalogue) -> Indexed:
    """Add what the catalogue lacks of one closed file; to do it again changes nothing.

    Raises:
        WarcError, OSError, StorageError: as `index_file`.
    """
    found = index_file(place)
    name = place.name
    known = catalogue.file(name)
    captures, discoveries = catalogued(catalogue, found)
    closed = known is not None and known.closed
    if not closed:
        catalogue.close_file(name, at=utcnow(), size=found.size, sha256=f"sha256:{found.sha256}")
    return Indexed(
        file=name,
        captures=captures,
        discoveries=discoveries,
        known=closed,
        sidecar=None,
        damage=found.damage,
    )


def catalogued(catalogue: Catalogue, found: FileIndex, *, trial: bool = False) -> tuple[int, int]:
    """Add what the catalogue lacks of a file; how many captures, and mentions that led to them."""
    if trial:
        return len(catalogue.lacking([row.capture for row in found.rows])), 0
    return add_rows(catalogue, found.rows)
