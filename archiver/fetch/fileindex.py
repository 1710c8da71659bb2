"""What one closed WARC holds, by one reading: worked out by many processes side by side.

They are new ones, so that what this module imports is paid by each command: no database, no SDK.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import ArchiverError
from archiver.fetch.index import Row, Rows
from archiver.warc.cdxj import record_line, sort_lines
from archiver.warc.reader import Damage, iter_records
from archiver.warc.source import ByteSource, Digested, FileSource
from archiver.wire.kept import Kept

if TYPE_CHECKING:
    from archiver.store.copies import Copy


@dataclass(frozen=True, kw_only=True, slots=True)
class FileIndex:
    """What one closed WARC holds: its rows, and what is damaged in it.

    `lines`: of its CDXJ index, sorted; None where nobody asked for them.
    """

    place: Path | Copy
    size: int  # bytes
    sha256: str  # hex
    rows: Kept[Row]
    lines: tuple[str, ...] | None
    damage: tuple[Damage, ...]


def index_file(place: Path | Copy, *, lines: bool = False) -> FileIndex:
    """Read a WARC, or a copy of one, once. Intact records count, damage is listed.

    Memory does not grow with the number of rows; with `lines` it holds all of these.

    Raises:
        WarcError, OSError: the file cannot be read.
        StorageError: its store does not give it.
        DiskFullError: there is no room for its rows among temporary files.
    """
    rows, listed, damage = Rows(), [], []
    found: Kept[Row] = Kept()
    with Digested(_opened(place)) as source:
        for item in iter_records(source):
            if isinstance(item, Damage):
                damage.append(item)
                continue
            found.extend(rows.take(item))
            line = record_line(item) if lines else None
            if line:
                listed.append(line)
        found.extend(rows.rest())
        size, sha256 = source.size_and_sha256()
    return FileIndex(
        place=place,
        size=size,
        sha256=sha256,
        rows=found,
        lines=tuple(sort_lines(listed)) if lines else None,
        damage=tuple(damage),
    )


def tried_file(path: Path) -> FileIndex | ArchiverError:
    """The same, or why the file cannot be read."""
    return _tried(path, lines=False)


def tried_with_lines(path: Path) -> FileIndex | ArchiverError:
    """The same, with its CDXJ lines."""
    return _tried(path, lines=True)


def _tried(path: Path, *, lines: bool) -> FileIndex | ArchiverError:
    try:
        return index_file(path, lines=lines)
    except ArchiverError as error:
        return error


def _opened(place: Path | Copy) -> ByteSource:
    if isinstance(place, Path):
        return FileSource.of(place)
    from archiver.store.copies import open_whole  # and what stores need

    return open_whole(place)
