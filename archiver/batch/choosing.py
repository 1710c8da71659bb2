"""Which files a batch is about: of the archive, named ones, or all below a place in a store."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from archiver.config.load import Loaded
from archiver.fetch.restore import lacking_copies
from archiver.fetch.settling import being_made
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Stores, Warcs

logger = logging.getLogger(__name__)

_ENDINGS = (".warc.gz", ".warc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """What is chosen: `files` by name, path or URL; else all below `source`; else the archive's.

    Of the archive's own, those with captures of these outlets and of this span.
    """

    files: tuple[str, ...] = ()
    source: str | None = None
    outlets: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """In JSON types; the same words for the same choice."""
        moments = {"since": self.since, "until": self.until}
        said = {name: at.isoformat() if at else None for name, at in moments.items()}
        return {**asdict(self), **said, "outlets": sorted(self.outlets)}


def places_of(
    chosen: Chosen, loaded: Loaded, catalogue: Catalogue, *, indexing: bool, again: bool = False
) -> list[str]:
    """The places of a batch's jobs, each a file.

    `indexing`: those that the catalogue may lack, from this machine's folder or from the store;
    with `again` also those whose copies it knows.

    Raises:
        StorageError: the store cannot be asked.
    """
    warcs = Warcs.of(loaded, catalogue)
    if chosen.files:
        return list(dict.fromkeys(chosen.files))
    if chosen.source is not None:
        if indexing:
            return lacking_copies(warcs, chosen.source, catalogue, again=again)
        return _below(warcs.stores, chosen.source)
    longest = timedelta(seconds=max(86400.0, loaded.settings.archive.warc_age))
    known = catalogue.chosen_files(
        chosen.outlets, since=chosen.since, until=chosen.until, longest=longest
    )
    if not indexing or chosen.outlets or chosen.since or chosen.until:
        return known
    folder = loaded.warc_folder
    gone = being_made(folder) | {one.name for one in catalogue.removals()}
    here = {path.name for path in folder.glob("*.warc.gz")} - gone
    return [*known, *sorted(here - set(known))]


def only_here(places: Sequence[str], catalogue: Catalogue) -> int:
    """How many of the archive's files have no copy that another machine could read."""
    lacking = {file.name for file in catalogue.files() if file.copy_url is None}
    return sum(place in lacking for place in places)


def _below(stores: Stores, url: str) -> list[str]:
    keys = (blob.key for blob in stores.open(url).list())
    return [f"{url}/{key}" for key in keys if key.endswith(_ENDINGS)]
