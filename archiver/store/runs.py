"""Runs, and what they found, tried and stumbled over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from archiver.errors import CatalogueError
from archiver.model import Discovery, Problem, SourceKind
from archiver.store import tables as t
from archiver.store.aliases import Alias, add_aliases
from archiver.store.base import Store, batches, count, intern_outlets, intern_urls
from archiver.store.engine import insert
from archiver.store.fingerprint import words_digest
from archiver.urls import left_out


def _keep_links(
    conn: Connection, new: set[int], urls: Mapping[str, int], discoveries: Sequence[Discovery]
) -> None:
    """Join the sources' own links, of mentions that are new, with the pages that they lead to."""
    by_outlet: dict[str, list[Alias]] = {}
    for found in discoveries:
        if found.link is None or urls[found.url] not in new:
            continue
        rule = "+".join(dict.fromkeys(left_out(found.link)))
        if rule:  # else it is only written in another way
            alias = Alias(url=found.link, target=found.url, rule=rule, first_seen=found.found_at)
            by_outlet.setdefault(found.outlet, []).append(alias)
    if by_outlet:
        outlets = intern_outlets(conn, by_outlet)
        for name, aliases in sorted(by_outlet.items()):
            add_aliases(conn, outlets[name], aliases)


def _to_discovery(row: Row[Any]) -> Discovery:
    return Discovery(
        url=row.url,
        outlet=row.outlet,
        via=SourceKind(row.via),
        source_url=row.source_url,
        found_at=row.found_at,
        guid=row.guid,
        title=row.title,
        published_raw=row.published_raw,
        published=row.published,
        modified=row.modified,
        run_id=row.run_id,
    )


