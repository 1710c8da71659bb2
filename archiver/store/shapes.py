"""How often the URLs of a shape turned out to be articles of an outlet, and how often not."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from archiver.store import tables as t
from archiver.store.base import Store, intern_outlets
from archiver.store.engine import insert

MAX_SHAPES = 2000  # of an outlet: more say that its URLs have no shapes


class Shapes(Store):
    """The part of the catalogue that learns what an outlet's article URLs look like."""

    def learn_shapes(self, outlet: str, counts: Mapping[str, tuple[int, int]]) -> None:
        """Add to the counts of shapes: pages that were articles, and pages that were not.

        Writes a row a shape, whatever the archive's size. Where an outlet has `MAX_SHAPES`, new
        ones are left out.
        """
        if not counts:
            return
        row = t.shape.c
        with self._writing() as conn:
            number = intern_outlets(conn, [outlet])[outlet]
            known = set(conn.scalars(select(row.shape).where(row.outlet_id == number)))
            room = MAX_SHAPES - len(known)
            new = [name for name in sorted(counts) if name not in known][: max(0, room)]
            rows = [
                {
                    "outlet_id": number,
                    "shape": name,
                    "articles": counts[name][0],
                    "others": counts[name][1],
                }
                for name in sorted(known.intersection(counts).union(new))
            ]
            statement = insert(conn.dialect.name, t.shape)
            if rows:
                conn.execute(
                    statement.on_conflict_do_update(
                        index_elements=["outlet_id", "shape"],
                        set_={
                            "articles": row.articles + statement.excluded.articles,
                            "others": row.others + statement.excluded.others,
                        },
                    ),
                    rows,
                )

    def shapes(self, outlet: str) -> dict[str, tuple[int, int]]:
        """By shape, how many pages were articles and how many were not; read once a run."""
        wanted = (
            select(t.shape.c.shape, t.shape.c.articles, t.shape.c.others)
            .join_from(t.shape, t.outlet, t.shape.c.outlet_id == t.outlet.c.id)
            .where(t.outlet.c.name == outlet)
        )
        with self._reading() as conn:
            return {row.shape: (row.articles, row.others) for row in conn.execute(wanted)}
