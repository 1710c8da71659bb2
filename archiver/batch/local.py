"""A batch done on this machine, in processes side by side."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress

from archiver.batch.processes import JobProcesses
from archiver.config.load import Loaded
from archiver.store.batches import WAITING
from archiver.store.catalogue import Catalogue
from archiver.store.lock import outlet_lock


def run_here(
    loaded: Loaded,
    catalogue: Catalogue,
    batch: int,
    *,
    processes: int | None = None,
    tell: Callable[[Counter[str]], None] = lambda states: None,
) -> Counter[str]:
    """Do all jobs of a batch that wait; how many ended in each state.

    What a run before left running is begun again. `processes`: `extract.workers` or the processor
    cores unless given. `tell` is called after each job with the states so far.

    Raises:
        LockedError: another command does this batch.
        CatalogueError, DiskFullError: it cannot be gone on with; the same again goes on.
    """
    wanted = processes or loaded.settings.extract.workers or os.cpu_count() or 1
    states: Counter[str] = Counter()
    with outlet_lock(loaded.archive_folder / "locks", f"batch-{batch}"):
        catalogue.release_jobs(batch)
        found = catalogue.batch(batch)
        count = found.states.get(WAITING, 0) if found else 0
        side_by_side = max(1, min(wanted, count))
        # cores that have no file of their own help with the pages of the others'
        workers = max(1, wanted // side_by_side)
        with (
            JobProcesses(loaded, processes=side_by_side, workers=workers) as made,
            ThreadPoolExecutor(side_by_side) as threads,
        ):
            under_way: set[Future[str]] = set()
            try:
                after = 0
                while jobs := catalogue.batch_jobs(batch, [WAITING], after=after):
                    for job in jobs:
                        after = job.number
                        under_way.add(threads.submit(made.run, batch, job.number))
                        if len(under_way) >= 2 * side_by_side:
                            under_way = _settle(under_way, states, tell)
                while under_way:
                    under_way = _settle(under_way, states, tell)
            finally:
                for future in under_way:
                    future.cancel()
                made.close()  # first: a thread waits for its process
    return states


def _settle(
    under_way: set[Future[str]],
    states: Counter[str],
    tell: Callable[[Counter[str]], None],
) -> set[Future[str]]:
    ended, left = wait(under_way, return_when=FIRST_COMPLETED)
    for future in ended:
        states[future.result()] += 1
        with suppress(BrokenPipeError):  # nobody looks any more
            tell(states)
    return left
