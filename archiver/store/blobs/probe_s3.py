"""What an S3 store makes of what makes it one: digests, conditions, parts, class, lock."""

from __future__ import annotations

import base64
import copy
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from archiver.config.storage import MiB
from archiver.errors import StorageError
from archiver.model import utcnow
from archiver.store.blobs.probe import SIZE, Answer, Fact, fact, upload
from archiver.store.blobs.s3 import S3Blobs
from archiver.store.blobs.s3_client import as_storage_errors, client_error, code_of

_PART = 5 * MiB
_LOCK_FOR = timedelta(minutes=1)
_UNIQUE = "names are unique, so nothing is written over all the same"


def unlocked(store: S3Blobs) -> S3Blobs:
    """The same store, which locks nothing and uploads in the smallest parts."""
    made = copy.copy(store)
    made.settings = store.settings.model_copy(update={"part_size": _PART})
    made.rules = replace(store.rules, lock="")
    return made


def probe_s3(store: S3Blobs, stem: str) -> Iterator[Fact]:
    """Try what the archive makes use of; `stem` is what the keys of its files begin with."""
    plain = unlocked(store)
    yield fact("digests", lambda: _digests(plain, f"{stem}-digest"))
    yield fact("condition", lambda: _condition(plain, f"{stem}-small"))
    yield from _parts(plain, f"{stem}-parts")
    if store.rules.storage_class or store.rules.encryption:
        yield fact("rules", lambda: _rules(plain, f"{stem}-small"))
    if store.rules.lock:
        yield from _lock(store, stem)
    else:
        yield fact("lock", lambda: _no_lock(plain, f"{stem}-small"))


def _digests(store: S3Blobs, key: str) -> Answer:
    body, other = b"what is sent\n", b"what was meant\n"
    kind = "SHA-256" if store.rules.checksums else "MD5"
    wanted: dict[str, Any] = {}
    if store.rules.checksums:
        digest = base64.b64encode(hashlib.sha256(other).digest()).decode()
        wanted = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": digest}
    else:
        digest = base64.b64encode(hashlib.md5(other, usedforsecurity=False).digest()).decode()
        wanted = {"ContentMD5": digest}
    with as_storage_errors(store.thing(key)):
        try:
            store.client.put_object(
                **store.place(key), Body=body, **wanted, **_as_configured(store)
            )
        except ClientError as error:
            if _is_digest(code_of(error)):
                return "ok", f"refuses bytes that have not the {kind} they came with", ""
            raise
    what = f"takes bytes that have not the {kind} they came with"
    return "warn", what, "Every upload is verified afterwards; nothing has to be done."


def _as_configured(store: S3Blobs) -> dict[str, Any]:
    """Class and encryption, without which a bucket may refuse an object."""
    return store.rules.object_of("0" * 64)


def _is_digest(code: str) -> bool:
    return "digest" in code.lower() or "checksum" in code.lower() or "sha256" in code.lower()


def _condition(store: S3Blobs, key: str) -> Answer:
    with as_storage_errors(store.thing(key)):
        try:
            store.client.put_object(
                **store.place(key), **_as_configured(store), Body=b"other\n", IfNoneMatch="*"
            )
        except ClientError as error:
            return _refused_condition(error, "PutObject")
    return "ok", f"ignores If-None-Match of PutObject: {_UNIQUE}", ""


def _refused_condition(error: ClientError, name: str) -> Answer:
    if client_error(error, name).reason == "exists":
        return "ok", f"honours If-None-Match of {name}", ""
    return "ok", f"knows no If-None-Match of {name} ({code_of(error)}): {_UNIQUE}", ""


def _parts(store: S3Blobs, key: str) -> Iterator[Fact]:
    """An upload in parts, step by step."""
    made: dict[str, Any] = {}
    body = os.urandom(_PART)
    md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    extra: dict[str, Any] = {}
    digest: dict[str, Any] = {}
    if store.rules.checksums:
        extra = {"ChecksumAlgorithm": "SHA256"}
        digest = {"ChecksumSHA256": base64.b64encode(hashlib.sha256(body).digest()).decode()}

    def begin() -> Answer:
        place, configured = store.place(key), _as_configured(store)
        with as_storage_errors(store.thing(key)):
            store.client.put_object(**place, **configured, Body=b"first\n")
            made.update(store.client.create_multipart_upload(**place, **extra, **configured))
            part = {"UploadId": made["UploadId"], "PartNumber": 1, "ContentMD5": md5}
            made.update(
                store.client.upload_part(**place, **extra, **digest, **part, Body=body), **digest
            )
        return "ok", "takes a part of an upload", ""

    begun = fact("part", begin)
    yield begun
    if begun.state == "fail":
        return
    yield fact("unfinished", lambda: _unfinished(store, key, made, body))
    yield fact("condition of parts", lambda: _complete(store, key, made))


