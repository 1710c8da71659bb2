"""From an exchange to a durable record, then to the catalogue: the one writer of a run.

A thread of its own takes exchanges from a bounded queue, so that compressing, writing and
syncing never hold up the event loop. What stands in the queue when the thread comes round is
written and synced as one group: one sync a request when the crawl is slow, one for many when
it is fast. Nobody learns of a capture before it is durable.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archiver.errors import ArchiverError
from archiver.fetch.index import body_facts, capture_of
from archiver.fetch.purpose import Purpose
from archiver.model import Capture
from archiver.store.catalogue import Catalogue
from archiver.urls import canonical_url
from archiver.warc.fields import labelled_digest
from archiver.warc.names import resolve
from archiver.warc.record import RefersTo, exchange_records
from archiver.warc.writer import WarcWriter
from archiver.wire.exchange import Exchange

logger = logging.getLogger(__name__)

_GROUP = 32  # exchanges synced together at most: bounds how long the first one waits


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    exchange: Exchange
    purpose: Purpose
    done: asyncio.Future[Capture | None]
    loop: asyncio.AbstractEventLoop


class Recorder:
    """Keeps exchanges: records to the WARC, then rows to the catalogue.

    `keep` may be awaited by many tasks at once; at most `limit` exchanges wait in memory, and
    the next `keep` waits for room (back-pressure on the network). A payload of `revisit_size`
    bytes or more (None: none) that the catalogue knows from an earlier response, whose file is
    in the folder `warcs`, is written as a revisit of that.
    """

    def __init__(
        self,
        *,
        writer: WarcWriter,
        catalogue: Catalogue,
        warcs: Path,
        outlet: str,
        run_id: int,
        revisit_size: int | None = None,
        limit: int = 64,
    ) -> None:
        self._writer = writer
        self._catalogue = catalogue
        self._warcs = warcs
        self._revisit_size = revisit_size
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
            originals = self._originals(group)
            for job in group:
                try:
                    written.append((job, self._append(job, originals.get(job))))
                except ArchiverError as error:
                    _fail(job, error)
            if written:
                self._writer.sync()
                self._catalogue.add_captures([capture for _, capture in written if capture])
        except Exception as error:  # noqa: BLE001 - whatever broke, the waiting tasks must hear of it
            for job in group:
                _fail(job, error)
            return
        for job, capture in written:
            _tell(job, capture)

    def _originals(self, group: Sequence[_Job]) -> dict[_Job, RefersTo]:
        """What the group's answers are revisits of, by the catalogue: nothing newer is durable."""
        found: dict[_Job, RefersTo] = {}
        keys: dict[_Job, tuple[str, str]] = {}
        try:
            for job in group:
                exchange, base = job.exchange, _not_modified(job.exchange, job.purpose)
                if base is not None and base.record_type == "response":
                    found[job] = _refers_to(base)
                elif base is not None:  # a revisit: what that one stands for
                    keys[job] = (base.url, base.warc.payload_digest or "")
                elif self._repeatable(exchange):
                    keys[job] = (canonical_url(exchange.url), labelled_digest(exchange.payload))
            known = self._catalogue.originals(set(keys.values())) if keys else {}
        except Exception:  # whatever broke: what cannot be looked up is kept whole
            logger.warning("cannot look for earlier payloads", exc_info=True)
            return found
        for job, key in keys.items():
            original = known.get(key)
            if original and resolve(self._warcs, original.warc.file).exists():
                found[job] = _refers_to(original)
        return found

    def _repeatable(self, exchange: Exchange) -> bool:
        whole = exchange.status == 200 and not exchange.truncated and not exchange.error
        size = self._revisit_size
        return whole and size is not None and len(exchange.payload) >= max(1, size)

    def _append(self, job: _Job, refers_to: RefersTo | None) -> Capture | None:
        exchange, purpose = job.exchange, job.purpose
        body = body_facts(exchange)
        metadata = [("outlet", self._outlet), ("run", str(self._run_id)), *purpose.fields()]
        if refers_to:
            metadata += body.fields()
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
            body=body,
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


def _not_modified(exchange: Exchange, purpose: Purpose) -> Capture | None:
    """What a 304 says is still so: the base, if it is a capture of this very URL.

    A redirect carries the validators of the URL that redirected; they say nothing of its target.
    """
    base = purpose.base
    if exchange.status != 304 or base is None or base.url != canonical_url(exchange.url):
        return None
    return base


def _refers_to(original: Capture) -> RefersTo:
    return RefersTo(
        target_uri=original.url,
        date=original.captured_at,
        record_id=original.warc.record_id,
        payload_digest=original.warc.payload_digest,
    )
