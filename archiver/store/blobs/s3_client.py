"""A client of an S3 store as its user set it up, and its errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.exceptions import (
    ConnectionError as BrokenConnectionError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from archiver.config.storage import StorageSettings
from archiver.errors import StorageError

# What a server says of bytes that did not reach it whole, though it calls it the client's fault.
_ON_THE_WAY = frozenset(
    (
        "BadDigest",
        "IncompleteBody",
        "InvalidPart",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "XAmzContentSHA256Mismatch",
    )
)
_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BY_STATUS = {404: "gone", 409: "exists", 412: "exists", 416: "gone", 429: "unreachable"}
_BROKEN = (
    HTTPClientError,
    BrokenConnectionError,
    IncompleteReadError,
    ResponseParserError,
    HTTPError,  # of a body that breaks off while it is read
    OSError,
)
_ADVICE = {
    "gone": "Check storage.url: bucket and prefix.",
    "refused": "Check the credentials and what they may do here: archiver doctor.",
    "unreachable": "Nothing is lost; the same is tried again later.",
}


def make_client(settings: StorageSettings, *, ca_file: Path | None) -> Any:
    """A client, which threads may share. Credentials come by the AWS SDK's own chain.

    Raises:
        StorageError: "refused" where the profile is not there.
    """
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": settings.addressing},
        retries={"mode": "standard", "total_max_attempts": settings.retries + 1},
        connect_timeout=min(settings.timeout, 10.0),
        read_timeout=settings.timeout,
        max_pool_connections=settings.parallel + 4,
        # Each request that has a body is given its digest as a field. The SDK's own checksums
        # follow the body as a trailer, which other services than AWS answer with an error.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    with as_storage_errors(settings.url):
        session = boto3.Session(profile_name=settings.profile or None)
        return session.client(
            "s3",
            region_name=settings.region or session.region_name or "us-east-1",
            endpoint_url=settings.endpoint or None,
            verify=str(ca_file) if ca_file else None,
            config=config,
        )


@contextmanager
def as_storage_errors(thing: str) -> Iterator[None]:
    """What the SDK raises within, as StorageError of this thing (`s3://bucket/key`)."""
    try:
        yield
    except ClientError as error:
        raise client_error(error, thing) from error
    except _BROKEN as error:
        raise _error(f"no whole answer ({_words(error)})", "unreachable", thing) from error
    except BotoCoreError as error:  # no credentials, no such profile, no region
        raise _error(_words(error), "refused", thing) from error


def client_error(error: ClientError, thing: str) -> StorageError:
    """The error of ours that says what a store's answer said."""
    said = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = str(said.get("Code", ""))
    if code in _ON_THE_WAY or status >= 500:
        reason = "unreachable"
    else:
        reason = _BY_STATUS.get(status, "refused")
    words = f"{code} {said.get('Message', '')}".strip()
    return _error(f"{error.operation_name} was answered {status}: {words[:300]}", reason, thing)


def code_of(error: ClientError) -> str:
    """The code of a store's answer, such as NoSuchUpload."""
    return str(error.response.get("Error", {}).get("Code", ""))


def range_of(answer: Mapping[str, Any]) -> tuple[int, int, int]:
    """First and last byte, and the whole size, of a part of an object (RFC 9110, section 14.4).

    Raises:
        IncompleteReadError: the answer does not say so: it broke off within its header.
    """
    match = _RANGE.fullmatch(answer.get("ContentRange", ""))
    if match is None:
        raise IncompleteReadError(actual_bytes=0, expected_bytes=1)
    return int(match[1]), int(match[2]), int(match[3])


def whole_head(found: dict[str, Any]) -> dict[str, Any]:
    """What is said of an object, where it is all there.

    An answer without a body that breaks off within its header looks whole to the HTTP library: its
    last field is then a part of itself.

    Raises:
        IncompleteReadError: something is missing.
    """
    said = found.get("Metadata", {}).get("sha256")
    if not {"ContentLength", "ETag", "LastModified"} <= found.keys() or (
        said is not None and not _SHA256.fullmatch(said)
    ):
        raise IncompleteReadError(actual_bytes=0, expected_bytes=1)
    return found


def _error(what: str, reason: str, thing: str) -> StorageError:
    return StorageError(what, reason=reason, thing=thing, todo=_ADVICE.get(reason))


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
