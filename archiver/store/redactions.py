"""Redactions: what was taken down, what that hides, and why something is not shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, false, func, or_, select, union, update
from sqlalchemy.sql import ColumnElement

from archiver.store import tables as t
from archiver.store.aliases import with_targets
from archiver.store.base import Store, key_of
from archiver.store.engine import insert
from archiver.store.hiding import (
    below,
    to_redaction,
    veil_of,
    whole_veil,
)
from archiver.store.identity import plain_or_same
from archiver.store.tombstones import LIFT, REDACT, REMOVE, REWRITE, Event, events_of, removal_event
from archiver.store.veil import LAST, Redaction, Replaced, Scope, Veil, What, keys_of

_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_JOINED = 3  # steps from a page to its article, to that one's aliases, to theirs


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How much a redaction hides, and the names of the WARC files that it stands in.

    `elsewhere`: answers of other URLs with one of its payloads, which are not hidden.
    """

    captures: int
    articles: int
    revisions: int
    elsewhere: int
    files: tuple[str, ...]


class Redactions(Store):
    """The part of the catalogue that knows what may not be shown."""

    def apply_events(self, events: Iterable[Event]) -> int:
        """Take in events of the archive's own account; how many changed something.

        No loss of power undoes it. The same event again changes nothing.
        """
        changed = 0
        with self._durably() as conn:
            for event in events:
                changed += _APPLY.get(event["event"], _nothing)(conn, event)
        return changed

    def redactions(self) -> list[Redaction]:
        """Every redaction there was, oldest first, also those that were lifted."""
        with self._reading() as conn:
            rows = conn.execute(select(t.redaction).order_by(t.redaction.c.id)).all()
        return [to_redaction(row) for row in rows]

    def tombstones(self) -> list[Event]:
        """What the archive's own account should say, so far as the catalogue knows it."""
        with self._reading() as conn:
            gone = conn.execute(select(t.removal).order_by(t.removal.c.id)).all()
        said = [event for one in self.redactions() for event in events_of(one)]
        return [*said, *(removal_event(row) for row in gone)]

    def veil(self) -> Veil:
        """All that is in force, to be asked in memory; reads the rows of redactions alone."""
        with self._reading() as conn:
            return whole_veil(conn)

    def veil_over(self, urls: Iterable[str]) -> Veil:
        """What of that concerns these URLs; one look-up in an index."""
        with self._reading() as conn:
            return veil_of(conn, urls)

    def spellings(self, url: str) -> list[str]:
        """All URLs that are one page with this one, as far as is known, sorted; it is one itself.

        By aliases, as an article's own address is one of its page's, and those on hosts of the
        same site that are a form of it.
        """
        found = {url, plain_or_same(url)}
        with self._reading() as conn:
            alike = select(t.url.c.id).where(t.url.c.urlkey.in_(sorted(keys_of(url))))
            ids = set(conn.scalars(alike))
            for _ in range(_JOINED):
                ids = with_targets(conn, ids)
                ids |= set(
                    conn.scalars(select(t.alias.c.url_id).where(t.alias.c.target_id.in_(ids)))
                )
            found |= set(conn.scalars(select(t.url.c.url).where(t.url.c.id.in_(ids))))
            found |= _forms(conn, url)
        return sorted(found)

    def payloads_of(self, redaction: Redaction) -> list[str]:
        """Digests of what was answered to the URLs of a redaction: whole pages with a body."""
        taken = t.capture.c
        wanted = select(taken.payload_digest).where(*_whole(redaction)).distinct()
        with self._reading() as conn:
            return sorted(conn.scalars(wanted))

    def reach(self, redaction: Redaction) -> Reach:
        """How much a redaction hides. One of payloads reads the rows of all captures once."""
        taken, page, revision = t.capture.c, t.article.c, t.revision.c
        named = and_(*_captured(redaction))
        if redaction.payloads:
            named = or_(named, taken.payload_digest.in_(redaction.payloads))
        file = t.warc_file.c.name
        standing = (
            select(file, func.count())
            .join_from(t.capture, t.warc_file, taken.file_id == t.warc_file.c.id)
            .where(named)
            .group_by(file)
        )
        urls = select(t.url.c.id).where(_named(redaction))
        moment = redaction.moment
        seen = (
            [revision.captured_at >= moment, revision.captured_at < moment + _SECOND]
            if moment
            else []
        )
        # of one with "or", PostgreSQL makes a walk through all articles
        pages = union(
            select(page.id).where(page.url_id.in_(urls)),
            select(page.id).where(page.page_id.in_(urls)),
        ).subquery()
        texts = (
            select(revision.article_id, func.count().label("revisions"))
            .join_from(pages, t.revision, revision.article_id == pages.c.id)
            .where(*seen)
            .group_by(revision.article_id)
        )
        with self._reading() as conn:
            files = {row[0]: row[1] for row in conn.execute(standing)}
            revisions = [row.revisions for row in conn.execute(texts)]
            elsewhere = 0 if redaction.payloads else conn.scalar(_elsewhere(redaction)) or 0
        return Reach(
            captures=sum(files.values()),
            articles=len(revisions),
            revisions=sum(revisions),
            elsewhere=elsewhere,
            files=tuple(sorted(files)),
        )


