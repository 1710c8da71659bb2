"""Batches given to the workers of a fleet, and watched."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from archiver.store.batches import RUNNING, WAITING, Batch

if TYPE_CHECKING:
    from archiver.cli.batching import Tell
    from archiver.config.load import Loaded
    from archiver.fleet.queue import Queue
    from archiver.store.catalogue import Catalogue

KIND = "batch"  # of the jobs in the fleet's queue
_LOOK = 2.0  # seconds between two looks at how far a batch is
_SILENT = 60.0  # seconds after which a worker does not count as one


def require_queue(loaded: Loaded) -> None:
    """See that there is a queue before anything is written.

    Raises:
        ConfigError: the catalogue is not in PostgreSQL.
        CatalogueError: the database does not answer.
    """
    from archiver.fleet.queue import Queue

    async def look() -> None:
        async with Queue.open(loaded.catalogue_url, connections=1):
            return

    asyncio.run(look())


def deferred(loaded: Loaded, catalogue: Catalogue, number: int, tell: Tell | None) -> bool:
    """Put the jobs of a batch that are not done into the queue; whether they are done then.

    With `tell`, which is called with the states, it waits for that. A job that is in the queue
    already is left as it is; one that no queue knows any more is put in again.
    """
    return asyncio.run(_deferred(loaded, catalogue, number, tell))


async def _deferred(loaded: Loaded, catalogue: Catalogue, number: int, tell: Tell | None) -> bool:
    from archiver.fleet.queue import Job, Queue

    async with Queue.open(loaded.catalogue_url, connections=1) as queue:
        after = 0
        while some := catalogue.batch_jobs(number, (WAITING, RUNNING), after=after):
            await queue.defer(
                [
                    Job(
                        kind=KIND,
                        arguments={"batch": number, "number": job.number},
                        queue="batch",
                        key=f"batch-{number}-{job.number}",
                        batch=f"batch-{number}",
                    )
                    for job in some
                ]
            )
            after = some[-1].number
        if not await queue.workers(silent=_SILENT):
            click.echo("no worker is up: start some with archiver worker", err=True)
        return tell is not None and await _done(queue, catalogue, number, tell)


async def _done(queue: Queue, catalogue: Catalogue, number: int, tell: Tell) -> bool:
    """Wait until no job of the batch is left; False where the queue has lost some of them."""
    lost = 0
    begun = await asyncio.to_thread(catalogue.batch, number)
    while lost < 2:
        batch = await asyncio.to_thread(catalogue.batch, number)
        if batch is None or not batch.left:
            return True
        tell(_since(batch, begun))
        waiting = (await queue.progress(batch=f"batch-{number}")).left
        lost = 0 if waiting else lost + 1
        await asyncio.sleep(_LOOK)
    return False


def _since(batch: Batch, begun: Batch | None) -> dict[str, int]:
    """How many jobs ended in each state since the batch was begun or gone on with."""
    before = begun.states if begun else {}
    return {state: n - before.get(state, 0) for state, n in batch.states.items()}
