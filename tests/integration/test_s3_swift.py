"""What Swift's S3 interface does otherwise than the servers of test_s3_server.py."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.s3_place import S3Place

BODY = b"0123456789"
PART = b"p" * 5 * 1024 * 1024


@pytest.fixture
def client(s3_swift: S3Place) -> Iterator[Any]:
    found = s3_swift.client()
    yield found
    found.close()


@pytest.fixture
def bucket(s3_swift: S3Place) -> str:
    return s3_swift.new_bucket()


def test_it_keeps_objects_and_parts(client: Any, bucket: str) -> None:
    here = {"Bucket": bucket, "Key": "a/b c.gz"}
    client.put_object(**here, Body=BODY)
    assert client.get_object(**here, Range="bytes=2-4")["Body"].read() == b"234"

    here["UploadId"] = client.create_multipart_upload(**here)["UploadId"]
    tag = client.upload_part(**here, PartNumber=1, Body=PART)["ETag"]
    assert [one["Size"] for one in client.list_parts(**here)["Parts"]] == [len(PART)]
    parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
    of_parts = f'"{md5(md5(PART).digest()).hexdigest()}-1"'
    for _ in range(2):  # an answer that was lost
        done = client.complete_multipart_upload(**here, MultipartUpload=parts)
        assert done["ETag"] == of_parts
    assert client.head_object(Bucket=bucket, Key="a/b c.gz")["ContentLength"] == len(PART)
    assert [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/b c.gz"]


def test_conditions_checksums_and_encryption_are_not_implemented(
    s3_swift: S3Place, client: Any, bucket: str
) -> None:
    trailing = s3_swift.client(request_checksum_calculation="when_supported")
    for speaker, wish in (
        (client, {"IfNoneMatch": "*"}),
        (client, {"ServerSideEncryption": "AES256"}),
        (trailing, {}),
    ):
        with pytest.raises(ClientError, match="NotImplemented"):
            speaker.put_object(Bucket=bucket, Key="a", Body=BODY, **wish)
    trailing.close()
    with pytest.raises(ClientError, match="BadDigest"):
        client.put_object(
            Bucket=bucket, Key="a", Body=BODY, ContentMD5=b64encode(bytes(16)).decode()
        )
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_lock_is_passed_over_in_silence(s3_swift: S3Place, client: Any) -> None:
    bucket = s3_swift.new_bucket(lock=True)
    until = datetime.now(UTC) + timedelta(days=1)
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
    client.put_object(Bucket=bucket, Key="a", Body=BODY, **lock)
    assert "ObjectLockMode" not in client.head_object(Bucket=bucket, Key="a")
    assert "ObjectLockEnabled" not in client.get_object_lock_configuration(Bucket=bucket).get(
        "ObjectLockConfiguration", {}
    )
    client.delete_object(Bucket=bucket, Key="a")
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
