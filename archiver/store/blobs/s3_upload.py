"""Large uploads: in parts, gone on with after any crash, verified by the store's own checksums.

Nothing is remembered between two attempts but what the store remembers: its list of uploads and
of their parts (ListMultipartUploads, ListParts). A part counts where its size and its MD5 (its
ETag) are those of the local bytes. What of it a store does not tell is uploaded again.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from archiver.errors import StorageError
from archiver.model import utcnow
from archiver.store.blobs import Blob, Uploaded
from archiver.store.blobs.kinds import media_type
from archiver.store.blobs.parts import Digests, Part, each_part, part_size
from archiver.store.blobs.s3_client import as_storage_errors, code_of

if TYPE_CHECKING:
    from archiver.store.blobs.s3 import S3Blobs

_ETAG = re.compile(r'"([^"]+)"|([0-9a-f]{32})', re.ASCII)


def upload(store: S3Blobs, key: str, path: Path, *, sha256: str) -> Uploaded:
    """Put a local file under a key where there is none, and verify what is there then.

    Reads the file once; memory is `part_size` times `parallel`.

    Raises:
        StorageError: see `Blobs.upload`.
    """
    began = utcnow()
    size = path.stat().st_size
    parts = _Parts(path=path, size=part_size(path, store.settings.part_size))
    found = store.head_object(key)
    if found is not None:
        digests = parts.each(store)
    elif size <= parts.size:
        digests = _put_whole(store, key, parts, sha256)
    else:
        digests = _put_parts(store, key, parts, sha256)
    if digests.whole != sha256:
        raise _changed(path, sha256)
    done = _verify(store, key, digests, size=size, asked=None if found else began)
    if size > parts.size:
        # Of requests that were done twice, or of which no answer came.
        for other, upload_id, _ in list(_uploads(store, key)):
            if other == key:
                _abort(store, key, upload_id)
    return done


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    """A local file and the size of its parts."""

    path: Path
    size: int

    def each(
        self,
        store: S3Blobs,
        act: Callable[[Part], str | None] = lambda part: None,
    ) -> Digests:
        """Read them, and do something with each: see `each_part`."""
        return each_part(
            self.path,
            size=self.size,
            slots=store.slots,
            act=act,
            sha256s=store.rules.checksums,
        )


def _put_whole(store: S3Blobs, key: str, parts: _Parts, sha256: str) -> Digests:
    bodies: list[bytes] = []
    md5s: list[bytes] = []

    def keep(part: Part) -> None:
        bodies.append(bytes(part.body))
        md5s.append(part.md5)

    digests = parts.each(store, keep)
    if digests.whole != sha256:
        raise _changed(parts.path, sha256)
    extra = store.rules.object_of(sha256) | store.rules.locked() | {"ContentType": media_type(key)}
    (body,), (md5,) = bodies, md5s
    try:
        store.put_object(key, body, md5=md5, sha256=bytes.fromhex(sha256), absent=True, extra=extra)
    except StorageError as error:
        if error.reason != "exists":  # an attempt of which no answer came did it: looked at below
            raise
    return digests


def _put_parts(store: S3Blobs, key: str, parts: _Parts, sha256: str) -> Digests:
    upload_id, there = _begin(store, key, sha256)

    def put(part: Part) -> str | None:
        if there.get(part.number) == (len(part.body), part.md5.hex()):
            return None
        return _put_part(store, key, upload_id, part)

    digests = parts.each(store, put)
    if digests.whole != sha256:
        _abort(store, key, upload_id)
        raise _changed(parts.path, sha256)
    _complete(store, key, upload_id, digests, parts.path.stat().st_size)
    return digests


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
    extra = store.rules.object_of(sha256) | store.rules.locked() | {"ContentType": media_type(key)}
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


def _put_part(store: S3Blobs, key: str, upload_id: str, part: Part) -> str | None:
    """Put a part; what the store calls it, None where it does not say.

    With a Content-MD5 the SDK signs no SHA-256 of the body, where it goes over TLS. A store has
    nothing more to do with it, whose ETags are made of it.
    """
    wanted: dict[str, Any] = {"ContentMD5": base64.b64encode(part.md5).decode()}
    if store.rules.checksums:
        wanted["ChecksumAlgorithm"] = "SHA256"
        wanted["ChecksumSHA256"] = base64.b64encode(part.sha256).decode()

    def attempt() -> str | None:
        answer = store.client.upload_part(
            **store.place(key),
            UploadId=upload_id,
            PartNumber=part.number,
            Body=part.body,
            **wanted,
        )
        return whole_etag(answer)

    return store.again(key, attempt)


def whole_etag(answer: Mapping[str, Any]) -> str | None:
    """The ETag in an answer, without quotes; None where none is there, or a part of one."""
    found = _ETAG.fullmatch(answer.get("ETag", ""))
    return (found[1] or found[2]) if found else None


def _complete(store: S3Blobs, key: str, upload_id: str, digests: Digests, size: int) -> None:
    """Make the parts one object. An answer that got lost is looked for in the store."""
    told = []
    for number, (etag, sha256) in enumerate(zip(digests.etags, digests.sha256s, strict=True), 1):
        part: dict[str, Any] = {"PartNumber": number, "ETag": f'"{etag}"'}
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
