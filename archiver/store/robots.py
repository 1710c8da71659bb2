"""What hosts' robots.txt said last, from run to run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select

from archiver.store import tables as t
from archiver.store.base import Store
from archiver.store.engine import insert


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownRobots:
    """A robots.txt, by scheme, host and port.

    `rules`: its text, as far as it is read; empty where there is none, None where it was never
    had. `expires`: when it is to be asked for again. `unreachable_since`: the first of the
    attempts in a row that came to nothing; the rules are then those of before. `record`: the
    WARC record that it stands in.
    """

    rules: str | None
    fetched: datetime
    expires: datetime
    unreachable_since: datetime | None = None
    record: str | None = None


class RobotsTexts(Store):
    """One row a scheme, host and port."""

    def known_robots(self, origin: str) -> KnownRobots | None:
        """What is remembered of it; a look-up by key."""
        columns = t.robots.c
        with self._reading() as conn:
            row = conn.execute(
                select(
                    columns.rules,
                    columns.fetched,
                    columns.expires,
                    columns.unreachable_since,
                    columns.record,
                ).where(columns.origin == origin)
            ).one_or_none()
        return KnownRobots(**row._mapping) if row else None

    def keep_robots(self, origin: str, robots: KnownRobots) -> None:
        """Remember it, in place of what was known."""
        values = asdict(robots)
        with self._writing() as conn:
            wanted = insert(conn.dialect.name, t.robots).values(origin=origin, **values)
            conn.execute(wanted.on_conflict_do_update(index_elements=["origin"], set_=values))