def _named(redaction: Redaction) -> ColumnElement[bool]:
    """The URLs that a redaction names, by steps into the index of urlkeys."""
    key = t.url.c.urlkey
    parts: list[ColumnElement[bool]] = [false()]
    for what, text in redaction.marks():
        if what is What.URL:
            parts.append(key == text)
        elif what is What.PREFIX:
            parts += below(text)
    return or_(*parts)


def _captured(redaction: Redaction) -> Sequence[ColumnElement[bool]]:
    """The captures of the URLs that a redaction names."""
    urls = select(t.url.c.id).where(_named(redaction))
    found: list[ColumnElement[bool]] = [t.capture.c.url_id.in_(urls)]
    if redaction.moment is not None:
        at, moment = t.capture.c.at, redaction.moment
        found += [at >= moment, at < moment + _SECOND]
    return found


def _whole(redaction: Redaction) -> Sequence[ColumnElement[bool]]:
    """Those of these captures that are pages with a body."""
    taken = t.capture.c
    some = func.coalesce(taken.body_size, 1) > 0
    return [*_captured(redaction), taken.status == 200, taken.payload_digest.is_not(None), some]


def _elsewhere(redaction: Redaction) -> Select[int]:
    taken = t.capture.c
    own = select(taken.payload_digest).where(*_whole(redaction))
    urls = select(t.url.c.id).where(_named(redaction))
    return select(func.count()).where(
        t.RESPONSES, taken.payload_digest.in_(own), taken.url_id.not_in(urls)
    )


def _forms(conn: Connection, url: str) -> set[str]:
    """URLs of the same site that are forms of a page: what ends its path stands in all of them."""
    plain = key_of(plain_or_same(url))
    host, bracket, path = plain.partition(")")
    words = re.findall(r"[a-z0-9-]{3,}", path.partition("?")[0])
    if not bracket or not words:
        return set()
    longest = max(words, key=len)
    near = select(t.url.c.url).where(
        t.url.c.urlkey >= host,
        t.url.c.urlkey < host + LAST,
        t.url.c.urlkey.contains(longest, autoescape=True),
    )
    return {one for one in conn.scalars(near) if plain in keys_of(one)}


def _redact(conn: Connection, event: Event) -> int:
    made = event.get("moment")
    one = Redaction(
        id=event["id"],
        url=event["url"],
        scope=Scope(event["scope"]),
        urls=tuple(event["urls"]),
        by=event["by"],
        reason=event["reason"],
        made=datetime.fromisoformat(event["at"]),
        moment=datetime.fromisoformat(made) if made else None,
        payloads=tuple(event.get("payloads") or ()),
    )
    number = conn.execute(
        insert(conn.dialect.name, t.redaction)
        .values(
            name=one.id,
            url=one.url,
            scope=one.scope,
            urls=list(one.urls),
            by=one.by,
            reason=one.reason,
            made=one.made,
            moment=one.moment,
            payloads=list(one.payloads),
            files=[],
        )
        .on_conflict_do_nothing()
        .returning(t.redaction.c.id)
    ).scalar()
    if number is None:
        return 0
    keys = [{"redaction_id": number, "what": what, "key": key} for what, key in one.marks()]
    conn.execute(t.redacted.insert(), keys)
    return 1


def _lift(conn: Connection, event: Event) -> int:
    one = t.redaction.c
    return conn.execute(
        update(t.redaction)
        .where(one.name == event["id"], one.lifted.is_(None))
        .values(
            lifted=datetime.fromisoformat(event["at"]),
            lifted_by=event["by"],
            lifted_why=event["reason"],
        )
    ).rowcount


def _rewrite(conn: Connection, event: Event) -> int:
    one = t.redaction.c
    known: list[dict[str, Any]] | None = conn.scalar(
        select(one.files).where(one.name == event["id"])
    )
    file = {name: event.get(name) for name in Replaced.__slots__}
    if known is None or file in known:
        return 0
    conn.execute(
        update(t.redaction)
        .where(one.name == event["id"])
        .values(rewritten=datetime.fromisoformat(event["at"]), files=[*known, file])
    )
    return 1


def _nothing(_conn: Connection, _event: Event) -> int:
    return 0


def _remove(conn: Connection, event: Event) -> int:
    names = ("name", "by", "rule", "size", "records")
    values = {name: event[name] for name in names}
    values |= {name: event.get(name) for name in ("sha256", "copy_url")}
    wanted = insert(conn.dialect.name, t.removal).on_conflict_do_nothing()
    made = wanted.values(at=datetime.fromisoformat(event["at"]), **values)
    return conn.execute(made).rowcount


_APPLY = {REDACT: _redact, LIFT: _lift, REWRITE: _rewrite, REMOVE: _remove}
