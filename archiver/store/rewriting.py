"""A WARC file that was written anew, or went: its rows in the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from archiver.errors import CatalogueError
from archiver.model import Capture
from archiver.store import tables as t
from archiver.store.base import Store, batches, count
from archiver.store.captures import select_captures, to_capture
from archiver.store.changed import drop_change
from archiver.store.likenesses import drop_likeness
from archiver.store.standings import forget_standing, move_evidence

Places = Mapping[int, tuple[int, int] | None]
"""By the offset of each record in the old file, offset and length in the new one; None: gone."""

_taken, _revision = t.capture.c, t.revision.c
_ROW = and_(
    _taken.url_id == bindparam("u"),
    _taken.at == bindparam("a"),
    _taken.file_id == bindparam("f"),
    _taken.offset == bindparam("o"),
)


class Rewriting(Store):
    """The part of the catalogue that moves with its files. Each reads all captures' rows once."""

    def replace_file(
        self, old: str, new: str, *, size: int, sha256: str, places: Places
    ) -> tuple[int, int]:
        """Have a file's rows be those of the one that replaces it, in one transaction.

        Captures that are gone leave, and so does the text that was made of them. No loss of
        power undoes it. Gives how many captures and revisions left.

        Raises:
            CatalogueError: a capture is at none of the places, or the file is not known.
        """
        with self._durably() as conn:
            leave_nothing(conn)
            number = conn.scalar(select(t.warc_file.c.id).where(t.warc_file.c.name == old))
            rows = conn.execute(
                select(t.capture).where(_taken.file_id == number)  # no index: see tables
            ).all()
            unknown = [row.offset for row in rows if row.offset not in places]
            if number is None or unknown:
                raise CatalogueError(
                    f"the catalogue has captures where the file has none: {unknown[:3]}",
                    thing=old,
                    todo="See archiver check; then run archiver repair.",
                )
            revisions = drop_revisions(
                conn, number, [offset for offset, place in places.items() if place is None]
            )
            gone = [row for row in rows if places[row.offset] is None]
            drop_captures(conn, gone)
            kept = [(row, place) for row in rows if (place := places[row.offset]) is not None]
            _move_captures(conn, kept)
            _move_revisions(conn, number, new, places)
            move_evidence(conn, number, places)
            conn.execute(
                update(t.warc_file)
                .where(t.warc_file.c.id == number)
                .values(
                    name=new,
                    size=size,
                    sha256=f"sha256:{sha256}",
                    checked=None,
                    copy_url=None,
                    copied=None,
                    copied_how=None,
                    removed=None,
                )
            )
        self._known.clear()  # names of files that were looked up
        return len(gone), revisions

    def revisits_of(self, digests: Collection[str]) -> list[Capture]:
        """All revisits of payloads with these digests."""
        found: list[Capture] = []
        with self._reading() as conn:
            for batch in batches(sorted(digests)):
                wanted = select_captures(
                    _taken.record_type == "revisit", _taken.payload_digest.in_(batch)
                )
                found += [to_capture(row) for row in conn.execute(wanted)]
        return found


def leave_nothing(conn: Connection) -> None:
    """Have deleted text overwritten in the file: it was deleted for a reason."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete=ON")


def drop_captures(conn: Connection, rows: Sequence[Any]) -> None:
    """Drop rows of captures, and count them no more."""
    if rows:
        conn.execute(
            delete(t.capture).where(_ROW),
            [{"u": row.url_id, "a": row.at, "f": row.file_id, "o": row.offset} for row in rows],
        )
        what = Counter(
            (row.outlet_id, "captures", f"{row.kind}/{row.status or 'none'}") for row in rows
        )
        count(conn, {key: -n for key, n in what.items()})


def _move_captures(conn: Connection, kept: Sequence[tuple[Any, tuple[int, int]]]) -> None:
    """In two steps, by way of places that no record has: one's new place may be another's old."""
    if not kept:
        return
    step = update(t.capture).where(_ROW).values(offset=bindparam("n"), length=bindparam("l"))
    for away in (True, False):
        conn.execute(
            step,
            [
                {
                    "u": row.url_id,
                    "a": row.at,
                    "f": row.file_id,
                    "o": row.offset if away else -1 - row.offset,
                    "n": -1 - row.offset if away else place[0],
                    "l": place[1],
                }
                for row, place in kept
            ],
        )


def _move_revisions(conn: Connection, number: int, new: str, places: Places) -> None:
    rows = conn.execute(select(t.revision).where(_revision.file_id == number)).all()
    for row in rows:
        place = places.get(row.offset)
        warc = row.article.get("warc") or {}
        if place is not None:
            warc = {**warc, "file": new, "offset": place[0]}
        conn.execute(
            update(t.revision)
            .where(_revision.article_id == row.article_id, _revision.number == row.number)
            .values(
                offset=place[0] if place else row.offset,
                article={**row.article, "warc": warc or None},
            )
        )


def drop_revisions(conn: Connection, number: int, offsets: Collection[int] | None) -> int:
    """Drop the text that was made of records at these offsets, or of all in a file (None).

    Articles that have none left go, too. Gives how many revisions went.
    """
    of_file = select(_revision.article_id, _revision.number, _revision.offset)
    rows = conn.execute(of_file.where(_revision.file_id == number)).all()
    if offsets is not None:
        wanted = set(offsets)
        rows = [row for row in rows if row.offset in wanted]
    for row in rows:
        _drop_changes(conn, row.article_id, row.number)
        if row.number == 1:  # whose text articles are compared by
            drop_likeness(conn, row.article_id)
        own = and_(_revision.article_id == row.article_id, _revision.number == row.number)
        conn.execute(delete(t.revision).where(own))
    for article_id in {row.article_id for row in rows}:
        left = sum(row.article_id == article_id for row in rows)
        _settle_article(conn, article_id, dropped=left)
    return len(rows)


def _drop_changes(conn: Connection, article_id: int, number: int) -> None:
    """Forget what changed to a revision, and from it to the next one."""
    drop_change(conn, article_id, number)
    change, line = t.change.c, t.baseline.c
    later = select(change.number).where(change.article_id == article_id, change.against == number)
    for one in conn.scalars(later).all():
        drop_change(conn, article_id, one)
    conn.execute(delete(t.baseline).where(line.article_id == article_id, line.number == number))


def _settle_article(conn: Connection, article_id: int, *, dropped: int) -> None:
    article = t.article.c
    own = conn.execute(select(t.article).where(article.id == article_id)).one()
    changes = {(own.outlet_id, "revisions", ""): -dropped}
    newest = conn.scalar(
        select(_revision.number)
        .where(_revision.article_id == article_id)
        .order_by(_revision.captured_at.desc(), _revision.number.desc())
        .limit(1)
    )
    if newest is not None:
        moved = update(t.article).where(article.id == article_id)
        conn.execute(moved.values(revision=newest))
    else:
        drop_likeness(conn, article_id)
        forget_standing(conn, article_id)
        conn.execute(delete(t.article).where(article.id == article_id))
        changes[own.outlet_id, "articles", ""] = -1
    count(conn, changes)
