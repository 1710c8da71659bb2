"""What pages said about being kept and mined, by capture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from archiver.model import Capture
from archiver.store import tables as t
from archiver.store.base import Store
from archiver.store.engine import insert


class Signals(Store):
    """A row for each thing that was said; by URL and time, as the captures."""

    def keep_signals(self, taken: Capture, said: Sequence[tuple[str, str, str]]) -> None:
        """Note what a capture said, as (name, value, source)."""
        if not said:
            return
        with self._writing() as conn:
            url_id = conn.scalar(select(t.url.c.id).where(t.url.c.url == taken.url))
            rows = [
                {
                    "url_id": url_id,
                    "at": taken.captured_at,
                    "name": name,
                    "value": value,
                    "source": source,
                }
                for name, value, source in said
            ]
            conn.execute(insert(conn.dialect.name, t.signal).on_conflict_do_nothing(), rows)

    def signals_of(self, url: str) -> list[tuple[datetime, str, str, str]]:
        """What captures of a URL said: time, name, value, source; oldest first."""
        columns = t.signal.c
        with self._reading() as conn:
            rows = conn.execute(
                select(columns.at, columns.name, columns.value, columns.source)
                .join_from(t.signal, t.url)
                .where(t.url.c.url == url)
                .order_by(columns.at, columns.name)
            ).all()
        return [(row[0], row[1], row[2], row[3]) for row in rows]
