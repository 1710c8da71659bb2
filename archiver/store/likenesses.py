"""Articles whose texts are nearly the same: what was compared, and the groups that came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, delete, exists, func, select, update

from archiver.contract import article_from_json
from archiver.model import Article
from archiver.store import tables as t
from archiver.store.base import Store, batches
from archiver.store.engine import insert
from archiver.store.hiding import veil_of

_LATE = 1000  # numbers of articles that may have been given out and kept later than higher ones


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """An article that others may be like. `group_id`: None where it is alone so far."""

    article_id: int
    group_id: int | None
    signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What is to be kept of an article: its signature, its keys, and which others it is like."""

    article_id: int
    signature: bytes | None
    bands: tuple[int, ...] = ()
    like: tuple[int, ...] = ()  # numbers of articles


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """An article of a group, as it was first seen."""

    url: str
    outlet: str
    first_seen: datetime
    article: Article
    signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Articles of nearly the same text, first seen first."""

    id: int
    members: tuple[Member, ...]


class Likenesses(Store):
    """The part of the catalogue that knows which articles are alike."""

    def uncompared(self, limit: int = 500) -> Mapping[int, str]:
        """The first texts of articles that were not compared yet, by number; oldest first.

        Cost grows with these alone.
        """
        done, page, revision = t.likeness.c, t.article.c, t.revision.c
        first = and_(revision.article_id == page.id, revision.number == 1)
        with self._reading() as conn:
            floor = (conn.scalar(select(func.max(done.article_id))) or 0) - _LATE
            rows = conn.execute(
                select(page.id, revision.article)
                .join_from(t.article, t.revision, first, isouter=True)
                .where(page.id > floor, ~exists().where(done.article_id == page.id))
                .order_by(page.id)
                .limit(limit)
            )
            return {row.id: (row.article or {}).get("text") or "" for row in rows}

    def alike(self, keys: Iterable[int]) -> Mapping[int, Sequence[Compared]]:
        """The articles that share keys with a text, by key; a step into an index for each."""
        band, done = t.likeness_band.c, t.likeness.c
        wanted = select(band.key, done.article_id, done.group_id, done.signature).join_from(
            t.likeness_band, t.likeness, band.article_id == done.article_id
        )
        found: dict[int, list[Compared]] = {}
        with self._reading() as conn:
            for batch in batches(map(str, sorted(set(keys)))):
                for row in conn.execute(wanted.where(band.key.in_(list(map(int, batch))))):
                    one = Compared(
                        article_id=row.article_id, group_id=row.group_id, signature=row.signature
                    )
                    found.setdefault(row.key, []).append(one)
        return found

    def keep_likenesses(self, kept: Sequence[Kept]) -> int:
        """Keep what came of comparing articles, in one transaction; how many are in groups now.

        An article that is like several groups makes one of them.
        """
        joined = 0
        with self._writing() as conn:
            for one in kept:
                made = conn.execute(
                    insert(conn.dialect.name, t.likeness)
                    .values(article_id=one.article_id, signature=one.signature)
                    .on_conflict_do_nothing()
                    .returning(t.likeness.c.article_id)
                ).first()
                if made is None:  # another process did it
                    continue
                if one.bands:
                    rows = [{"key": key, "article_id": one.article_id} for key in set(one.bands)]
                    conn.execute(
                        insert(conn.dialect.name, t.likeness_band).on_conflict_do_nothing(), rows
                    )
                if one.like:
                    joined += _join(conn, one)
        return joined

    def likeness_groups(
        self,
        *,
        since: datetime | None = None,
        outlet: str | None = None,
        across: bool = True,
        limit: int = 100,
    ) -> list[Group]:
        """Groups by their newest member, newest first, with all that may be shown of them.

        `across`: only those of several outlets. Cost grows with the groups that are given, and
        those passed over since they are of other outlets.
        """
        made = t.likeness_group.c
        wanted = select(made.id).order_by(made.joined.desc(), made.id.desc())
        if across:
            wanted = wanted.where(t.ACROSS)
        if since is not None:
            wanted = wanted.where(made.joined >= since)
        found: list[Group] = []
        with self._reading() as conn:
            for number in conn.scalars(wanted).yield_per(100):
                members = _members(conn, number)
                outlets = {member.outlet for member in members}
                enough = len(outlets) > 1 if across else len(members) > 1
                if enough and (outlet is None or outlet in outlets):
                    found.append(Group(id=number, members=tuple(members)))
                if len(found) >= limit:
                    break
        return found


def _join(conn: Connection, one: Kept) -> int:
    done, made = t.likeness.c, t.likeness_group.c
    numbers = {one.article_id, *one.like}
    groups = set(
        conn.scalars(
            select(done.group_id).where(done.article_id.in_(numbers), done.group_id.is_not(None))
        )
    )
    if groups:
        target = min(groups)
    else:
        first = {"joined": datetime.fromisoformat("1970-01-01T00:00:00+00:00")}
        target = conn.execute(
            t.likeness_group.insert()
            .values(articles=0, outlets=0, **first)
            .returning(t.likeness_group.c.id)
        ).scalar_one()
    others = groups - {target}
    if others:
        conn.execute(update(t.likeness).where(done.group_id.in_(others)).values(group_id=target))
        conn.execute(delete(t.likeness_group).where(made.id.in_(others)))
    conn.execute(update(t.likeness).where(done.article_id.in_(numbers)).values(group_id=target))
    facts = conn.execute(
        select(
            func.count().label("articles"),
            func.count(t.article.c.outlet_id.distinct()).label("outlets"),
            func.max(t.article.c.first_seen).label("joined"),
        )
        .join_from(t.likeness, t.article, done.article_id == t.article.c.id)
        .where(done.group_id == target)
    ).one()
    conn.execute(
        update(t.likeness_group)
        .where(made.id == target)
        .values(articles=facts.articles, outlets=facts.outlets, joined=facts.joined)
    )
    return 1


def _members(conn: Connection, group: int) -> list[Member]:
    page, done, revision = t.article.c, t.likeness.c, t.revision.c
    rows = conn.execute(
        select(
            page.id,
            page.first_seen,
            t.url.c.url,
            t.outlet.c.name,
            done.signature,
            revision.article,
            revision.number,
        )
        .join_from(t.likeness, t.article, done.article_id == page.id)
        .join(t.url, page.url_id == t.url.c.id)
        .join(t.outlet, page.outlet_id == t.outlet.c.id)
        .join(t.revision, revision.article_id == page.id)
        .where(done.group_id == group)
        .order_by(page.first_seen, page.id, revision.number)
    ).all()
    seen: Counter[int] = Counter()
    members = []
    for row in rows:
        seen[row.id] += 1
        if seen[row.id] == 1:
            members.append(
                Member(
                    url=row.url,
                    outlet=row.name,
                    first_seen=row.first_seen,
                    article=article_from_json(row.article),
                    signature=row.signature,
                )
            )
    veil = veil_of(
        conn,
        {url for one in members for url in (one.url, one.article.url)},
        {_digest(one) for one in members},
    )
    return [
        one
        for one in members
        if veil.of_url(one.url) is None
        and veil.of(one.article.url, one.article.captured_at, _digest(one)) is None
    ]


def _digest(one: Member) -> str | None:
    return one.article.warc.payload_digest if one.article.warc else None


def drop_likeness(conn: Connection, article_id: int) -> None:
    """Forget what an article's text is like, as where it is taken down; it is compared no more.

    Reads all keys once. A group of which less than two are left is none.
    """
    done, group, band = t.likeness.c, t.likeness_group.c, t.likeness_band.c
    number = conn.scalar(select(done.group_id).where(done.article_id == article_id))
    conn.execute(delete(t.likeness_band).where(band.article_id == article_id))
    conn.execute(delete(t.likeness).where(done.article_id == article_id))
    if number is None:
        return
    left = conn.execute(
        select(func.count().label("articles"), func.count(t.article.c.outlet_id.distinct()))
        .join_from(t.likeness, t.article, done.article_id == t.article.c.id)
        .where(done.group_id == number)
    ).one()
    if left[0] < 2:
        conn.execute(update(t.likeness).where(done.group_id == number).values(group_id=None))
        conn.execute(delete(t.likeness_group).where(group.id == number))
    else:
        kept = update(t.likeness_group).where(group.id == number)
        conn.execute(kept.values(articles=left[0], outlets=left[1]))
