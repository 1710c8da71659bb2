"""Copies of WARC files in stores: opened from any process, and looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import StorageError
from archiver.store.blobsource import BlobSource
from archiver.store.files import WarcFile
from archiver.store.warcs import Stores, split_url
from archiver.warc.source import ByteSource, FileSource

GONE, CHANGED, UNREACHABLE = "copy-gone", "copy-changed", "store-unreachable"
_SIDE_BY_SIDE = 8  # looks at a time: each is a request


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """The copy at a URL; can be handed to other processes."""

    url: str
    stores: Stores

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.url.rpartition("/")[2]

    def __str__(self) -> str:
        """Its URL."""
        return self.url


def open_whole(place: Path | Copy) -> ByteSource:
    """Open a local file or a copy, of which all will be read.

    Raises:
        WarcError: there is no such file here.
        StorageError: the store cannot be opened.
    """
    if isinstance(place, Path):
        return FileSource.of(place)
    return BlobSource(*place.stores.find(place.url), whole=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What is wrong with a copy, by name: copy-gone, copy-changed or store-unreachable.

    The last one says nothing of the copy: its store gave no answer, or no leave to look.
    """

    name: str
    what: str


def fault_of(error: StorageError) -> Fault:
    """What a store's error says of a copy."""
    name = {"gone": GONE, "damaged": CHANGED}.get(error.reason, UNREACHABLE)
    return Fault(name=name, what=str(error))


def look(stores: Stores, file: WarcFile) -> Fault | None:
    """Look by one request whether the copy of a file is there, of the right size and SHA-256."""
    if file.copy_url is None:
        return Fault(name=GONE, what="no copy of it is known")
    try:
        blobs, key = stores.find(file.copy_url)
        found = blobs.head(key)
        if found is None:
            blobs.read(key, 0, 1)  # says whether the file is gone, or the store's whole disk
            return Fault(name=GONE, what=f"its copy {file.copy_url} is not there any more")
    except StorageError as error:
        return fault_of(error)
    if file.size is not None and found.size != file.size:
        what = f"its copy {file.copy_url} has {found.size} bytes, not {file.size}"
        return Fault(name=CHANGED, what=what)
    if found.sha256 and file.sha256 and file.sha256 != f"sha256:{found.sha256}":
        return Fault(name=CHANGED, what=f"its copy {file.copy_url} has another SHA-256")
    return None


def look_at(stores: Stores, files: Sequence[WarcFile]) -> Iterator[tuple[WarcFile, Fault | None]]:
    """Look at the copies of many files; a store that did not answer once is not asked again."""
    away: dict[str, Fault] = {}
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        for start in range(0, len(files), _SIDE_BY_SIDE):
            group = files[start : start + _SIDE_BY_SIDE]
            asked = [file for file in group if _store_of(stores, file) not in away]
            found = dict(
                zip(
                    [file.name for file in asked],
                    pool.map(lambda file: look(stores, file), asked),
                    strict=True,
                )
            )
            for file in group:
                store = _store_of(stores, file)
                fault = found[file.name] if file.name in found else away[store]
                if fault is not None and fault.name == UNREACHABLE:
                    away.setdefault(store, fault)
                yield file, fault


def _store_of(stores: Stores, file: WarcFile) -> str:
    return split_url(file.copy_url or "", stores.settings.url)[0]
