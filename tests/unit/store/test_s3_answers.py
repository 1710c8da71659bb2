"""What an S3 store says is taken for whole only where it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, IncompleteReadError, NoCredentialsError
from urllib3.exceptions import ProtocolError

from archiver.errors import StorageError
from archiver.store.blobs.s3_client import as_storage_errors, range_of, whole_head

HEAD: dict[str, Any] = {
    "ContentLength": 3,
    "ETag": '"x"',
    "LastModified": datetime(2026, 1, 1, tzinfo=UTC),
    "Metadata": {"sha256": "a" * 64},
}


def test_a_whole_head_is_taken() -> None:
    assert whole_head(HEAD) == HEAD
    assert whole_head({**HEAD, "Metadata": {}})


@pytest.mark.parametrize("missing", ["ContentLength", "ETag", "LastModified"])
def test_a_head_that_broke_off_is_not(missing: str) -> None:
    with pytest.raises(IncompleteReadError):
        whole_head({name: value for name, value in HEAD.items() if name != missing})


def test_nor_one_that_broke_off_within_the_digest() -> None:
    with pytest.raises(IncompleteReadError):
        whole_head({**HEAD, "Metadata": {"sha256": "a" * 9}})


def test_ranges() -> None:
    assert range_of({"ContentRange": "bytes 5-9/20"}) == (5, 9, 20)
    for broken in ({}, {"ContentRange": "bytes 5-9/"}, {"ContentRange": "bytes 5-9/2x"}):
        with pytest.raises(IncompleteReadError):
            range_of(broken)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (404, "NoSuchKey", "gone"),
        (403, "AccessDenied", "refused"),
        (412, "PreconditionFailed", "exists"),
        (409, "ConditionalRequestConflict", "exists"),
        (400, "BadDigest", "unreachable"),
        (400, "InvalidArgument", "refused"),
        (503, "SlowDown", "unreachable"),
        (500, "InternalError", "unreachable"),
        (429, "TooManyRequests", "unreachable"),
    ],
)
def test_what_an_answer_means(status: int, code: str, reason: str) -> None:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(StorageError) as caught, as_storage_errors("s3://b/k"):
        raise ClientError(answer, "PutObject")
    assert caught.value.reason == reason
    assert code in str(caught.value)


def test_no_answer_is_unreachable_and_no_credentials_are_refused() -> None:
    for error, reason in (
        (ProtocolError("x"), "unreachable"),
        (ConnectionResetError(), "unreachable"),
        (NoCredentialsError(), "refused"),
    ):
        with pytest.raises(StorageError) as caught, as_storage_errors("s3://b/k"):
            raise error
        assert caught.value.reason == reason
