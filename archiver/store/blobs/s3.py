"""A store in a bucket of S3, or of what speaks its language."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, IncompleteReadError

from archiver.config.storage import StorageSettings
from archiver.errors import StorageError
from archiver.model import utcnow
from archiver.store.blobs import Blob, Uploaded, check_key
from archiver.store.blobs.kinds import media_type
from archiver.store.blobs.parts import Slots
from archiver.store.blobs.s3_client import (
    as_storage_errors,
    client_error,
    code_of,
    make_client,
    range_of,
    whole_head,
)
from archiver.store.blobs.s3_rules import Rules

_CHUNK = 1 << 20
_NO_CONDITION = frozenset(("NotImplemented", "InvalidArgument", "InvalidRequest"))
_T = TypeVar("_T")


class S3Blobs:
    """The objects of a bucket below a prefix.

    Args:
        settings: how the store is reached and what objects are to be like.
        url: `s3://bucket/prefix`.
        ca_file: authorities to trust for the endpoint; None: the SDK's.
    """

    def __init__(self, settings: StorageSettings, url: str, *, ca_file: Path | None = None) -> None:
        parts = urlsplit(url)
        self.bucket = parts.netloc
        self.prefix = parts.path.strip("/") + "/" if parts.path.strip("/") else ""
        self._url = url.rstrip("/")
        self.settings = settings
        self.client = make_client(settings, ca_file=ca_file)
        self.rules = Rules.of(settings, self.client.meta.endpoint_url)
        self.conditional = True  # until the store says that it knows no If-None-Match
        self.slots = Slots(settings.parallel)

    @property
    def url(self) -> str:
        """`s3://bucket/prefix`."""
        return self._url

    def thing(self, key: str) -> str:
        """A file's whole name, for people."""
        return f"{self._url}/{key}"

    def place(self, key: str) -> dict[str, str]:
        """Bucket and key of a file, as every request names them."""
        return {"Bucket": self.bucket, "Key": self.prefix + check_key(key)}

    def put(self, key: str, body: bytes, *, absent: bool = False) -> Blob:
        """Keep a small file; the store verifies it on its way in."""
        if absent and self.head(key) is not None:
            raise self._exists(key)
        sha256 = hashlib.sha256(body)
        try:
            self.put_object(
                key,
                body,
                md5=hashlib.md5(body, usedforsecurity=False).digest(),
                sha256=sha256.digest(),
                absent=absent,
                extra=self.rules.object_of(sha256.hexdigest()) | {"ContentType": media_type(key)},
            )
        except StorageError as error:
            # An attempt whose answer got lost may have made it.
            made = self.head(key) if error.reason == "exists" else None
            if made is None or made.sha256 != sha256.hexdigest():
                raise
        return Blob(key=key, size=len(body), modified=utcnow(), sha256=sha256.hexdigest())

    def put_object(
        self,
        key: str,
        body: bytes,
        *,
        md5: bytes,
        sha256: bytes,
        absent: bool,
        extra: dict[str, Any],
    ) -> None:
        """One PutObject, with the digests of its body."""
        wanted = dict(extra, Body=body, ContentMD5=base64.b64encode(md5).decode())
        if self.rules.checksums:
            wanted["ChecksumAlgorithm"] = "SHA256"
            wanted["ChecksumSHA256"] = base64.b64encode(sha256).decode()
        with as_storage_errors(self.thing(key)):
            self.if_absent(self.client.put_object, absent, **self.place(key), **wanted)

    def if_absent(self, call: Callable[..., _T], absent: bool, **wanted: Any) -> _T:
        """Call with `If-None-Match: *`; a store that knows no such condition is asked without."""
        if absent and self.conditional:
            try:
                return call(**wanted, IfNoneMatch="*")
            except ClientError as error:
                if code_of(error) not in _NO_CONDITION:
                    raise
                self.conditional = False
        return call(**wanted)

    def replace(self, key: str, body: bytes) -> datetime | None:
        """Write over it; where there are versions, the one before goes first, unless locked."""
        found = self.head_object(key) or {}
        locked = None
        if found.get("VersionId", "null") != "null":
            try:
                self.delete(key)
            except StorageError as error:
                locked = self.locked_until(found)
                if error.reason != "refused" or locked is None:
                    raise
        self.put(key, body)
        return locked

    def upload(self, key: str, path: Path, *, sha256: str) -> Uploaded:
        """Keep a local file of any size; see `archiver.store.blobs.s3_upload`."""
        from archiver.store.blobs.s3_upload import upload  # which knows this class

        return upload(self, key, path, sha256=sha256)

    @property
    def at_once(self) -> int:
        """Four: some are begun or completed, which keeps the line free, while others are sent."""
        return 4

    def stop(self) -> None:
        """No part is begun any more."""
        self.slots.stop()

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Read a range, again where the answer breaks off."""
        if length <= 0:
            return b""

        def attempt() -> bytes:
            try:
                answer = self.client.get_object(
                    **self.place(key), Range=f"bytes={offset}-{offset + length - 1}"
                )
            except ClientError as error:
                if code_of(error) == "InvalidRange":  # it begins behind the file's end
                    return b""
                raise
            with answer["Body"] as body:  # closed whatever it is
                begin, end, _ = range_of(answer)
                found: bytes = body.read()
            if begin != offset or len(found) != end - begin + 1:
                raise IncompleteReadError(actual_bytes=len(found), expected_bytes=length)
            return found

        return self.again(key, attempt)

    def stream(self, key: str, offset: int = 0) -> Iterator[bytes]:
        """Read to the end; where an answer breaks off, the next one goes on there."""
        etag: str | None = None
        failures = 0
        size: int | None = None
        while size is None or offset < size:
            try:
                with as_storage_errors(self.thing(key)):
                    same = {"IfMatch": etag} if etag else {}
                    try:
                        answer = self.client.get_object(
                            **self.place(key), Range=f"bytes={offset}-", **same
                        )
                    except ClientError as error:
                        if code_of(error) == "InvalidRange":
                            return
                        raise
                    with answer["Body"] as body:
                        begin, _, whole = range_of(answer)
                        if begin != offset:
                            raise IncompleteReadError(actual_bytes=begin, expected_bytes=offset)
                        size, etag = whole, answer.get("ETag")
                        while piece := body.read(_CHUNK):
                            offset += len(piece)
                            failures = 0
                            yield piece
            except StorageError as error:
                failures += 1
                if error.reason != "unreachable" or failures > self.settings.retries:
                    raise
                time.sleep(_pause(failures))

    def list(self, prefix: str = "") -> Iterator[Blob]:
        """List the objects, a thousand a request."""
        more: dict[str, str] = {}
        while True:
            wanted = {"Bucket": self.bucket, "Prefix": self.prefix + prefix, **more}
            page = self.again(prefix, partial(self.client.list_objects_v2, **wanted))
            for found in page.get("Contents", ()):
                yield Blob(
                    key=found["Key"].removeprefix(self.prefix),
                    size=found["Size"],
                    modified=found["LastModified"],
                )
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def head(self, key: str) -> Blob | None:
        """Look what is there."""
        found = self.head_object(key)
        if found is None:
            return None
        return Blob(
            key=key,
            size=found["ContentLength"],
            modified=found["LastModified"],
            sha256=found.get("Metadata", {}).get("sha256"),
            locked_until=self.locked_until(found),
        )

    def head_object(self, key: str) -> dict[str, Any] | None:
        """The store's own words on an object, with its checksums; None where there is none."""
        mode = {"ChecksumMode": "ENABLED"} if self.rules.checksums else {}
        thing = self.thing(key)

        def attempt() -> dict[str, Any] | None:
            try:
                found: dict[str, Any] = self.client.head_object(**self.place(key), **mode)
            except ClientError as error:
                if client_error(error, thing).reason == "gone":
                    return None
                raise
            return whole_head(found)

        return self.again(key, attempt)

    def delete(self, key: str) -> None:
        """Remove an object for good; of a bucket with versions, its newest version."""
        found = self.head_object(key)
        if found is None:
            return
        version = found.get("VersionId")
        which = {"VersionId": version} if version and version != "null" else {}
        with as_storage_errors(self.thing(key)):
            self.client.delete_object(**self.place(key), **which)

    def tidy(self, *, older_than: timedelta, but: Collection[str]) -> Sequence[str]:
        """End unfinished uploads, which a store bills as if they were objects."""
        from archiver.store.blobs.s3_upload import end_abandoned  # which knows this class

        return end_abandoned(self, older_than=older_than, but=but)

    def again(self, key: str, attempt: Callable[[], _T]) -> _T:
        """Try so often as is configured: the SDK does not where an answer's body breaks off.

        Raises:
            StorageError: the last one.
        """
        failures = 0
        while True:
            try:
                with as_storage_errors(self.thing(key)):
                    return attempt()
            except StorageError as error:
                failures += 1
                if error.reason != "unreachable" or failures > self.settings.retries:
                    raise
                time.sleep(_pause(failures))

    @staticmethod
    def locked_until(found: dict[str, Any]) -> datetime | None:
        """Until when an object is locked, by the store's words on it."""
        until: datetime | None = found.get("ObjectLockRetainUntilDate")
        return until if found.get("ObjectLockMode") else None

    def _exists(self, key: str) -> StorageError:
        return StorageError("there is such a file already", reason="exists", thing=self.thing(key))


def _pause(failures: int) -> float:
    """Seconds to wait: 0.1, 0.2, … 5."""
    return float(min(0.1 * 2 ** (failures - 1), 5.0))
