"""What a store can do, tried on files of its own, and whether that is enough to lose nothing."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from archiver.config.storage import MiB
from archiver.errors import StorageError
from archiver.store.blobs import Blobs
from archiver.store.blobs.disk import DiskBlobs

FOLDER = ".archiver-probe/"  # what the keys of all probes begin with
SIZE = 5 * MiB + 1  # two parts of an upload, at the least size that a part may have
_SMALL = b"a probe of archiver doctor\n"
_VERSIONS = 5  # of one probe, at most

State = Literal["ok", "warn", "fail"]
Answer = tuple[State, str, str]  # state, what was found, what to do


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One thing that was tried: `what` came of it, `todo` where that is not well.

    warn: the archive works, and loses nothing by it; fail: it does not work.
    """

    name: str
    state: State
    what: str
    todo: str = ""
    seconds: float | None = None


def fact(name: str, step: Callable[[], Answer]) -> Fact:
    """Try one thing, and say how long it took; the store's errors are what came of it."""
    begun = time.monotonic()
    try:
        state, what, todo = step()
    except StorageError as error:
        state, what, todo = "fail", error.what, error.todo or ""
    return Fact(name=name, state=state, what=what, todo=todo, seconds=time.monotonic() - begun)


def probe(blobs: Blobs) -> Iterator[Fact]:
    """Try a store on files below `.archiver-probe/`, which are removed again.

    Ends early where it cannot be reached, or takes nothing. Those of a probe that was broken off,
    or locked, are removed by a later one.
    """
    from archiver.store.blobs.s3 import S3Blobs  # boto3 takes a third of a second

    stem = f"{FOLDER}{uuid.uuid4().hex}"
    if isinstance(blobs, S3Blobs):
        from archiver.store.blobs.probe_s3 import probe_s3, unlocked

        plain: Blobs = unlocked(blobs)
        first = fact("put", lambda: _put(plain, stem))
        yield first
        if first.state != "fail":
            yield from _common(plain, stem)
            yield from probe_s3(blobs, stem)
    else:
        plain = blobs
        first = fact("put", lambda: _put(plain, stem))
        yield first
        if first.state != "fail":
            yield from _common(plain, stem)
    if first.state != "fail":
        yield fact("delete", lambda: _delete(plain, stem))


def _put(blobs: Blobs, stem: str) -> Answer:
    blobs.put(f"{stem}-small", _SMALL)
    return "ok", "takes a file", ""


def _common(blobs: Blobs, stem: str) -> Iterator[Fact]:
    """What is asked of every store."""
    key = f"{stem}-small"
    yield fact("head", lambda: _head(blobs, key))
    yield fact("range", lambda: _same(blobs.read(key, 2, 5), _SMALL[2:7], "a range of bytes"))
    yield fact("read", lambda: _same(b"".join(blobs.stream(key)), _SMALL, "the whole file"))
    yield fact("list", lambda: _list(blobs, key))
    yield fact("exists", lambda: _exists(blobs, key))
    with tempfile.TemporaryDirectory(prefix="archiver-probe-") as name:
        path = Path(name, "large")
        path.write_bytes(os.urandom(SIZE))
        yield fact("upload", lambda: upload(blobs, f"{stem}-large", path))


def _head(blobs: Blobs, key: str) -> Answer:
    found = blobs.head(key)
    if found is None or found.size != len(_SMALL):
        return "fail", f"says of a file that was just put: {found}", "This is no store for files."
    if found.sha256 is None and not isinstance(blobs, DiskBlobs):
        what = "keeps no SHA-256 with a file: before a local one goes, sizes alone are compared"
        return "warn", what, "Copies are verified as they are made; nothing has to be done."
    if found.modified is not None and abs(found.modified.timestamp() - time.time()) > 60:
        what = f"its clock says {found.modified.isoformat()}"
        return "warn", what, "Set the clock of this machine, or of the store."
    return "ok", "knows size" + (" and SHA-256" if found.sha256 else ""), ""


def _same(found: bytes, wanted: bytes, what: str) -> Answer:
    if found != wanted:
        return "fail", f"{what} came back as other bytes", "This is no store for files."
    return "ok", f"{what} comes back", ""


def _list(blobs: Blobs, key: str) -> Answer:
    if key not in [blob.key for blob in blobs.list(FOLDER)]:
        what = "a file that was just put is not in its list"
        return "warn", what, "Wait before `archiver restore --list` or `reindex --from`."
    return "ok", "has the new file", ""


def _exists(blobs: Blobs, key: str) -> Answer:
    try:
        blobs.put(key, b"another\n", absent=True)
    except StorageError as error:
        if error.reason == "exists":
            return "ok", "a file is not put where there is one", ""
        raise
    return "fail", "a file was put over another one", "This is no store for files."


def upload(blobs: Blobs, key: str, path: Path) -> Answer:
    """Upload a file of two parts, and read it back."""
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    done = blobs.upload(key, path, sha256=wanted)
    found = hashlib.sha256(b"".join(blobs.stream(key))).hexdigest()
    if found != wanted:
        return "fail", "what was uploaded came back as other bytes", "This is no store for files."
    how = f"{path.stat().st_size:,} bytes, verified by {done.how}, came back"
    if done.how == "read-back" and not isinstance(blobs, DiskBlobs):
        todo = (
            "Nothing is lost; every file is read once after its upload, which may cost something."
        )
        return "warn", how, todo
    return "ok", how, ""


def _delete(blobs: Blobs, stem: str) -> Answer:
    """Remove this probe's files and those of earlier ones; what is locked stays, and is said."""
    locked = []
    for key in [blob.key for blob in blobs.list(FOLDER)]:
        try:
            for _ in range(_VERSIONS):
                blobs.delete(key)
                if blobs.head(key) is None:
                    break
        except StorageError as error:
            if error.reason != "refused":
                raise
            found = blobs.head(key)
            until = found.locked_until if found else None
            if until is None:
                return "fail", f"{key} stays: {error.what}", error.todo or ""
            locked.append(until)
    if isinstance(blobs, DiskBlobs):
        with suppress(OSError):
            Path(unquote(blobs.url.removeprefix("file://")), FOLDER).rmdir()
    if locked:
        what = f"{len(locked)} locked probes stay until {max(locked).isoformat(timespec='seconds')}"
        return "ok", what + "; a later `archiver doctor` removes them", ""
    return "ok", "the probes are gone", ""
