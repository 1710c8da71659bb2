"""What the S3 servers of the tests do, as boto3 sees it."""

from __future__ import annotations

import pytest
from support.s3_place import S3Place


@pytest.fixture(params=["s3_moto", "s3_real"])
def place(request: pytest.FixtureRequest) -> S3Place:
    found: S3Place = request.getfixturevalue(request.param)
    return found


def test_what_was_put_is_kept(place: S3Place) -> None:
    bucket, other, client = place.new_bucket(), place.new_bucket(lock=True), place.client()
    client.put_object(Bucket=bucket, Key="a/b c.gz", Body=b"0123456789")

    got = client.get_object(Bucket=bucket, Key="a/b c.gz", Range="bytes=2-4")
    assert got["Body"].read() == b"234"
    assert got["ContentRange"] == "bytes 2-4/10"
    assert client.list_objects_v2(Bucket=other)["KeyCount"] == 0
