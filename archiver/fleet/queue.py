"""The queue of jobs that a fleet shares, over Procrastinate, which no other module knows.

Its tables stand in a schema of their own beside the catalogue, and are made by whoever comes
first. A job is with one worker as long as that worker's heart beats. That is no fence: what must
never be done twice at once needs its own (`archiver.store.fence`), and all work must bear being
begun again.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from socket import gethostname
from typing import Any

import psycopg
from procrastinate import PsycopgConnector, exceptions, sql
from procrastinate.jobs import Job as TheirJob
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from psycopg.types.json import Jsonb

from archiver.errors import CatalogueError
from archiver.fleet.jobs import Finished, Job, Progress, Taken
from archiver.store.direct import direct_address

__all__ = ["Finished", "Job", "Progress", "Queue", "Taken"]

_SCHEMA = "procrastinate"
_LOCKS = 0x6172_6371  # "arcq": the class of our advisory locks of two numbers
_MAKING = 1
_AT_ONCE = 1000  # jobs in one statement
_MANY = 500  # after so many new ones the planner is told how many there are


_KEEP = """
UPDATE procrastinate_jobs SET status = %(status)s::procrastinate_job_status,
    attempts = attempts + 1, abort_requested = false,
    args = args || jsonb_build_object('outcome', %(outcome)s::jsonb)
WHERE id = %(number)s AND worker_id = %(worker)s AND status = 'doing' RETURNING id
"""
_REMOVING = "DELETE FROM procrastinate_jobs"
_REMOVE = """
DELETE FROM procrastinate_jobs
WHERE id = %(number)s AND worker_id = %(worker)s AND status = 'doing' RETURNING id
"""
# Whose workers they are, for people: the row goes with that of the worker.
_WORKERS = """
CREATE TABLE procrastinate.archiver_workers (id bigint PRIMARY KEY
    REFERENCES procrastinate.procrastinate_workers ON DELETE CASCADE, host text, process int)
