"""How often the URLs of a shape turned out to be articles of an outlet, and how often not."""

from __future__ import annotations

from sqlalchemy import func, select

from archiver.store import tables as t
from archiver.store.base import Store, intern_outlets
from archiver.store.engine import insert

MAX_SHAPES = 2000  # of an outlet: more say that its URLs have no shapes


class Shapes(Store):
    """The part of the catalogue that learns what an outlet's article URLs look like."""

    def learn_shape(self, outlet: str, shape: str, *, article: bool) -> None:
        """Count one page of a shape as an article, or as something else.

        One row is written, whatever the archive's size; a new shape is left out where an outlet
        has `MAX_SHAPES` already.
        """
        row = t.shape.c
        with self._writing() as conn:
            number = intern_outlets(conn, [outlet])[outlet]
            own = row.outlet_id == number
            known = conn.scalar(select(row.shape).where(own, row.shape == shape))
            if known is None:
                count = conn.scalar(select(func.count()).select_from(t.shape).where(own))
                if (count or 0) >= MAX_SHAPES:
                    return
            new = insert(conn.dialect.name, t.shape).values(
                outlet_id=number, shape=shape, articles=int(article), others=int(not article)
            )
            conn.execute(
                new.on_conflict_do_update(
                    index_elements=["outlet_id", "shape"],
                    set_={
                        "articles": row.articles + new.excluded.articles,
                        "others": row.others + new.excluded.others,
                    },
                )
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
