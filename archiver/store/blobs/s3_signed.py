"""Bytes that a store checks by the SHA-256 in their request's signature, and what it calls them.

A request without Content-MD5 is signed with the SHA-256 of its body (the AWS SDK does so). A store
that checks it knows as much as by MD5, at a third of the processor's time. Not all do; so it is
tried, by bytes that are not what was signed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from archiver.store.blobs.parts import MAX_PARTS
from archiver.store.blobs.s3_client import client_error, code_of

if TYPE_CHECKING:
    from archiver.store.blobs.s3 import S3Blobs

_SIGNED, _SENT = b"what is signed by archiver", b"another thing that is sent"
_REFUSED = ("XAmzContentSHA256Mismatch", "BadDigest")  # the latter is Swift's
_EVENT = "before-send.s3.UploadPart"
_ETAG = re.compile(r'"([^"]+)"|([0-9a-f]{32})', re.ASCII)


def checks_signed(store: S3Blobs, key: str, upload_id: str, there: Container[int]) -> bool:
    """Whether the store refuses a part of which other bytes come than were signed; tried once.

    It is tried on an unfinished upload, with the number of a part that is still to be put (not
    one of `there`): where the wrong part is taken, the right one replaces it.

    Raises:
        StorageError: the store cannot be asked.
    """
    with store.trying:
        free = next((number for number in range(1, MAX_PARTS + 1) if number not in there), None)
        if store.signed is None and free is not None:
            store.signed = store.again(key, partial(_refuses, store, key, upload_id, free))
        return bool(store.signed)


def _refuses(store: S3Blobs, key: str, upload_id: str, number: int) -> bool:
    events = store.client.meta.events
    events.register(_EVENT, _swap)
    try:
        place = store.place(key)
        body = bytearray(_SIGNED)  # which the SDK sends as it is: bytes it would make a file of
        store.client.upload_part(**place, UploadId=upload_id, PartNumber=number, Body=body)
    except ClientError as error:
        if code_of(error) in _REFUSED:
            return True
        if client_error(error, key).reason == "unreachable":
            raise
    finally:
        events.unregister(_EVENT, _swap)
    return False


def _swap(request: Any, **_: object) -> None:
    """Send other bytes than were signed; others' requests pass as they are."""
    if request.body == _SIGNED:
        request.body = _SENT


def whole_etag(answer: Mapping[str, Any]) -> str | None:
    """The ETag in an answer, without quotes; None where none is there, or a part of one."""
    found = _ETAG.fullmatch(answer.get("ETag", ""))
    return (found[1] or found[2]) if found else None
