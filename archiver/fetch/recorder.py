"""From an exchange to a durable record, then to the catalogue: the one writer of a run.

A thread of its own takes exchanges from a bounded queue, so that compressing, writing and
syncing never hold up the event loop. What stands in the queue when the thread comes round is
written and synced as one group: one sync a request when the crawl is slow, one for many when
it is fast. Nobody learns of a capture before it is durable.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from dataclasses import dataclass

from archiver.errors import ArchiverError
from archiver.fetch.index import capture_of
from archiver.fetch.purpose import Purpose
from archiver.model import Capture
from archiver.store.catalogue import Catalogue
from archiver.urls import canonical_url
from archiver.warc.record import RefersTo, exchange_records
from archiver.warc.writer import WarcWriter
from archiver.wire.exchange import Exchange

_GROUP = 32  # exchanges synced together at most: bounds how long the first one waits


@dataclass(frozen=True, slots=True)
class _Job:
    exchange: Exchange
    purpose: Purpose
    done: asyncio.Future[Capture | None]
    loop: asyncio.AbstractEventLoop


class Recorder:
    """Keeps exchanges: records to the WARC, then rows to the catalogue.

    `keep` may be awaited by many tasks at once; at most `limit` exchanges wait in memory, and
    the next `keep` waits for room (back-pressure on the network).
    """

    def __init__(
        self, *, writer: WarcWriter, catalogue: Catalogue, outlet: str, run_id: int, limit: int = 64
    ) -> None:
        self._writer = writer
        self._catalogue = catalogue
        self._outlet = outlet
        self._run_id = run_id
        self._room = asyncio.Semaphore(limit)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._thread.start()

    async def keep(self, exchange: Exchange, purpose: Purpose) -> Capture | None:
        """Write an exchange and return its capture once it is durable and catalogued.

        None where no HTTP answer came: what there was is in the WARC all the same.

        Raises:
            DiskFullError: no room; the WARC still ends with its last whole record.
            WarcError, CatalogueError: the record or its row could not be written.
        """
        loop = asyncio.get_running_loop()
        async with self._room:
            done: asyncio.Future[Capture | None] = loop.create_future()
            self._jobs.put(_Job(exchange, purpose, done, loop))
            return await done

    async def close(self) -> None:
        """Write what waits, close the WARC whole, end the thread."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._writer.close)

    def _work(self) -> None:
        ended = False
        while not ended:
            group: list[_Job] = []
            job = self._jobs.get()
            while job is not None:
                group.append(job)
                if len(group) == _GROUP or self._jobs.empty():
                    break
                job = self._jobs.get()
            ended = job is None
            if group:
                self._write(group)

    def _write(self, group: list[_Job]) -> None:
        written: list[tuple[_Job, Capture | None]] = []
        try:
            for job in group:
                try:
                    written.append((job, self._append(job)))
                except ArchiverError as error:
                    _fail(job, error)
            if written:
                self._writer.sync()
                self._catalogue.add_captures([capture for _, capture in written if capture])
        except Exception as error:  # noqa: BLE001 - whatever broke, the waiting tasks must hear of it
            for job, _ in written:
                _fail(job, error)
            return
        for job, capture in written:
            _tell(job, capture)

    def _append(self, job: _Job) -> Capture | None:
        exchange, purpose = job.exchange, job.purpose
        refers_to = _original(exchange, purpose)
        metadata = [("outlet", self._outlet), ("run", str(self._run_id)), *purpose.fields()]
        records = exchange_records(exchange, metadata=metadata, refers_to=refers_to)
        refs = self._writer.append(records)
        if exchange.status is None:
            return None
        return capture_of(
            exchange,
            url=exchange.url,
            captured_at=exchange.started,
            kind=purpose.kind,
            outlet=self._outlet,
            run_id=self._run_id,
            ref=refs[0],
            record_type=records[0].type,
            truncated=exchange.truncated,
            failed=exchange.error is not None,
        )


def _tell(job: _Job, capture: Capture | None) -> None:
    def resolve() -> None:
        if not job.done.done():  # the waiting task may have been cancelled
            job.done.set_result(capture)

    job.loop.call_soon_threadsafe(resolve)


def _fail(job: _Job, error: BaseException) -> None:
    def reject() -> None:
        if not job.done.done():
            job.done.set_exception(error)

    job.loop.call_soon_threadsafe(reject)


def _original(exchange: Exchange, purpose: Purpose) -> RefersTo | None:
    """What a 304 refers to: the base, if it is a capture of this very URL.

    A redirect carries the validators of the URL that redirected; they say nothing of its target.
    """
    base = purpose.base
    if exchange.status != 304 or base is None or base.url != canonical_url(exchange.url):
        return None
    return RefersTo(
        target_uri=base.url,
        date=base.captured_at,
        record_id=base.warc.record_id,
        payload_digest=base.warc.payload_digest,
    )
