"""A local file in the parts of its upload, and the digests by which a store names it."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from queue import LifoQueue
from threading import Event

from archiver.errors import StorageError

MAX_PARTS = 10_000  # of one upload (S3 API reference, multipart upload limits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part: its bytes, their digests (no SHA-256 where it was not asked for), its ETag.

    Who wants the bytes for longer than it deals with the part copies them.
    """

    number: int  # from 1
    body: bytes | bytearray
    md5: bytes
    sha256: bytes
    etag: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Digests:
    """What is known of a local file once all of its parts were read.

    `whole` is its SHA-256 in hex; `sha256s` are the parts', where they were asked for; `etags` is
    what the store calls them, or else their MD5 in hex. `sure`: all of these are their MD5.
    """

    whole: str
    etags: tuple[str, ...]
    sure: bool
    sha256s: tuple[bytes, ...]

    def etag(self) -> str | None:
        """What an ETag is where it is made of MD5: of one PUT, of an upload in parts.

        None where those of the parts are others.
        """
        if not self.sure:
            return None
        if len(self.etags) == 1:
            return self.etags[0]
        md5s = b"".join(map(bytes.fromhex, self.etags))
        return f"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(self.etags)}"

    def checksum(self) -> str:
        """The store's SHA-256: of the whole, or of its parts' (a composite checksum)."""
        if len(self.etags) == 1:
            return base64.b64encode(bytes.fromhex(self.whole)).decode()
        joined = hashlib.sha256(b"".join(self.sha256s)).digest()
        return f"{base64.b64encode(joined).decode()}-{len(self.sha256s)}"


def part_size(path: Path, wanted: int) -> int:
    """The size of a file's parts: as wanted, or larger where they would be too many."""
    least = -(-path.stat().st_size // MAX_PARTS)
    return max(wanted, least)


class Slots:
    """Threads that deal with parts, and the memory of these: for all files of a store together.

    It is used again and again: to give it back and to be given other memory costs time, and
    leaves holes.

    Args:
        parallel: threads, and parts in memory, of which there are two at least: one is read while
            others are sent.
    """

    def __init__(self, parallel: int) -> None:
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="parts")
        self._room: LifoQueue[bytearray] = LifoQueue()
        for _ in range(max(2, parallel)):
            self._room.put(bytearray())
        self._stopped = Event()

    def stop(self) -> None:
        """Have no part begun any more."""
        self._stopped.set()

    def wait(self, size: int) -> bytearray:
        """Wait for room of so many bytes, whatever is in them.

        Raises:
            StorageError: "unreachable": it was stopped.
        """
        room = self._room.get()
        if self._stopped.is_set():
            self._room.put(room)
            raise StorageError("the upload was broken off", reason="unreachable")
        return room if len(room) == size else bytearray(size)

    def free(self, room: bytearray, *, after: Future[Part] | None = None) -> None:
        """Give room back, once a part that lies in it is dealt with."""
        if after is None:
            self._room.put(room)
        else:
            after.add_done_callback(lambda _: self._room.put(room))

    def deal(
        self, work: Callable[[int, bytearray], Part], number: int, body: bytearray
    ) -> Future[Part]:
        """Have a thread do something with a part."""
        return self._pool.submit(work, number, body)


def each_part(
    path: Path,
    *,
    size: int,
    slots: Slots,
    act: Callable[[Part], str | None] = lambda part: None,
    sha256s: bool = True,
) -> Digests:
    """Read a file once, and have `act` do something with each part, so many side by side.

    `act` gives what the store calls a part; None where it does not say. Digests are made where
    the part is dealt with, but the whole's, which has to be made in order. An empty file has one
    part, of nothing. Memory is what `slots` have room for.

    Raises:
        OSError, and what `act` raises: once all that was begun has ended.
    """
    whole = hashlib.sha256()
    made: list[Future[Part]] = []
    failed = Event()

    def deal_with(number: int, body: bytearray) -> Part:
        try:
            md5 = hashlib.md5(body, usedforsecurity=False).digest()
            sha256 = hashlib.sha256(body).digest() if sha256s else b""
            part = Part(number=number, body=body, md5=md5, sha256=sha256)
            return replace(part, body=b"", etag=act(part) or md5.hex())
        except BaseException:
            failed.set()
            raise

    with path.open("rb", buffering=0) as file:
        try:
            while not failed.is_set():
                room, one = slots.wait(size), None
                try:
                    body = _fill(file.fileno(), room, len(made) * size)
                    if not body and made:
                        break
                    one = slots.deal(deal_with, len(made) + 1, body)
                    made.append(one)
                    whole.update(body)
                finally:
                    slots.free(room, after=one)
        finally:
            wait(made)
    parts = [one.result() for one in made]
    return Digests(
        whole=whole.hexdigest(),
        etags=tuple(part.etag for part in parts),
        sure=all(part.etag == part.md5.hex() for part in parts),
        sha256s=tuple(part.sha256 for part in parts),
    )


def _fill(fd: int, room: bytearray, offset: int) -> bytearray:
    """Read from an offset on what there is room for; of fewer bytes no more room is left."""
    found = 0
    with memoryview(room) as view:
        while found < len(room) and (more := os.preadv(fd, [view[found:]], offset + found)):
            found += more
    del room[found:]
    return room
