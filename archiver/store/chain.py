"""The chain of an article's revisions, by time of capture: where a new capture belongs in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, update

from archiver.contract import article_from_json, article_to_json
from archiver.errors import StaleRevisionError
from archiver.model import Article, Changes
from archiver.store import tables as t
from archiver.store.base import intern
from archiver.store.changed import Step, common_lines, drop_change, note_baseline, put_change
from archiver.store.fingerprint import marks_digest, text_digest
from archiver.store.judging import Judge, Stale

_OF_ARTICLE = select(
    t.revision.c.number,
    t.revision.c.captured_at,
    t.revision.c.text_digest,
    t.revision.c.marks,
    t.revision.c.article,
)


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """An article of a capture that is to find its place; `page_id` is that of its own URL."""

    article_id: int
    outlet_id: int
    page_id: int
    article: Article
    at: datetime

    @cached_property
    def digest(self) -> str:
        """That of its text."""
        return text_digest(self.article)

    @cached_property
    def marks(self) -> int:
        """The digest of what it says beside its text."""
        return marks_digest(self.article)


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A revision beside the newcomer."""

    row: Row[Any]

    @property
    def number(self) -> int:
        return int(self.row.number)

    @cached_property
    def article(self) -> Article:
        return article_from_json(self.row.article)


def _is_same(row: Row[Any], new: Newcomer) -> bool:
    """Whether a kept row's digests are the newcomer's; old rows have none of the marks."""
    return row.text_digest == new.digest and row.marks in (None, new.marks)


def place(conn: Connection, new: Newcomer, judge: Judge | None) -> tuple[int, bool]:
    """The number of the revision that a capture shows, and whether it was added for it.

    Nothing is compared where the text is that of the revision before or after it by time. Without
    a judge every other text makes a revision.

    Raises:
        StaleRevisionError: revisions must be extracted again first, see `Judge.fresh`.
    """
    before, after = _neighbours(conn, new)
    kept = [one for one in (before, after) if one is not None]
    own = _replace(conn, new.article_id, new.at, new.article)
    if own is not None:
        if judge is not None:
            told = {one.number: _told(conn, new, one, judge) for one in kept}
            _note(conn, new, own, before, after, told)
        return own, False
    for one in kept:
        if _is_same(one.row, new):
            return one.number, False
    based = _baseline(conn, new, before)
    if before is not None and based is not None and _is_same(based, new):
        return before.number, False
    told = {}
    if judge is not None and kept:
        _demand(new, before, after, based, judge)
        for one in kept:
            changes = told[one.number] = _told(conn, new, one, judge)
            if changes is None or changes.trivial:
                if one is before and (changes is None or changes.redesign):
                    _go_by(conn, new, one)
                return one.number, False
    number = _add(conn, new)
    if judge is not None:
        _note(conn, new, number, before, after, told)
    return number, True


def _go_by(conn: Connection, new: Newcomer, before: _Kept) -> None:
    """Have the next capture compared with this one, of which nothing is claimed."""
    note_baseline(
        conn,
        new.article_id,
        before.number,
        at=new.at,
        page_id=new.page_id,
        text_digest=new.digest,
        marks=new.marks,
    )


def _neighbours(conn: Connection, new: Newcomer) -> tuple[_Kept | None, _Kept | None]:
    """The revisions before and after a moment by time of capture, that of the moment left out."""
    revision = t.revision.c
    of_article: Select[Any] = _OF_ARTICLE.where(revision.article_id == new.article_id)
    before = of_article.where(revision.captured_at < new.at).order_by(
        revision.captured_at.desc(), revision.number.desc()
    )
    after = of_article.where(revision.captured_at > new.at).order_by(
        revision.captured_at, revision.number
    )
    rows = [conn.execute(one.limit(1)).first() for one in (before, after)]
    first, second = (_Kept(row=row) if row is not None else None for row in rows)
    return first, second


def _baseline(conn: Connection, new: Newcomer, before: _Kept | None) -> Row[Any] | None:
    """The capture to compare with in place of that of the revision before, if there is one."""
    if before is None:
        return None
    line = t.baseline.c
    wanted: Select[Any] = (
        select(line.at, line.text_digest, line.marks, t.url.c.url)
        .join_from(t.baseline, t.url, line.page_id == t.url.c.id)
        .where(line.article_id == new.article_id, line.number == before.number, line.at < new.at)
    )
    return conn.execute(wanted).first()


