"""The catalogue's rows and the files' indexes, made anew from the WARC files alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archiver.fetch.index import Row, Rows
from archiver.fetch.parallel import side_by_side
from archiver.fetch.recovery import add_rows, size_and_sha256
from archiver.fetch.redacted import shown_lines
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.warc.cdxj import read_sidecar, record_line, sort_lines, write_sidecar
from archiver.warc.reader import Damage, iter_records


@dataclass(frozen=True, kw_only=True, slots=True)
class FileIndex:
    """What one closed WARC holds: its rows, its CDXJ lines, and what is damaged in it."""

    path: Path
    size: int  # bytes
    sha256: str  # hex
    rows: tuple[Row, ...]
    lines: tuple[str, ...]
    damage: tuple[Damage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Indexed:
    """What one file added to the archive's indexes; of a trial, what it would add.

    `known`: whether the catalogue had the file as closed. `sidecar`: None where the CDXJ index
    was right, else what was wrong with it: "missing" or "wrong".
    """

    file: str
    captures: int
    discoveries: int
    known: bool
    sidecar: str | None
    damage: tuple[Damage, ...]


def index_file(path: Path) -> FileIndex:
    """Read a WARC once, and once more for its digest. Intact records count, damage is listed.

    Raises:
        WarcError, OSError: the file cannot be read.
    """
    rows, lines, damage = Rows(), [], []
    found: list[Row] = []
    for item in iter_records(path):
        if isinstance(item, Damage):
            damage.append(item)
            continue
        found += rows.take(item)
        line = record_line(item)
        if line:
            lines.append(line)
    found += rows.rest()
    size, sha256 = size_and_sha256(path)
    return FileIndex(
        path=path,
        size=size,
        sha256=sha256,
        rows=tuple(found),
        lines=tuple(sort_lines(lines)),
        damage=tuple(damage),
    )


def reindex(
    folder: Path, catalogue: Catalogue, *, sidecars: bool = False, trial: bool = False
) -> Iterator[Indexed]:
    """Add what the catalogue lacks of the folder's closed files; what came of each.

    With `sidecars`, CDXJ indexes that are missing or wrong are written anew, without what is
    redacted. A `trial` writes nothing. To do it again changes nothing.

    Raises:
        WarcError, OSError: a file cannot be read at all.
    """
    closed = {file.name for file in catalogue.files() if file.closed}
    veil = catalogue.veil()
    for found in side_by_side(index_file, sorted(folder.glob("*.warc.gz"))):
        name = found.path.name
        captures, discoveries = _catalogued(catalogue, found, trial=trial)
        if name not in closed and not trial:
            catalogue.close_file(
                name, at=utcnow(), size=found.size, sha256=f"sha256:{found.sha256}"
            )
        beside = read_sidecar(found.path)
        lines = shown_lines(found.lines, veil)
        wrong = "missing" if beside is None else "wrong" if beside != lines else None
        if sidecars and wrong and not trial:
            write_sidecar(found.path, lines)
        yield Indexed(
            file=name,
            captures=captures,
            discoveries=discoveries,
            known=name in closed,
            sidecar=wrong,
            damage=found.damage,
        )


def _catalogued(catalogue: Catalogue, found: FileIndex, *, trial: bool) -> tuple[int, int]:
    if trial:
        return len(catalogue.lacking([row.capture for row in found.rows])), 0
    return add_rows(catalogue, found.rows)
