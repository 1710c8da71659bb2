"""Captures: writing them, and what a crawl asks of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    TextClause,
    and_,
    bindparam,
    func,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.dml import ReturningInsert

from archiver.errors import CatalogueError
from archiver.model import Capture, CaptureKind, ExtractionState, WarcRef
from archiver.store import tables as t
from archiver.store.base import Store, add_urls, count, url_row
from archiver.store.engine import insert
from archiver.store.hiding import veil_of_captures, visible

# 401 and 403: a block, which may be lifted.
RETRY_STATUSES = frozenset({401, 403, 408, 425, 429})
BROKEN_OFF = frozenset({"time", "disconnect"})  # by trouble on the way, not by a limit of ours


# Statements of every group of captures, made once: that takes as long as to execute them.
_ANSWERING = (
    update(t.url)
    .where(t.url.c.id == bindparam("number"), t.url.c.answered.is_(False))
    .values(answered=bindparam("final"), attempts=t.url.c.attempts + bindparam("failed"))
)

_KNOWN_DIGESTS = (
    select(t.capture.c.payload_digest)
    .where(t.RESPONSES, t.capture.c.payload_digest.in_(bindparam("digests", expanding=True)))
    .distinct()
)


@cache
def _adding(dialect: str) -> ReturningInsert[Any]:
    made = t.capture.c
    return (
        insert(dialect, t.capture)
        .on_conflict_do_nothing()
        .returning(made.url_id, made.outlet_id, made.kind, made.status, made.truncated)
    )


def is_final(status: int | None, truncated: str | None = None) -> bool:
    """Whether an answer is for good: whole, no server's trouble, no request to come later."""
    if status is None or truncated in BROKEN_OFF:
        return False
    return 200 <= status < 500 and status not in RETRY_STATUSES


def _urls_of(captures: Sequence[Capture], outlets: Mapping[str, int]) -> dict[str, dict[str, Any]]:
    """The rows of their URLs, should these be new: as the captures leave them."""
    rows: dict[str, dict[str, Any]] = {}
    records = {(one.url, one.captured_at, one.warc.file, one.warc.offset): one for one in captures}
    for taken in records.values():  # each counts once, however often it is told
        unasked = url_row(taken.urlkey, outlets[taken.outlet], taken.captured_at)
        row = rows.setdefault(taken.url, unasked)
        row["answered"] |= (final := is_final(taken.status, taken.truncated))
        row["attempts"] += not final
    return rows


def select_captures(*where: ColumnElement[bool] | TextClause) -> Select[Any]:
    """Every column that `to_capture` needs."""
    return (
        select(
            t.capture,
            t.url.c.url,
            t.url.c.urlkey,
            t.outlet.c.name.label("outlet"),
            t.warc_file.c.name.label("file"),
        )
        .join_from(t.capture, t.url, t.capture.c.url_id == t.url.c.id)
        .join(t.outlet, t.capture.c.outlet_id == t.outlet.c.id)
        .join(t.warc_file, t.capture.c.file_id == t.warc_file.c.id)
        .where(*where)
    )


def to_capture(row: Row[Any]) -> Capture:
    """The capture of a row of `select_captures`."""
    return Capture(
        url=row.url,
        urlkey=row.urlkey,
        captured_at=row.at,
        kind=CaptureKind(row.kind),
        outlet=row.outlet,
        run_id=row.run_id,
        status=row.status,
        mime=row.mime,
        warc=WarcRef(
            file=row.file,
            offset=row.offset,
            length=row.length,
            record_id=row.record_id,
            payload_digest=row.payload_digest,
        ),
        record_type=row.record_type,
        body_digest=row.body_digest,
        body_size=row.body_size,
        redirect_to=row.redirect_to,
        truncated=row.truncated,
        etag=row.etag,
        last_modified=row.last_modified,
        extraction=ExtractionState(row.extraction),
    )


