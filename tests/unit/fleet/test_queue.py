"""What is put into the queue is taken once, in order, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import psycopg
import pytest

from archiver.errors import CatalogueError, ConfigError
from archiver.fleet.queue import Job, Queue, Taken
from archiver.fleet.working import LeftError, Pace, Worker


@pytest.fixture
async def queue(database: str) -> AsyncIterator[Queue]:
    async with Queue.open(database) as opened:
        yield opened


async def taken(queue: Queue, worker: int, *queues: str) -> Taken:
    found = await queue.take(worker, queues or ("batch",))
    assert found is not None
    return found


async def test_many_make_the_tables_at_the_same_time(database: str) -> None:
    async def come() -> int:
        async with Queue.open(database) as queue:
            return await queue.defer([Job(kind="k", key="one")])

    assert sum(await asyncio.gather(*(come() for _ in range(5)))) == 1


async def test_a_catalogue_in_a_file_has_no_queue(tmp_path: object) -> None:
    with pytest.raises(ConfigError, match="PostgreSQL"):
        async with Queue.open(f"sqlite:///{tmp_path}/catalogue.db"):
            pass


async def test_a_database_that_is_not_there_is_said(database: str) -> None:
    with pytest.raises(CatalogueError, match="does not answer"):
        async with Queue.open("postgresql://nobody@127.0.0.1:1/nothing"):
            pass


async def test_more_urgent_jobs_are_taken_first(queue: Queue) -> None:
    await queue.defer([Job(kind="k", arguments={"n": n}, priority=n % 3) for n in range(6)])
    me = await queue.register()
    order = [(await taken(queue, me)).job.arguments["n"] for _ in range(6)]
    assert order == [2, 5, 1, 4, 0, 3]
    assert await queue.take(me, ["batch"]) is None


async def test_a_key_is_in_the_queue_once_while_it_waits_or_is_done(queue: Queue) -> None:
    job = Job(kind="k", key="a")
    assert await queue.defer([job, job]) == 1
    assert await queue.defer([job]) == 0
    me = await queue.register()
    one = await taken(queue, me)
    assert await queue.defer([job]) == 0
    assert await queue.keys() == {"a"}
    assert await queue.finish(one, ok=True, outcome={})
    assert await queue.keys() == set()
    assert await queue.defer([job]) == 1


async def test_a_key_that_somebody_puts_in_meanwhile_costs_itself_alone(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue.defer([Job(kind="k", key="b")])

    async def see_none(*_: object, **__: object) -> set[str]:
        return set()

    monkeypatch.setattr(queue, "keys", see_none)  # as it is just before somebody else comes
    assert await queue.defer([Job(kind="k", key=key) for key in "abc"]) == 2


async def test_jobs_of_one_lock_are_done_one_after_the_other(queue: Queue) -> None:
    await queue.defer([Job(kind="k", lock="l"), Job(kind="k", lock="l")])
    me = await queue.register()
    first = await taken(queue, me)
    assert await queue.take(me, ["batch"]) is None
    await queue.finish(first, ok=False, outcome={})
    assert await queue.take(me, ["batch"]) is not None


async def test_what_came_of_a_batch_is_kept_until_it_is_forgotten(queue: Queue) -> None:
    await queue.defer(
        [Job(kind="k", arguments={"n": n}, batch="b", keep=True) for n in range(3)]
        + [Job(kind="k", batch="other", keep=True)]
    )
    me = await queue.register()
    assert await queue.finish(await taken(queue, me), ok=True, outcome={"pages": 7})
    assert await queue.finish(await taken(queue, me), ok=False, outcome={"error": "torn"})
    await taken(queue, me)
    progress = await queue.progress(batch="b")
    assert (progress.waiting, progress.running, progress.done, progress.failed) == (0, 1, 1, 1)
    assert progress.left == 1
    assert [(f.job.arguments["n"], f.ok, f.outcome) for f in await queue.finished("b")] == [
        (0, True, {"pages": 7}),
        (1, False, {"error": "torn"}),
    ]
    await queue.forget("b")
    assert await queue.finished("b") == []
    assert (await queue.progress()).waiting == 1


async def test_a_dead_workers_job_is_done_again_and_its_own_word_counts_no_more(
    queue: Queue, database: str
) -> None:
    await queue.defer([Job(kind="k", key="a", lock="a")])
    dead, living = await queue.register(), await queue.register()
    old = await taken(queue, dead)
    assert await queue.reap(silent=60.0) == []
    await asyncio.to_thread(silence, database, dead)
    assert [job.key for job in await queue.reap(silent=60.0)] == ["a"]
    assert not await queue.beat(dead)
    assert await queue.beat(living)
    new = await taken(queue, living)
    assert new.attempts == 1
    assert not await queue.finish(old, ok=True, outcome={})
    assert await queue.finish(new, ok=True, outcome={})


async def test_a_dead_workers_job_that_waits_anew_already_is_given_up(
    queue: Queue, database: str
) -> None:
    await queue.defer([Job(kind="k", key="a", lock="a")])
    dead, living = await queue.register(), await queue.register()
    await taken(queue, dead)
    path = "-csearch_path=procrastinate"
    with psycopg.connect(database, options=path) as conn:  # as Procrastinate alone allows it
        conn.execute(
            "INSERT INTO procrastinate_jobs"
            " (queue_name, task_name, lock, queueing_lock) VALUES ('batch', 'k', 'a', 'a')"
        )
    await asyncio.to_thread(silence, database, dead)
    assert await queue.reap(silent=60.0) == []
    assert await queue.take(living, ["batch"]) is not None


async def test_one_alone_may_be_within_a_block(database: str) -> None:
    async with Queue.open(database) as one, Queue.open(database) as other:
        async with one.alone(7) as mine, other.alone(7) as theirs, other.alone(8) as another:
            assert (mine, theirs, another) == (True, False, True)
        async with other.alone(7) as theirs:
            assert theirs


async def test_a_worker_does_what_waits_and_ends(queue: Queue) -> None:
    at_once, most = 0, 0

    async def work(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        if arguments["n"] == 3:
            raise CatalogueError("broken")
        if arguments["n"] == 4:
            raise RuntimeError("ours")
        at_once -= 1
        return {"twice": 2 * arguments["n"]}

    jobs = [Job(kind="k", arguments={"n": n}, batch="b", keep=True) for n in range(10)]
    await queue.defer([*jobs, Job(kind="unknown", batch="b", keep=True)])
    worker = Worker(queue=queue, kinds={"k": work}, queues=["batch"], jobs=3, until_empty=True)
    await worker.run()
    progress = await queue.progress(batch="b")
    assert (progress.done, progress.failed, worker.done) == (8, 3, 11)
    assert most <= 3
    assert await queue.workers(silent=60.0) == 0


async def test_a_stopped_worker_ends_when_its_jobs_have(queue: Queue) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(arguments: Mapping[str, Any]) -> None:
        begun.set()
        await go_on.wait()

    await queue.defer([Job(kind="k"), Job(kind="k")])
    worker = Worker(queue=queue, kinds={"k": work}, queues=["batch"], jobs=1)
    running = asyncio.create_task(worker.run())
    await begun.wait()
    worker.stop()
    go_on.set()
    await running
    progress = await queue.progress()
    assert (progress.waiting, progress.running) == (1, 0)


async def test_a_job_that_is_left_is_done_by_the_next(queue: Queue) -> None:
    async def leave(arguments: Mapping[str, Any]) -> None:
        raise LeftError("ends")

    await queue.defer([Job(kind="k", key="a")])
    await Worker(queue=queue, kinds={"k": leave}, queues=["batch"], jobs=1, until_empty=True).run()
    assert [job.key for job in await queue.reap(silent=60.0)] == ["a"]
    assert (await queue.progress()).waiting == 1


async def test_a_worker_outlives_its_connections(queue: Queue, database: str) -> None:
    done: asyncio.Queue[int] = asyncio.Queue()

    async def work(arguments: Mapping[str, Any]) -> None:
        if arguments["n"] == 0:
            cut(database)  # what came of this one is told by a connection that is new
        done.put_nowait(arguments["n"])

    pace = Pace(look=0.01, beat=0.01)
    worker = Worker(queue=queue, kinds={"k": work}, queues=["batch"], jobs=1, pace=pace)
    running = asyncio.create_task(worker.run())
    for n in range(2):
        await queue.defer([Job(kind="k", arguments={"n": n})])
        assert await done.get() == n
    worker.stop()
    await running
    assert (await queue.progress()).left == 0


async def test_a_worker_that_was_taken_for_dead_goes_on_under_another_number(
    queue: Queue, database: str
) -> None:
    done: asyncio.Queue[int] = asyncio.Queue()

    async def work(arguments: Mapping[str, Any]) -> None:
        done.put_nowait(arguments["n"])

    pace = Pace(look=0.01, beat=0.01)
    worker = Worker(queue=queue, kinds={"k": work}, queues=["batch"], jobs=1, pace=pace)
    running = asyncio.create_task(worker.run())
    await queue.defer([Job(kind="k", arguments={"n": 0})])
    await done.get()
    before = worker.number
    # in a thread: the worker's own transaction, which this waits for, needs the loop to end
    await asyncio.to_thread(forget_workers, database)
    while worker.number in (before, None):
        await queue.defer([Job(kind="k", arguments={"n": 1})])
        assert await done.get() == 1
    worker.stop()
    await running


def forget_workers(database: str) -> None:
    """As if all had been taken for dead."""
    with psycopg.connect(database) as conn:
        conn.execute("DELETE FROM procrastinate.procrastinate_workers")


def silence(database: str, worker: int) -> None:
    """As if a worker had not been heard of for an hour."""
    with psycopg.connect(database) as conn:
        conn.execute(
            "UPDATE procrastinate.procrastinate_workers"
            " SET last_heartbeat = now() - interval '1 hour' WHERE id = %s",
            (worker,),
        )


def cut(database: str) -> None:
    """End every other connection, as a server does that is started anew."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
