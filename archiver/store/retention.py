"""WARC files that go by a rule: what stands in them, what needs them, and the tombstones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from archiver.store import tables as t
from archiver.store.base import Store
from archiver.store.rewriting import drop_captures, drop_revisions, leave_nothing
from archiver.store.tombstones import Event

_taken = t.capture.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """How many captures of an outlet and a kind a file holds, and when the newest was made."""

    outlet: str
    kind: str
    count: int
    newest: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """A tombstone of a WARC file: `records` are counts of its captures by kind."""

    name: str
    at: datetime
    by: str
    rule: str
    size: int
    records: Mapping[str, int]
    sha256: str | None = None
    copy_url: str | None = None


class Retention(Store):
    """The part of the catalogue that lets files go. Each but the last reads all captures once."""

    def contents(self) -> dict[str, list[Content]]:
        """What stands in each closed file, by its name."""
        wanted = (
            select(
                t.warc_file.c.name,
                t.outlet.c.name.label("outlet"),
                _taken.kind,
                func.count().label("n"),
                func.max(_taken.at).label("newest"),
            )
            .join_from(t.capture, t.warc_file, _taken.file_id == t.warc_file.c.id)
            .join(t.outlet, _taken.outlet_id == t.outlet.c.id)
            .where(t.warc_file.c.closed.is_not(None))
            .group_by(t.warc_file.c.name, t.outlet.c.name, _taken.kind)
        )
        found: dict[str, list[Content]] = {}
        with self._reading() as conn:
            for row in conn.execute(wanted):
                content = Content(outlet=row.outlet, kind=row.kind, count=row.n, newest=row.newest)
                found.setdefault(row.name, []).append(content)
        return found

    def needed(self, names: Collection[str]) -> set[str]:
        """Those of these files with a payload that a revisit in any other file may stand for."""
        held: dict[int, set[str]] = {}
        with self._reading() as conn:
            rows = conn.execute(select(t.warc_file.c.id, t.warc_file.c.name)).all()
            by_id = {row.id: row.name for row in rows if row.name in names}
            going = set(by_id)
            revisits = select(_taken.payload_digest).where(
                _taken.record_type == "revisit", _taken.file_id.not_in(going)
            )
            wanted = set(conn.scalars(revisits.distinct()))
            for row in conn.execute(
                select(_taken.file_id, _taken.payload_digest).where(
                    t.RESPONSES, _taken.file_id.in_(going)
                )
            ):
                if row.payload_digest is not None:
                    held.setdefault(row.file_id, set()).add(row.payload_digest)
        return {by_id[number] for number, digests in held.items() if digests & wanted}

    def remove_file(self, event: Event, *, texts: bool) -> tuple[int, int]:
        """Forget a file and its captures, and keep the tombstone that an event of it says.

        With `texts` also what was extracted of it; otherwise that stays, and names the file that
        it was made of. Gives how many captures and revisions went. Again is no harm.
        """
        with self._durably() as conn:
            leave_nothing(conn)
            number = conn.scalar(
                select(t.warc_file.c.id).where(t.warc_file.c.name == event["name"])
            )
            rows: Sequence[object] = []
            revisions = 0
            if number is not None:
                rows = conn.execute(select(t.capture).where(_taken.file_id == number)).all()
                if texts:
                    revisions = drop_revisions(conn, number, None)
                conn.execute(
                    update(t.revision)
                    .where(t.revision.c.file_id == number)
                    .values(file_id=None, offset=None)
                )
                drop_captures(conn, rows)
                conn.execute(delete(t.warc_file).where(t.warc_file.c.id == number))
        self._known.clear()
        return len(rows), revisions

    def removals(self) -> list[Removal]:
        """The tombstones of files that went, oldest first."""
        with self._reading() as conn:
            rows = conn.execute(select(t.removal).order_by(t.removal.c.id)).all()
        return [
            Removal(**{name: value for name, value in row._mapping.items() if name != "id"})
            for row in rows
        ]