class Captures(Store):
    """The part of the catalogue that knows every answer."""

    def add_captures(self, captures: Sequence[Capture]) -> int:
        """Index captures that are in their WARC already, in one transaction; how many are new.

        The same record again (same URL, time, file and offset) changes nothing. A new one with
        a final status answers its URL; any other counts as an attempt that failed.
        """
        if not captures:
            return 0
        with self._writing() as conn:
            outlets = self._numbers(conn, t.outlet.c.name, {taken.outlet: {} for taken in captures})
            urls, made = add_urls(conn, _urls_of(captures, outlets))
            files = self._numbers(
                conn,
                t.warc_file.c.name,
                {taken.warc.file: {"opened": taken.captured_at} for taken in captures},
            )
            rows = [
                {
                    "at": taken.captured_at,
                    "offset": taken.warc.offset,
                    "length": taken.warc.length,
                    "body_size": taken.body_size,
                    "url_id": urls[taken.url],
                    "file_id": files[taken.warc.file],
                    "outlet_id": outlets[taken.outlet],
                    "run_id": taken.run_id,
                    "status": taken.status,
                    "kind": taken.kind,
                    "record_type": taken.record_type,
                    "extraction": taken.extraction,
                    "record_id": taken.warc.record_id,
                    "payload_digest": taken.warc.payload_digest,
                    "body_digest": taken.body_digest,
                    "mime": taken.mime,
                    "redirect_to": taken.redirect_to,
                    "truncated": taken.truncated,
                    "etag": taken.etag,
                    "last_modified": taken.last_modified,
                }
                for taken in captures
            ]
            new = conn.execute(_adding(conn.dialect.name), rows).all()
            begun = {urls[text] for text in made}  # their rows say already how they stand
            asked = [row for row in new if row.url_id not in begun]
            final = {row.url_id for row in asked if is_final(row.status, row.truncated)}
            failed = Counter(row.url_id for row in asked if not is_final(row.status, row.truncated))
            changes = [
                {"number": number, "final": number in final, "failed": failed[number]}
                for number in sorted(final | failed.keys())
            ]
            if changes:
                conn.execute(_ANSWERING, changes)
            count(
                conn,
                Counter(
                    (row.outlet_id, "captures", f"{row.kind}/{row.status or 'none'}") for row in new
                ),
            )
        return len(new)

    def lacking(self, captures: Sequence[Capture]) -> list[Capture]:
        """Those that are not in the catalogue; one look-up each."""
        url, taken, file = t.url.c, t.capture.c, t.warc_file.c
        with self._reading() as conn:
            return [
                one
                for one in captures
                if conn.execute(
                    select(taken.at)
                    .join_from(t.capture, t.url, taken.url_id == url.id)
                    .join(t.warc_file, taken.file_id == file.id)
                    .where(
                        url.url == one.url,
                        taken.at == one.captured_at,
                        file.name == one.warc.file,
                        taken.offset == one.warc.offset,
                    )
                ).first()
                is None
            ]

    def latest_capture(self, url: str) -> Capture | None:
        """The newest whole answer of a URL with status 200 and a body.

        Its validators serve for a conditional request. It may be a revisit of an equal payload,
        but never a 304 nor cut short. Reads the URL's own captures from the newest on.
        """
        good = and_(
            t.capture.c.url_id == select(t.url.c.id).where(t.url.c.url == url).scalar_subquery(),
            t.capture.c.status == 200,
            t.capture.c.truncated.is_(None),
            func.coalesce(t.capture.c.body_size, 1) > 0,
        )
        with self._reading() as conn:
            row = conn.execute(
                select_captures(good).order_by(t.capture.c.at.desc()).limit(1)
            ).first()
        return to_capture(row) if row else None

    def originals(
        self, wanted: Collection[tuple[str, str]], *, redacted: bool = False
    ) -> dict[tuple[str, str], Capture]:
        """By URL and payload digest, the response that a revisit of that payload may point at.

        It is whole, has the status 200, and is the oldest of that URL, or else of the URL that
        has been known longest: so all revisits of one payload point at one record. A pair
        without one is left out, and so is one whose response is redacted, unless `redacted`:
        what is kept from now on shall not need what may go. One look-up for all, of one step
        into an index for each digest that is not there, as that of nearly every page.
        """
        found: dict[tuple[str, str], Capture] = {}
        with self._reading() as conn:
            digests = sorted({digest for _, digest in wanted})
            known = set(conn.scalars(_KNOWN_DIGESTS, {"digests": digests}))
            taken = t.capture.c
            for url, digest in wanted:
                if digest not in known:
                    continue
                good = and_(t.RESPONSES, taken.status == 200, taken.truncated.is_(None))
                equal = taken.payload_digest == digest
                url_id = select(t.url.c.id).where(t.url.c.url == url).scalar_subquery()
                own = select_captures(good, equal, taken.url_id == url_id).order_by(taken.at)
                any_url = select_captures(good, equal).order_by(taken.url_id, taken.at)
                row = conn.execute(own.limit(1)).first() or conn.execute(any_url.limit(1)).first()
                if row:
                    found[url, digest] = to_capture(row)
            if found and not redacted:
                veil = veil_of_captures(conn, found.values())
                found = {pair: one for pair, one in found.items() if veil.of_capture(one) is None}
        return found

    def pending(self, outlet: str | None = None, *, limit: int = 1000) -> list[Capture]:
        """Pages that wait to be extracted, oldest first; cost grows with those that wait.

        One that is redacted goes on waiting, and is left out.
        """
        of_outlet = t.outlet.c.name == outlet if outlet is not None else true()
        taken = t.capture.c
        waiting = select_captures(t.PENDING, taken.kind == "page", of_outlet)
        waiting = waiting.order_by(taken.at, taken.file_id, taken.offset).limit(limit)
        key = tuple_(taken.at, taken.file_id, taken.offset)
        found: list[Capture] = []
        with self._reading() as conn:
            step = waiting
            while True:
                rows = conn.execute(step).all()
                found += visible(conn, [to_capture(row) for row in rows])
                if len(rows) < limit or len(found) >= limit:
                    return found[:limit]
                last = rows[-1]
                step = waiting.where(key > (last.at, last.file_id, last.offset))

    def pending_in(
        self, name: str, *, after: Capture | None = None, limit: int = 200
    ) -> list[Capture]:
        """Pages in one WARC file that wait to be extracted, by time and URL; redacted ones not.

        The next ones come with `after`, the last of these; fewer than `limit` are not yet the
        last, none are. Cost grows with those that wait, of whatever file.
        """
        taken, page = t.capture.c, t.url.c
        file_id = select(t.warc_file.c.id).where(t.warc_file.c.name == name).scalar_subquery()
        in_file = and_(taken.kind == "page", taken.file_id == file_id)
        key = tuple_(taken.at, page.url, taken.offset)
        with self._reading() as conn:
            while True:
                rest: ColumnElement[bool] = true()
                if after is not None:
                    rest = key > (after.captured_at, after.url, after.warc.offset)
                wanted = select_captures(t.PENDING, in_file, rest)
                wanted = wanted.order_by(taken.at, page.url, taken.offset).limit(limit)
                found = [to_capture(row) for row in conn.execute(wanted)]
                shown = visible(conn, found)
                if shown or not found:
                    return shown
                after = found[-1]

    def set_extraction(self, taken: Capture, state: ExtractionState) -> None:
        """Note where a page stands on its way to an article.

        Raises:
            CatalogueError: where the capture is not in the catalogue.
        """
        url_id = select(t.url.c.id).where(t.url.c.url == taken.url).scalar_subquery()
        file_id = select(t.warc_file.c.id).where(t.warc_file.c.name == taken.warc.file)
        with self._writing() as conn:
            found = conn.execute(
                update(t.capture)
                .where(
                    t.capture.c.url_id == url_id,
                    t.capture.c.at == taken.captured_at,
                    t.capture.c.file_id == file_id.scalar_subquery(),
                    t.capture.c.offset == taken.warc.offset,
                )
                .values(extraction=state)
            ).rowcount
        if not found:
            raise CatalogueError(
                "a capture that the catalogue does not know",
                thing=f"{taken.url} in {taken.warc.file} at {taken.warc.offset}",
                todo="Rebuild the catalogue: archiver reindex.",
            )
