"""The catalogue made anew from the copies in a store alone, as on a new machine."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from archiver.errors import StorageError
from archiver.fetch.fileindex import FileIndex, index_file
from archiver.fetch.parallel import side_by_side
from archiver.fetch.reindex import Indexed, catalogued
from archiver.model import utcnow
from archiver.store.blobs import Blobs, check_key
from archiver.store.catalogue import Catalogue
from archiver.store.copies import Copy
from archiver.store.files import WarcFile
from archiver.store.shipper import DIGEST
from archiver.store.warcs import Warcs
from archiver.warc.reader import Damage

logger = logging.getLogger(__name__)

_WARC = ".warc.gz"
_SHA256 = re.compile(rb"([0-9a-f]{64}) [ *]", re.ASCII)
_AT_ONCE = 64  # files whose rows are added before the next are begun


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What came of a store: what each file that was read added, or how many were known."""

    indexed: Indexed | None = None
    skipped: int = 0


def reindex_store(
    warcs: Warcs, url: str, catalogue: Catalogue, *, again: bool = False
) -> Iterator[Restored]:
    """Add what the catalogue lacks of the WARC files in a store, and that their copies are there.

    Each is read once, so that its copy counts as verified. Files that the catalogue knows with
    their copy are passed over, unless `again`: what was broken off goes on where it was. To do
    it again changes nothing. Of copies of one name, the first that is whole counts.

    Raises:
        StorageError: the store cannot be asked.
    """
    blobs = warcs.stores.open(url)
    found = _listed(blobs)
    known = {file.name: file for file in catalogue.files()}
    wanted, skipped = _wanted(found, known, catalogue, again=again)
    yield Restored(skipped=skipped)
    for start in range(0, len(wanted), _AT_ONCE):
        names = wanted[start : start + _AT_ONCE]
        copies = [Copy(url=f"{url}/{found[name][0]}", stores=warcs.stores) for name in names]
        for name, index in zip(names, side_by_side(index_file, copies), strict=True):
            best, said = _best(index, found[name], blobs, warcs)
            yield Restored(indexed=_kept(best, said, known.get(name), warcs, catalogue))


def lacking_copies(warcs: Warcs, url: str, catalogue: Catalogue, *, again: bool) -> list[str]:
    """The URLs of the copies that `reindex_store` would read, one a file.

    Raises:
        StorageError: the store cannot be asked.
    """
    found = _listed(warcs.stores.open(url))
    known = {file.name: file for file in catalogue.files()}
    wanted, _ = _wanted(found, known, catalogue, again=again)
    return [f"{url}/{found[name][0]}" for name in wanted]


def reindex_copy(warcs: Warcs, store: str, url: str, catalogue: Catalogue) -> Indexed:
    """As `reindex_store`, of the copies of one file; `url`: the first of them.

    Only where that one is not whole, the store is asked for the others.

    Raises:
        StorageError: the store cannot be asked.
        WarcError: no WARC stands there.
    """
    blobs, copy = warcs.stores.open(store), Copy(url=url, stores=warcs.stores)
    keys = [url.removeprefix(f"{store}/")]
    index = index_file(copy)
    if index.damage or _said(blobs, keys[0]) not in (None, index.sha256):
        keys += [key for key in _listed(blobs).get(copy.name, ()) if key not in keys]
    best, said = _best(index, keys, blobs, warcs)
    return _kept(best, said, catalogue.file(copy.name), warcs, catalogue)


def _wanted(
    found: Mapping[str, list[str]],
    known: Mapping[str, WarcFile],
    catalogue: Catalogue,
    *,
    again: bool,
) -> tuple[list[str], int]:
    """The names of the files that are to be read, and how many are passed over as known."""
    done = {name for name, file in known.items() if file.closed and file.copy_url and not again}
    wanted = found.keys() - done - _replaced(catalogue, found.keys() | known.keys())
    return sorted(wanted), len(done & found.keys())


def _replaced(catalogue: Catalogue, there: Collection[str]) -> set[str]:
    """The files that went by rule, or were written anew without what is redacted.

    Of these only where the new ones are there.
    """
    files = [file for one in catalogue.redactions() for file in one.files]
    gone = {one.name for one in catalogue.removals()}
    return {file.old for file in files if file.new in there} | gone


def _listed(blobs: Blobs) -> dict[str, list[str]]:
    """The keys of all WARC files by their names; those that were mended come first."""
    found: dict[str, list[str]] = defaultdict(list)
    for blob in blobs.list():
        name = blob.key.rpartition("/")[2]
        if not name.endswith(_WARC) or name == _WARC:
            continue
        try:
            found[name].append(check_key(blob.key))
        except ValueError as error:
            logger.warning("passed over: %s", error)
    return {
        name: sorted(keys, key=lambda key: (-key.count("/"), key)) for name, keys in found.items()
    }


def _best(
    index: FileIndex, keys: list[str], blobs: Blobs, warcs: Warcs
) -> tuple[FileIndex, str | None]:
    """The first of a file's copies that is whole, else the first; and its SHA-256 as was said."""
    said = _said(blobs, keys[0])
    first = index, said
    for key in keys[1:]:
        if not index.damage and said in (None, index.sha256):
            return index, said
        index = index_file(Copy(url=f"{blobs.url}/{key}", stores=warcs.stores))
        said = _said(blobs, key)
    return (index, said) if not index.damage and said in (None, index.sha256) else first


def _said(blobs: Blobs, key: str) -> str | None:
    """The SHA-256 that stands beside a file in the store; None where none does."""
    try:
        found = _SHA256.match(blobs.read(key + DIGEST, 0, 256))
    except StorageError as error:
        if error.reason != "gone":
            raise
        return None
    return found[1].decode() if found else None


def _kept(
    index: FileIndex, said: str | None, known: WarcFile | None, warcs: Warcs, catalogue: Catalogue
) -> Indexed:
    """Add a file's rows, and then that it is closed, that its copy is there, that it is not here.

    In this order: what is broken off between two is done again.
    """
    name = index.place.name
    closed = known is not None and known.closed
    right = (known.sha256 if known and known.closed else None) or f"sha256:{said or index.sha256}"
    damage = list(index.damage)
    if right != f"sha256:{index.sha256}":
        what = f"the copy has the SHA-256 {index.sha256}, not {right.removeprefix('sha256:')}"
        damage.append(Damage(file=name, offset=0, what=what))
    captures, discoveries = catalogued(catalogue, index)
    if not closed:
        catalogue.close_file(name, at=utcnow(), size=index.size, sha256=right)
    if not closed or right == f"sha256:{index.sha256}":
        catalogue.note_copy(name, str(index.place), at=utcnow(), how="read-back")
        if not warcs.is_here(name):
            catalogue.note_removed(name, at=utcnow())
    return Indexed(
        file=name,
        captures=captures,
        discoveries=discoveries,
        known=closed,
        sidecar=None,
        damage=tuple(damage),
    )
