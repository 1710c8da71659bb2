"""Processes that do jobs of batches: one that dies costs no other job, and is replaced.

A job reads what strangers made, and for long: a process of its own keeps it from what else a
worker does, and gives its memory back.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from archiver.batch.jobs import MOST_DEATHS, run_job
from archiver.batch.workshop import Workshop
from archiver.config.load import Loaded
from archiver.errors import ArchiverError
from archiver.extract.worker import end_with_parent
from archiver.store.batches import WAITING

_CONTEXT = multiprocessing.get_context("forkserver")


def serve(pipe: Connection, loaded: Loaded, workers: int) -> None:
    """The body of a process: jobs in, their states or errors out, until the pipe ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    pipe.send(os.getpid())
    workshop: Workshop | None = None
    try:
        while True:
            try:
                batch, number = pipe.recv()
            except (EOFError, OSError):
                return
            answer: str | ArchiverError
            try:
                workshop = workshop or Workshop(loaded, workers=workers)
                answer = run_job(workshop, batch, number)
            except ArchiverError as error:
                answer = error
            with suppress(BrokenPipeError):
                pipe.send(answer)
    finally:
        if workshop is not None:
            workshop.close()


class _Child:
    """One process, used by one thread at a time."""

    def __init__(self, loaded: Loaded, workers: int) -> None:
        self._loaded, self._workers = loaded, workers
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._lock = threading.Lock()
        self._closed = False

    def do(self, batch: int, number: int) -> str | None:
        """What a job's state is then; None where the process died of it, or was ended.

        Raises:
            ArchiverError: that of the job, or no process can be started.
        """
        try:
            pipe = self._pipe or self._start()
        except (EOFError, OSError) as error:
            self.stop()
            if self._closed:
                return None
            raise _not_begun(repr(error)) from error
        try:
            pipe.send((batch, number))
            answer: str | ArchiverError = pipe.recv()
        except (EOFError, OSError):
            self.stop()
            return None
        if isinstance(answer, ArchiverError):
            raise answer
        return answer

    def _start(self) -> Connection:
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(
            target=serve, args=(theirs, self._loaded, self._workers), name="batch"
        )
        with self._lock:
            if self._closed:
                raise EOFError
            process.start()
            theirs.close()
            self._process, self._pipe = process, ours
        ours.recv()  # it is there
        return ours

    def stop(self, *, closed: bool = False) -> None:
        """End the process; with `closed` for good."""
        with self._lock:
            self._closed = self._closed or closed
            process, pipe = self._process, self._pipe
            self._process = self._pipe = None
        if process is None:
            return
        process.kill()
        process.join()
        process.close()
        if pipe is not None and not closed:
            pipe.close()  # when closed, a thread may be waiting on it: its end is dead anyway

    @property
    def closed(self) -> bool:
        """Whether it was ended for good."""
        return self._closed


def _not_begun(why: str) -> ArchiverError:
    return ArchiverError(
        f"no process for jobs can be begun ({why})",
        todo="See that the working folder is there, and that there is memory; then the same again.",
    )


class JobProcesses:
    """So many processes for jobs; each is started when first needed, and extracts in others.

    `workers`: processes that extract, for each. Threads may share it; as many jobs are done at
    once as there are processes.
    """

    def __init__(self, loaded: Loaded, *, processes: int, workers: int = 1) -> None:
        # Imported once, in the fork server.
        _CONTEXT.set_forkserver_preload(["archiver.extract.preload", "archiver.batch.jobs"])
        self._children = [_Child(loaded, workers) for _ in range(processes)]
        self._idle: queue.LifoQueue[_Child] = queue.LifoQueue()
        for child in self._children:
            self._idle.put(child)

    def run(self, batch: int, number: int) -> str:
        """Do a job; its state then. It is begun again where its process dies of it.

        Waits for a process that is idle. After `close` it is left as it is, and waits.

        Raises:
            CatalogueError, DiskFullError: see `run_job`.
            ArchiverError: no process can be started, or each ends before it begins the job.
        """
        child = self._idle.get()
        try:
            for _ in range(MOST_DEATHS + 1):
                if child.closed:
                    return WAITING
                state = child.do(batch, number)  # which counts how often it is begun
                if state is not None:
                    return state
            if child.closed:
                return WAITING
            raise _not_begun("each ended at once")
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """End all processes at once; jobs under way are done again by whoever goes on."""
        for child in self._children:
            child.stop(closed=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
