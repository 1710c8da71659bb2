"""Large uploads: in parts, gone on with after any crash, verified by the store's own checksums.

Nothing is remembered between two attempts but what the store remembers: its list of uploads and
of their parts (ListMultipartUploads, ListParts). A part counts where its size and its MD5 (its
ETag) are those of the local bytes. What of it a store does not tell is uploaded again.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from archiver.errors import StorageError
from archiver.model import utcnow
from archiver.store.blobs import Blob, Uploaded
from archiver.store.blobs.s3_client import as_storage_errors, code_of

if TYPE_CHECKING:
    from archiver.store.blobs.s3 import S3Blobs

MAX_PARTS = 10_000  # of one upload (S3 API reference, multipart upload limits)
_WARC = {"ContentType": "application/warc"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    number: int  # from 1
    body: bytes
    md5: bytes
    sha256: bytes


@dataclass(kw_only=True, slots=True)
class _Digests:
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


def upload(store: S3Blobs, key: str, path: Path, *, sha256: str) -> Uploaded:
    """Put a local file under a key where there is none, and verify what is there then.

    Reads the file once; memory is `part_size` times `parallel` and one.

    Raises:
        StorageError: see `Blobs.upload`.
    """
    began = utcnow()
    digests = _Digests(part_size=_part_size(path, store.settings.part_size))
    found = store.head_object(key)
    if found is not None:
        _read_all(path, digests)
    elif path.stat().st_size <= digests.part_size:
        _put_whole(store, key, path, digests, sha256)
    else:
        _put_parts(store, key, path, digests, sha256)
    if digests.whole != sha256:
        raise _changed(path, sha256)
    return _verify(store, key, digests, size=path.stat().st_size, asked=None if found else began)


def end_abandoned(store: S3Blobs, *, but: frozenset[str], older_than: timedelta) -> list[str]:
    """End unfinished uploads below the prefix that nobody goes on with; the keys they were for.

    Those of the keys `but` are left: they will be gone on with here. The others belong to other
    machines, and are left until they are so old.
    """
    ended = []
    for key, upload_id, begun in _uploads(store, ""):
        if key not in but and begun < utcnow() - older_than:
            _abort(store, key, upload_id)
            ended.append(key)
    return ended


def _part_size(path: Path, wanted: int) -> int:
    least = -(-path.stat().st_size // MAX_PARTS)
    return max(wanted, least)


def _parts(path: Path, digests: _Digests) -> Iterator[_Part]:
    """The parts of a file, whose digests are noted as they are read."""
    whole = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        number = 0
        while body := _fill(file.fileno(), digests.part_size, number * digests.part_size):
            number += 1
            whole.update(body)
            md5 = hashlib.md5(body, usedforsecurity=False).digest()
            part = _Part(number=number, body=body, md5=md5, sha256=hashlib.sha256(body).digest())
            digests.md5s.append(part.md5)
            digests.sha256s.append(part.sha256)
            yield part
    digests.whole = whole.hexdigest()


def _fill(fd: int, size: int, offset: int) -> bytes:
    found = os.pread(fd, size, offset)
    while len(found) < size and (more := os.pread(fd, size - len(found), offset + len(found))):
        found += more
    return found


def _read_all(path: Path, digests: _Digests) -> None:
    for _ in _parts(path, digests):
        pass


def _put_whole(store: S3Blobs, key: str, path: Path, digests: _Digests, sha256: str) -> None:
    parts = list(_parts(path, digests))
    if digests.whole != sha256:
        raise _changed(path, sha256)
    body = parts[0].body if parts else b""
    extra = store.rules.object_of(sha256) | store.rules.locked() | _WARC
    md5 = bytes.fromhex(digests.etag())
    try:
        store.put_object(key, body, md5=md5, sha256=bytes.fromhex(sha256), absent=True, extra=extra)
    except StorageError as error:
        if error.reason != "exists":  # an attempt of which no answer came did it: looked at below
            raise


def _put_parts(store: S3Blobs, key: str, path: Path, digests: _Digests, sha256: str) -> None:
    upload_id, there = _begin(store, key, sha256)
    size = path.stat().st_size
    with ThreadPoolExecutor(store.settings.parallel) as pool:
        running: set[Future[None]] = set()
        try:
            for part in _parts(path, digests):
                if there.get(part.number) == (len(part.body), part.md5.hex()):
                    continue
                if len(running) >= store.settings.parallel:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for one in done:
                        one.result()
                running.add(pool.submit(_put_part, store, key, upload_id, part))
            for one in running:
                one.result()
        except BaseException:
            for one in running:
                one.cancel()
            raise
    if digests.whole != sha256:
        _abort(store, key, upload_id)
        raise _changed(path, sha256)
    _complete(store, key, upload_id, digests, size)


def _begin(store: S3Blobs, key: str, sha256: str) -> tuple[str, dict[int, tuple[int, str]]]:
    """The upload to go on with and its parts by number, or a new one; others are ended."""
    uploads = sorted(
        ((begun, upload_id) for found, upload_id, begun in _uploads(store, key) if found == key),
        reverse=True,
    )
    going_on: tuple[str, dict[int, tuple[int, str]]] | None = None
    for _, upload_id in uploads:
        there = None if going_on else _parts_there(store, key, upload_id)
        if there is None:
            _abort(store, key, upload_id)
        else:
            going_on = (upload_id, there)
    if going_on:
        return going_on
    extra = store.rules.object_of(sha256) | store.rules.locked() | _WARC
    if store.rules.checksums:
        extra |= {"ChecksumAlgorithm": "SHA256"}
    with as_storage_errors(store.thing(key)):
        begun = store.client.create_multipart_upload(**store.place(key), **extra)
    return begun["UploadId"], {}


def _uploads(store: S3Blobs, prefix: str) -> Iterator[tuple[str, str, datetime]]:
    """Unfinished uploads: key, id, moment of their beginning."""
    start = store.prefix
    with as_storage_errors(store.thing(prefix)):
        pages = store.client.get_paginator("list_multipart_uploads")
        for page in pages.paginate(Bucket=store.bucket, Prefix=start + prefix):
            for found in page.get("Uploads", ()):
                yield found["Key"].removeprefix(start), found["UploadId"], found["Initiated"]


def _parts_there(store: S3Blobs, key: str, upload_id: str) -> dict[int, tuple[int, str]] | None:
    """Size and MD5 (hex) of each part of an upload; None where it cannot be gone on with."""
    there: dict[int, tuple[int, str]] = {}
    wanted = "SHA256" if store.rules.checksums else None
    with as_storage_errors(store.thing(key)):
        try:
            pages = store.client.get_paginator("list_parts")
            for page in pages.paginate(**store.place(key), UploadId=upload_id):
                if page.get("ChecksumAlgorithm") not in (wanted, None):
                    return None
                for part in page.get("Parts", ()):
                    there[part["PartNumber"]] = (part["Size"], part["ETag"].strip('"'))
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise
            return None
    return there


def _put_part(store: S3Blobs, key: str, upload_id: str, part: _Part) -> None:
    wanted: dict[str, Any] = {"ContentMD5": base64.b64encode(part.md5).decode()}
    if store.rules.checksums:
        wanted["ChecksumSHA256"] = base64.b64encode(part.sha256).decode()

    def attempt() -> None:
        store.client.upload_part(
            **store.place(key),
            UploadId=upload_id,
            PartNumber=part.number,
            Body=part.body,
            **wanted,
        )

    store.again(key, attempt)


def _complete(store: S3Blobs, key: str, upload_id: str, digests: _Digests, size: int) -> None:
    """Make the parts one object. An answer that got lost is looked for in the store."""
    told = []
    for number, (md5, sha256) in enumerate(zip(digests.md5s, digests.sha256s, strict=True), 1):
        part: dict[str, Any] = {"PartNumber": number, "ETag": f'"{md5.hex()}"'}
        if store.rules.checksums:
            part["ChecksumSHA256"] = base64.b64encode(sha256).decode()
        told.append(part)
    try:
        with as_storage_errors(store.thing(key)):
            store.if_absent(
                store.client.complete_multipart_upload,
                True,
                **store.place(key),
                UploadId=upload_id,
                MultipartUpload={"Parts": told},
            )
    except StorageError as error:
        found = store.head(key)
        if found is None or found.size != size:
            raise
        if error.reason == "exists":  # somebody was faster: the parts are of no more use
            _abort(store, key, upload_id)


def _abort(store: S3Blobs, key: str, upload_id: str) -> None:
    with as_storage_errors(store.thing(key)):
        try:
            store.client.abort_multipart_upload(**store.place(key), UploadId=upload_id)
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise


def _verify(
    store: S3Blobs, key: str, digests: _Digests, *, size: int, asked: datetime | None
) -> Uploaded:
    thing = store.thing(key)
    found = store.head_object(key)
    if found is None:
        raise StorageError("is not there after its upload", reason="unreachable", thing=thing)
    said = found.get("Metadata", {}).get("sha256")
    if found["ContentLength"] != size or (said is not None and said != digests.whole):
        raise StorageError(
            f"another file stands there, of {found['ContentLength']} bytes and SHA-256 {said}",
            reason="exists",
            thing=thing,
            todo="See what it is, and move one of the two away.",
        )
    if asked is not None:
        store.rules.check_lock(found, thing, asked=asked)
    blob = Blob(
        key=key,
        size=size,
        modified=found["LastModified"],
        sha256=said,
        locked_until=store.locked_until(found),
    )
    if found.get("ChecksumSHA256") == digests.checksum():
        return Uploaded(blob=blob, how="checksum")
    if found.get("ETag", "").strip('"') == digests.etag():
        return Uploaded(blob=blob, how="etag")
    whole = hashlib.sha256()
    for piece in store.stream(key):
        whole.update(piece)
    if whole.hexdigest() != digests.whole:
        raise StorageError(
            f"has the SHA-256 {whole.hexdigest()}, not {digests.whole}",
            reason="damaged",
            thing=thing,
            todo="The local file stays. Put it again under another key: archiver repair.",
        )
    return Uploaded(blob=blob, how="read-back")


def _changed(path: Path, sha256: str) -> StorageError:
    return StorageError(
        f"has not the SHA-256 {sha256} any more",
        reason="damaged",
        thing=str(path),
        todo="See what is wrong with it: archiver check.",
    )
