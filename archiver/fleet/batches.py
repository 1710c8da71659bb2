"""Jobs of batches, done by a worker of a fleet in processes of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from archiver.batch.processes import JobProcesses
from archiver.config.load import Loaded
from archiver.fleet.working import LeftError
from archiver.store.batches import WAITING


class BatchWork:
    """The work of such jobs, at most `jobs` at once; to be closed."""

    def __init__(self, loaded: Loaded, *, jobs: int) -> None:
        self._processes = JobProcesses(loaded, processes=jobs)
        # of its own: these jobs take minutes, and the shared threads ask the catalogue
        self._threads = ThreadPoolExecutor(jobs)

    async def __call__(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do a job; the state that it is in then.

        Raises:
            LeftError: the worker ends before the job has.
            CatalogueError, DiskFullError: it cannot be gone on with.
        """
        state = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._processes.run, int(arguments["batch"]), int(arguments["number"])
        )
        if state == WAITING:
            raise LeftError("the worker ends", thing=f"batch {arguments['batch']}")
        return {"state": state}

    def close(self) -> None:
        """End what is under way; it is done again elsewhere. Again is no harm."""
        self._processes.close()
        self._threads.shutdown()
