"""Pages that an earlier run captured and did not read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

from archiver.errors import StorageError
from archiver.fetch.run import RunExtension
from archiver.model import Capture, Outlet
from spiders.items import PageItem, stored_page

logger = logging.getLogger(__name__)


def left_over(run: RunExtension, outlet: Outlet) -> tuple[list[Capture], list[Capture]]:
    """Captures of such pages: those whose files are here, and those to be fetched back."""
    here: list[Capture] = []
    away: list[Capture] = []
    for capture in run.catalogue.pending(outlet.id):
        (here if run.warcs.is_here(capture.warc.file) else away).append(capture)
    return here, away


async def items_of(
    captures: Sequence[Capture], run: RunExtension, outlet: Outlet
) -> AsyncIterator[PageItem]:
    """Give what the pipeline is to read; what cannot be read stays pending.

    Where a store does not give one, the rest are not asked for: no crawl depends on a store.
    """
    for capture in captures:
        try:
            item = await asyncio.to_thread(stored_page, run.warcs, run.catalogue, capture, outlet)
        except StorageError as error:
            logger.warning("pages of earlier runs wait to be read: %s", error)
            return
        if item is not None:
            yield item
