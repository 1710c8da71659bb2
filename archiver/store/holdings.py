"""Which WARC files hold captures of an outlet or of a span of time."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from archiver.store import tables as t
from archiver.store.base import BATCH, Store

_STAMP = re.compile(r"-([0-9]{17})-.+-[0-9a-f]{8}\.warc\.gz", re.ASCII)


class Holdings(Store):
    """The part of the catalogue that chooses WARC files by what they hold."""

    def chosen_files(
        self,
        outlets: Collection[str] = (),
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        longest: timedelta = timedelta(days=1),
    ) -> list[str]:
        """Names of the closed files that hold captures of these outlets and of this span.

        Without either, all that are not empty. A file of ours is of one outlet, and its name says
        when it was begun: `longest` ago at most, by the time of its last capture. Costs some
        steps into an index a file, and reads the captures of those that may hold the span.
        """
        file, taken = t.warc_file.c, t.capture.c
        first = (
            select(t.outlet.c.name)
            .join_from(t.capture, t.outlet, taken.outlet_id == t.outlet.c.id)
            .where(taken.file_id == file.id)
            .limit(1)
            .scalar_subquery()
        )
        whose = first if outlets else None
        closed = (file.closed.is_not(None), file.size > 0)
        columns = [file.id, file.name] + ([whose.label("outlet")] if whose is not None else [])
        with self._reading() as conn:
            rows = conn.execute(select(*columns).where(*closed).order_by(file.id)).all()
            rows = [row for row in rows if _may_hold(row, outlets, since, until, longest)]
            if not outlets and since is None and until is None:
                return [row.name for row in rows]
            inside = [taken.file_id == file.id]
            if outlets:
                own = select(t.outlet.c.id).where(t.outlet.c.name.in_(outlets))
                inside.append(taken.outlet_id.in_(own))
            inside += [taken.at >= since] if since else []
            inside += [taken.at < until] if until else []
            holding = select(file.name).where(select(taken.at).where(*inside).exists())
            found: list[str] = []
            for start in range(0, len(rows), BATCH):
                some = [row.id for row in rows[start : start + BATCH]]
                found += conn.scalars(holding.where(file.id.in_(some)).order_by(file.id))
        return found


def _may_hold(
    row: Row[Any],
    outlets: Collection[str],
    since: datetime | None,
    until: datetime | None,
    longest: timedelta,
) -> bool:
    """Whether a file may hold what is wanted, by its name and its first capture."""
    stamp = _STAMP.search(row.name)
    if stamp is None:  # of another archiver: of any time, and of several outlets
        return True
    if outlets and row.outlet not in outlets:
        return False
    text = stamp[1]
    try:
        begun = datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return True
    return (since is None or begun + longest >= since) and (until is None or begun < until)
