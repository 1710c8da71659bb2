"""Where backups are: in the archive's store, in another one, or a file by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archiver.config.load import Loaded
from archiver.errors import UsageError
from archiver.store.backup import PACKED
from archiver.store.blobs import Blobs, check_key
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.blobs.opening import open_blobs

LOCAL = "backups"  # in the archive's folder, where nothing else is said


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A store, and where one file in it is meant, its `key`.

    `same_disk`: it is the archive's own folder, so that it is lost with it.
    """

    blobs: Blobs
    key: str | None = None
    same_disk: bool = False


def place_of(loaded: Loaded, said: str | None) -> Place:
    """The place that is named: a store's URL, a folder, a file; None: the archive's own.

    Raises:
        UsageError: no store has files of such a name.
        StorageError: no store has such a URL.
    """
    settings = loaded.settings.storage
    if said is None:
        if not settings.url:
            return Place(blobs=DiskBlobs(loaded.archive_folder / LOCAL), same_disk=True)
        said = settings.url
    if "://" in said:
        url, key = said.rstrip("/"), None
        if url.endswith((PACKED, ".sqlite")):
            url, _, key = url.rpartition("/")
        blobs = open_blobs(settings, url, ca_file=loaded.storage_ca_file)
        return Place(blobs=blobs, key=_checked(key, said) if key else None)
    path = Path(said).absolute()
    if path.is_dir():
        return Place(blobs=DiskBlobs(path))
    return Place(blobs=DiskBlobs(path.parent), key=_checked(path.name, said))


def _checked(key: str, said: str) -> str:
    try:
        return check_key(key)
    except ValueError as error:
        raise UsageError(str(error), thing=said, todo="Choose a plain file name.") from None
