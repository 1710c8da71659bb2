"""Which records of a file belong together, as they say: known only when all have been seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from archiver.warc.scratch import scratch
from archiver.warc.stored import Damage, StoredRecord

_GROUP = 1000  # rows that are added together
_TABLES = """
CREATE TABLE seen (number INTEGER PRIMARY KEY, id TEXT, at INTEGER, type TEXT, url TEXT, http INT);
CREATE TABLE named (number INTEGER, other TEXT);
CREATE TABLE asked (answer TEXT PRIMARY KEY, request TEXT) WITHOUT ROWID
"""
_INDEX = "CREATE INDEX seen_id ON seen (id, number)"  # when all are there: they come in no order
_TWICE = "SELECT id FROM seen GROUP BY id HAVING count(*) > 1"
_OF_ID = "SELECT number, at FROM seen WHERE id = ? ORDER BY number"
_PAIRS = """
SELECT one.id, one.at, one.type, one.url, one.http,
       named.other, other.type, other.url, other.http
FROM named JOIN seen AS one ON one.number = named.number
LEFT JOIN seen AS other ON other.id = named.other
ORDER BY named.rowid
"""
_UNASKED = """
SELECT id, at, type FROM seen
WHERE http AND EXISTS (SELECT 1 FROM seen WHERE type = 'request')
  AND NOT EXISTS (SELECT 1 FROM asked WHERE asked.answer = seen.id)
"""


@contextmanager
def pairs_of(file: str) -> Iterator[Pairs]:
    """Take the records of a file of this name.

    Raises:
        DiskFullError: within the block, where there is no room to note them.
    """
    with scratch(_TABLES) as database:
        yield Pairs(file, database)


class Pairs:
    """Takes a file's records one by one, and says at its end what is wrong between them.

    They wait on disk: a file of a gigabyte has over a hundred thousand of them. Each costs some
    microseconds. `database` is a scratch one with these tables, see `pairs_of`.
    """

    def __init__(self, file: str, database: sqlite3.Connection) -> None:
        self._file = file
        self._database = database
        self._number = 0
        self._seen: list[tuple[object, ...]] = []
        self._named: list[tuple[int, str]] = []

    def add(self, record: StoredRecord) -> None:
        """Note an intact record. One without an id can be named by none."""
        if record.record_id is None:
            return
        self._number += 1
        self._seen.append(
            (
                self._number,
                record.record_id,
                record.offset,
                record.type,
                record.target_uri,
                record.is_http,
            )
        )
        if "warc-concurrent-to" in record.fields:
            self._named += [
                (self._number, value)
                for name, value in record.headers
                if name.lower() == "warc-concurrent-to"
            ]
        if len(self._seen) == _GROUP:
            self._flush()

    def faults(self) -> Iterator[Damage]:
        """Say what is wrong: ids that come twice, answers and requests that do not fit."""
        self._flush()
        self._database.execute(_INDEX)
        yield from self._doubled()
        yield from self._unpaired()

    def _flush(self) -> None:
        self._database.executemany("INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?)", self._seen)
        self._database.executemany("INSERT INTO named VALUES (?, ?)", self._named)
        self._seen.clear()
        self._named.clear()

    def _doubled(self) -> Iterator[Damage]:
        """The later ones of one id, which are then left out: the first one is who is meant."""
        execute = self._database.execute
        for (record_id,) in execute(_TWICE).fetchall():
            (_, first), *later = execute(_OF_ID, (record_id,))
            for number, offset in later:
                yield self._damage(record_id, offset, f"WARC-Record-ID also at offset {first}")
                execute("DELETE FROM seen WHERE number = ?", (number,))

    def _unpaired(self) -> Iterator[Damage]:
        execute = self._database.execute
        for one, at, kind, url, http, other, other_kind, other_url, other_http in execute(_PAIRS):
            if other_kind is None:
                yield self._damage(one, at, f"concurrent to {other}, which is not here")
            elif "request" in (kind, other_kind) and (http or other_http):
                if url != other_url:
                    yield self._damage(one, at, f"paired with one of {other_url}")
                pair = (other, one) if other_http else (one, other)
                request = self._asked(*pair)
                if request != pair[1]:  # each may name the other
                    what = f"its answer has a request already, {request}"
                    yield self._damage(one, at, what)
        for one, at, kind in execute(_UNASKED):
            yield self._damage(one, at, f"a {kind} without its request")

    def _asked(self, answer: str, request: str) -> str:
        """The first request of an answer that was told; this one, if there was none."""
        execute = self._database.execute
        if execute("INSERT OR IGNORE INTO asked VALUES (?, ?)", (answer, request)).rowcount:
            return request
        ((first,),) = execute("SELECT request FROM asked WHERE answer = ?", (answer,))
        return str(first)

    def _damage(self, record_id: str, offset: int, what: str) -> Damage:
        return Damage(file=self._file, offset=offset, what=what, record_id=record_id)
