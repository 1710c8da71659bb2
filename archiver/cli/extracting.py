"""Articles of pages that are in the archive already, for commands that bring some in."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.model import Outlet
    from archiver.store.catalogue import Catalogue


def extract_waiting(
    loaded: Loaded,
    catalogue: Catalogue,
    names: Iterable[str],
    seeds: Mapping[str, Outlet],
    *,
    retell: bool = False,
) -> Counter[str]:
    """Extract the pages in these WARC files that wait; what came of them, counted.

    With `retell`, runs are told again in their order first: so articles get their states.

    Raises:
        StorageError: a store does not answer; what is done is done.
    """
    from archiver.exchange.extracting import PageExtractor
    from archiver.exchange.retelling import Retelling
    from archiver.extract.worker import ExtractionPool
    from archiver.store.warcs import Warcs

    settings = loaded.settings.extract
    pool = ExtractionPool(
        workers=settings.workers or os.cpu_count() or 1,
        timeout=settings.timeout,
        memory=settings.memory,
        recycle_after=settings.recycle_after,
    )
    obey = loaded.settings.politeness.tdm == "no-extract"
    counts: Counter[str] = Counter()
    names = list(names)
    with pool:
        warcs = Warcs.of(loaded, catalogue)
        if retell:
            retelling = Retelling(catalogue, warcs, pool, seeds, obey=obey)
            counts += retelling.tell(names, loaded.settings.recheck)
        extractor = PageExtractor(catalogue, warcs, pool, seeds, obey=obey)
        for name in names:
            counts += extractor.run(name)
    return counts
