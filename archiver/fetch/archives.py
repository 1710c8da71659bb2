"""Opening an archive that is to answer requests: a working folder, or WARC files of any maker."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from archiver.config.load import CONFIG_FILE, Loaded, load
from archiver.config.sources import CONFIG_VARIABLE
from archiver.errors import ArchiverError, NoArchiveError, UsageError, WarcError
from archiver.fetch.archived import Archived, Reads
from archiver.fetch.fileindex import FileIndex, index_file
from archiver.fetch.parallel import side_by_side
from archiver.fetch.recovery import add_rows
from archiver.model import WarcRef
from archiver.store.catalogue import Catalogue
from archiver.store.readcache import ReadCache
from archiver.store.tombstones import reconcile
from archiver.store.warcs import Stores, Warcs
from archiver.warc.reader import StoredRecord, read_record
from archiver.warc.source import ByteSource, FileSource

logger = logging.getLogger(__name__)

_WARCS = (".warc", ".warc.gz", ".warc.gz.open")


class _Files:
    """WARC files by their names, wherever they stand."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def open(self, name: str) -> ByteSource:
        return FileSource.of(self._paths[name])

    def read(self, ref: WarcRef) -> StoredRecord:
        if not ref.length:
            raise WarcError(
                "its records are packed together, so that none can be read alone",
                thing=str(self._paths[ref.file]),
                todo="Take it into an archive, which packs them anew: archiver import.",
            )
        return read_record(self._paths[ref.file], ref.offset)


def open_archived(
    places: Sequence[str],
    *,
    loaded: Loaded,
    scratch: Path,
    until: datetime | None = None,
    good_first: bool = False,
) -> Archived:
    """Open a working folder, or WARC files and folders of such.

    Args:
        places: paths; a working folder stands alone.
        loaded: the present working folder, whose redactions hold for its own files.
        scratch: a folder for what is needed for the time being.
        until: the moment up to which captures count, see `Archived`.
        good_first: see `Archived`.

    Raises:
        NoArchiveError: there is no archive, or no WARC file.
        UsageError: places that do not go together.
        ConfigError: the other folder's settings are wrong.
        WarcError, CatalogueError, DiskFullError: it cannot be read.
    """
    paths = [Path(place).absolute() for place in places]
    folders = [path for path in paths if (path / CONFIG_FILE).is_file()]
    if folders and len(paths) > 1:
        raise UsageError("a working folder stands alone", thing=str(folders[0]))
    opened = (
        _of_folder(_loaded(folders[0], loaded), scratch)
        if folders
        else _of_files(list(_warcs(paths)), loaded, scratch)
    )
    return Archived(*opened, until=until, good_first=good_first)


def _loaded(folder: Path, present: Loaded) -> Loaded:
    if folder.resolve() == present.folder.resolve():
        return present
    env = {name: text for name, text in os.environ.items() if name != CONFIG_VARIABLE}
    return load(start=folder, explicit=None, env=env, flags={})


def _of_folder(loaded: Loaded, scratch: Path) -> tuple[Catalogue, Reads]:
    catalogue = Catalogue.open(loaded.catalogue_url)
    cache = ReadCache(scratch / "cache", loaded.settings.storage.cache)
    warcs = Warcs(loaded.warc_folder, catalogue.file, Stores.of(loaded), cache=cache)
    return catalogue, warcs


def _warcs(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_file():
            yield path
            continue
        found = sorted(one for one in path.rglob("*") if one.name.endswith(_WARCS))
        if not found:
            raise NoArchiveError(
                "no archive here, and no WARC file",
                thing=str(path),
                todo="Name a working folder (it has config/archiver.toml), or WARC files.",
            )
        yield from found


def _of_files(paths: Sequence[Path], loaded: Loaded, scratch: Path) -> tuple[Catalogue, Reads]:
    by_name: dict[str, Path] = {}
    for path in paths:
        if by_name.setdefault(path.name, path) != path:
            raise UsageError(
                f"has the name of {by_name[path.name]}",
                thing=str(path),
                todo="Name one of them, or give them names of their own.",
            )
    catalogue = Catalogue.open(f"sqlite:///{scratch / 'index.sqlite'}", create=True)
    try:
        names: dict[str, Path] = {}
        for path, tried in zip(paths, side_by_side(_indexed, paths), strict=True):
            if isinstance(tried, ArchiverError):
                raise tried
            if tried.damage:
                logger.warning("%s: %d damaged places passed over", path, len(tried.damage))
            names |= {row.capture.warc.file: path for row in tried.rows}
            add_rows(catalogue, (replace(row, discovery=None) for row in tried.rows))
        if any(path.parent.resolve() == loaded.warc_folder.resolve() for path in paths):
            reconcile(loaded.redactions_file, catalogue)
    except BaseException:
        catalogue.close()
        raise
    return catalogue, _Files(names)


def _indexed(path: Path) -> FileIndex | ArchiverError:
    try:
        return index_file(path)
    except ArchiverError as error:
        return error
    except OSError as error:
        return WarcError(f"cannot be read ({error.strerror})", thing=str(path))
