"""Who of many machines does what is to be done once."""

from __future__ import annotations

from datetime import datetime, timedelta

from archiver.store import tables as t
from archiver.store.base import Store
from archiver.store.engine import insert


class Leases(Store):
    """The part of the catalogue by which machines keep out of each other's way."""

    def claim(self, what: str, *, by: str, at: datetime, lasting: timedelta) -> bool:
        """Take on a piece of work; False where somebody did so less than `lasting` before."""
        values = {
            "holder": by,
            "until": at + lasting,
            "length": lasting // timedelta(microseconds=1),
        }
        with self._writing() as conn:
            wanted = insert(conn.dialect.name, t.lease).values(name=f"work/{what}", **values)
            taken = wanted.on_conflict_do_update(
                index_elements=["name"], set_=values, where=t.lease.c.until <= at
            )
            return conn.execute(taken.returning(t.lease.c.name)).first() is not None
