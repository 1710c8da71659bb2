"""What a crash left behind, made whole: files by `archiver.warc.recover`, rows from them."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path

from archiver.fetch.index import captures_of_file
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.warc.recover import Recovered, recover

logger = logging.getLogger(__name__)

_BATCH = 500  # rows a transaction


def finish_left_files(folder: Path, catalogue: Catalogue) -> list[Recovered]:
    """Finish every WARC that a crash left open, and index what the catalogue lacks of it.

    Rows that are there already change nothing. Costs one pass over the files left behind;
    nothing where there is none.

    Raises:
        DiskFullError, WarcError: a file could not be finished; it stays as it is.
    """
    found = recover(folder) if folder.is_dir() else []
    for left in found:
        logger.warning(
            "%s was left open by a crash: finished with %d bytes, %d torn bytes set aside",
            left.file,
            left.size,
            left.torn,
        )
        if not left.size:
            continue
        rows = captures_of_file(folder / left.file)
        while batch := list(islice(rows, _BATCH)):
            catalogue.add_captures(batch)
        catalogue.close_file(left.file, at=utcnow(), size=left.size, sha256=f"sha256:{left.sha256}")
    return found
