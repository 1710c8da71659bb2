"""A local file in the parts of its upload, and the digests by which a store names it."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_PARTS = 10_000  # of one upload (S3 API reference, multipart upload limits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part: its bytes, and their digests."""

    number: int  # from 1
    body: bytes
    md5: bytes
    sha256: bytes


@dataclass(kw_only=True, slots=True)
class Digests:
    """What is known of a local file once all of its parts were read."""

    part_size: int
    whole: str = ""  # SHA-256 in hex
    md5s: list[bytes] = field(default_factory=list)
    sha256s: list[bytes] = field(default_factory=list)

    def etag(self) -> str:
        """What an ETag is where it is made of MD5: of one PUT, of an upload in parts."""
        if len(self.md5s) <= 1:
            return (
                self.md5s[0] if self.md5s else hashlib.md5(usedforsecurity=False).digest()
            ).hex()
        joined = hashlib.md5(b"".join(self.md5s), usedforsecurity=False).hexdigest()
        return f"{joined}-{len(self.md5s)}"

    def checksum(self) -> str:
        """The store's SHA-256: of the whole, or of its parts' (a composite checksum)."""
        if len(self.sha256s) <= 1:
            return base64.b64encode(bytes.fromhex(self.whole)).decode()
        joined = hashlib.sha256(b"".join(self.sha256s)).digest()
        return f"{base64.b64encode(joined).decode()}-{len(self.sha256s)}"


def part_size(path: Path, wanted: int) -> int:
    """The size of a file's parts: as wanted, or larger where they would be too many."""
    least = -(-path.stat().st_size // MAX_PARTS)
    return max(wanted, least)


def parts_of(path: Path, digests: Digests) -> Iterator[Part]:
    """The parts of a file, whose digests are noted as they are read."""
    whole = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        number = 0
        while body := _fill(file.fileno(), digests.part_size, number * digests.part_size):
            number += 1
            whole.update(body)
            md5 = hashlib.md5(body, usedforsecurity=False).digest()
            part = Part(number=number, body=body, md5=md5, sha256=hashlib.sha256(body).digest())
            digests.md5s.append(part.md5)
            digests.sha256s.append(part.sha256)
            yield part
    digests.whole = whole.hexdigest()


def _fill(fd: int, size: int, offset: int) -> bytes:
    found = os.pread(fd, size, offset)
    while len(found) < size and (more := os.pread(fd, size - len(found), offset + len(found))):
        found += more
    return found
