"""The archive's WARC files, wherever they stand: in its folder, or as a copy in a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from archiver.config.load import Loaded
from archiver.config.storage import StorageSettings
from archiver.errors import StorageError, WarcError
from archiver.model import WarcRef
from archiver.store.blobs import Blobs, check_key
from archiver.store.blobs.opening import open_blobs
from archiver.store.blobsource import BlobSource
from archiver.store.catalogue import Catalogue
from archiver.store.files import WarcFile
from archiver.store.readcache import ReadCache
from archiver.warc.names import OPEN, beside, resolve
from archiver.warc.reader import StoredRecord, read_record
from archiver.warc.source import ByteSource, FileSource


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """Opens stores, each once in a process; can be handed to other processes."""

    settings: StorageSettings
    ca_file: Path | None = None

    @classmethod
    def of(cls, loaded: Loaded) -> Stores:
        """As the settings say."""
        return cls(settings=loaded.settings.storage, ca_file=loaded.storage_ca_file)

    def open(self, url: str) -> Blobs:
        """The store of a URL such as `s3://bucket/prefix`.

        Raises:
            StorageError: "refused" where it cannot be asked at all.
        """
        return _opened(self.settings.model_dump_json(), str(self.ca_file or ""), url)

    def find(self, url: str) -> tuple[Blobs, str]:
        """The store of a file's URL (`s3://bucket/key`), and its key in it.

        Raises:
            StorageError: as `open`; also of a URL that can name no file.
        """
        store, key = split_url(url, self.settings.url)
        try:
            return self.open(store), check_key(key)
        except ValueError as error:
            raise StorageError(str(error), reason="refused", thing=url) from error


@lru_cache(maxsize=16)
def _opened(settings: str, ca_file: str, url: str) -> Blobs:
    given = StorageSettings.model_validate_json(settings)
    return open_blobs(given, url, ca_file=Path(ca_file) if ca_file else None)


def split_url(url: str, store: str = "") -> tuple[str, str]:
    """The URL of the store that a file is in, and its key there.

    The store is `store`, where the file is below that; otherwise the bucket, or the folder.
    """
    if store and url.startswith(f"{store}/"):
        return store, url.removeprefix(f"{store}/")
    if url.startswith("s3://"):
        bucket, _, key = url.removeprefix("s3://").partition("/")
        return f"s3://{bucket}", key
    folder, _, key = url.rpartition("/")
    return folder, key


class Warcs:
    """Opens the archive's WARC files by their final names; threads may share it.

    Args:
        folder: where the archive's own ones stand.
        lookup: what the catalogue knows of a file, such as `Catalogue.file`.
        stores: opens the stores that copies stand in; None: with the settings' defaults.
        cache: of what is read back from them; None: without.
    """

    def __init__(
        self,
        folder: Path,
        lookup: Callable[[str], WarcFile | None],
        stores: Stores | None = None,
        *,
        cache: ReadCache | None = None,
    ) -> None:
        self.folder = folder
        self.stores = stores or Stores(settings=StorageSettings())
        self._lookup = lookup
        self._cache = cache
        self._copied: set[str] = set()
        self._inside: set[str] = set()

    @classmethod
    def of(cls, loaded: Loaded, catalogue: Catalogue) -> Warcs:
        """Those of the archive that the settings name."""
        cache = ReadCache(loaded.cache_folder, loaded.settings.storage.cache)
        return cls(loaded.warc_folder, catalogue.file, Stores.of(loaded), cache=cache)

    def open(self, name: str, *, first: int | None = None, whole: bool = False) -> ByteSource:
        """Open the local file, final or `.open`, or else its copy; asks no store yet.

        `first`: how many bytes will be wanted first; `whole`: all of it will be read.

        Raises:
            WarcError: it is nowhere, or outside of the archive.
            StorageError: its store cannot be opened at all.
        """
        path = self.path(name)
        try:
            return FileSource.of(path)
        except WarcError:
            if path.exists():
                raise  # else it is not here, which its copy may be
        known = self._lookup(name)
        if known is not None and known.copy_url is None and known.machine is not None:
            raise WarcError(
                f"is not here: it stands on {known.machine} until it is shipped",
                thing=name,
                todo=f"See that {known.machine} is up, and ships: archiver ship.",
            )
        if known is None or known.copy_url is None:
            copy = "the catalogue does not know it" if known is None else "no copy of it is known"
            raise WarcError(
                f"is not here, and {copy}",
                thing=f"{self.folder / name} (or {name}{OPEN})",
                todo="Bring the file back; see what else is missing: archiver check.",
            )
        blobs, key = self.stores.find(known.copy_url)
        return BlobSource(blobs, key, size=known.size, first=first, whole=whole, cache=self._cache)

    def read(self, ref: WarcRef) -> StoredRecord:
        """Read a record of the archive.

        Raises:
            WarcError: as `open`, or no intact record begins there.
            StorageError: as its store says: "unreachable" is no word on the record.
        """
        with self.open(ref.file, first=ref.length or None) as source:
            return read_record(source, ref.offset)

    def is_here(self, name: str) -> bool:
        """Whether a file is in the archive's folder, final or `.open`."""
        path = self.folder / name
        return path.exists() or beside(path, OPEN).exists()

    def exists(self, name: str) -> bool:
        """Whether a file is here, or by the catalogue's word in a store, which is not asked."""
        if name in self._copied or self.is_here(name):
            return True
        known = self._lookup(name)
        if known is None or known.copy_url is None:
            return False
        self._copied.add(name)
        return True

    def path(self, name: str) -> Path:
        """Where a file of the archive's folder stands now, if it stands there.

        Raises:
            WarcError: a name that leads out of the folder.
        """
        if name not in self._inside:  # to follow links costs as much as to read a record
            if not (self.folder / name).resolve().is_relative_to(self.folder.resolve()):
                raise WarcError("this file is outside of the archive", thing=name)
            self._inside.add(name)
        return resolve(self.folder, name)
