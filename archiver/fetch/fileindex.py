"""What one closed WARC holds, by one reading: worked out by many processes side by side.

Most of them are new ones, so that what this module imports is paid by each command: no database,
no SDK.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import WarcError
from archiver.fetch.index import Row, Rows
from archiver.fetch.parallel import Streams
from archiver.warc.cdxj import record_line, sort_lines
from archiver.warc.reader import Damage, iter_records
from archiver.warc.source import ByteSource, Digested, FileSource
from archiver.wire.kept import Kept

if TYPE_CHECKING:
    from archiver.store.copies import Copy


_ROWS = 500  # that are given together


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
    return gathered(iter_index(place, lines=lines))


def gathered(pieces: Iterable[list[Row] | FileIndex]) -> FileIndex:
    """The whole index of a file, of what `iter_index` gives.

    Raises:
        ArchiverError, OSError: as `index_file`.
    """
    rows: Kept[Row] = Kept()
    for piece in pieces:
        if isinstance(piece, FileIndex):
            return replace(piece, rows=rows)
        rows.extend(piece)
    raise WarcError("was not read to its end")


def iter_index(place: Path | Copy, *, lines: bool = False) -> Iterator[list[Row] | FileIndex]:
    """Give a WARC's rows while it is read, some at a time, and last its index without them.

    Raises:
        ArchiverError, OSError: as `index_file`; what was given before counts all the same.
    """
    rows, listed, damage = Rows(), [], []
    found: list[Row] = []
    with Digested(_opened(place)) as source:
        for item in iter_records(source):
            if isinstance(item, Damage):
                damage.append(item)
                continue
            found.extend(rows.take(item))
            if len(found) >= _ROWS:
                yield found
                found = []
            line = record_line(item) if lines else None
            if line:
                listed.append(line)
        yield [*found, *rows.rest()]
        size, sha256 = source.size_and_sha256()
    yield FileIndex(
        place=place,
        size=size,
        sha256=sha256,
        rows=Kept(),
        lines=tuple(sort_lines(listed)) if lines else None,
        damage=tuple(damage),
    )


def reading(
    paths: Sequence[Path], *, lines: bool = False, forked: bool = False
) -> Streams[Path, list[Row] | FileIndex]:
    """Have many WARCs read at once, and be given what `iter_index` gives of each in turn."""
    return Streams(partial(iter_index, lines=lines), paths, module=__name__, forked=forked)


def reading_ahead(folder: Path) -> Streams[Path, list[Row] | FileIndex]:
    """Have the closed WARCs of a folder read while it is still being found out which count.

    For a command that has just begun, and has nothing open: see `forked` of `Streams`.
    """
    return reading(closed_files(folder), forked=threading.active_count() == 1)


def closed_files(folder: Path) -> list[Path]:
    """The WARCs of a folder that have their final names; what is under such a name stays so."""
    return sorted(folder.glob("*.warc.gz"))


def _opened(place: Path | Copy) -> ByteSource:
    if isinstance(place, Path):
        return FileSource.of(place)
    from archiver.store.copies import open_whole  # and what stores need

    return open_whole(place)
