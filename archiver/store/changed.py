"""What is kept of changes: rows of their kinds, and lines by which furniture is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from archiver.contract import article_from_json
from archiver.model import Changes
from archiver.store import tables as t
from archiver.store.engine import insert
from archiver.store.judging import Judge, kinds_to_bits, marks_to_bits, sizes_to_json

_OTHERS = 2  # articles of the outlet beside this one that make a line furniture
_MOST_LINES = 60  # of one change; a new article in an old one's place is no furniture
_MOST_SETTLED = 40  # revisions that are judged anew at once


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """From one revision to the next: their numbers, and when the later one was captured."""

    number: int
    against: int
    at: datetime


def put_change(
    conn: Connection, changes: Changes, outlet_id: int, article_id: int, step: Step
) -> None:
    """Keep what changed to a revision, in place of what was kept before."""
    drop_change(conn, article_id, step.number)
    _put_row(conn, changes, outlet_id, article_id, step)
    if changes.lines and len(changes.lines) <= _MOST_LINES:
        rows = [_line_row(outlet_id, article_id, step.number, line) for line in changes.lines]
        conn.execute(t.changed_line.insert(), rows)


def drop_change(conn: Connection, article_id: int, number: int) -> None:
    """Forget what changed to a revision."""
    for table in (t.change, t.changed_line):
        conn.execute(
            delete(table).where(table.c.article_id == article_id, table.c.number == number)
        )


def _put_row(
    conn: Connection, changes: Changes, outlet_id: int, article_id: int, step: Step
) -> None:
    values = {
        "at": step.at,
        "outlet_id": outlet_id,
        "against": step.against,
        "kinds": kinds_to_bits(changes.kinds),
        "stealth": marks_to_bits(changes.stealth),
        "moved": changes.moved,
        "sizes": sizes_to_json(changes.changes),
    }
    statement = insert(conn.dialect.name, t.change).values(
        article_id=article_id, number=step.number, **values
    )
    conn.execute(
        statement.on_conflict_do_update(index_elements=["article_id", "number"], set_=values)
    )


def common_lines(
    conn: Connection,
    outlet_id: int,
    article_id: int,
    number: int,
    lines: Sequence[int],
    judge: Judge,
) -> frozenset[int]:
    """Those lines that came or went in other articles of the outlet, too.

    What has just turned out to be one is noted for this article and its revision as well, and
    the other revisions that were made of it are judged anew.
    """
    found = _common(conn, outlet_id, article_id, lines)
    new = frozenset(digest for digest, times in found.items() if times == _OTHERS)
    if new:
        conn.execute(
            insert(conn.dialect.name, t.changed_line).on_conflict_do_nothing(),
            [_line_row(outlet_id, article_id, number, digest) for digest in new],
        )
        _settle(conn, outlet_id, new, judge)
    return frozenset(found)


def _common(
    conn: Connection, outlet_id: int, article_id: int, lines: Sequence[int]
) -> dict[int, int]:
    """In how many other articles each line came or went, of those in several."""
    line = t.changed_line.c
    others = func.count(line.article_id.distinct())
    rows = conn.execute(
        select(line.digest, others)
        .where(
            line.outlet_id == outlet_id,
            line.digest.in_(lines[:_MOST_LINES]),
            line.article_id != article_id,
        )
        .group_by(line.digest)
        .having(others >= _OTHERS)
    )
    return {row[0]: row[1] for row in rows}


def _line_row(outlet_id: int, article_id: int, number: int, digest: int) -> dict[str, int]:
    return {
        "outlet_id": outlet_id,
        "digest": digest,
        "article_id": article_id,
        "number": number,
    }


def _settle(conn: Connection, outlet_id: int, furniture: frozenset[int], judge: Judge) -> None:
    """Judge revisions anew whose lines have turned out to be furniture."""
    line, change = t.changed_line.c, t.change.c
    rows = conn.execute(
        select(t.change)
        .where(
            change.outlet_id == outlet_id,
            change.kinds > 0,
            select(line.digest)
            .where(
                line.outlet_id == outlet_id,
                line.article_id == change.article_id,
                line.number == change.number,
                line.digest.in_(furniture),
            )
            .exists(),
        )
        .limit(_MOST_SETTLED)
    ).all()
    for row in rows:
        revision = t.revision.c
        pair = {
            found.number: article_from_json(found.article)
            for found in conn.execute(
                select(revision.number, revision.article).where(
                    revision.article_id == row.article_id,
                    revision.number.in_([row.number, row.against]),
                )
            )
        }
        if len(pair) < 2 or not judge.comparable(pair[row.against], pair[row.number]):
            continue
        own = select(line.digest).where(
            line.article_id == row.article_id, line.number == row.number
        )
        common = _common(conn, outlet_id, row.article_id, conn.scalars(own).all())
        changes = judge.compare(pair[row.against], pair[row.number], furniture=frozenset(common))
        step = Step(number=row.number, against=row.against, at=row.at)
        _put_row(conn, changes, outlet_id, row.article_id, step)


def note_baseline(
    conn: Connection,
    article_id: int,
    number: int,
    *,
    at: datetime,
    page_id: int,
    text_digest: str,
    marks: int,
) -> None:
    """Have the next capture compared with that of `at`, in place of a revision's own."""
    values = {"at": at, "page_id": page_id, "text_digest": text_digest, "marks": marks}
    statement = insert(conn.dialect.name, t.baseline).values(
        article_id=article_id, number=number, **values
    )
    conn.execute(
        statement.on_conflict_do_update(index_elements=["article_id", "number"], set_=values)
    )
