"""Files mended from their other copy: the local one from the store's, the store's from it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import ArchiverError, StorageError, disk_error
from archiver.fetch.parallel import side_by_side
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.copies import CHANGED, GONE, Copy, Fault, fault_of, look, look_at
from archiver.store.files import WarcFile
from archiver.store.machines import not_elsewhere
from archiver.store.shipper import put_with_sidecars
from archiver.store.warcs import Stores, Warcs
from archiver.warc.names import beside, sync_folder

DAMAGED = ".damaged"  # ends the name of what was replaced; further ones are numbered
_PART = ".part"


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What was done to a file, or would be; `good`: nothing is left to be done."""

    name: str
    file: str
    what: str
    good: bool = True


class Mender:
    """Mends an archive's closed files from their copies, and these from those.

    What is fetched is of the SHA-256 that was closed, or it is not kept. Nothing is deleted.

    Args:
        trial: only say what would be done.
    """

    def __init__(self, warcs: Warcs, catalogue: Catalogue, *, trial: bool = False) -> None:
        self._warcs = warcs
        self._catalogue = catalogue
        self._trial = trial
        self._known = {file.name: file for file in catalogue.files() if file.closed}
        self._said: list[Done] = []

    def said(self) -> list[Done]:
        """What came of `mend` since this was asked last."""
        said, self._said = self._said, []
        return said

    def bring_back(self) -> Iterator[Done]:
        """Fetch the files that nobody removed, and which are not here.

        Raises:
            DiskFullError, WarcError: they cannot be written.
        """
        ours = not_elsewhere(self._known.values(), self._warcs.folder, self._catalogue)
        for file in ours:
            if file.copy_url and not file.removed and not self._warcs.is_here(file.name):
                yield self._fetched("file-gone", file)

    def mend(self, path: Path, sha256: str | None) -> bool:
        """Replace a local file that has not the SHA-256 (hex) that was closed; whether it was.

        None: it cannot be read. What it was is kept beside it.

        Raises:
            DiskFullError, WarcError: it cannot be written.
        """
        file = self._known.get(path.name)
        if file is None or file.sha256 is None or file.sha256 == f"sha256:{sha256}":
            return False
        if file.copy_url is None:
            return False
        done = self._fetched("file-changed", file)
        self._said.append(done)
        return done.good and not self._trial

    def mend_copies(self, *, to_store: bool) -> Iterator[Done]:
        """Say which copies are gone or changed; with `to_store`, put those again that are here.

        They are looked at; with `to_store`, those of files that are here are read from begin to
        end. A changed one stays, and the new one goes under a key of its own.
        """
        copied = [file for file in self._known.values() if file.copy_url]
        here = [file for file in copied if to_store and self._warcs.is_here(file.name)]
        read = [Copy(url=file.copy_url or "", stores=self._warcs.stores) for file in here]
        for file, found in zip(here, side_by_side(_sha256_of, read), strict=True):
            fault = found if isinstance(found, Fault) else None
            if isinstance(found, str) and file.sha256 not in (None, f"sha256:{found}"):
                what = f"its copy {file.copy_url} has another SHA-256"
                fault = Fault(name=CHANGED, what=what)
            if fault is not None:
                yield self._put_again(file, fault)
        rest = [file for file in copied if file not in here]
        for file, fault in look_at(self._warcs.stores, rest):
            if fault is not None:
                todo = self._warcs.is_here(file.name) and fault.name in (GONE, CHANGED)
                what = fault.what + (": repair --to-store puts it again" if todo else "")
                yield Done(name=fault.name, file=file.name, what=what, good=False)

    def _fetched(self, name: str, file: WarcFile) -> Done:
        path = self._warcs.folder / file.name
        if self._trial:
            fault = look(self._warcs.stores, file)
            what = fault.what if fault else f"is to be fetched from {file.copy_url}"
            return Done(name=name, file=file.name, what=what, good=fault is None)
        try:
            kept = _fetch(file, path, self._warcs.stores)
        except StorageError as error:
            what = f"cannot be fetched from its copy: {error}"
            return Done(name=name, file=file.name, what=what, good=False)
        what = f"fetched from {file.copy_url}"
        return Done(
            name=name,
            file=file.name,
            what=what + (f"; what was here is kept as {kept}" if kept else ""),
        )

    def _put_again(self, file: WarcFile, fault: Fault) -> Done:
        if fault.name not in (GONE, CHANGED) or file.copy_url is None:
            return Done(name=fault.name, file=file.name, what=fault.what, good=False)
        store, _, _ = file.copy_url.rpartition("/")
        stamp = f"{utcnow():%Y%m%dT%H%M%SZ}"
        url = file.copy_url if fault.name == GONE else f"{store}/mended-{stamp}/{file.name}"
        if self._trial:
            what = f"{fault.what}; is to be put again"
            return Done(name=fault.name, file=file.name, what=what)
        sha256 = (file.sha256 or "").removeprefix("sha256:")
        try:
            blobs, key = self._warcs.stores.find(url)
            how = put_with_sidecars(blobs, key, self._warcs.folder / file.name, sha256=sha256)
        except ArchiverError as error:
            what = f"{fault.what}; cannot be put again: {error}"
            return Done(name=fault.name, file=file.name, what=what, good=False)
        self._catalogue.note_copy(file.name, url, at=utcnow(), how=how)
        return Done(name=fault.name, file=file.name, what=f"{fault.what}; put again as {url}")


def _sha256_of(copy: Copy) -> str | Fault:
    """Read a copy from begin to end; its SHA-256 in hex, or why it has none."""
    try:
        blobs, key = copy.stores.find(copy.url)
        digest = hashlib.sha256()
        for piece in blobs.stream(key):
            digest.update(piece)
        return digest.hexdigest()
    except StorageError as error:
        return fault_of(error)


def _fetch(file: WarcFile, path: Path, stores: Stores) -> str | None:
    """Write a file from its copy, durably; the name under which the one before is kept.

    Raises:
        StorageError: the store does not give it; "damaged": it has not the right SHA-256.
        DiskFullError, WarcError: it cannot be written.
    """
    blobs, key = stores.find(file.copy_url or "")
    part = beside(path, _PART)
    digest = hashlib.sha256()
    try:
        try:
            with part.open("wb") as out:
                for piece in blobs.stream(key):
                    digest.update(piece)
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            if file.sha256 not in (None, f"sha256:{digest.hexdigest()}"):
                raise StorageError(
                    f"the copy has the SHA-256 {digest.hexdigest()}, not that which was closed",
                    reason="damaged",
                    thing=file.copy_url,
                )
            kept = _keep_aside(path) if path.exists() else None
            part.replace(path)
            sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise disk_error("write the file", path, error) from error
    return kept


def _keep_aside(path: Path) -> str:
    """Give a file a second name, which it keeps when another one takes its own."""
    number = 1
    while True:
        aside = beside(path, DAMAGED if number == 1 else f"{DAMAGED}-{number}")
        try:
            aside.hardlink_to(path)
        except FileExistsError:
            number += 1
        else:
            return aside.name
