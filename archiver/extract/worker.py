"""A pool of processes that extract pages and can be killed: a page never hangs or starves us.

libxml2 can spend minutes on one element and no Python signal interrupts it, so each page runs
in a process with a limit on time and memory. Plain asyncio with one waiting thread a worker;
nothing here blocks the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import multiprocessing
import os
import queue
import resource
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from archiver.model import Extraction, Page

_AHEAD = 8  # pages a worker that are handed out while the first one in order is not done
_AHEAD_BYTES = 1 << 26  # of those pages; one that is larger is handed out alone
_START_SECONDS = 60.0  # a fork server that imports everything on a slow, busy machine
_CONTEXT = multiprocessing.get_context("forkserver")


def extract_here(page: Page) -> Extraction:
    """`extract_page`, imported where it runs: a crawl's own process needs none of it."""
    from archiver.extract.article import extract_page

    return extract_page(page)


def serve(pipe: Connection, memory: int, work: Callable[[Page], Extraction] = extract_here) -> None:
    """The body of a worker process: pages in, extractions out, until the pipe ends.

    Ends with its parent, also in the middle of a page. Ctrl-C is the parent's to handle.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Data, not address space: numpy's libraries reserve much that they never touch.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    pipe.send(os.getpid())
    while True:
        try:
            page = pipe.recv()
        except (EOFError, OSError):
            return
        except MemoryError:
            answer = Extraction(reason="memory", detail="page larger than the worker's memory")
        else:
            answer = work(page)
        with contextlib.suppress(BrokenPipeError):
            pipe.send(answer)


def end_with_parent() -> None:
    """Let the kernel end this process when the parent is gone, whatever it is busy with.

    The parent holds the other end of its sentinel's pipe and nothing is ever written to it;
    when that end closes, SIGIO comes, which ends a process by default (fcntl(2), O_ASYNC). A
    death signal (prctl) would watch the fork server, which lives as long as its children.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)


class _Worker:
    """One process and what is known about it. Used by one thread at a time."""

    def __init__(
        self, *, memory: int, timeout: float, recycle_after: int, work: Callable[[Page], Extraction]
    ) -> None:
        self._memory, self._timeout, self._recycle_after = memory, timeout, recycle_after
        self._work = work
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._pages = 0
        self._lock = threading.Lock()
        self._closed = False

    def _start(self) -> Connection:
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(
            target=serve, args=(theirs, self._memory, self._work), name="extract", daemon=True
        )
        with self._lock:
            if self._closed:
                raise EOFError
            process.start()
            theirs.close()
            self._process, self._pipe, self._pages = process, ours, 0
        if not ours.poll(_START_SECONDS):
            raise EOFError
        ours.recv()
        return ours

    def stop(self, *, closed: bool = False) -> int | None:
        """End the process; returns its exit code, negative for the signal that ended it."""
        with self._lock:
            self._closed = self._closed or closed
            process, pipe = self._process, self._pipe
            self._process = self._pipe = None
        if process is None:
            return None
        alive = process.is_alive()
        process.kill()
        process.join()
        code = process.exitcode
        process.close()
        if pipe is not None and not closed:
            pipe.close()  # when closed, a thread may be waiting on it: its end is dead anyway
        return None if alive else code

    def extract(self, page: Page) -> Extraction:
        """The extraction of a page, or why the process that made it had to end."""
        for attempt in (1, 2):
            try:
                pipe = self._pipe or self._start()
                pipe.send(page)
                break
            except (EOFError, OSError) as error:  # it died while idle, or could not start
                self.stop()
                if self._closed or attempt == 2:
                    return Extraction(reason="crashed", detail=f"no worker process: {error!r}")
        try:
            if not pipe.poll(self._timeout):
                self.stop()
                return Extraction(
                    reason="timeout",
                    detail=f"killed after {self._timeout:g} s",
                    seconds=self._timeout,
                )
            answer: Extraction = pipe.recv()
        except (EOFError, OSError):
            return self._dead()
        self._pages += 1
        if answer.reason == "memory" or self._pages >= self._recycle_after:
            self.stop()
        return answer

    def _dead(self) -> Extraction:
        process = self._process
        if process is not None:
            process.join(5)  # the pipe ends a moment before the process does
        code = self.stop()
        if code == -signal.SIGKILL:  # not by us: the kernel, out of memory
            return Extraction(reason="memory", detail="killed by the system")
        return Extraction(reason="crashed", detail=f"worker ended with code {code}")


class ExtractionPool:
    """Worker processes that are started when first needed, replaced when they die.

    `workers`: processes side by side. `timeout`: seconds of wall time a page. `memory`: bytes
    of data a process may hold. `recycle_after`: pages after which a process is replaced,
    because libxml2 and its bindings grow. A page that breaks a limit yields an Extraction with
    reason timeout, memory or crashed, and the pool lives on.

    Close it with `await close()`, or use it as a context manager.
    """

    def __init__(
        self,
        *,
        workers: int,
        timeout: float = 20.0,
        memory: int = 1 << 30,
        recycle_after: int = 300,
        work: Callable[[Page], Extraction] = extract_here,
    ) -> None:
        # Imported once, in the fork server; a worker then starts in milliseconds.
        _CONTEXT.set_forkserver_preload(["archiver.extract.preload"])
        self._workers = [
            _Worker(memory=memory, timeout=timeout, recycle_after=recycle_after, work=work)
            for _ in range(workers)
        ]
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()  # the warm one first
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="extract")

    def _run(self, page: Page) -> Extraction:
        worker = self._idle.get_nowait()  # as many threads as workers: one is always idle
        try:
            return worker.extract(page)
        finally:
            self._idle.put(worker)

    async def extract(self, page: Page) -> Extraction:
        """The page's extraction; waits for a free worker without blocking the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, page)

    def map(self, pages: Iterable[Page]) -> Iterator[Extraction]:
        """The extractions of pages in their order; holds few pages at a time."""
        window: deque[tuple[Future[Extraction], int]] = deque()
        held = 0  # bytes
        try:
            for page in pages:
                window.append((self._threads.submit(self._run, page), len(page.body)))
                held += len(page.body)
                while len(window) >= _AHEAD * len(self._workers) or (
                    window and held > _AHEAD_BYTES
                ):
                    first, size = window.popleft()
                    held -= size
                    yield first.result()
            while window:
                yield window.popleft()[0].result()
        finally:
            for waiting, _ in window:
                waiting.cancel()

    def shutdown(self) -> None:
        """End all processes at once; pages under way come out as crashed."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.stop(closed=True)
        self._threads.shutdown(wait=True)

    async def close(self) -> None:
        """Like `shutdown`, without blocking the event loop."""
        await asyncio.to_thread(self.shutdown)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
