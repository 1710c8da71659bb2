"""WebSub hubs that sources name: hints for whoever wants to be told instead of asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from archiver.store import tables as t
from archiver.store.base import Store, intern_outlets, intern_urls
from archiver.store.engine import insert


@dataclass(frozen=True, kw_only=True, slots=True)
class Hub:
    """A hub of a source, the topic to subscribe to there, and when it was first seen."""

    source: str
    hub: str
    topic: str
    seen: datetime


class Hubs(Store):
    """The part of the catalogue that remembers hubs; read anew whenever a source changes."""

    def note_hubs(
        self, outlet: str, source: str, hubs: Sequence[str], *, topic: str, at: datetime
    ) -> None:
        """Keep the hubs that a source names; those that are known already change nothing."""
        if not hubs:
            return
        with self._writing() as conn:
            number = intern_outlets(conn, [outlet])[outlet]
            source_id = intern_urls(conn, {source: (number, at)})[source]
            rows = [
                {
                    "source_id": source_id,
                    "outlet_id": number,
                    "seen": at,
                    "hub": hub,
                    "topic": topic,
                }
                for hub in sorted(set(hubs))
            ]
            conn.execute(insert(conn.dialect.name, t.hub).on_conflict_do_nothing(), rows)

    def hubs(self, outlet: str) -> list[Hub]:
        """The hubs of an outlet's sources, by source."""
        wanted = (
            select(t.url.c.url.label("source"), t.hub.c.hub, t.hub.c.topic, t.hub.c.seen)
            .join_from(t.hub, t.url, t.hub.c.source_id == t.url.c.id)
            .join(t.outlet, t.hub.c.outlet_id == t.outlet.c.id)
            .where(t.outlet.c.name == outlet)
            .order_by(t.url.c.url, t.hub.c.hub)
        )
        with self._reading() as conn:
            return [Hub(**row._mapping) for row in conn.execute(wanted)]