"""
_THERE = "SELECT to_regclass('procrastinate.procrastinate_jobs'), to_regclass('archiver_workers')"
_HOST = "INSERT INTO archiver_workers VALUES (%(id)s, %(host)s, %(process)s)"


class Queue:
    """The open queue of an archive. Every method is one transaction, and may be called at once.

    All raise CatalogueError where the database does not answer; the same can be tried again.
    """

    def __init__(self, connector: PsycopgConnector) -> None:
        self._connector = connector
        self._manager = JobManager(connector)

    @classmethod
    @asynccontextmanager
    async def open(cls, catalogue_url: str, *, connections: int = 4) -> AsyncIterator[Queue]:
        """The queue beside the catalogue of a database URL, made where it is absent.

        Raises:
            ConfigError: the catalogue is not in PostgreSQL.
            CatalogueError: the database does not answer, or its user may make no schema.
        """
        address = direct_address(catalogue_url, search_path=_SCHEMA)
        connector = PsycopgConnector(
            conninfo=address, min_size=1, max_size=connections, timeout=15.0
        )
        with _said():
            await _make_tables(address)
            await connector.open_async()
        try:
            yield cls(connector)
        finally:
            with _said():
                await connector.close_async()

    async def defer(self, jobs: Sequence[Job]) -> int:
        """Put jobs in; how many are new, since those are left out whose key is there already."""
        new = 0
        for start in range(0, len(jobs), _AT_ONCE):
            some = list(
                {job.key or id(job): job for job in jobs[start : start + _AT_ONCE]}.values()
            )
            there = await self.keys([job.key for job in some if job.key])
            new += await self._defer([job for job in some if job.key not in there])
        if new >= _MANY:  # else a plan is made for an empty table, and each look reads it all
            await self._execute(f"ANALYZE {_SCHEMA}.procrastinate_jobs")
        return new

    async def _defer(self, jobs: Sequence[Job]) -> int:
        if not jobs:
            return 0
        try:
            with _said():
                await self._manager.batch_defer_jobs_async([_theirs(job) for job in jobs])
        except exceptions.AlreadyEnqueued:  # by somebody else just now: one by one
            if len(jobs) == 1:
                return 0
            return sum([await self._defer([job]) for job in jobs])
        return len(jobs)

    async def keys(
        self, among: Sequence[str] | None = None, *, queue: str | None = None
    ) -> set[str]:
        """Keys of the jobs that wait or are being done: of these, or all of a queue."""
        rows = await self._rows(
            "SELECT queueing_lock FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " AND queueing_lock IS NOT NULL AND (%(among)s::text[] IS NULL"
            " OR queueing_lock = ANY(%(among)s::text[]))"
            " AND (%(queue)s::text IS NULL OR queue_name = %(queue)s::text)",
            among=None if among is None else list(among),
            queue=queue,
        )
        return {row["queueing_lock"] for row in rows}

    async def progress(self, *, batch: str | None = None, queue: str | None = None) -> Progress:
        """How far the jobs of a batch, or of a queue, have come; cost grows with those there."""
        rows = await self._rows(
            "SELECT status::text AS status, count(*) AS number FROM procrastinate_jobs"
            " WHERE (%(batch)s::text IS NULL OR args->>'batch' = %(batch)s::text)"
            " AND (%(queue)s::text IS NULL OR queue_name = %(queue)s::text) GROUP BY status",
            batch=batch,
            queue=queue,
        )
        number = {row["status"]: int(row["number"]) for row in rows}
        return Progress(
            waiting=number.get("todo", 0),
            running=number.get("doing", 0),
            done=number.get("succeeded", 0),
            failed=sum(number.get(state, 0) for state in ("failed", "cancelled", "aborted")),
        )

    async def finished(self, batch: str) -> list[Finished]:
        """The kept jobs of a batch that have ended, in the order in which they were put in."""
        rows = await self._rows(
            "SELECT * FROM procrastinate_jobs WHERE args->>'batch' = %(batch)s::text"
            " AND status NOT IN ('todo', 'doing') ORDER BY id",
            batch=batch,
        )
        return [
            Finished(
                job=_ours(TheirJob.from_row(row)),
                ok=row["status"] == "succeeded",
                outcome=row["args"].get("outcome") or {},
            )
            for row in rows
        ]

    async def forget(self, batch: str) -> None:
        """Remove a batch's jobs, but for those that are being done just now."""
        await self._execute(
            "DELETE FROM procrastinate_jobs WHERE args->>'batch' = %(batch)s::text"
            " AND status <> 'doing'",
            batch=batch,
        )

    async def register(self) -> int:
        """A number for a new worker of this machine, whose heart beats from now on."""
        with _said():
            number = await self._manager.register_worker()
        await self._execute(_HOST, id=number, host=gethostname(), process=os.getpid())
        return number

    async def beat(self, worker: int) -> bool:
        """Say that a worker is alive; False where it was taken for dead meanwhile."""
        rows = await self._rows(
            "UPDATE procrastinate_workers SET last_heartbeat = now()"
            " WHERE id = %(worker)s RETURNING id",
            worker=worker,
        )
        return bool(rows)

    async def workers(self, *, silent: float) -> int:
        """How many workers' hearts have beaten within so many seconds."""
        rows = await self._rows(
            "SELECT count(*) AS number FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - make_interval(secs => %(silent)s)",
            silent=silent,
        )
        return int(rows[0]["number"])

    async def leave(self, worker: int) -> None:
        """Say that a worker has ended; a job that it still had is then reaped."""
        with _said():
            await self._manager.unregister_worker(worker)

    async def take(self, worker: int, queues: Sequence[str]) -> Taken | None:
        """The next job of these queues, from now on this worker's; None where none waits."""
        try:
            with _said():
                found = await self._manager.fetch_job(queues=list(queues), worker_id=worker)
        except exceptions.UniqueViolation:  # two took jobs of one lock: the other one has it
            return None
        if found is None or found.id is None:
            return None
        return Taken(number=found.id, worker=worker, job=_ours(found), attempts=found.attempts)

    async def finish(self, taken: Taken, *, ok: bool, outcome: Mapping[str, Any]) -> bool:
        """Say what came of a job; False, and nothing done, where it is not this worker's now."""
        query = _KEEP if taken.job.keep else _REMOVE
        rows = await self._rows(
            query,
            number=taken.number,
            worker=taken.worker,
            status="succeeded" if ok else "failed",
            outcome=Jsonb(dict(outcome)),
        )
        return bool(rows)

    async def reap(self, *, silent: float) -> list[Job]:
        """Have the jobs of dead workers, silent for so many seconds, done again; those jobs.

        Where the same is waiting anew already, the dead one's has failed instead: both at once
        cannot wait, and the one that tried would stay undone for ever, with all of its lock.
        """
        with _said():
            await self._manager.prune_stalled_workers(silent)
            stalled = await self._manager.get_stalled_jobs(seconds_since_heartbeat=silent)
            again = []
            for job in stalled:
                try:
                    await self._retry(job)
                except exceptions.UniqueViolation:
                    await self._give_up(job)
                    continue
                except exceptions.ConnectorException as error:
                    if not isinstance(error.__cause__, psycopg.errors.RaiseException):
                        raise
                    continue  # ended, or reaped by somebody else, since
                again.append(_ours(job))
        return again

    async def _retry(self, job: TheirJob) -> None:
        values = dict.fromkeys(("new_priority", "new_queue_name", "new_lock"))
        # At no certain time: now by this machine's clock may be late by the database's.
        await self._connector.execute_query_async(
            sql.queries["retry_job"], job_id=job.id, retry_at=None, **values
        )

    async def _give_up(self, job: TheirJob) -> None:
        keep = _ours(job).keep
        query = "UPDATE procrastinate_jobs SET status = 'failed'" if keep else _REMOVING
        await self._execute(f"{query} WHERE id = %(n)s AND status = 'doing'", n=job.id)

    @asynccontextmanager
    async def alone(self, what: int) -> AsyncIterator[bool]:
        """Whether nobody else in the fleet is within the same block, by its number; never waits."""
        with _said():
            async with self._connector.pool.connection() as conn:
                got = await conn.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_LOCKS, what))
                row = await got.fetchone()
                yield bool(row and row[0])

    async def _rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        with _said():
            rows: list[dict[str, Any]] = await self._connector.execute_query_all_async(
                query, **values
            )
        return rows

    async def _execute(self, query: str, **values: Any) -> None:
        with _said():
            await self._connector.execute_query_async(query, **values)


