"""How the archive stands, for `archiver status`."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Row, and_, func, select

from archiver.store import tables as t
from archiver.store.base import Store
from archiver.store.refusals import REFUSED

_PLAIN = ("urls", "articles", "revisions", "gone")
_PAIRS = ("captures", "problems")


class Status(Store):
    """The part of the catalogue that gives account."""

    def status(self) -> dict[str, Any]:
        """Counts for each outlet and for all, in JSON types; times in ISO 8601.

        Reads the tallies (some dozens of rows an outlet), one run an outlet, the pages that
        wait for extraction and the list of WARC files; never captures, URLs or articles.

            {"outlets": {NAME: {"last_run", "next_due", "urls", "articles", "revisions", "gone",
                                "states": {STATE: n}, "pending", "captures": {KIND: {STATUS: n}},
                                "problems": {STAGE: {REASON: n}}, "attempts": {REASON: n},
                                "refused": {REASON: n}}},
             "totals": {"outlets", "urls", "articles", "revisions", "gone", "pending",
                        "captures", "problems"},
             "warc_files": {"count", "open", "bytes"}}
        """
        with self._reading() as conn:
            outlets = conn.execute(_OUTLETS).all()
            tallies = conn.execute(select(t.tally)).all()
            pending = {row.outlet_id: row.waiting for row in conn.execute(_PENDING)}
            files = conn.execute(_FILES).one()
        of_outlet = {row.number: _blank(row, pending.get(row.number, 0)) for row in outlets}
        totals: Counter[str] = Counter(dict.fromkeys((*_PLAIN, *_PAIRS), 0))
        for row in tallies:
            totals[row.what] += row.n
            _enter(of_outlet[row.outlet_id], row.what, row.key, row.n)
        del totals["attempts"]
        del totals[REFUSED]
        del totals["states"]
        return {
            "outlets": {row.name: of_outlet[row.number] for row in outlets},
            "totals": {
                "outlets": len(outlets),
                **totals,
                "pending": sum(pending.values()),
            },
            "warc_files": {"count": files.count, "open": files.open, "bytes": int(files.bytes)},
        }


_OUTLETS = (
    select(t.outlet.c.id.label("number"), t.outlet.c.name, t.outlet.c.next_due, t.run)
    .join_from(t.outlet, t.run, t.outlet.c.last_run_id == t.run.c.id, isouter=True)
    .order_by(t.outlet.c.name)
)
_PENDING = (
    select(t.capture.c.outlet_id, func.count().label("waiting"))
    .where(and_(t.PENDING, t.capture.c.kind == "page"))
    .group_by(t.capture.c.outlet_id)
)
_FILES = select(
    func.count().label("count"),
    (func.count() - func.count(t.warc_file.c.closed)).label("open"),
    func.coalesce(func.sum(t.warc_file.c.size), 0).label("bytes"),
).select_from(t.warc_file)


def _blank(row: Row[Any], pending: int) -> dict[str, Any]:
    last_run = None
    if row.id is not None:
        last_run = {
            "id": row.id,
            "trigger": row.trigger,
            "started": row.started.isoformat(),
            "ended": row.ended.isoformat() if row.ended else None,
            "state": row.state,
            "reason": row.reason,
            "counts": row.counts or {},
        }
    return {
        "last_run": last_run,
        "next_due": row.next_due.isoformat() if row.next_due else None,
        **dict.fromkeys(_PLAIN, 0),
        "pending": pending,
        "captures": {},
        "problems": {},
        "attempts": {},
        REFUSED: {},
        "states": {},
    }


def _enter(account: dict[str, Any], what: str, key: str, n: int) -> None:
    if what in _PAIRS:
        first, _, second = key.partition("/")
        account[what].setdefault(first, {})[second] = n
    elif what in ("attempts", "states", REFUSED):
        account[what][key] = n
    else:
        account[what] = n
