"""What the catalogue lacks of one WARC file, added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archiver.batch.workshop import Outcome, Workshop
from archiver.exchange.extracting import PageExtractor
from archiver.fetch.reindex import reindex_file
from archiver.fetch.restore import reindex_copy

_SHOWN = 20  # faults of one file that are kept


def index_file(workshop: Workshop, place: str, options: Mapping[str, Any]) -> Outcome:
    """Index a file of the archive, or, with the option `store`, a copy there, by its URL.

    With `extract` its pages that wait become articles. Again adds nothing.

    Raises:
        WarcError, StorageError: the file cannot be had.
    """
    store = options.get("store")
    if store:
        made = reindex_copy(workshop.warcs, str(store), place, workshop.catalogue)
    else:
        made = reindex_file(workshop.place(place), workshop.catalogue)
    counts = {
        "files_added": int(not made.known),
        "captures_added": made.captures,
        "discoveries_added": made.discoveries,
    }
    if options.get("extract"):
        extractor = PageExtractor(
            workshop.catalogue,
            workshop.warcs,
            workshop.pool,
            workshop.outlets,
            obey=workshop.loaded.settings.politeness.tdm == "no-extract",
        )
        counts |= extractor.again(made.file, waiting=True)
    faults = [f"damaged at {one.offset}: {one.what}" for one in made.damage]
    if len(faults) > _SHOWN:
        faults[_SHOWN:] = [f"damaged: {len(faults) - _SHOWN} more places"]
    return Outcome(counts=counts, faults=tuple(faults))
