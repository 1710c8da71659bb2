"""The WARC files that captures stand in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from archiver.store import tables as t
from archiver.store.base import Store, intern
from archiver.store.engine import durable


@dataclass(frozen=True, kw_only=True, slots=True)
class WarcFile:
    """A WARC file as the catalogue knows it; `size` (bytes) and `sha256` once it is closed."""

    name: str
    closed: bool
    size: int | None = None
    sha256: str | None = None  # `sha256:` and hex


class Files(Store):
    """The part of the catalogue that follows the WARC files."""

    def open_file(self, name: str, at: datetime) -> int:
        """Note that a WARC file was begun; returns its number. Again is no harm.

        No loss of power makes the catalogue forget it. What else it may forget then, recovery
        finds again in the files that it knows, and does not know as closed.
        """
        with durable(self._engine).begin() as conn:
            return intern(conn, t.warc_file.c.name, {name: {"opened": at}})[0][name]

    def close_file(self, name: str, *, at: datetime, size: int, sha256: str | None) -> None:
        """Note that a WARC file is complete: its size in bytes, and `sha256:` and hex."""
        with self._writing() as conn:
            number = intern(conn, t.warc_file.c.name, {name: {"opened": at}})[0][name]
            conn.execute(
                update(t.warc_file)
                .where(t.warc_file.c.id == number)
                .values(closed=at, size=size, sha256=sha256)
            )

    def close_unused_file(self, name: str, *, at: datetime) -> None:
        """Note that a WARC file never came to hold an answer; nothing where it did.

        Reads the rows of all captures once: for what is left of a crash, not for every day.
        """
        file = t.warc_file.c
        used = select(t.capture.c.file_id).where(t.capture.c.file_id == file.id).exists()
        with self._writing() as conn:
            conn.execute(
                update(t.warc_file)
                .where(file.name == name, file.closed.is_(None), ~used)
                .values(closed=at, size=0)
            )

    def files(self, *, unclosed: bool = False) -> list[WarcFile]:
        """The WARC files that the catalogue knows, or those that it takes for being written.

        In the order in which it learnt of them; cost grows with the files, of which there are
        some a day.
        """
        wanted = select(t.warc_file).order_by(t.warc_file.c.id)
        if unclosed:
            wanted = wanted.where(t.warc_file.c.closed.is_(None))
        with self._reading() as conn:
            rows = conn.execute(wanted).all()
        return [
            WarcFile(name=row.name, closed=row.closed is not None, size=row.size, sha256=row.sha256)
            for row in rows
        ]
