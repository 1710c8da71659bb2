"""What the S3 servers of the tests do, as boto3 sees it: what the store may build upon.

What differs between them is asserted of each. radosgw is as in Ceph 16.2; others are skipped.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from support.radosgw import ceph_version
from support.s3_place import S3Place

BODY = b"0123456789"
FIRST, LAST = b"p" * 5 * 1024 * 1024, b"q" * 1000  # parts; all but the last have 5 MiB at least
UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
LOCK = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": UNTIL}
BY_DEFAULT = {
    "request_checksum_calculation": "when_supported",
    "response_checksum_validation": "when_supported",
}
WRONG = b64encode(bytes(16)).decode()


@dataclass(frozen=True, kw_only=True)
class Side:
    """A server, a client of it and an empty bucket."""

    name: str
    place: S3Place
    client: Any
    bucket: str

    @property
    def real(self) -> bool:
        return self.name == "radosgw"

    def put(self, key: str, body: bytes = BODY, **more: Any) -> Any:
        return self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def head(self, key: str, **more: Any) -> Any:
        return self.client.head_object(Bucket=self.bucket, Key=key, **more)

    def get(self, key: str, **more: Any) -> bytes:
        read: bytes = self.client.get_object(Bucket=self.bucket, Key=key, **more)["Body"].read()
        return read

    def parts(self, key: str, **more: Any) -> dict[str, Any]:
        """Begin an upload and send two parts; what completes it."""
        here = {"Bucket": self.bucket, "Key": key}
        here["UploadId"] = self.client.create_multipart_upload(**here, **more)["UploadId"]
        sent = [
            self.client.upload_part(**here, PartNumber=number, Body=body)["ETag"]
            for number, body in enumerate((FIRST, LAST), 1)
        ]
        parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(sent, 1)]
        return {**here, "MultipartUpload": {"Parts": parts}}


@pytest.fixture(params=["moto", "radosgw"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    place: S3Place = request.getfixturevalue(
        {"moto": "s3_moto", "radosgw": "s3_real"}[request.param]
    )
    if request.param == "radosgw" and " 16.2." not in (version := ceph_version()):
        pytest.skip(f"what is asserted is true of Ceph 16.2; here is {version}")
    client = place.client()
    yield Side(name=request.param, place=place, client=client, bucket=place.new_bucket())
    client.close()


@pytest.fixture
def locked(side: Side) -> Side:
    """The same with a bucket that has object lock enabled."""
    return replace(side, bucket=side.place.new_bucket(lock=True))


def code(act: Callable[[], object]) -> str:
    """The error code that the server answers, or "done"."""
    try:
        act()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "done"


def lock_of(head: dict[str, Any]) -> tuple[str | None, datetime | None]:
    until = head.get("ObjectLockRetainUntilDate")
    return head.get("ObjectLockMode"), until and until.astimezone(UTC).replace(microsecond=0)


def test_what_was_put_is_kept(side: Side) -> None:
    side.put("a/b c.gz", Metadata={"sha256": "abc"}, ContentType="application/warc")

    got = side.client.get_object(Bucket=side.bucket, Key="a/b c.gz", Range="bytes=2-4")
    assert got["Body"].read() == b"234"
    assert got["ContentRange"] == "bytes 2-4/10"
    assert got["ETag"] == f'"{md5(BODY).hexdigest()}"'
    assert got["Metadata"] == {"sha256": "abc"}
    assert got["ContentType"] == "application/warc"
    assert side.get("a/b c.gz", Range="bytes=-3") == b"789"
    assert code(lambda: side.get("a/b c.gz", Range="bytes=10-")) == "InvalidRange"
    assert code(lambda: side.get("a/b c.gz", IfMatch='"other"')) == "PreconditionFailed"
    assert code(lambda: side.get("absent")) == "NoSuchKey"
    assert code(lambda: side.head("absent")) == "404"


def test_a_listing_comes_in_pages_and_in_order(side: Side) -> None:
    for key in ("b/2", "a/1", "b/1", "c"):
        side.put(key)
    first = side.client.list_objects_v2(Bucket=side.bucket, MaxKeys=2)
    assert [one["Key"] for one in first["Contents"]] == ["a/1", "b/1"]
    assert first["Contents"][0]["Size"] == len(BODY)
    more = {"ContinuationToken": first["NextContinuationToken"]}
    rest = side.client.list_objects_v2(Bucket=side.bucket, **more)
    assert [one["Key"] for one in rest["Contents"]] == ["b/2", "c"]
    under = side.client.list_objects_v2(Bucket=side.bucket, Delimiter="/")
    assert [one["Prefix"] for one in under["CommonPrefixes"]] == ["a/", "b/"]


def test_keys_are_checked_by_the_real_one_alone(side: Side) -> None:
    stranger = replace(side.place, secret_key="other").client()
    said = code(lambda: stranger.list_objects_v2(Bucket=side.bucket))
    stranger.close()
    assert said == ("SignatureDoesNotMatch" if side.real else "done")


def test_checksums_that_boto3_sends_by_default_are_refused(side: Side) -> None:
    """They come as trailers over TLS; radosgw wants a length."""
    client = side.place.client(**BY_DEFAULT)
    here = {"Bucket": side.bucket, "Key": "a"}
    whole = code(lambda: client.put_object(**here, Body=BODY))
    managed = code(lambda: client.upload_fileobj(BytesIO(BODY), side.bucket, "b"))
    header = code(
        lambda: client.put_object(
            **here, Body=BODY, ChecksumSHA256=b64encode(sha256(BODY).digest()).decode()
        )
    )
    client.close()
    assert (whole, managed) == (("MissingContentLength",) * 2 if side.real else ("done",) * 2)
    assert header == "done"  # one that was counted before is a plain header


def test_which_checksums_are_verified(side: Side) -> None:
    """MD5 is by radosgw, and the SHA-256 of a signed body; the checksum headers by nobody."""
    verified = "BadDigest" if side.real else "done"
    assert code(lambda: side.put("a", ContentMD5=WRONG)) == verified
    upload = side.parts("b")
    part = {name: upload[name] for name in ("Bucket", "Key", "UploadId")}
    bad = {**part, "PartNumber": 2, "Body": LAST, "ContentMD5": WRONG}
    assert code(lambda: side.client.upload_part(**bad)) == verified
    assert code(lambda: side.put("c", ChecksumSHA256=b64encode(bytes(32)).decode())) == "done"
    right = b64encode(sha256(BODY).digest()).decode()
    side.put("d", ChecksumSHA256=right)
    assert "ChecksumSHA256" not in side.head("d", ChecksumMode="ENABLED")

    signing = side.place.client(s3={"addressing_style": "path", "payload_signing_enabled": True})
    signing.meta.events.register(  # on the way
        "before-send.s3.PutObject", lambda request, **_: setattr(request, "body", BODY[::-1])
    )
    said = code(lambda: signing.put_object(Bucket=side.bucket, Key="e", Body=BODY))
    signing.close()
    assert said == ("XAmzContentSHA256Mismatch" if side.real else "done")


def test_no_attributes_of_the_real_one(side: Side) -> None:
    side.put("a")
    wanted = {"Bucket": side.bucket, "Key": "a", "ObjectAttributes": ["ETag"]}
    said = code(lambda: side.client.get_object_attributes(**wanted))
    assert said == ("500" if side.real else "done")


def test_a_put_if_absent_has_one_winner(side: Side) -> None:
    with ThreadPoolExecutor(8) as threads:
        said = threads.map(
            lambda number: code(lambda: side.put("a", b"%d" % number, IfNoneMatch="*")), range(16)
        )
        assert Counter(said) == {"done": 1, "PreconditionFailed": 15}
    assert code(lambda: side.put("a", IfMatch='"other"')) == "PreconditionFailed"


def test_a_put_if_absent_makes_a_version_where_there_are_versions(locked: Side) -> None:
    locked.put("a")
    said = code(lambda: locked.put("a", b"other", IfNoneMatch="*"))
    assert said == ("done" if locked.real else "PreconditionFailed")
    assert locked.get("a") == (b"other" if locked.real else BODY)


def test_an_upload_in_parts(side: Side) -> None:
    upload = side.parts("a")
    here = {name: upload[name] for name in ("Bucket", "Key", "UploadId")}
    (open_one,) = side.client.list_multipart_uploads(Bucket=side.bucket)["Uploads"]
    assert (open_one["Key"], open_one["UploadId"]) == ("a", here["UploadId"])
    # radosgw tells when it was begun; moto always says the same day
    assert (datetime.now(UTC) - open_one["Initiated"] < timedelta(minutes=5)) == side.real
    sent = side.client.list_parts(**here)["Parts"]
    assert [(one["PartNumber"], one["Size"], one["ETag"]) for one in sent] == [
        (number, len(body), f'"{md5(body).hexdigest()}"')
        for number, body in enumerate((FIRST, LAST), 1)
    ]

    of_parts = md5(md5(FIRST).digest() + md5(LAST).digest()).hexdigest() + "-2"
    done = side.client.complete_multipart_upload(**upload)
    assert done["ETag"] == ("" if side.real else f'"{of_parts}"')
    again = side.client.complete_multipart_upload(**upload)  # an answer that was lost
    assert again["ETag"].strip('"') == of_parts
    assert side.head("a")["ETag"] == f'"{of_parts}"'
    assert side.head("a")["ContentLength"] == len(FIRST) + len(LAST)
    assert side.get("a", Range=f"bytes={len(FIRST) - 1}-{len(FIRST)}") == b"pq"
    assert "Uploads" not in side.client.list_multipart_uploads(Bucket=side.bucket)


def test_an_upload_in_parts_that_goes_wrong(side: Side) -> None:
    upload = side.parts("a")
    here = {name: upload[name] for name in ("Bucket", "Key", "UploadId")}
    first, last = upload["MultipartUpload"]["Parts"]
    wrong = {**here, "MultipartUpload": {"Parts": [first, {**last, "ETag": first["ETag"]}]}}
    assert code(lambda: side.client.complete_multipart_upload(**wrong)) == "InvalidPart"
    lacking = {**here, "MultipartUpload": {"Parts": [first, last, {**last, "PartNumber": 3}]}}
    assert code(lambda: side.client.complete_multipart_upload(**lacking)) == "InvalidPart"
    assert code(lambda: side.head("a")) == "404"
    side.put("b")
    copied = {"CopySource": {"Bucket": side.bucket, "Key": "b"}, "CopySourceRange": "bytes=0-4"}
    copy = side.client.upload_part_copy(**here, PartNumber=2, **copied)["CopyPartResult"]
    assert copy["ETag"].strip('"') == md5(BODY[:5]).hexdigest()  # radosgw: without quotes
    side.client.abort_multipart_upload(**here)
    assert code(lambda: side.client.abort_multipart_upload(**here)) == "NoSuchUpload"


def test_completing_if_absent_overwrites_in_the_real_one(side: Side) -> None:
    side.put("a")
    upload = side.parts("a")
    said = code(lambda: side.client.complete_multipart_upload(**upload, IfNoneMatch="*"))
    assert said == ("done" if side.real else "PreconditionFailed")
    assert (side.head("a")["ContentLength"] == len(BODY)) != side.real


def test_encryption_and_classes_that_are_not_there(side: Side) -> None:
    """radosgw takes the wish for encryption and does nothing; it refuses other classes."""
    answer = side.put("a", ServerSideEncryption="AES256")
    for said in (answer, side.head("a")):
        assert said.get("ServerSideEncryption") == (None if side.real else "AES256")
    cold = code(lambda: side.put("b", StorageClass="STANDARD_IA"))
    assert cold == ("InvalidArgument" if side.real else "done")
    assert code(lambda: side.put("c", StorageClass="STANDARD")) == "done"


def test_a_lock_holds(locked: Side) -> None:
    without = code(lambda: locked.put("b", **LOCK))  # as Amazon, moto wants a digest with it
    assert without == ("done" if locked.real else "MissingUploadObjectWithObjectLockHeaders")
    digest = b64encode(md5(BODY).digest()).decode()
    version = locked.put("a", ContentMD5=digest, **LOCK)["VersionId"]
    assert lock_of(locked.head("a")) == ("COMPLIANCE", UNTIL)
    gone = {"Bucket": locked.bucket, "Key": "a"}
    forced = {"VersionId": version, "BypassGovernanceRetention": True}
    assert code(lambda: locked.client.delete_object(**gone, **forced)) == "AccessDenied"
    locked.client.delete_object(**gone)  # a marker before it
    assert code(lambda: locked.head("a")) == "404"
    assert locked.get("a", VersionId=version) == BODY


def test_a_lock_on_a_bucket_without(side: Side) -> None:
    digest = b64encode(md5(BODY).digest()).decode()
    assert code(lambda: side.put("a", ContentMD5=digest, **LOCK)) == "InvalidRequest"


def test_a_lock_on_parts_is_lost_unless_it_is_set_afterwards(locked: Side) -> None:
    done = locked.client.complete_multipart_upload(**locked.parts("a", **LOCK))
    assert lock_of(locked.head("a")) == (None, None)
    locked.client.put_object_retention(
        Bucket=locked.bucket,
        Key="a",
        VersionId=done["VersionId"],
        Retention={"Mode": "COMPLIANCE", "RetainUntilDate": UNTIL},
    )
    assert lock_of(locked.head("a")) == ("COMPLIANCE", UNTIL)


def test_a_bucket_s_own_lock_reaches_parts_in_the_real_one(locked: Side) -> None:
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    locked.client.put_object_lock_configuration(
        Bucket=locked.bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )
    locked.put("a", ContentMD5=b64encode(md5(BODY).digest()).decode())
    locked.client.complete_multipart_upload(**locked.parts("b"))
    assert locked.head("a")["ObjectLockMode"] == "COMPLIANCE"
    assert locked.head("b").get("ObjectLockMode") == ("COMPLIANCE" if locked.real else None)
