"""A worker's loop: take jobs, do so many at once, say what came of them, until told to stop.

Not Procrastinate's own: without periodic tasks of its making, that one's heart stops unnoticed
when PostgreSQL is started anew, and one answer that fails ends it once its jobs have ended.
Here whatever the database does costs a pause.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from archiver.errors import ArchiverError
from archiver.fleet.queue import Queue, Taken

log = structlog.get_logger("fleet")

Work = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]


class LeftError(ArchiverError):
    """A job that its worker leaves as it is, since it ends: another one does it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Seconds: between two looks at an empty queue, between heartbeats, and until one is dead."""

    look: float = 1.0
    beat: float = 5.0
    silent: float = 25.0


@dataclass(kw_only=True)
class Worker:
    """Does the jobs of these queues, `jobs` at once; `kinds` says how each kind is done.

    What a job's work gives back is kept as its outcome, and an ArchiverError as its failure; one
    that raises LeftError is reaped once this worker has ended.
    A job is never tried again because it failed. `may_take`: asked before each job.
    """

    queue: Queue
    kinds: Mapping[str, Work]
    queues: Sequence[str]
    jobs: int
    pace: Pace = field(default_factory=Pace)
    may_take: Callable[[], bool] = lambda: True
    until_empty: bool = False
    number: int | None = None
    done: int = 0
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """Take no more jobs; `run` returns when those that are being done have ended."""
        self._stop.set()
        self._woken.set()

    def wake(self) -> None:
        """Look at the queue now."""
        self._woken.set()

    async def run(self) -> None:
        """Work until stopped, or with `until_empty` until nothing waits and nothing is at work."""
        heart = asyncio.create_task(self._live())
        try:
            while not self._stop.is_set():
                self._woken.clear()
                took = await self._take()
                if self.until_empty and not took and not self._running:
                    break
                if not took:
                    await self._pause(self.pace.look)
            while self._running:
                await asyncio.wait(set(self._running))
        finally:
            heart.cancel()
            await asyncio.gather(heart, return_exceptions=True)
            if self.number is not None:
                try:
                    await self.queue.leave(self.number)
                except ArchiverError as error:
                    log.warning("worker-not-signed-off", reason=str(error))
                self.number = None

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _live(self) -> None:
        """Let the heart beat, whatever the database does meanwhile."""
        while True:
            try:
                if self.number is not None and not await self.queue.beat(self.number):
                    log.warning("worker-taken-for-dead", worker=self.number)
                    self.number = None  # another number: what was taken with the old one is lost
            except ArchiverError as error:
                log.warning("no-heartbeat", reason=str(error))
            await asyncio.sleep(self.pace.beat)

    async def _take(self) -> bool:
        """Take one job where there is a place; whether one was taken."""
        if len(self._running) >= self.jobs or not self.may_take():
            return False
        try:
            if self.number is None:
                self.number = await self.queue.register()
            taken = await self.queue.take(self.number, self.queues)
        except ArchiverError as error:
            log.warning("no-job-taken", reason=str(error))
            return False
        if taken is None:
            return False
        task = asyncio.create_task(self._do(taken))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._woken.set()

    async def _do(self, taken: Taken) -> None:
        ok, outcome = True, {}
        try:
            work = self.kinds[taken.job.kind]
        except KeyError:
            ok, outcome = False, {"error": f"this version knows no jobs of kind {taken.job.kind}"}
        else:
            try:
                outcome = dict(await work(taken.job.arguments) or {})
            except LeftError:
                return
            except (ArchiverError, OSError) as error:
                ok, outcome = False, {"error": str(error)}
            except Exception as error:  # a fault of ours must not end the worker
                log.exception("job-broken", kind=taken.job.kind)
                ok, outcome = False, {"error": f"{type(error).__name__}: {error}"}
        if not ok:
            log.error("job-failed", kind=taken.job.kind, key=taken.job.key, **outcome)
        self.done += 1
        await self._say(taken, ok, outcome)

    async def _say(self, taken: Taken, ok: bool, outcome: Mapping[str, Any]) -> None:
        """Say what came of a job, as soon as somebody listens."""
        while True:
            try:
                if not await self.queue.finish(taken, ok=ok, outcome=outcome):
                    log.warning("job-was-anothers", kind=taken.job.kind, key=taken.job.key)
                return
            except ArchiverError as error:
                log.warning("outcome-not-kept", key=taken.job.key, reason=str(error))
            if self._stop.is_set():
                return  # it is reaped, and done again: work bears that
            await asyncio.sleep(self.pace.look)
