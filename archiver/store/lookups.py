"""What replay asks: which captures there are of a URL, and of which URLs there are any."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    func,
    select,
    tuple_,
)

from archiver.model import Capture, CaptureKind, ExtractionState
from archiver.store import tables as t
from archiver.store.base import Store, key_of
from archiver.store.captures import select_captures, to_capture
from archiver.store.hiding import hides_payloads, shown_of, veil_of, visible
from archiver.store.revisions import shown_revisions
from archiver.store.veil import LAST, Redaction, Scope, Veil


@dataclass(frozen=True, kw_only=True, slots=True)
class CapturedUrl:
    """A URL of which there are captures, and the title of its article, where it has one."""

    url: str
    count: int
    first: datetime
    last: datetime
    title: str | None


class Lookups(Store):
    """The part of the catalogue that replay reads."""

    def captures_of(self, url: str, *, redacted: bool = False) -> list[Capture]:
        """Every capture of a URL, oldest first: also revisits, errors and 304 answers.

        URLs of one urlkey count as one (http and https, with or without `www.`, any case).
        With `redacted` also what may not be shown.
        """
        wanted = select_captures(t.url.c.urlkey == key_of(url))
        with self._reading() as conn:
            rows = conn.execute(
                wanted.order_by(t.capture.c.at, t.capture.c.file_id, t.capture.c.offset)
            )
            found = [to_capture(row) for row in rows]
            return found if redacted else visible(conn, found)

    def places(self) -> dict[str, array[int]]:
        """The offsets of all captures, by their WARC file's name; 8 bytes of memory each."""
        found: dict[str, array[int]] = {}
        wanted = select(t.warc_file.c.name, t.capture.c.offset).join_from(t.capture, t.warc_file)
        with self._reading() as conn:
            for name, offset in conn.execution_options(yield_per=10_000).execute(wanted):
                found.setdefault(name, array("q")).append(offset)
        return found

    def places_in(self, name: str) -> frozenset[int]:
        """The offsets of the captures in one WARC file; cost grows with these."""
        file_id = select(t.warc_file.c.id).where(t.warc_file.c.name == name).scalar_subquery()
        with self._reading() as conn:
            wanted = select(t.capture.c.offset).where(t.capture.c.file_id == file_id)
            return frozenset(conn.scalars(wanted))

    def captures_in(self, name: str) -> list[Capture]:
        """Every capture in a WARC file, redacted or not, in its order; cost grows with these."""
        wanted = select_captures(t.warc_file.c.name == name).order_by(t.capture.c.offset)
        with self._reading() as conn:
            return [to_capture(row) for row in conn.execute(wanted)]

    def stages(self, captures: Sequence[Capture]) -> list[ExtractionState | None]:
        """Where each stands on its way to an article; None where the catalogue has no such one."""
        url, own, file = t.url.c, t.capture.c, t.warc_file.c
        names = {one.warc.file for one in captures}
        with self._reading() as conn:
            files = dict(conn.execute(select(file.name, file.id).where(file.name.in_(names))).all())
            return [
                ExtractionState(found) if found is not None else None
                for one in captures
                for found in [
                    conn.scalar(
                        select(own.extraction)
                        .join_from(t.capture, t.url, own.url_id == url.id)
                        .where(
                            url.url == one.url,
                            own.at == one.captured_at,
                            own.file_id == files.get(one.warc.file),
                            own.offset == one.warc.offset,
                        )
                    )
                ]
            ]

    def capture_list(
        self,
        *,
        prefix: str | None = None,
        outlet: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Sequence[CapturedUrl]:
        """URLs of which there are captures, in the order of their urlkeys; without requisites.

        `prefix` is the beginning of a URL (`https://news.example/world`) or of a urlkey
        (`example,`, for all hosts under it). The next page comes with `after`, the last URL of
        this one. Cost grows with the captures of the URLs on the page, not with the archive. What
        is redacted is passed over, a redacted folder of addresses at one step.
        """
        url = t.url.c
        wanted = select(url.id, url.url, url.urlkey).where(
            select(t.capture.c.url_id)
            .where(t.capture.c.url_id == url.id, t.capture.c.kind != CaptureKind.REQUISITE)
            .exists()
        )
        if prefix:
            start = key_of(prefix) if "://" in prefix else prefix
            wanted = wanted.where(url.urlkey >= start, url.urlkey < start + LAST)
        with self._reading() as conn:
            if outlet is not None:
                number = conn.scalar(select(t.outlet.c.id).where(t.outlet.c.name == outlet))
                wanted = wanted.where(url.outlet_id == number)
            if after is not None:
                row = conn.execute(select(url.urlkey, url.id).where(url.url == after)).first()
                place = (row.urlkey, row.id) if row else (key_of(after), 0)
                wanted = wanted.where(tuple_(url.urlkey, url.id) > place)
            found: list[CapturedUrl] = []
            step = wanted.order_by(url.urlkey, url.id).limit(limit)
            while len(found) < limit:
                page = conn.execute(step).all()
                found += _shown(conn, page)
                if len(page) < limit:
                    break
                place = _past(page[-1], veil_of(conn, [page[-1].url]))
                step = wanted.where(tuple_(url.urlkey, url.id) > place)
                step = step.order_by(url.urlkey, url.id).limit(limit)
        return found[:limit]


def _shown(conn: Connection, page: Sequence[Row[*tuple[Any, ...]]]) -> list[CapturedUrl]:
    """Those rows of which there is something to show, with what that is."""
    veil = veil_of(conn, [row.url for row in page])
    rows = [row for row in page if veil.of_url(row.url) is None]
    ids = [row.id for row in rows]
    closely = veil.finer or hides_payloads(conn)
    sights = _times(ids)
    if closely:
        sights = sights.where(shown_of(conn, {row.id: row.url for row in rows}))
    times = {row.url_id: (row.captures, row.first, row.last) for row in conn.execute(sights).all()}
    titles = _shown_titles(conn, ids) if closely else _known_titles(conn, ids)
    return [
        CapturedUrl(
            url=row.url,
            count=times[row.id][0],
            first=times[row.id][1],
            last=times[row.id][2],
            title=titles.get(row.id),
        )
        for row in rows
        if row.id in times
    ]


def _known_titles(conn: Connection, url_ids: Sequence[int]) -> dict[int, str | None]:
    return {row.page_id: row.title for row in conn.execute(_titles(url_ids))}


def _shown_titles(conn: Connection, url_ids: Sequence[int]) -> dict[int, str | None]:
    """Titles found one by one: where single captures are redacted."""
    titles = {}
    for row in conn.execute(_titles(url_ids)).all():
        revisions = shown_revisions(conn, row.id)
        titles[row.page_id] = revisions[-1].article.title if revisions else None
    return titles


def _past(row: Row[*tuple[Any, ...]], veil: Veil) -> tuple[str, int]:
    """Where the list goes on after a row: behind all of the redacted folder that it is in."""
    hidden: Redaction | None = veil.of_url(row.url)
    if hidden is not None and hidden.scope is Scope.PREFIX:
        folder = key_of(hidden.url)
        folder = folder if folder.endswith("/") else f"{folder}/"
        if row.urlkey.startswith(folder):
            return folder + LAST, 0
    return row.urlkey, row.id


def _times(url_ids: Sequence[int]) -> Select[tuple[int, int, datetime, datetime]]:
    capture = t.capture.c
    return (
        select(
            capture.url_id,
            func.count().label("captures"),
            func.min(capture.at).label("first"),
            func.max(capture.at).label("last"),
        )
        .where(capture.url_id.in_(url_ids))
        .group_by(capture.url_id)
    )


def _titles(url_ids: Sequence[int]) -> Select[tuple[int, str, int]]:
    """Titles of the pages' articles; where a page gave several, the one seen last comes last."""
    article, revision = t.article.c, t.revision.c
    current = and_(revision.article_id == article.id, revision.number == article.revision)
    return (
        select(article.page_id, revision.title, article.id)
        .join_from(t.article, t.revision, current)
        .where(article.page_id.in_(url_ids))
        .order_by(article.last_seen)
    )