def _demand(
    new: Newcomer, before: _Kept | None, after: _Kept | None, based: Row[Any] | None, judge: Judge
) -> None:
    """Ask for what must be extracted (again) before anything can be told."""
    stale = [
        Stale(number=one.number, url=one.article.url, at=one.row.captured_at)
        for one in (before, after)
        if one is not None and not judge.comparable(one.article, new.article)
    ]
    if before is not None and based is not None:
        stale = [one for one in stale if one.number != before.number]
        stale.append(Stale(number=before.number, url=based.url, at=based.at))
    if lacking := [one for one in stale if one.number not in judge.fresh]:
        raise StaleRevisionError(lacking)


def _told(conn: Connection, new: Newcomer, one: _Kept, judge: Judge) -> Changes | None:
    """What changed from a neighbour to the newcomer, or to it from the newcomer, in time's order.

    Lines that other articles of the outlet got or lost, too, count for nothing. None where the
    neighbour cannot be had as the newcomer's extractor sees it.
    """
    other = judge.fresh.get(one.number, one.article)
    if other is None or not judge.comparable(other, new.article):
        return None
    if one.number in judge.fresh and other.captured_at == one.row.captured_at:
        _replace(conn, new.article_id, one.row.captured_at, other)
    pair = (other, new.article) if one.row.captured_at < new.at else (new.article, other)
    if text_digest(other) == new.digest and marks_digest(other) == new.marks:
        return Changes()
    changes = judge.compare(*pair)
    if changes.trivial or not changes.lines:
        return changes
    common = common_lines(conn, new.outlet_id, new.article_id, one.number, changes.lines, judge)
    return judge.compare(*pair, furniture=common) if common else changes


def _note(
    conn: Connection,
    new: Newcomer,
    number: int,
    before: _Kept | None,
    after: _Kept | None,
    told: Mapping[int, Changes | None],
) -> None:
    """Keep what changed to a revision that is in its place, and from it to the next one."""
    if before is None:
        drop_change(conn, new.article_id, number)
    elif (changes := told[before.number]) is not None:
        step = Step(number=number, against=before.number, at=new.at)
        put_change(conn, changes, new.outlet_id, new.article_id, step)
    if after is not None and (changes := told[after.number]) is not None:
        step = Step(number=after.number, against=number, at=after.row.captured_at)
        put_change(conn, changes, new.outlet_id, new.article_id, step)


def _replace(conn: Connection, article_id: int, at: datetime, article: Article) -> int | None:
    """Put an article in the place of the revision of its very capture; that one's number."""
    revision = t.revision.c
    return conn.execute(
        update(t.revision)
        .where(revision.article_id == article_id, revision.captured_at == at)
        .values(
            word_count=article.word_count,
            text_digest=text_digest(article),
            marks=marks_digest(article),
            title=article.title,
            article=article_to_json(article),
        )
        .returning(revision.number)
    ).scalar()


def _add(conn: Connection, new: Newcomer) -> int:
    """Add a revision under the next number, and point the article at its newest."""
    revision, article = t.revision.c, new.article
    of_article = revision.article_id == new.article_id
    highest = conn.execute(select(func.max(revision.number)).where(of_article)).scalar()
    number = (highest or 0) + 1
    file_id = None
    if article.warc:
        name = article.warc.file
        file_id = intern(conn, t.warc_file.c.name, {name: {"opened": new.at}})[0][name]
    conn.execute(
        t.revision.insert().values(
            article_id=new.article_id,
            number=number,
            captured_at=new.at,
            file_id=file_id,
            offset=article.warc.offset if article.warc else None,
            word_count=article.word_count,
            text_digest=new.digest,
            marks=new.marks,
            title=article.title,
            article=article_to_json(article),
        )
    )
    newest = select(revision.number).where(of_article)
    newest = newest.order_by(revision.captured_at.desc(), revision.number.desc()).limit(1)
    conn.execute(
        update(t.article)
        .where(t.article.c.id == new.article_id)
        .values(revision=newest.scalar_subquery())
    )
    return number