async def _make_tables(address: str) -> None:
    """Procrastinate's tables, once, however many come at the same time."""
    async with await psycopg.AsyncConnection.connect(address) as conn:
        await conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCKS, _MAKING))
        found = await conn.execute(_THERE)
        jobs, workers = await found.fetchone() or (None, None)
        if jobs is None:
            await conn.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
            await conn.execute(SchemaManager.get_schema())
        if workers is None:
            await conn.execute(_WORKERS)


def _theirs(job: Job) -> TheirJob:
    return TheirJob(
        queue=job.queue,
        priority=job.priority,
        lock=job.lock,
        queueing_lock=job.key,
        task_name=job.kind,
        task_kwargs={"arguments": dict(job.arguments), "batch": job.batch, "keep": job.keep},
    )


def _ours(job: TheirJob) -> Job:
    said: dict[str, Any] = dict(job.task_kwargs)
    return Job(
        kind=job.task_name,
        arguments=said.get("arguments") or {},
        queue=job.queue,
        key=job.queueing_lock,
        lock=job.lock,
        priority=job.priority,
        batch=said.get("batch"),
        keep=bool(said.get("keep")),
    )


@contextmanager
def _said() -> Iterator[None]:
    """Faults of the database as errors of ours, but for those that say what is there already."""
    try:
        yield
    except exceptions.UniqueViolation:
        raise
    except (exceptions.ConnectorException, psycopg.Error) as error:
        cause = error.__cause__ or error
        words = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise CatalogueError(
            f"the queue of jobs does not answer: {words}",
            thing="PostgreSQL",
            todo="See that the database is there, and that its user may make a schema.",
        ) from error
