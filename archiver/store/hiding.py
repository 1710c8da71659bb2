"""The redactions that concern what is being read, from the database: a step into an index a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, not_, or_, select
from sqlalchemy.sql import ColumnElement

from archiver.model import Capture
from archiver.store import tables as t
from archiver.store.base import batches
from archiver.store.veil import LAST, Redaction, Replaced, Scope, Veil, What, named_keys

_KEYED = (
    select(t.redacted.c.what, t.redacted.c.key, t.redaction)
    .join_from(t.redacted, t.redaction, t.redacted.c.redaction_id == t.redaction.c.id)
    .where(t.redaction.c.lifted.is_(None))
    .order_by(t.redaction.c.id)
)
_OF_KEYS = _KEYED.where(t.redacted.c.key.in_(bindparam("keys", expanding=True)))
_OF_PAYLOADS = (
    select(t.redacted.c.redaction_id)
    .join_from(t.redacted, t.redaction, t.redacted.c.redaction_id == t.redaction.c.id)
    .where(t.redaction.c.lifted.is_(None), t.redacted.c.what == What.PAYLOAD)
    .limit(1)
)
_ALL_PAYLOADS = (
    select(t.redacted.c.key)
    .join_from(t.redacted, t.redaction, t.redacted.c.redaction_id == t.redaction.c.id)
    .where(t.redaction.c.lifted.is_(None), t.redacted.c.what == What.PAYLOAD)
    .distinct()
)
_MARKS = (
    select(t.redacted.c.what, t.redacted.c.key, t.redaction.c.moment)
    .join_from(t.redacted, t.redaction, t.redacted.c.redaction_id == t.redaction.c.id)
    .where(t.redaction.c.lifted.is_(None))
)
_FOLDERS = 50  # redacted ones in one condition, since SQLite bounds how deep one may be
_SECOND = timedelta(seconds=1)
IN_FORCE = select(t.redaction.c.id).where(t.redaction.c.lifted.is_(None)).limit(1)


def veil_of(conn: Connection, urls: Iterable[str], digests: Iterable[str | None] = ()) -> Veil:
    """What hides something of these URLs and payloads; cost grows with what is asked."""
    keys = {key for _, key in named_keys(urls, filter(None, digests))}
    return Veil(
        entry
        for batch in batches(sorted(keys))
        for entry in _entries(conn, _OF_KEYS, {"keys": batch})
    )


def veil_of_captures(conn: Connection, captures: Iterable[Capture]) -> Veil:
    """What hides some of these captures."""
    taken = list(captures)
    return veil_of(conn, {one.url for one in taken}, {one.warc.payload_digest for one in taken})


def visible(conn: Connection, captures: list[Capture]) -> list[Capture]:
    """Those captures that nothing hides, in their order."""
    if not hides_anything(conn):
        return captures
    veil = veil_of_captures(conn, captures)
    return [one for one in captures if veil.of_capture(one) is None] if veil else captures


def shown_of(conn: Connection, urls: Mapping[int, str]) -> ColumnElement[bool]:
    """Which captures of these URLs (by number) nothing hides, as a condition of a query.

    So that they can be counted where they stand: none of them is read for it but, where payloads
    are hidden somewhere, its digest.
    """
    taken, veil = t.capture.c, veil_of(conn, urls.values())
    seconds = {number: veil.seconds_of(url) for number, url in urls.items()}
    parts: list[ColumnElement[bool]] = [
        taken.url_id.in_([number for number, url in urls.items() if veil.of_url(url) is None])
    ]
    parts += [
        not_(and_(taken.url_id == number, taken.at >= second, taken.at < second + _SECOND))
        for number, hidden in seconds.items()
        for second in sorted(hidden)
    ]
    return and_(*parts, *_no_hidden_payload(conn))


def shown_among(
    conn: Connection, since: datetime | None = None, until: datetime | None = None
) -> list[ColumnElement[bool]]:
    """Which captures of whatever URLs nothing hides, as conditions of a query over some time.

    Found from what is redacted, so that URLs of the others are not read: all but spellings that
    nobody knew of, which lists leave out one by one. Cost grows with what is hidden.
    """
    taken, url = t.capture.c, t.url.c
    rows = conn.execute(_MARKS).all()
    whole = {row.key for row in rows if row.what == What.URL and row.moment is None}
    folders = sorted({row.key for row in rows if row.what == What.PREFIX})
    names: list[ColumnElement[bool]] = [url.urlkey.in_(batch) for batch in batches(sorted(whole))]
    names += [
        or_(*(part for key in folders[start : start + _FOLDERS] for part in below(key)))
        for start in range(0, len(folders), _FOLDERS)
    ]
    parts: list[ColumnElement[bool]] = [
        taken.url_id.not_in(select(url.id).where(named)) for named in names
    ]
    for row in rows:
        if row.what != What.URL or row.moment is None:
            continue
        end = row.moment + _SECOND
        if (since is None or end > since) and (until is None or row.moment < until):
            own = taken.url_id.in_(select(url.id).where(url.urlkey == row.key))
            parts.append(not_(and_(taken.at >= row.moment, taken.at < end, own)))
    return [*parts, *_no_hidden_payload(conn)]


def below(prefix: str) -> list[ColumnElement[bool]]:
    """The URLs in a folder of addresses, as ranges of the index of urlkeys."""
    key = t.url.c.urlkey
    if prefix.endswith(")/"):
        return [and_(key >= prefix, key < prefix + LAST)]
    deeper = [and_(key >= prefix + mark, key < prefix + mark + LAST) for mark in "/?"]
    return [key == prefix, *deeper]


def _no_hidden_payload(conn: Connection) -> list[ColumnElement[bool]]:
    digest = t.capture.c.payload_digest
    return [
        or_(digest.is_(None), digest.not_in(batch))
        for batch in batches(conn.scalars(_ALL_PAYLOADS))
    ]


def whole_veil(conn: Connection) -> Veil:
    """Everything that is in force: rows of redactions alone, which are few."""
    return Veil(_entries(conn, _KEYED, {}))


def hides_anything(conn: Connection) -> bool:
    """Whether any redaction is in force; most archives have none."""
    return conn.scalar(IN_FORCE) is not None


def hides_payloads(conn: Connection) -> bool:
    """Whether any payload is hidden under whatever URL: then captures are to be looked at."""
    return conn.scalar(_OF_PAYLOADS) is not None


def _entries(
    conn: Connection, wanted: Select[Any], values: dict[str, Any]
) -> Iterable[tuple[What, str, Redaction]]:
    for row in conn.execute(wanted, values):
        yield What(row.what), row.key, to_redaction(row)


def to_redaction(row: Row[Any]) -> Redaction:
    """The redaction of a row that has its table's columns."""
    return Redaction(
        id=row.name,
        url=row.url,
        scope=Scope(row.scope),
        urls=tuple(row.urls),
        by=row.by,
        reason=row.reason,
        made=row.made,
        moment=row.moment,
        payloads=tuple(row.payloads),
        lifted=row.lifted,
        lifted_by=row.lifted_by,
        lifted_why=row.lifted_why,
        rewritten=row.rewritten,
        files=tuple(Replaced(**file) for file in row.files),
    )
