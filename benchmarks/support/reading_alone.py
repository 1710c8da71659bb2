"""Reads WARC files to their ends side by side, and makes their SHA-256: nothing else is done.

    python benchmarks/support/reading_alone.py FILE...

What an index of them costs at the very least, on this reader.
"""

from __future__ import annotations

import sys
from pathlib import Path

from archiver.fetch.parallel import side_by_side
from archiver.warc.reader import iter_records
from archiver.warc.source import Digested, FileSource


def read(path: Path) -> int:
    """Count a file's records, all of it read."""
    with Digested(FileSource.of(path)) as source:
        count = sum(1 for _ in iter_records(source))
        source.size_and_sha256()
    return count


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from support.reading_alone import read as reading  # by a name that other processes know

    print(sum(side_by_side(reading, [Path(name) for name in sys.argv[1:]])))
