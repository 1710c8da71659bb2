"""Batches: what is to be done to many WARC files, and how far that is."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, or_, select, true, update

from archiver.store import tables as t
from archiver.store.base import BATCH, Store, batches
from archiver.store.engine import insert

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What is to be done to one WARC file, or what came of it.

    `place`: a file's name in the archive, a path or a URL. `worker`: host and process that has or
    had it. `reason`: why it failed. `faults`: what is wrong with the file, as words for people.
    """

    batch: int
    number: int
    place: str
    state: str
    attempts: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    worker: str | None = None
    reason: str | None = None
    counts: Mapping[str, int] | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """A batch and how many of its jobs are in each state; `since`: when a job ended last."""

    id: int
    kind: str
    asked: str
    options: Mapping[str, Any]
    fleet: bool
    made: datetime
    states: Mapping[str, int]
    faulty: int = 0  # jobs that are done, with faults

    @property
    def size(self) -> int:
        """How many jobs it has."""
        return sum(self.states.values())

    @property
    def left(self) -> int:
        """How many jobs are neither done nor failed."""
        return self.states.get(WAITING, 0) + self.states.get(RUNNING, 0)


class Batches(Store):
    """The part of the catalogue that follows work over many WARC files."""

    def begin_batch(
        self,
        kind: str,
        options: Mapping[str, Any],
        places: Iterable[str],
        *,
        asked: str,
        fleet: bool,
        at: datetime,
        anew: bool = False,
    ) -> tuple[int, bool]:
        """The number of a batch over these places, and whether it is one that goes on.

        It is the newest that was `asked` for in the same words, where that one has jobs that are
        not done: what it lacks is added, and what failed waits again. Otherwise, or `anew`, it is
        a new one.
        """
        with self._writing() as conn:
            number = None if anew else conn.scalar(_unfinished(asked, fleet=fleet))
            known = number is not None
            if number is None:
                made = t.batch.insert().values(
                    made=at, fleet=fleet, kind=kind, asked=asked, options=dict(options)
                )
                number = int(conn.execute(made.returning(t.batch.c.id)).scalar_one())
            job = t.batch_job.c
            of_batch = job.batch_id == number
            conn.execute(
                update(t.batch_job)
                .where(of_batch, job.state == FAILED)
                .values(state=WAITING, attempts=0)
            )
            last = conn.scalar(select(func.max(job.number)).where(of_batch)) or 0
            adding = insert(conn.dialect.name, t.batch_job).on_conflict_do_nothing()
            for some in batches(places):
                rows = [
                    {
                        "batch_id": number,
                        "number": last + place,
                        "attempts": 0,
                        "state": WAITING,
                        "place": name,
                    }
                    for place, name in enumerate(some, 1)
                ]
                conn.execute(adding, rows)
                last += len(some)
        return number, known

    def batch(self, number: int) -> Batch | None:
        """A batch; None where there is none. Cost grows with its jobs."""
        found = self._batches(number)
        return found[0] if found else None

    def batch_kind(self, number: int) -> tuple[str, Mapping[str, Any]] | None:
        """What a batch does, and with which options; None where there is none."""
        made = t.batch.c
        with self._reading() as conn:
            row = conn.execute(select(made.kind, made.options).where(made.id == number)).first()
        return (row.kind, row.options) if row else None

    def all_batches(self) -> list[Batch]:
        """Every batch, newest first; cost grows with their jobs."""
        return self._batches(None)

    def batch_jobs(
        self, number: int, states: Collection[str] = (), *, after: int = 0, limit: int = BATCH
    ) -> list[Job]:
        """Jobs of a batch in their order, those in these states; `after`: of higher numbers."""
        job = t.batch_job.c
        chosen = job.state.in_(states) if states else true()
        wanted = select(t.batch_job).where(job.batch_id == number, job.number > after, chosen)
        with self._reading() as conn:
            rows = conn.execute(wanted.order_by(job.number).limit(limit)).all()
        return [_job(row) for row in rows]

    def faulty_jobs(self, number: int, *, after: int = 0, limit: int = BATCH) -> list[Job]:
        """Jobs of a batch that failed, or found faults, in their order."""
        job = t.batch_job.c
        wanted = select(t.batch_job).where(job.batch_id == number, job.number > after)
        wanted = wanted.where(or_(job.state == FAILED, job.faults.is_not(None)))
        with self._reading() as conn:
            rows = conn.execute(wanted.order_by(job.number).limit(limit)).all()
        return [_job(row) for row in rows]

    def start_job(self, batch: int, number: int, *, worker: str, at: datetime) -> Job | None:
        """Note that a job is begun, by whomever; None where it is done, or there is none."""
        job = t.batch_job.c
        begun = (
            update(t.batch_job)
            .where(job.batch_id == batch, job.number == number, job.state != DONE)
            .values(
                state=RUNNING,
                attempts=job.attempts + 1,
                started=at,
                ended=None,
                worker=worker,
                reason=None,
            )
            .returning(*t.batch_job.c)
        )
        with self._writing() as conn:
            row = conn.execute(begun).first()
        return _job(row) if row else None

    def end_job(
        self,
        batch: int,
        number: int,
        state: str,
        *,
        at: datetime,
        reason: str | None = None,
        counts: Mapping[str, int] | None = None,
        faults: Sequence[str] = (),
    ) -> None:
        """Note what came of a job; of one that is done already, nothing."""
        job = t.batch_job.c
        with self._writing() as conn:
            conn.execute(
                update(t.batch_job)
                .where(job.batch_id == batch, job.number == number, job.state != DONE)
                .values(
                    state=state,
                    ended=at,
                    reason=reason,
                    counts=dict(counts) if counts is not None else None,
                    faults=list(faults) or None,
                )
            )

    def release_jobs(self, batch: int) -> int:
        """Let jobs wait again that a process of this machine left running; how many."""
        job = t.batch_job.c
        with self._writing() as conn:
            left = update(t.batch_job).where(job.batch_id == batch, job.state == RUNNING)
            return conn.execute(left.values(state=WAITING)).rowcount

    def prune_batches(self, before: datetime) -> int:
        """Remove batches that were made before and have no job that waits or runs; how many."""
        job = t.batch_job.c
        at_work = select(job.batch_id).where(job.state.in_((WAITING, RUNNING)))
        old = select(t.batch.c.id).where(t.batch.c.made < before, t.batch.c.id.not_in(at_work))
        with self._writing() as conn:
            numbers = list(conn.scalars(old))
            conn.execute(delete(t.batch_job).where(job.batch_id.in_(numbers)))
            conn.execute(delete(t.batch).where(t.batch.c.id.in_(numbers)))
        return len(numbers)

    def _batches(self, number: int | None) -> list[Batch]:
        job, made = t.batch_job.c, t.batch.c
        own = made.id == number if number is not None else true()
        of_own = job.batch_id == number if number is not None else true()
        counted = select(job.batch_id, job.state, func.count().label("n"), func.count(job.faults))
        counted = counted.where(of_own).group_by(job.batch_id, job.state)
        states: dict[int, dict[str, int]] = {}
        faulty: dict[int, int] = {}
        with self._reading() as conn:
            for batch_id, state, n, faults in conn.execute(counted):
                states.setdefault(batch_id, {})[state] = n
                faulty[batch_id] = faulty.get(batch_id, 0) + faults
            rows = conn.execute(select(t.batch).where(own).order_by(made.id.desc())).all()
        return [
            Batch(
                id=row.id,
                kind=row.kind,
                asked=row.asked,
                options=row.options,
                fleet=row.fleet,
                made=row.made,
                states=states.get(row.id, {}),
                faulty=faulty.get(row.id, 0),
            )
            for row in rows
        ]


def asked_words(kind: str, options: Mapping[str, Any], choice: Mapping[str, Any]) -> str:
    """What a batch is known by: kind, options and choice of files, as JSON."""
    return json.dumps([kind, dict(options), dict(choice)], sort_keys=True, ensure_ascii=False)


def _unfinished(asked: str, *, fleet: bool) -> Any:
    """The newest batch of these words, where it has a job that is not done."""
    made, job = t.batch.c, t.batch_job.c
    newest = select(func.max(made.id)).where(made.asked == asked, made.fleet == fleet)
    open_job = select(job.number).where(job.batch_id == made.id, job.state != DONE)
    return select(made.id).where(made.id == newest.scalar_subquery(), open_job.exists())


def _job(row: Row[Any]) -> Job:
    return Job(
        batch=row.batch_id,
        number=row.number,
        place=row.place,
        state=row.state,
        attempts=row.attempts,
        started=row.started,
        ended=row.ended,
        worker=row.worker,
        reason=row.reason,
        counts=row.counts,
        faults=tuple(row.faults or ()),
    )
