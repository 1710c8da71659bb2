"""What is remembered of hosts and outlets from run to run, so that the next one is as polite.

None of it can be rebuilt from WARC files: a catalogue made anew begins without.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from archiver.store import tables as t
from archiver.store.base import Store, intern_outlets
from archiver.store.engine import insert


@dataclass(frozen=True, kw_only=True, slots=True)
class HostState:
    """How a host (with its port, where that is not the scheme's) answered last.

    `not_before`: when it may be asked again; `failures`: refusals (429, 503) in a row.
    """

    not_before: datetime | None = None
    failures: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocks:
    """How often in a row an outlet has answered with a block, and to what kind of request."""

    count: int = 0
    kind: str | None = None


class Hosts(Store):
    """One row a host, one an outlet: every method is a look-up by key."""

    def host_state(self, host: str) -> HostState:
        """What is remembered of a host; of an unknown one, nothing."""
        columns = t.host_state.c
        with self._reading() as conn:
            row = conn.execute(
                select(columns.not_before, columns.failures).where(columns.host == host)
            ).one_or_none()
        return HostState(not_before=row[0], failures=row[1]) if row else HostState()

    def keep_host_state(self, host: str, state: HostState) -> None:
        """Remember it, in place of what was known."""
        with self._writing() as conn:
            wanted = insert(conn.dialect.name, t.host_state).values(host=host, **asdict(state))
            conn.execute(wanted.on_conflict_do_update(index_elements=["host"], set_=asdict(state)))

    def book_requests(self, outlet: str, *, day: int, wanted: int, limit: int) -> int:
        """Take some of a day's requests for an outlet; returns how many are granted.

        Booked before they are sent, so that a crawl that is killed cannot send more than the
        limit; `wanted` below zero gives back what was not used. `day` counts from 1970 in UTC.
        """
        with self._writing() as conn:
            number = _row_of(conn, outlet)
            columns = t.outlet_state.c
            row = conn.execute(
                select(columns.day, columns.requests)
                .where(columns.outlet_id == number)
                .with_for_update()
            ).one()
            used = row[1] if row[0] == day else 0
            granted = min(wanted, max(limit - used, 0)) if wanted > 0 else max(wanted, -used)
            conn.execute(
                update(t.outlet_state)
                .where(columns.outlet_id == number)
                .values(day=day, requests=used + granted)
            )
        return granted

    def blocks_of(self, outlet: str) -> Blocks:
        """The blocks in a row that an outlet's runs have met last."""
        columns = t.outlet_state.c
        with self._reading() as conn:
            row = conn.execute(
                select(columns.blocks, columns.blocked_kind)
                .join_from(t.outlet_state, t.outlet)
                .where(t.outlet.c.name == outlet)
            ).one_or_none()
        return Blocks(count=row[0], kind=row[1]) if row else Blocks()

    def keep_blocks(self, outlet: str, blocks: Blocks) -> None:
        """Remember them, in place of what was known."""
        with self._writing() as conn:
            number = _row_of(conn, outlet)
            conn.execute(
                update(t.outlet_state)
                .where(t.outlet_state.c.outlet_id == number)
                .values(blocks=blocks.count, blocked_kind=blocks.kind)
            )


def _row_of(conn: Connection, outlet: str) -> int:
    number = intern_outlets(conn, [outlet])[outlet]
    conn.execute(
        insert(conn.dialect.name, t.outlet_state)
        .values(outlet_id=number, day=0, requests=0, blocks=0)
        .on_conflict_do_nothing()
    )
    return number
