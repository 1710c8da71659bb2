"""Spellings: which URLs are one page's, by which rule, and which of them need not be asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select, update

from archiver.forms import rule_between
from archiver.store import tables as t
from archiver.store.base import Store, batches, intern_outlets, intern_urls, key_of
from archiver.store.engine import insert
from archiver.store.identity import key_of_spelling, plain_or_same

_FOLLOWED = 4  # aliases from one URL to an article at most: a redirect, a form, a canonical URL

_ANSWERED = (
    update(t.url)
    .where(t.url.c.id == bindparam("number"), t.url.c.answered.is_(False))
    .values(answered=True)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """Two URLs that are one page: `url` is another spelling of `target`, by a rule.

    `rule` is one of those of `archiver.forms`, or redirect, canonical, amphtml.
    """

    url: str
    target: str
    rule: str
    first_seen: datetime


class Aliases(Store):
    """The part of the catalogue that knows pages by other names."""

    def known_spellings(self, urls: Collection[str]) -> dict[str, str]:
        """For those URLs of which the archive holds another spelling, that spelling.

        Only a page that came counts, not a redirect or an error: those may be all that there is
        under the other name. One look-up in an index a URL, in batches of 1,000, whatever the
        archive's size.
        """
        wanted: dict[str, list[str]] = {}
        for url in urls:
            for form in {url, plain_or_same(url)}:
                wanted.setdefault(key_of(form), []).append(url)
        found: dict[str, str] = {}
        with self._reading() as conn:
            for batch in batches(wanted):
                rows = conn.execute(
                    select(t.url.c.url, t.url.c.urlkey)
                    .where(t.url.c.urlkey.in_(batch), t.url.c.answered, or_(_came, _is_target))
                    .order_by(t.url.c.id)
                )
                for row in rows:
                    key = key_of_spelling(row.url)
                    for url in wanted[row.urlkey]:
                        if url != row.url and key_of_spelling(url) == key:
                            found.setdefault(url, row.url)
        return found

    def add_aliases(self, outlet: str, aliases: Iterable[Alias]) -> None:
        """Keep why URLs are one page. None of them is asked for any more, but for the target.

        Two URLs that are joined already stay joined by the rule that was first.
        """
        found = list(aliases)
        if found:
            with self._writing() as conn:
                add_aliases(conn, intern_outlets(conn, [outlet])[outlet], found)

    def aliases_of(self, url: str) -> list[Alias]:
        """Every alias that leads to the article of a URL, oldest first; the URL may be one."""
        with self._reading() as conn:
            known = select(t.url.c.id).where(t.url.c.urlkey == key_of(url))
            ids = with_targets(conn, conn.scalars(known).all())
            rows = conn.execute(
                select(
                    t.url.c.url,
                    _target.c.url.label("target"),
                    t.alias.c.rule,
                    t.alias.c.first_seen,
                )
                .join_from(t.alias, t.url, t.alias.c.url_id == t.url.c.id)
                .join(_target, t.alias.c.target_id == _target.c.id)
                .where(t.alias.c.target_id.in_(ids))
                .order_by(t.alias.c.first_seen, t.alias.c.url_id)
            ).all()
        return [Alias(**row._mapping) for row in rows]


_target = t.url.alias("target")
_came = (
    select(t.capture.c.url_id)
    .where(t.capture.c.url_id == t.url.c.id, t.capture.c.status == 200)
    .exists()
)
_is_target = select(t.alias.c.url_id).where(t.alias.c.target_id == t.url.c.id).exists()


def with_targets(conn: Connection, ids: Iterable[int]) -> set[int]:
    """The numbers of URLs, and of all that they are spellings of."""
    found = set(ids)
    fresh = found
    for _ in range(_FOLLOWED):
        if not fresh:
            break
        targets = select(t.alias.c.target_id).where(t.alias.c.url_id.in_(fresh))
        fresh = set(conn.scalars(targets)) - found
        found = found | fresh
    return found


def add_aliases(conn: Connection, outlet_id: int, aliases: Iterable[Alias]) -> None:
    """Add aliases within a transaction: see `Aliases.add_aliases`.

    A target that has another name only by its form is not asked for either: the page is here.
    """
    found = [one for one in aliases if one.url != one.target]
    if not found:
        return
    times = {url: (outlet_id, one.first_seen) for one in found for url in (one.url, one.target)}
    numbers = intern_urls(conn, times)
    rows = {
        (numbers[one.url], numbers[one.target]): {
            "url_id": numbers[one.url],
            "target_id": numbers[one.target],
            "rule": one.rule,
            "first_seen": one.first_seen,
        }
        for one in reversed(found)
    }
    wanted = insert(conn.dialect.name, t.alias).on_conflict_do_nothing()
    conn.execute(wanted, [rows[pair] for pair in sorted(rows)])
    conn.execute(_ANSWERED, [{"number": number} for number in sorted({pair[0] for pair in rows})])


def settle(conn: Connection, numbers: Collection[int]) -> None:
    """Note that URLs need not be asked for: what they would answer is in the archive."""
    if numbers:
        conn.execute(_ANSWERED, [{"number": number} for number in sorted(numbers)])


def joined(spellings: Mapping[str, str], at: datetime) -> list[Alias]:
    """The aliases of URLs and the spelling under which each is known."""
    return [
        Alias(url=url, target=known, rule=rule_between(url, known), first_seen=at)
        for url, known in spellings.items()
    ]
