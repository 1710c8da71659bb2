"""Closed WARC files to the store: uploaded, verified, noted, and only then removed here.

Each step may be broken off at any point and is done again: a file is the same under the same key,
a copy counts once the catalogue has it durably, and a local file goes last.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from archiver.config.storage import KEY_FIELDS, StorageSettings
from archiver.errors import ArchiverError, StorageError, WarcError, disk_error
from archiver.model import utcnow
from archiver.store.blobs import Blobs
from archiver.store.catalogue import Catalogue
from archiver.store.files import WarcFile
from archiver.store.machines import not_elsewhere
from archiver.warc.fields import parse_warc_fields
from archiver.warc.names import SIDECAR, beside, sync_folder
from archiver.warc.reader import read_record

logger = logging.getLogger(__name__)

DIGEST = ".sha256"  # beside a file in the store, as sha256sum(1) writes it
_CHUNK = 1 << 20
_STAMP = re.compile(r"-([0-9]{8})[0-9]{9}-(.+)-[0-9a-f]{8}\.warc\.gz", re.ASCII)
_ODD = re.compile(r"[^A-Za-z0-9_=.-]+", re.ASCII)
_SMALL = 8 * 1024 * 1024  # bytes of a file of which several are uploaded side by side
_MAX_FIELDS = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipped:
    """What came of one file: where its copy is and how that was verified, or why there is none."""

    file: str
    size: int
    url: str | None = None
    how: str | None = None
    error: ArchiverError | None = None


class Shipper:
    """Ships the closed files of one folder. One at a time on one folder: hold a lock.

    Args:
        folder: the archive's WARC folder.
        catalogue: what is closed, and what of it has its copy.
        blobs: the store.
        settings: names in the store, and how long local files stay.
        clock: the present moment.
    """

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        blobs: Blobs,
        settings: StorageSettings,
        *,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._blobs = blobs
        self._settings = settings
        self._clock = clock

    def ship(self) -> Iterator[Shipped]:
        """Bring every closed file to the store that is not there; oldest first.

        A file that fails costs itself. Where the store is unreachable, the rest waits. Small
        files go side by side; of a few large ones their parts do.
        """
        waiting = [file for file in self._catalogue.uncopied() if self._path(file).exists()]
        small = [file for file in waiting if (file.size or 0) <= _SMALL]
        large = [file for file in waiting if (file.size or 0) > _SMALL]
        with ThreadPoolExecutor(self._settings.parallel) as pool:
            for start in range(0, len(small), 4 * self._settings.parallel):
                group = list(
                    pool.map(self._try, small[start : start + 4 * self._settings.parallel])
                )
                yield from group
                if all(map(_unreachable, group)):
                    return
        before = True
        for done in self._some_at_once(large):
            yield done
            if not before and _unreachable(done):
                return
            before = not _unreachable(done)

    def ship_these(self, names: Collection[str]) -> Iterator[Shipped]:
        """Bring these files alone to the store, where they are closed and not there."""
        yield from (self._try(file) for file in self._catalogue.uncopied() if file.name in names)

    def _some_at_once(self, files: Sequence[WarcFile]) -> Iterator[Shipped]:
        """Ship large files, so many side by side as are of use; what came of each, in order."""
        at_once = self._blobs.at_once
        if min(at_once, len(files)) < 2:
            yield from map(self._try, files)
            return
        waiting: deque[Future[Shipped]] = deque()
        with ThreadPoolExecutor(at_once) as pool:
            try:
                for file in files:
                    if len(waiting) == at_once:
                        yield waiting.popleft().result()
                    waiting.append(pool.submit(self._try, file))
                while waiting:
                    yield waiting.popleft().result()
            except BaseException:  # also who asks no further: those that run are gone on with later
                self._blobs.stop()
                raise

    def remove_old(self) -> Iterator[str]:
        """Remove local files whose copies were verified long enough ago; their names.

        The store is asked for each copy once more, of which size and SHA-256 must be right.

        Raises:
            StorageError: the store cannot be asked.
            WarcError: a file cannot be removed.
        """
        if self._settings.keep_local == "forever":
            return
        now = self._clock()
        before = now - timedelta(seconds=self._settings.keep_local)
        old = self._catalogue.copied_before(before)
        for file in not_elsewhere(old, self._folder, self._catalogue):
            path = self._path(file)
            if path.exists():
                fault = self._copy_fault(file)
                if fault:
                    logger.error("%s: kept here: its copy %s %s", file.name, file.copy_url, fault)
                    continue
                try:
                    beside(path, SIDECAR).unlink(missing_ok=True)
                    path.unlink()
                    sync_folder(self._folder)
                except OSError as error:
                    raise disk_error("remove the file", path, error) from error
                yield file.name
            self._catalogue.note_removed(file.name, at=now)

    def tidy(self) -> Sequence[str]:
        """End uploads that nobody goes on with; the keys they were for.

        Raises:
            StorageError: the store cannot be asked.
        """
        ours = [self._path(file) for file in self._catalogue.uncopied()]
        keys = {key_of(path, self._settings.key) for path in ours if path.exists()}
        old = timedelta(seconds=self._settings.abandon_after)
        return self._blobs.tidy(older_than=old, but=keys)

    def _path(self, file: WarcFile) -> Path:
        return self._folder / file.name

    def _copy_fault(self, file: WarcFile) -> str | None:
        """What is wrong with a file's copy, by the store's own words; None where nothing is."""
        start = self._blobs.url + "/"
        if file.copy_url is None or not file.copy_url.startswith(start):
            return "is in another store than that of storage.url"
        found = self._blobs.head(file.copy_url.removeprefix(start))
        if found is None:
            return "is not there any more"
        if found.size != file.size:
            return f"has {found.size} bytes, not {file.size}"
        if found.sha256 and file.sha256 and file.sha256 != f"sha256:{found.sha256}":
            return "has another SHA-256"
        return None

    def _try(self, file: WarcFile) -> Shipped:
        size = file.size or 0
        try:
            url, how = self._ship(file)
        except ArchiverError as error:
            return Shipped(file=file.name, size=size, error=error)
        except OSError as error:
            told = disk_error("read the file", self._path(file), error)
            return Shipped(file=file.name, size=size, error=told)
        return Shipped(file=file.name, size=size, url=url, how=how)

    def _ship(self, file: WarcFile) -> tuple[str, str]:
        path = self._path(file)
        key = key_of(path, self._settings.key)
        sha256 = (file.sha256 or "").removeprefix("sha256:") or _sha256(path)
        how = put_with_sidecars(self._blobs, key, path, sha256=sha256)
        url = f"{self._blobs.url}/{key}"
        self._catalogue.note_copy(file.name, url, at=self._clock(), how=how)
        return url, how


def put_with_sidecars(blobs: Blobs, key: str, path: Path, *, sha256: str) -> str:
    """Bring a WARC of this SHA-256 (hex), its index and its digest to a store.

    Gives how the copy was verified, see `Uploaded.how`.

    Raises:
        StorageError: as `Blobs.upload`.
    """
    done = blobs.upload(key, path, sha256=sha256)
    sidecar = beside(path, SIDECAR)
    if sidecar.exists():
        blobs.put(key + SIDECAR, sidecar.read_bytes())
    blobs.put(key + DIGEST, f"{sha256}  {path.name}\n".encode())
    return done.how


def key_of(path: Path, template: str) -> str:
    """The name of a WARC in a store, by a template of `storage.key`.

    Outlet and host are those of its warcinfo record, the date that of its name.

    Raises:
        WarcError: the file cannot be read.
    """
    said = {}
    try:
        first = read_record(path, 0)
        if first.type == "warcinfo":
            said = dict(parse_warc_fields(first.block[:_MAX_FIELDS]))
        date = first.date
    except WarcError:
        if not path.exists():
            raise
        date = None
    match = _STAMP.search(path.name)
    day = match[1] if match else f"{date:%Y%m%d}" if date else "00000000"
    values = {
        "outlet": said.get("isPartOf", ""),
        "year": day[:4],
        "month": day[4:6],
        "day": day[6:],
        "host": said.get("hostname", match[2] if match else ""),
        "name": path.name,
    }
    return template.format(**{name: _plain(values[name]) for name in KEY_FIELDS})


def _plain(text: str) -> str:
    """A part of a key."""
    return _ODD.sub("_", text).strip(".") or "unknown"


def _unreachable(done: Shipped) -> bool:
    return isinstance(done.error, StorageError) and done.error.reason == "unreachable"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
