"""A local file in the parts of its upload, and the digests by which a store names it."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

MAX_PARTS = 10_000  # of one upload (S3 API reference, multipart upload limits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part: its bytes, and their digests."""

    number: int  # from 1
    body: bytes
    md5: bytes
    sha256: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Digests:
    """What is known of a local file once all of its parts were read.

    `whole` is its SHA-256 in hex; `sha256s` are the parts', where they were asked for.
    """

    whole: str
    md5s: tuple[bytes, ...]
    sha256s: tuple[bytes, ...]

    def etag(self) -> str:
        """What an ETag is where it is made of MD5: of one PUT, of an upload in parts."""
        if len(self.md5s) == 1:
            return self.md5s[0].hex()
        joined = hashlib.md5(b"".join(self.md5s), usedforsecurity=False).hexdigest()
        return f"{joined}-{len(self.md5s)}"

    def checksum(self) -> str:
        """The store's SHA-256: of the whole, or of its parts' (a composite checksum)."""
        if len(self.md5s) == 1:
            return base64.b64encode(bytes.fromhex(self.whole)).decode()
        joined = hashlib.sha256(b"".join(self.sha256s)).digest()
        return f"{base64.b64encode(joined).decode()}-{len(self.sha256s)}"


def part_size(path: Path, wanted: int) -> int:
    """The size of a file's parts: as wanted, or larger where they would be too many."""
    least = -(-path.stat().st_size // MAX_PARTS)
    return max(wanted, least)


def each_part(
    path: Path,
    *,
    size: int,
    parallel: int,
    act: Callable[[Part], None] = lambda part: None,
    sha256s: bool = True,
) -> Digests:
    """Read a file once, and have `act` do something with each part, so many side by side.

    Digests are made where the part is dealt with, but the whole's, which has to be made in order.
    An empty file has one part, of nothing. Memory is `size` times one more than `parallel`.

    Raises:
        OSError, and what `act` raises: once all that was begun has ended.
    """
    whole = hashlib.sha256()
    made: list[Future[Part]] = []

    def deal_with(number: int, body: bytes) -> Part:
        part = Part(
            number=number,
            body=body,
            md5=hashlib.md5(body, usedforsecurity=False).digest(),
            sha256=hashlib.sha256(body).digest() if sha256s else b"",
        )
        act(part)
        return replace(part, body=b"")

    with path.open("rb", buffering=0) as file, ThreadPoolExecutor(parallel) as pool:
        running: set[Future[Part]] = set()
        while (body := _fill(file.fileno(), size, len(made) * size)) or not made:
            one = pool.submit(deal_with, len(made) + 1, body)
            made.append(one)
            running.add(one)
            whole.update(body)
            if len(running) >= parallel:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                if any(each.exception() for each in done):
                    break
    parts = [one.result() for one in made]
    return Digests(
        whole=whole.hexdigest(),
        md5s=tuple(part.md5 for part in parts),
        sha256s=tuple(part.sha256 for part in parts),
    )


def _fill(fd: int, size: int, offset: int) -> bytes:
    found = os.pread(fd, size, offset)
    while len(found) < size and (more := os.pread(fd, size - len(found), offset + len(found))):
        found += more
    return found
