"""The WARC files that captures stand in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update

from archiver.store import tables as t
from archiver.store.base import Store, intern


@dataclass(frozen=True, kw_only=True, slots=True)
class WarcFile:
    """A WARC file as the catalogue knows it; `size` (bytes) and `sha256` once it is closed.

    `copy_url`: where a verified copy of it stands (`s3://bucket/key`); `removed`: when the local
    file went, which its copy outlives. `machine`: of those that share the catalogue, the one in
    whose folder it was written.
    """

    name: str
    closed: bool
    size: int | None = None
    sha256: str | None = None  # `sha256:` and hex
    copy_url: str | None = None
    removed: datetime | None = None
    machine: str | None = None


class Files(Store):
    """The part of the catalogue that follows the WARC files."""

    @property
    def shared(self) -> bool:
        """Whether many machines may be at work on this catalogue."""
        return self._engine.dialect.name == "postgresql"

    def open_file(self, name: str, at: datetime, *, machine: str | None = None) -> int:
        """Note that a WARC file was begun, on a machine; returns its number. Again is no harm.

        No loss of power makes the catalogue forget it. What else it may forget then, recovery
        finds again in the files that it knows, and does not know as closed.
        """
        with self._durably() as conn:
            return intern(conn, t.warc_file.c.name, {name: {"opened": at, "spool": machine}})[0][
                name
            ]

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
        return self._files(wanted)

    def file(self, name: str) -> WarcFile | None:
        """One WARC file; None where the catalogue does not know it."""
        found = self._files(select(t.warc_file).where(t.warc_file.c.name == name))
        return found[0] if found else None

    def uncopied(self) -> list[WarcFile]:
        """The closed files of which no verified copy is known; in the order of their making."""
        return self._files(select(t.warc_file).where(t.UNCOPIED).order_by(t.warc_file.c.id))

    def copied_before(self, at: datetime) -> list[WarcFile]:
        """The files whose copy was verified before, and which are here as well."""
        made = t.warc_file.c
        wanted = select(t.warc_file).where(t.LOCAL_TOO, made.copied < at).order_by(made.copied)
        return self._files(wanted)

    def last_copied(self) -> datetime | None:
        """When a copy was verified last; cost grows with the files, some a day."""
        with self._reading() as conn:
            last: datetime | None = conn.scalar(select(func.max(t.warc_file.c.copied)))
        return last

    def note_copy(self, name: str, url: str, *, at: datetime, how: str) -> None:
        """Note that a verified copy of a file stands there; no loss of power undoes it."""
        self._set(name, copy_url=url, copied=at, copied_how=how)

    def note_removed(self, name: str, *, at: datetime | None) -> None:
        """Note that the local file goes now, or, with None, that it is here again."""
        self._set(name, removed=at)

    def _set(self, name: str, **values: object) -> None:
        with self._durably() as conn:
            conn.execute(update(t.warc_file).where(t.warc_file.c.name == name).values(**values))

    def _files(self, wanted: Select[Any]) -> list[WarcFile]:
        with self._reading() as conn:
            rows = conn.execute(wanted).all()
        return [
            WarcFile(
                name=row.name,
                closed=row.closed is not None,
                size=row.size,
                sha256=row.sha256,
                copy_url=row.copy_url,
                removed=row.removed,
                machine=row.spool,
            )
            for row in rows
        ]
