"""A machine's part in a fleet: its worker, and what it does beside that."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

from archiver.config.load import Loaded
from archiver.daemon.chores import Duties
from archiver.daemon.service import Daemon, Place
from archiver.fleet.batches import BatchWork
from archiver.fleet.kinds import BATCH, CRAWLS
from archiver.fleet.looking import FleetMetrics, look
from archiver.fleet.queue import Queue
from archiver.fleet.turns import FleetTurns
from archiver.store.catalogue import Catalogue

SLEEP = timedelta(seconds=5)  # between two ticks at most: a dead worker is noticed by then
_BY_CORE = 4  # crawls mostly wait for hosts
_CRAWL, _EXTRACTING = 100_000_000, 200_000_000  # bytes: of a crawl, of one of its workers
_SHARE = 0.8  # of the memory that is free


async def serve(
    loaded: Loaded,
    *,
    reload: Callable[[], Loaded],
    duties: Duties,
    jobs: int | None = None,
    queues: tuple[str, ...] = (CRAWLS, BATCH),
    announce: Callable[[str], None] = lambda url: None,
) -> None:
    """Work for the fleet of an archive until stopped.

    Raises:
        ConfigError: the catalogue is not in PostgreSQL.
        CatalogueError: it does not answer.
        ArchiverError: the health server's port is taken.
    """
    many = jobs or places(loaded)
    async with Queue.open(loaded.catalogue_url) as queue:
        with (
            Catalogue.open(loaded.catalogue_url, create=True) as catalogue,
            closing(BatchWork(loaded, jobs=many)) as batches,
        ):
            place = Place(
                make_turns=partial(
                    FleetTurns,
                    queue=queue,
                    lease=loaded.settings.daemon.lease,
                    queues=queues,
                    kinds={BATCH: batches},
                    ending=batches.close,
                ),
                duties=duties,
                sleep=SLEEP,
                jobs=many,
            )
            daemon = Daemon(loaded, catalogue=catalogue, reload=reload, place=place)
            daemon.metrics.registry.register(FleetMetrics(partial(look, loaded.catalogue_url)))
            await daemon.serve(announce)


def places(loaded: Loaded, *, cores: int | None = None, free: int | None = None) -> int:
    """How many crawls this machine has room for: by its cores, and its free memory in bytes."""
    cores = cores or len(os.sched_getaffinity(0))
    each = _CRAWL + _EXTRACTING * (loaded.settings.extract.workers or cores)
    by_memory = int((_free_memory() if free is None else free) * _SHARE) // each
    return max(1, min(_BY_CORE * cores, by_memory))


def _free_memory() -> int:
    """Bytes that this machine can give, as /proc/meminfo says (proc_meminfo(5))."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return 1 << 32
    known = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return int(known["MemAvailable"].split()[0]) * 1024
