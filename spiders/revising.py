"""Whether a capture is a new revision: what the store needs to tell it from noise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from archiver.errors import ArchiverError, StaleRevisionError
from archiver.extract.worker import ExtractionPool
from archiver.fetch.run import RunExtension
from archiver.model import Article
from archiver.revise.compare import comparable, compare
from archiver.store.articles import Saved
from archiver.store.judging import Judge, Stale
from spiders.items import stored_page

logger = logging.getLogger(__name__)


async def save_judged(
    run: RunExtension,
    pool: ExtractionPool,
    article: Article,
    spellings: Mapping[str, str],
    *,
    moved_from: str | None = None,
) -> Saved:
    """Save an article, compared with the revisions beside it under one version of the extractor.

    What another version made is read back from its WARC and extracted anew; where that fails,
    nothing is claimed.
    """
    fresh: dict[int, Article | None] = {}
    while True:
        try:
            return run.catalogue.save_article(
                article,
                territory=run.territory,
                spellings=spellings,
                judge=Judge(compare=compare, comparable=comparable, fresh=fresh),
                moved_from=moved_from,
            )
        except StaleRevisionError as error:
            for stale in error.revisions:
                fresh[stale.number] = await _fresh(run, pool, stale)


async def _fresh(run: RunExtension, pool: ExtractionPool, stale: Stale) -> Article | None:
    """What the present extractor makes of an older capture; None where it cannot be read."""
    captures = run.catalogue.captures_of(stale.url)
    capture = next((one for one in captures if one.captured_at == stale.at), None)
    if capture is None:
        return None
    try:
        item = await asyncio.to_thread(stored_page, run.warcs, run.catalogue, capture, run.outlet)
    except ArchiverError as error:
        logger.warning("an earlier capture cannot be compared with: %s", error)
        return None
    if item is None:
        return None
    return (await pool.extract(item.page)).article
