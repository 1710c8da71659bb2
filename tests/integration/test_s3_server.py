"""What the S3 servers of the tests do, as boto3 sees it."""

from __future__ import annotations

from support.s3_place import S3Place


def test_moto_keeps_what_it_is_given(s3_moto: S3Place) -> None:
    bucket, other, client = s3_moto.new_bucket(), s3_moto.new_bucket(), s3_moto.client()
    client.put_object(Bucket=bucket, Key="a/b c.gz", Body=b"0123456789")

    got = client.get_object(Bucket=bucket, Key="a/b c.gz", Range="bytes=2-4")
    assert got["Body"].read() == b"234"
    assert got["ContentRange"] == "bytes 2-4/10"
    assert client.list_objects_v2(Bucket=other)["KeyCount"] == 0