def _unfinished(store: S3Blobs, key: str, made: dict[str, Any], body: bytes) -> Answer:
    todo = "An upload that was broken off begins anew; end unfinished ones by a rule of the bucket."
    with as_storage_errors(store.thing(key)):
        place = store.place(key)
        uploads = store.client.list_multipart_uploads(Bucket=store.bucket, Prefix=place["Key"])
        if made["UploadId"] not in [one["UploadId"] for one in uploads.get("Uploads", ())]:
            return "warn", "does not list an upload that was begun", todo
        listed = store.client.list_parts(**place, UploadId=made["UploadId"])
    parts = listed.get("Parts", ())
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    if [part["Size"] for part in parts] != [len(body)]:
        return "warn", "does not list the parts of an upload", todo
    if parts[0]["ETag"].strip('"') != md5:
        return "warn", "does not say a part's MD5", todo
    return "ok", "lists unfinished uploads and their parts, so that they are gone on with", ""


def _complete(store: S3Blobs, key: str, made: dict[str, Any]) -> Answer:
    part = {"PartNumber": 1, "ETag": made["ETag"]}
    if "ChecksumSHA256" in made:
        part["ChecksumSHA256"] = made["ChecksumSHA256"]
    place = {**store.place(key), "UploadId": made["UploadId"]}
    name = "CompleteMultipartUpload"
    with as_storage_errors(store.thing(key)):
        try:
            store.client.complete_multipart_upload(
                **place, MultipartUpload={"Parts": [part]}, IfNoneMatch="*"
            )
        except ClientError as error:
            try:
                store.client.abort_multipart_upload(**place)
            except ClientError as other:
                if code_of(other) != "NoSuchUpload":
                    raise
            return _refused_condition(error, name)
    return "ok", f"ignores If-None-Match of {name}: {_UNIQUE}", ""


def _rules(store: S3Blobs, key: str) -> Answer:
    found = store.head_object(key) or {}
    wrong = []
    if wanted := store.rules.storage_class:
        is_now = found.get("StorageClass", "STANDARD")
        if is_now != wanted:
            wrong.append(f"storage class {is_now}, not {wanted}")
    if (wanted := store.rules.encryption) and found.get("ServerSideEncryption") != wanted:
        wrong.append(f"encryption {found.get('ServerSideEncryption', 'none')}, not {wanted}")
    if wrong:
        todo = "See what this store has; then change storage.storage_class, storage.encryption."
        return "fail", "objects have " + "; ".join(wrong), todo
    return "ok", "storage class and encryption are as configured", ""


def _no_lock(store: S3Blobs, key: str) -> Answer:
    found = store.head_object(key) or {}
    if until := store.locked_until(found):
        return "ok", f"the bucket locks by itself: {found['ObjectLockMode']} until {until}", ""
    return "ok", "none is configured, and none is set", ""


def _lock(store: S3Blobs, stem: str) -> Iterator[Fact]:
    """Lock two files for a minute, whatever is configured; and see whether that holds."""
    locking = unlocked(store)
    locking.rules = replace(store.rules, lock="GOVERNANCE", lock_for=_LOCK_FOR)
    with tempfile.TemporaryDirectory(prefix="archiver-probe-") as name:
        for words, size in (("lock", 100), ("lock of parts", SIZE)):
            path = Path(name, "file")
            path.write_bytes(os.urandom(size))
            key = f"{stem}-{words.replace(' ', '-')}"
            yield fact(words, lambda key=key, path=path: _locked(locking, key, path))  # type: ignore[misc]


def _locked(store: S3Blobs, key: str, path: Path) -> Answer:
    asked = utcnow()
    state, what, todo = upload(store, key, path)  # which fails where the lock is not as asked
    if state == "fail":
        return state, what, todo
    found = store.head_object(key) or {}
    until = store.locked_until(found)
    if until is not None and until > asked + 2 * _LOCK_FOR:
        what = f"asked for a minute, HEAD says {found['ObjectLockMode']} until {until}"
        return "warn", what, "The bucket has a rule of its own; storage.lock_for is not what holds."
    try:
        store.delete(key)
    except StorageError as error:
        if error.reason != "refused":
            raise
        return "ok", f"HEAD says {found['ObjectLockMode']} until {until}, and it holds", ""
    todo = "Locks protect nothing here: see whether these credentials may bypass them."
    return "fail", "HEAD says that it is locked, and yet it was deleted", todo
