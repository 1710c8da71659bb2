"""What is noted while one file is read, in a database without a name on disk: memory is flat."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from archiver.errors import DiskFullError

_QUICK = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;
"""


@contextmanager
def scratch(tables: str) -> Iterator[sqlite3.Connection]:
    """A database that is on disk as far as it does not fit into some MB, for as long as is used.

    Raises:
        DiskFullError: within the block, where there is no room for what is written.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        try:
            database.executescript(f"{_QUICK}{tables}; BEGIN")
            yield database
        except sqlite3.Error as error:
            raise DiskFullError(
                f"what a file holds cannot be noted for the time of its reading ({error})",
                thing=os.environ.get("TMPDIR", "/var/tmp"),  # noqa: S108 - where SQLite looks first
                todo="Free some space there.",
            ) from error


def sort_many(lines: Iterable[str]) -> Iterator[str]:
    """Sort lines, as many as there are, as `LC_ALL=C sort` does: by their UTF-8 bytes.

    Raises:
        DiskFullError: as `scratch`.
    """
    with scratch("CREATE TABLE line (text TEXT)") as database:
        database.executemany("INSERT INTO line VALUES (?)", ((line,) for line in lines))
        for (line,) in database.execute("SELECT text FROM line ORDER BY text"):
            yield line
