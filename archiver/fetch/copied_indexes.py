"""The indexes beside copies in a store: without what was redacted since they were put there.

Which of them are to be looked at is marked in a folder of the archive, before and after a
redaction is told to the catalogue: a mark goes only where it is the one that was found when the
work on it began.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import ArchiverError, StorageError, disk_error
from archiver.fetch.shown import shown_lines
from archiver.store.blobs import Blobs
from archiver.store.catalogue import Catalogue
from archiver.store.copies import Copy, open_whole
from archiver.store.files import WarcFile
from archiver.store.veil import Veil
from archiver.store.warcs import Stores
from archiver.warc.cdxj import file_lines, read_sidecar, sort_lines
from archiver.warc.names import SIDECAR, sync_folder

FOLDER = "stale-indexes"  # of the archive


@dataclass(frozen=True, kw_only=True, slots=True)
class CopiedIndex:
    """An index in the store that was replaced, or (`error`) could not be; `what` came of it."""

    file: str
    what: str
    error: ArchiverError | None = None


class Marks:
    """The files whose copies' indexes are to be looked at; of the archive with these WARCs."""

    def __init__(self, warcs: Path) -> None:
        self._folder = warcs.parent / FOLDER

    def add(self, names: Iterable[str]) -> None:
        """Mark files, durably; those that are marked already anew.

        Raises:
            DiskFullError, WarcError: it could not be written.
        """
        marked = sorted(names)
        if not marked:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                for name in marked:
                    (self._folder / name).write_text(uuid.uuid4().hex)
                sync_folder(self._folder)
        except OSError as error:
            raise disk_error("mark an index in the store", self._folder, error) from error

    def all(self) -> Mapping[str, str]:
        """The marks by their files' names."""
        if not self._folder.is_dir():
            return {}
        with self._alone():
            return {path.name: path.read_text() for path in sorted(self._folder.iterdir())}

    def remove(self, name: str, mark: str) -> None:
        """Take this mark away, and no newer one."""
        path = self._folder / name
        with self._alone():
            if path.exists() and path.read_text() == mark:
                path.unlink()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def marked_copies(warcs: Path, catalogue: Catalogue) -> list[str]:
    """The marked files of which there is a copy."""
    files = map(catalogue.file, Marks(warcs).all())
    return [file.name for file in files if file is not None and file.copy_url]


def veil_copies(warcs: Path, stores: Stores, catalogue: Catalogue) -> Iterator[CopiedIndex]:
    """Replace the indexes of marked copies. One at a time on one archive: hold the ship's lock.

    What fails stays marked, and so does a file that is still to be shipped.
    """
    marks = Marks(warcs)
    found = marks.all()
    veil = catalogue.veil()  # after the marks: of what each stands for it knows
    for name, mark in found.items():
        file = catalogue.file(name)
        if file is not None and file.copy_url is None:
            continue  # to be shipped, by another machine perhaps
        if file is not None:
            done = veil_copy(warcs / name, file, stores, veil)
            if done is not None:
                yield done
            if done is not None and done.error is not None:
                continue
        marks.remove(name, mark)


def veil_copy(
    path: Path, file: WarcFile, stores: Stores, veil: Veil, *, trial: bool = False
) -> CopiedIndex | None:
    """Bring the index beside a file's copy to what may be shown; None where it is that already.

    It is made of the index here, else of its own lines, else of the copy. A `trial` writes nothing.
    """
    copy = Copy(url=file.copy_url or "", stores=stores)
    try:
        blobs, key = stores.find(copy.url)
        there = _lines(blobs, key + SIDECAR)
        here = read_sidecar(path)
        lines = there if here is None else here
        if lines is None:
            with open_whole(copy) as source:
                lines = file_lines(source)
        wanted = sort_lines(shown_lines(lines, veil))
        if wanted == there:
            return None
        if trial:
            return CopiedIndex(file=file.name, what="its index in the store is to be replaced")
        text = "".join(f"{line}\n" for line in wanted)
        until = blobs.replace(key + SIDECAR, text.encode())
    except StorageError as error:
        what = "its index in the store is not replaced"
        return CopiedIndex(file=file.name, what=f"{what}: {error}", error=error)
    what = "its index in the store is replaced"
    if until is not None:
        what += f"; the version before is locked (Object Lock) until {until:%Y-%m-%d %H:%M} UTC"
    return CopiedIndex(file=file.name, what=what)


def _lines(blobs: Blobs, key: str) -> list[str] | None:
    try:
        text = b"".join(blobs.stream(key)).decode("utf-8", "replace")
    except StorageError as error:
        if error.reason != "gone":
            raise
        return None
    return text.removesuffix("\n").split("\n") if text else []