class Runs(Store):
    """The part of the catalogue that crawls write as they go."""

    def start_run(
        self, outlet: str, *, trigger: str, at: datetime, planned: datetime | None = None
    ) -> int:
        """Begin a run of an outlet, `planned` by the timetable or not; returns its number.

        Only the holder of the outlet's lock may call this: a run that still stands as running
        was killed, and is ended as failed.
        """
        with self._writing() as conn:
            number = intern_outlets(conn, [outlet])[outlet]
            conn.execute(
                update(t.run)
                .where(
                    t.run.c.id
                    == select(t.outlet.c.last_run_id)
                    .where(t.outlet.c.id == number)
                    .scalar_subquery(),
                    t.run.c.state == "running",
                )
                .values(ended=at, state="failed", reason="killed")
            )
            made = conn.execute(
                t.run.insert().values(
                    outlet_id=number, trigger=trigger, planned=planned, started=at, state="running"
                )
            ).inserted_primary_key
            run_id = int(made[0]) if made else 0
            conn.execute(update(t.outlet).where(t.outlet.c.id == number).values(last_run_id=run_id))
        return run_id

    def end_run(
        self,
        run_id: int,
        *,
        at: datetime,
        state: str,
        reason: str | None,
        counts: Mapping[str, int],
    ) -> None:
        """End a run; `state` is done, partial, failed or interrupted.

        Raises:
            CatalogueError: where there is no such run.
        """
        with self._writing() as conn:
            found = conn.execute(
                update(t.run)
                .where(t.run.c.id == run_id)
                .values(ended=at, state=state, reason=reason, counts=dict(counts))
            ).rowcount
        if not found:
            raise CatalogueError("no such run", thing=f"run {run_id}")

    def add_discoveries(self, run_id: int | None, discoveries: Sequence[Discovery]) -> int:
        """Keep what sources say; returns how many mentions are new.

        The same source saying the same of the same URL again is not new; another title or
        date is.
        """
        if not discoveries:
            return 0
        with self._writing() as conn:
            outlets = intern_outlets(conn, {found.outlet for found in discoveries})
            addresses = {
                text: (outlets[found.outlet], found.found_at)
                for found in discoveries
                for text in (found.url, found.source_url)
            }
            urls = intern_urls(conn, addresses)
            rows = [
                {
                    "url_id": urls[found.url],
                    "source_id": urls[found.source_url],
                    "words": words_digest(found),
                    "found_at": found.found_at,
                    "published": found.published,
                    "modified": found.modified,
                    "outlet_id": outlets[found.outlet],
                    "run_id": run_id,
                    "via": found.via,
                    "guid": found.guid,
                    "title": found.title,
                    "published_raw": found.published_raw,
                }
                for found in discoveries
            ]
            rows.sort(key=itemgetter("url_id", "source_id", "words"))
            wanted = insert(conn.dialect.name, t.discovery).on_conflict_do_nothing()
            new = conn.scalars(wanted.returning(t.discovery.c.url_id), rows).all()
            _keep_links(conn, set(new), urls, discoveries)
        return len(new)

    def mentions_of(self, urls: Sequence[str]) -> dict[str, Discovery]:
        """What was first said of each URL that a source mentioned, its own link left out.

        Two look-ups in indexes a URL, in batches of 1,000.
        """
        source = t.url.alias("source")
        said = t.discovery.c
        found: dict[str, Discovery] = {}
        with self._reading() as conn:
            for batch in batches(dict.fromkeys(urls)):
                rows = conn.execute(
                    select(
                        t.discovery,
                        t.url.c.url,
                        source.c.url.label("source_url"),
                        t.outlet.c.name.label("outlet"),
                    )
                    .join_from(t.url, t.discovery, said.url_id == t.url.c.id)
                    .join(source, said.source_id == source.c.id)
                    .join(t.outlet, said.outlet_id == t.outlet.c.id)
                    .where(t.url.c.url.in_(batch))
                    .order_by(said.found_at, said.source_id, said.words)
                )
                for row in rows:
                    found.setdefault(row.url, _to_discovery(row))
        return found

    def unfetched(self, outlet: str, urls: Sequence[str], *, max_attempts: int = 5) -> set[str]:
        """Those URLs that are still to be fetched for an outlet.

        A URL is done with once any outlet's request for it has had a final answer (2xx, 3xx,
        4xx but for 401, 403, 408, 425 and 429), or after `max_attempts` that failed. Two
        look-ups in indexes a URL, in batches of 1,000, whatever the archive's size.
        """
        wanted = set(urls)
        done = or_(t.url.c.answered, t.url.c.attempts >= max_attempts)
        with self._reading() as conn:
            for batch in batches(set(urls)):
                wanted.difference_update(
                    conn.scalars(select(t.url.c.url).where(t.url.c.url.in_(batch), done))
                )
        return wanted

    def note_attempt(self, outlet: str, url: str, *, at: datetime, reason: str) -> None:
        """Count a request that failed and left nothing to keep (no connection, no host).

        An exchange that `add_captures` is told of is counted there.
        """
        with self._writing() as conn:
            number = intern_outlets(conn, [outlet])[outlet]
            url_id = intern_urls(conn, {url: (number, at)})[url]
            conn.execute(
                update(t.url).where(t.url.c.id == url_id).values(attempts=t.url.c.attempts + 1)
            )
            count(conn, {(number, "attempts", reason): 1})

    def reopen(self, url: str) -> None:
        """Let a page be fetched again in a later run, since a wall stood in its place."""
        with self._writing() as conn:
            conn.execute(
                update(t.url)
                .where(t.url.c.url == url)
                .values(answered=False, attempts=t.url.c.attempts + 1)
            )

    def add_problems(self, run_id: int | None, outlet: str, problems: Sequence[Problem]) -> None:
        """Keep what went wrong, for `archiver status` and for those who look into it."""
        if not problems:
            return
        with self._writing() as conn:
            number = intern_outlets(conn, [outlet])[outlet]
            conn.execute(
                t.problem.insert(),
                [
                    {
                        "at": fault.at,
                        "outlet_id": number,
                        "run_id": run_id,
                        "stage": fault.stage,
                        "reason": fault.reason,
                        "url": fault.url,
                        "detail": fault.detail,
                    }
                    for fault in problems
                ],
            )
            count(
                conn,
                Counter((number, "problems", f"{p.stage}/{p.reason}") for p in problems),
            )
