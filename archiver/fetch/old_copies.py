"""Copies in a store of files that were written anew here: they hold what was taken down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from archiver.errors import StorageError
from archiver.store.blobs import Blobs
from archiver.store.catalogue import Catalogue
from archiver.store.copies import look
from archiver.store.shipper import DIGEST
from archiver.store.warcs import Stores
from archiver.warc.names import SIDECAR

_MOST_VERSIONS = 100  # of one key


@dataclass(frozen=True, kw_only=True, slots=True)
class OldCopy:
    """A copy of a file that was replaced: it went (or, of a trial, would), or why it stays."""

    file: str
    url: str
    kept_because: str | None = None


def end_old_copies(stores: Stores, catalogue: Catalogue, *, trial: bool) -> Iterator[OldCopy]:
    """Remove the copies of replaced files, where the new file's copy stands verified in its place.

    Which there are says the archive's account of redactions, so that what was broken off, or
    never done, is done later. The digests of old and new file stay there. What is gone already is
    passed over.

    Raises:
        CatalogueError: the catalogue cannot be read.
    """
    replaced = {one.old: one for redaction in catalogue.redactions() for one in redaction.files}
    news = {old: one.new for old, one in replaced.items()}
    for old, one in sorted(replaced.items()):
        if one.copy_url is None:
            continue
        try:
            blobs, key = stores.find(one.copy_url)
            there = [name for name in (key, key + SIDECAR, key + DIGEST) if blobs.head(name)]
            if not there:
                continue
            why = _not_yet(stores, catalogue, _newest(old, news), trial=trial)
            if why is None and not trial:
                for name in reversed(there):  # the file last: by it the rest is found again
                    _delete_all(blobs, name)
        except StorageError as error:
            why = str(error)
        yield OldCopy(file=old, url=one.copy_url, kept_because=why)


def _newest(old: str, news: Mapping[str, str]) -> str:
    """The file in whose records those of an old one stand now: new ones are replaced, too."""
    seen = set()
    while old in news and old not in seen:
        seen.add(old)
        old = news[old]
    return old


def _not_yet(stores: Stores, catalogue: Catalogue, new: str, *, trial: bool) -> str | None:
    """Why an old copy cannot go: the new one is not there."""
    file = catalogue.file(new)
    if file is None or file.copy_url is None:
        return None if trial else f"its new file {new} has no copy yet"
    fault = look(stores, file)
    return f"of its new file {new}: {fault.what}" if fault else None


def _delete_all(blobs: Blobs, key: str) -> None:
    """Remove a file with all of its versions.

    Raises:
        StorageError: "refused": one is locked, until when is said; or as the store says.
    """
    for _ in range(_MOST_VERSIONS):
        found = blobs.head(key)
        if found is None:
            return
        try:
            blobs.delete(key)
        except StorageError as error:
            if error.reason != "refused" or found.locked_until is None:
                raise
            raise StorageError(
                f"is locked (Object Lock) until {found.locked_until:%Y-%m-%d %H:%M} UTC",
                reason="refused",
                thing=f"{blobs.url}/{key}",
                todo="Do the same again then: archiver rewrite --yes --store.",
            ) from error
