"""Stores that count what they are asked, and such as do not answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archiver.config.storage import StorageSettings
from archiver.errors import StorageError
from archiver.store.blobs import Blob
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Stores


class CountingBlobs(DiskBlobs):
    """A folder whose `reads` (offset, length) are counted; with `away` it does not answer."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads: list[tuple[int, int]] = []
        self.away = False

    def _answer(self) -> None:
        if self.away:
            raise StorageError("does not answer", reason="unreachable", todo="Try again later.")

    def read(self, key: str, offset: int, length: int) -> bytes:
        self._answer()
        self.reads.append((offset, length))
        return super().read(key, offset, length)

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        self._answer()
        return super().stream(key, offset)

    def head(self, key: str) -> Blob | None:
        self._answer()
        return super().head(key)


def folder_stores(folder: Path) -> Stores:
    """Opens stores as the settings of an archive do whose store is this folder."""
    return Stores(settings=StorageSettings(url=f"file://{folder}"))


def ship(path: Path, folder: Path, catalogue: Catalogue, *, remove: bool = True) -> Path:
    """Copy a closed file to a store in a folder, as the catalogue then says; its path there."""
    from archiver.fetch.recovery import size_and_sha256
    from archiver.model import utcnow

    key = f"sky-news/2026/11/02/{path.name}"
    DiskBlobs(folder).upload(key, path, sha256=size_and_sha256(path)[1])
    catalogue.note_copy(path.name, f"file://{folder}/{key}", at=utcnow(), how="read-back")
    if remove:
        catalogue.note_removed(path.name, at=utcnow())
        path.unlink()
    return folder / key
