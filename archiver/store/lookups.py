"""What replay asks: which captures there are of a URL, and of which URLs there are any."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, select, tuple_

from archiver.model import Capture, CaptureKind
from archiver.store import tables as t
from archiver.store.base import Store, key_of
from archiver.store.captures import select_captures, to_capture

# After every character that a urlkey with a given prefix may go on with.
_LAST = "\U0010ffff"


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

    def captures_of(self, url: str) -> list[Capture]:
        """Every capture of a URL, oldest first: also revisits, errors and 304 answers.

        URLs of one urlkey count as one (http and https, with or without `www.`, any case).
        """
        wanted = select_captures(t.url.c.urlkey == key_of(url))
        with self._reading() as conn:
            rows = conn.execute(
                wanted.order_by(t.capture.c.at, t.capture.c.file_id, t.capture.c.offset)
            ).all()
        return [to_capture(row) for row in rows]

    def places(self) -> dict[str, array[int]]:
        """The offsets of all captures, by their WARC file's name; 8 bytes of memory each."""
        found: dict[str, array[int]] = {}
        wanted = select(t.warc_file.c.name, t.capture.c.offset).join_from(t.capture, t.warc_file)
        with self._reading() as conn:
            for name, offset in conn.execution_options(yield_per=10_000).execute(wanted):
                found.setdefault(name, array("q")).append(offset)
        return found

    def refers_to(self, url: str, at: datetime) -> Capture | None:
        """The response of a URL at a moment, which a revisit names as what it stands for."""
        named = and_(
            t.capture.c.url_id == select(t.url.c.id).where(t.url.c.url == url).scalar_subquery(),
            t.capture.c.at == at,
            t.capture.c.record_type == "response",
        )
        with self._reading() as conn:
            row = conn.execute(select_captures(named).limit(1)).first()
        return to_capture(row) if row else None

    def nearest(self, url: str, at: datetime) -> Capture | None:
        """The capture of a URL (by urlkey) nearest in time that can be replayed.

        That is any that has an answer, but not a 304, which has no page. Of two as near the
        earlier one. Two steps into an index for each way to write the URL, however many
        captures there are.
        """
        capture = t.capture.c
        with self._reading() as conn:
            url_ids = conn.scalars(
                select(t.url.c.id).where(t.url.c.urlkey == key_of(url)).order_by(t.url.c.id)
            ).all()
            found: list[Capture] = []
            for url_id in url_ids:
                usable = and_(capture.url_id == url_id, capture.status != 304)
                before = select_captures(usable, capture.at <= at).order_by(capture.at.desc())
                after = select_captures(usable, capture.at > at).order_by(capture.at)
                for wanted in (before, after):
                    row = conn.execute(wanted.limit(1)).first()
                    if row:
                        found.append(to_capture(row))
        return min(
            found, key=lambda one: (abs(one.captured_at - at), one.captured_at), default=None
        )

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
        this one. Cost grows with the captures of the URLs on the page, not with the archive.
        """
        url = t.url.c
        wanted = select(url.id, url.url).where(
            select(t.capture.c.url_id)
            .where(t.capture.c.url_id == url.id, t.capture.c.kind != CaptureKind.REQUISITE)
            .exists()
        )
        if prefix:
            start = key_of(prefix) if "://" in prefix else prefix
            wanted = wanted.where(url.urlkey >= start, url.urlkey < start + _LAST)
        with self._reading() as conn:
            if outlet is not None:
                number = conn.scalar(select(t.outlet.c.id).where(t.outlet.c.name == outlet))
                wanted = wanted.where(url.outlet_id == number)
            if after is not None:
                row = conn.execute(select(url.urlkey, url.id).where(url.url == after)).first()
                place = (row.urlkey, row.id) if row else (key_of(after), 0)
                wanted = wanted.where(tuple_(url.urlkey, url.id) > place)
            page = conn.execute(wanted.order_by(url.urlkey, url.id).limit(limit)).all()
            ids = [row.id for row in page]
            times = {row.url_id: row for row in conn.execute(_times(ids))}
            titles = {row.page_id: row.title for row in conn.execute(_titles(ids))}
        return [
            CapturedUrl(
                url=row.url,
                count=times[row.id].captures,
                first=times[row.id].first,
                last=times[row.id].last,
                title=titles.get(row.id),
            )
            for row in page
        ]


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


def _titles(url_ids: Sequence[int]) -> Select[tuple[int, str]]:
    """Titles of the pages' articles; where a page gave several, the one seen last comes last."""
    article, revision = t.article.c, t.revision.c
    current = and_(revision.article_id == article.id, revision.number == article.revision)
    return (
        select(article.page_id, revision.title)
        .join_from(t.article, t.revision, current)
        .where(article.page_id.in_(url_ids))
        .order_by(article.last_seen)
    )
