"""Stores of whole files by key, on a disk or in S3: one narrow protocol.

A key is a relative path of plain characters. A file is there whole or not at all, and is never
changed: what was put once under a key stays, until it is deleted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

_KEY = re.compile(r"[A-Za-z0-9_=.-]+(/[A-Za-z0-9_=.-]+)*", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """One file in a store.

    `size` in bytes; `sha256` in hex, as it was said when the file was put, None where that is
    not kept with it; `locked_until`: nobody deletes it before.
    """

    key: str
    size: int
    modified: datetime | None = None
    sha256: str | None = None
    locked_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """A file that a store holds; `how` its bytes were verified there.

    checksum: the store's own SHA-256 or CRC of all of it is that of the local file; etag: its MD5
    is; read-back: the store has no such word, so all of it was read again.
    """

    blob: Blob
    how: str


class Blobs(Protocol):
    """A store. Threads may share it. Every method may raise StorageError, see its `reason`s."""

    @property
    def url(self) -> str:
        """Where it is, such as `s3://bucket/prefix`; a file is at this, "/" and its key."""
        ...

    def put(self, key: str, body: bytes, *, absent: bool = False) -> Blob:
        """Keep a small file; with `absent` only where there is none of this key ("exists")."""
        ...

    def replace(self, key: str, body: bytes) -> datetime | None:
        """Keep a small file in the place of another, of which nothing shall stay.

        Until when a lock has it stay all the same, out of sight; None where nothing does.
        """
        ...

    def upload(self, key: str, path: Path, *, sha256: str) -> Uploaded:
        """Keep a local file of any size, of this SHA-256 (hex), and verify what is there.

        An upload that was broken off is gone on with. The same file again is verified again,
        and left as it is. Memory is flat.

        Raises:
            StorageError: "exists" where another file has this key; "damaged" where the local file
                has not this SHA-256, or the store's not the local one's bytes.
        """
        ...

    @property
    def at_once(self) -> int:
        """How many uploads of large files at a time are of use; more than one can be stopped."""
        ...

    def stop(self) -> None:
        """Have uploads that run in other threads break off: this store is not used any more."""
        ...

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Read so many bytes from an offset on; fewer at the file's end, none behind it."""
        ...

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """Read from an offset to the file's end, in pieces of 1 MiB at most."""
        ...

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """List the files whose keys begin so, sorted; `sha256` is not known then."""
        ...

    def head(self, key: str) -> Blob | None:
        """Look what is there; None where there is nothing."""
        ...

    def delete(self, key: str) -> None:
        """Remove a file; no harm where there is none.

        Raises:
            StorageError: "refused" where it is locked.
        """
        ...

    def tidy(self, *, older_than: timedelta, but: Collection[str]) -> Sequence[str]:
        """End what was begun long ago and never became a file; the keys it was for.

        Those of the keys `but` are left: they will be gone on with here.
        """
        ...


def check_key(key: str) -> str:
    """The key, where it is one.

    Raises:
        ValueError: it is empty, absolute, has "." or ".." as a part, or other characters than
            letters, digits, "_", "=", ".", "-" and "/".
    """
    if not _KEY.fullmatch(key) or any(part in (".", "..") for part in key.split("/")):
        raise ValueError(f"{key!r:.200} is no key of a store")
    return key
