"""Large uploads: in parts, gone on with after any crash, verified by the store's own checksums.

Nothing is remembered between two attempts but what the store remembers: its list of uploads and
of their parts (ListMultipartUploads, ListParts). A part counts where its size and its MD5 (its
ETag) are those of the local bytes. What of it a store does not tell is uploaded again.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from archiver.errors import StorageError
from archiver.model import utcnow
from archiver.store.blobs import Blob, Uploaded
from archiver.store.blobs.parts import Digests, Part, part_size, parts_of
from archiver.store.blobs.s3_client import as_storage_errors, code_of

if TYPE_CHECKING:
    from archiver.store.blobs.s3 import S3Blobs

_WARC = {"ContentType": "application/warc"}


def upload(store: S3Blobs, key: str, path: Path, *, sha256: str) -> Uploaded:
    """Put a local file under a key where there is none, and verify what is there then.

    Reads the file once; memory is `part_size` times `parallel` and one.

    Raises:
        StorageError: see `Blobs.upload`.
    """
    began = utcnow()
    digests = Digests(part_size=part_size(path, store.settings.part_size))
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


def end_abandoned(store: S3Blobs, *, older_than: timedelta, but: Collection[str]) -> list[str]:
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


def _read_all(path: Path, digests: Digests) -> None:
    for _ in parts_of(path, digests):
        pass


def _put_whole(store: S3Blobs, key: str, path: Path, digests: Digests, sha256: str) -> None:
    parts = list(parts_of(path, digests))
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


def _put_parts(store: S3Blobs, key: str, path: Path, digests: Digests, sha256: str) -> None:
    upload_id, there = _begin(store, key, sha256)
    size = path.stat().st_size
    with ThreadPoolExecutor(store.settings.parallel) as pool:
        running: set[Future[None]] = set()
        try:
            for part in parts_of(path, digests):
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
    """The upload to go on with, of which most is there, and its parts; others are ended."""
    best: tuple[int, str, dict[int, tuple[int, str]]] | None = None
    for found, upload_id, _ in list(_uploads(store, key)):
        if found != key:
            continue
        there = _parts_there(store, key, upload_id)
        kept = sum(size for size, _ in there.values()) if there is not None else 0
        if there is None or (best is not None and kept <= best[0]):
            _abort(store, key, upload_id)
            continue
        if best is not None:
            _abort(store, key, best[1])
        best = (kept, upload_id, there)
    if best is not None:
        return best[1:]
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


def _put_part(store: S3Blobs, key: str, upload_id: str, part: Part) -> None:
    wanted: dict[str, Any] = {"ContentMD5": base64.b64encode(part.md5).decode()}
    if store.rules.checksums:
        wanted["ChecksumAlgorithm"] = "SHA256"
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


def _complete(store: S3Blobs, key: str, upload_id: str, digests: Digests, size: int) -> None:
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
    store: S3Blobs, key: str, digests: Digests, *, size: int, asked: datetime | None
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
        found = _locked(store, key, found, asked)
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


def _locked(store: S3Blobs, key: str, found: dict[str, Any], asked: datetime) -> dict[str, Any]:
    """See to it that the object is locked: some stores lock none that was made of parts."""
    thing = store.thing(key)
    try:
        store.rules.check_lock(found, thing, asked=asked)
    except StorageError:
        with as_storage_errors(thing):
            store.client.put_object_retention(
                **store.place(key), Retention=store.rules.retention(asked)
            )
        found = store.head_object(key) or {}
        store.rules.check_lock(found, thing, asked=asked)
    return found


def _changed(path: Path, sha256: str) -> StorageError:
    return StorageError(
        f"has not the SHA-256 {sha256} any more",
        reason="damaged",
        thing=str(path),
        todo="See what is wrong with it: archiver check.",
    )
