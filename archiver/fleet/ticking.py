"""What is due becomes jobs: any machine may tick, and one at a time does."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from archiver.daemon.plan import Timetable, urgency
from archiver.fleet.kinds import CRAWLS, TICK, crawl_key, outlet_of
from archiver.fleet.queue import Job, Queue
from archiver.store.catalogue import Catalogue
from archiver.store.schedule import Turn

log = structlog.get_logger("fleet")

_CRAWLS_FIRST = 10  # above the jobs of batches, which wait in thousands
_LOOK = 100_000  # outlets that may be due at once


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticked:
    """What a tick did: how many jobs it put in and reaped; `asked`: outlets for which it was asked.

    `mine`: whether it was its turn to do anything at all.
    """

    mine: bool
    begun: int = 0
    reaped: int = 0
    asked: frozenset[str] = frozenset()


async def tick(
    queue: Queue,
    catalogue: Catalogue,
    timetable: Timetable,
    now: datetime,
    *,
    waiting: int,
    silent: float,
    held: Collection[str] = (),
    asked: Mapping[str, Mapping[str, str]] | None = None,
) -> Ticked:
    """Put in the crawls that are due, until so many wait; take up what dead workers had.

    Nothing is put in while half as many wait.

    The queue is kept short: what is due stands in the catalogue, and by when. An outlet of which
    a job waits or is at work is not due, so that nothing has to be held or moved meanwhile: its
    due time moves once its turn is settled, and only then does its job go.

    `asked`: outlets, due or not, that are to be crawled with these arguments. `held` are left out.
    """
    async with queue.alone(TICK) as mine:
        if not mine:
            return Ticked(mine=False)
        reaped = await queue.reap(silent=silent)
        for job in reaped:
            log.warning("job-of-a-dead-worker", kind=job.kind, key=job.key)
        # In this order: a job that goes in between has settled its turn before.
        active = {outlet_of(key) for key in await queue.keys(queue=CRAWLS)}
        room = waiting - (await queue.progress(queue=CRAWLS)).waiting
        wanted = {name: one for name, one in (asked or {}).items() if name not in active}
        jobs = [_job(name, timetable, asked=arguments) for name, arguments in wanted.items()]
        if 2 * room > waiting:  # all that is due is read: not for one place at a time
            but = active | set(held) | set(asked or ())
            due = await asyncio.to_thread(catalogue.due, now, limit=_LOOK, but=but)
            jobs += [_job(turn.outlet, timetable) for turn in urgent_first(due, timetable)[:room]]
        begun = await queue.defer(jobs)
        return Ticked(mine=True, begun=begun, reaped=len(reaped), asked=frozenset(wanted))


def urgent_first(due: Collection[Turn], timetable: Timetable) -> list[Turn]:
    """Outlets of breaking news first, by their rules, and of these those due longest."""
    return sorted(due, key=lambda turn: -_priority(turn.outlet, timetable))


def _priority(outlet: str, timetable: Timetable) -> int:
    rule = timetable.rules.get(outlet)
    return urgency(rule) if rule is not None else 0


def _job(outlet: str, timetable: Timetable, asked: Mapping[str, str] | None = None) -> Job:
    return Job(
        kind=CRAWLS,
        queue=CRAWLS,
        arguments={"outlet": outlet, "asked": dict(asked or {})},
        key=crawl_key(outlet),
        lock=crawl_key(outlet),
        priority=_CRAWLS_FIRST + _priority(outlet, timetable),
    )
