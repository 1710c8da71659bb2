"""From an exchange to a durable record, then to the catalogue: the one writer of a run.

What comes while a group is being written, or within a moment of the first where others are on the
wire, is written and synced as one group: one sync a request when the crawl is slow, one for many
when it is fast. Nobody learns of a capture before it is durable. The catalogue's rows follow in
larger batches.

Records are made on the event loop, as long as they are small: handing every page to a thread
and its result back costs more CPU than half of the work itself, since both threads then wait for
one interpreter lock. What would hold up the loop, a disk's sync and large bodies, goes to a
thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from archiver.errors import ArchiverError
from archiver.fetch.body import body_facts
from archiver.fetch.index import capture_of
from archiver.fetch.late_rows import LateRows
from archiver.fetch.purpose import Purpose
from archiver.fetch.room import Room
from archiver.model import Capture
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.urls import canonical_url
from archiver.warc.fields import labelled_digest
from archiver.warc.record import Record, RefersTo, exchange_records
from archiver.warc.writer import WarcWriter
from archiver.wire.exchange import Exchange

logger = logging.getLogger(__name__)

_GROUP = 32  # exchanges synced together at most: bounds how long the first one waits
_MOMENT = 0.01  # seconds that an exchange waits for others on the wire: less than a network takes
_ROOM = 64 * 1024 * 1024  # bytes
_SMALL = 4 * 1024 * 1024  # bytes of a group that the event loop can spare the time for

_T = TypeVar("_T")
_Results = Mapping["_Job", Capture | BaseException | None]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    exchange: Exchange
    purpose: Purpose
    done: asyncio.Future[Capture | None]


class Recorder:
    """Keeps exchanges: records to the WARC, then rows to the catalogue.

    `keep` may be awaited by many tasks of one event loop at once; at most `room` bytes of
    exchanges (or a single larger one) are held, and the next `keep` waits for room: back-pressure
    on the network. A payload of `revisit_size` bytes or more (None: none) that the catalogue
    knows from an earlier response, whose file exists by `warcs`, is written as a revisit of that.

    `rows` are those that the catalogue is still to get. Once they are not complete, the file is
    not to be told closed, so that the next recovery adds what is missing.
    """

    def __init__(
        self,
        *,
        writer: WarcWriter,
        catalogue: Catalogue,
        warcs: Warcs,
        outlet: str,
        run_id: int,
        revisit_size: int | None = None,
        room: int = _ROOM,
    ) -> None:
        self._writer = writer
        self._catalogue = catalogue
        self._warcs = warcs
        self._revisit_size = revisit_size
        self._outlet = outlet
        self._run_id = run_id
        self.rows = LateRows(catalogue)
        self._room = Room(room)
        self._waiting: list[_Job] = []
        self._more = False  # others are on the wire, as the newest one was told
        self._soon: asyncio.TimerHandle | None = None  # begins the next group
        self._writing: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()  # to use the writer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recorder")

    async def keep(
        self, exchange: Exchange, purpose: Purpose, *, more: bool = False
    ) -> Capture | None:
        """Write an exchange and return its capture once it is durable.

        None where no HTTP answer came: what there was is in the WARC all the same. With `more` on
        the wire, it waits a moment for that.

        Raises:
            DiskFullError: no room; the WARC still ends with its last whole record.
            WarcError, CatalogueError: the record or its row could not be written.
        """
        loop = asyncio.get_running_loop()
        held = _held(exchange)
        await self._room.enter(held)
        try:
            done: asyncio.Future[Capture | None] = loop.create_future()
            self._waiting.append(_Job(exchange, purpose, done))
            self._more = more
            self._begin_soon()
            return await done
        finally:
            self._room.leave(held)

    async def keep_derived(self, records: Sequence[Record]) -> None:
        """Write, durably, records of what was made from a capture; the catalogue has none of them.

        Raises:
            DiskFullError, WarcError: as `keep`.
        """
        async with self._turn:
            await self._in_thread(partial(self._writer.append, records))
            await self._in_thread(self._writer.sync)

    async def close(self) -> None:
        """Write what waits, close the WARC whole."""
        while self._writing or self._waiting:
            self._begin()
            if self._writing:
                await self._writing
        async with self._turn:
            try:
                self.rows.write()
            finally:
                await self._in_thread(self._writer.close)
                self._thread.shutdown()

    def _begin_soon(self) -> None:
        """Start on the next group now, or as soon as there may be more of it."""
        if self._writing or not self._waiting:
            return
        if not self._more or len(self._waiting) >= _GROUP:
            self._begin()
        elif self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(_MOMENT, self._begin)

    def _begin(self) -> None:
        """Start on the next group, if there is one and nothing is under way."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self._waiting and not self._writing:
            group = self._waiting[:_GROUP]
            del self._waiting[:_GROUP]
            self._writing = asyncio.get_running_loop().create_task(self._keep_group(group))

    async def _keep_group(self, group: Sequence[_Job]) -> None:
        async with self._turn:
            results = await self._write(group)
        for job in group:
            result = results[job]
            if job.done.done():  # the waiting task was cancelled
                continue
            if isinstance(result, BaseException):
                job.done.set_exception(result)
            else:
                job.done.set_result(result)
        self._writing = None
        self._begin_soon()

    async def _write(self, group: Sequence[_Job]) -> _Results:
        """What came of each exchange: its capture, None where it has none, or its error."""
        size = sum(len(job.exchange.response) for job in group)
        try:
            if size > _SMALL:
                results = await self._in_thread(partial(self._append_all, group))
            else:
                results = self._append_all(group)
            await self._in_thread(self._writer.sync)
            self.rows.add([came for came in results.values() if isinstance(came, Capture)])
        except Exception as error:  # noqa: BLE001 - whatever broke, the waiting tasks must hear of it
            self.rows.lost = self.rows.lost or error
            return dict.fromkeys(group, error)
        return results

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _append_all(self, group: Sequence[_Job]) -> _Results:
        digests = {job: _payload_digest(job.exchange) for job in group}
        originals = self._originals(digests)
        results: dict[_Job, Capture | BaseException | None] = {}
        for job in group:
            try:
                results[job] = self._append(job, digests[job], originals.get(job))
            except ArchiverError as error:
                results[job] = error
        return results

    def _originals(self, digests: Mapping[_Job, str | None]) -> dict[_Job, RefersTo]:
        """What the group's answers are revisits of, by the catalogue: nothing newer is durable."""
        found: dict[_Job, RefersTo] = {}
        keys: dict[_Job, tuple[str, str]] = {}
        try:
            for job, digest in digests.items():
                exchange, base = job.exchange, _not_modified(job.exchange, job.purpose)
                if base is not None and base.record_type == "response":
                    found[job] = _refers_to(base)
                elif base is not None:  # a revisit: what that one stands for
                    keys[job] = (base.url, base.warc.payload_digest or "")
                elif digest and self._repeatable(exchange):
                    keys[job] = (canonical_url(exchange.url), digest)
            wanted = set(keys.values())
            known = self._catalogue.originals(wanted) if wanted else {}
            for url, digest in wanted - known.keys():
                if row := self.rows.response_of(url, digest):
                    known[url, digest] = row
            for job, key in keys.items():
                original = known.get(key)
                if original and self._warcs.exists(original.warc.file):
                    found[job] = _refers_to(original)
        except Exception:  # whatever broke: what cannot be looked up is kept whole
            logger.warning("cannot look for earlier payloads", exc_info=True)
        return found

    def _repeatable(self, exchange: Exchange) -> bool:
        whole = exchange.status == 200 and not exchange.truncated and not exchange.error
        size = self._revisit_size
        return whole and size is not None and len(exchange.payload) >= max(1, size)

    def _append(
        self, job: _Job, payload_digest: str | None, refers_to: RefersTo | None
    ) -> Capture | None:
        exchange, purpose = job.exchange, job.purpose
        body = body_facts(exchange, payload_digest)
        metadata = [
            ("outlet", self._outlet),
            ("run", str(self._run_id)),
            *purpose.fields(),
            *body.fields(),
        ]
        records = exchange_records(
            exchange, metadata=metadata, refers_to=refers_to, payload_digest=payload_digest
        )
        refs = self._writer.append(records)
        if exchange.status is None:
            return None
        try:
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
        except ValueError:  # of a URL that is none; what came of it is in the WARC
            return None


def _held(exchange: Exchange) -> int:
    """Bytes of memory; what is spilled takes none."""
    return sum(
        len(part) for part in (exchange.response, exchange.payload) if isinstance(part, bytes)
    )


def _payload_digest(exchange: Exchange) -> str | None:
    return labelled_digest(exchange.payload) if exchange.head_length else None


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
