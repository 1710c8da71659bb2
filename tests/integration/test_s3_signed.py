"""Parts that a store checks by the SHA-256 they were signed with, where it was seen to check it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.blobs import bucket_settings, use_credentials
from support.s3_place import S3Place

from archiver.config.storage import MiB
from archiver.store.blobs.opening import open_blobs
from archiver.store.blobs.s3 import S3Blobs
from archiver.store.blobs.s3_signed import whole_etag

PART = 5 * MiB
BIG = random.Random(2).randbytes(2 * PART + 777)
SHA256 = hashlib.sha256(BIG).hexdigest()


class Sent:
    """What goes to a store in place of what was signed, and what it is told of digests."""

    def __init__(self, store: S3Blobs) -> None:
        self.digests: list[str] = []
        self.spoil: set[int] = set()  # parts of which other bytes are sent, once
        store.client.meta.events.register("before-send.s3.UploadPart", self._look)

    def _look(self, request: Any, **_: object) -> None:
        if len(request.body) < 100:  # the trial
            return
        self.digests.append("md5" if "Content-MD5" in request.headers else "signed")
        number = int(request.url.partition("partNumber=")[2].partition("&")[0])
        if number in self.spoil:
            self.spoil.remove(number)
            request.body = bytes(len(request.body))


@pytest.fixture(params=["moto", "real", "swift"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> S3Blobs:
    place: S3Place = request.getfixturevalue(f"s3_{request.param}")
    use_credentials(monkeypatch, place)
    settings = bucket_settings(place, checksums="md5", part_size=PART, retries=2)
    opened = open_blobs(settings, settings.url, ca_file=Path(settings.ca_file))
    assert isinstance(opened, S3Blobs)
    return opened


@pytest.fixture
def local(tmp_path: Path) -> Path:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(BIG)
    return path


def test_md5_is_made_only_where_the_signature_is_not_checked(
    store: S3Blobs, local: Path, request: pytest.FixtureRequest
) -> None:
    checks = request.node.callspec.params["store"] != "moto"
    sent = Sent(store)
    done = store.upload("k", local, sha256=SHA256)
    assert store.signed is checks
    assert sent.digests == ["signed" if checks else "md5"] * 3
    assert done.how == ("signature" if checks else "etag")
    assert b"".join(store.stream("k")) == BIG


def test_what_changes_on_the_way_is_refused_and_sent_again(store: S3Blobs, local: Path) -> None:
    store.upload("first", local, sha256=SHA256)
    if not store.signed:
        pytest.skip("this store checks no signatures, nor MD5")
    sent = Sent(store)
    sent.spoil = {1, 3}
    assert store.upload("k", local, sha256=SHA256).how == "signature"
    assert sent.spoil == set()
    assert len(sent.digests) == 5
    assert b"".join(store.stream("k")) == BIG


def test_what_is_there_is_no_part_of_the_trial(store: S3Blobs, local: Path) -> None:
    """It writes over none of the parts that an upload is gone on with."""
    begun = store.client.create_multipart_upload(**store.place("k"))["UploadId"]
    for number in (1, 2):
        body = BIG[(number - 1) * PART : number * PART]
        store.client.upload_part(**store.place("k"), UploadId=begun, PartNumber=number, Body=body)
    sent = Sent(store)
    store.upload("k", local, sha256=SHA256)
    assert len(sent.digests) == 1
    assert b"".join(store.stream("k")) == BIG


@pytest.mark.parametrize(
    ("said", "etag"),
    [
        ({"ETag": '"0123"'}, "0123"),
        ({"ETag": "0123456789abcdef0123456789abcdef"}, "0123456789abcdef0123456789abcdef"),
        ({"ETag": '"0123456789abc'}, None),
        ({"ETag": "0123456789abc"}, None),
        ({"ETag": ""}, None),
        ({}, None),
    ],
)
def test_an_etag_that_broke_off_is_none(said: Mapping[str, Any], etag: str | None) -> None:
    assert whole_etag(said) == etag


def test_a_part_without_its_etag_is_put_again(store: S3Blobs, local: Path) -> None:
    store.upload("first", local, sha256=SHA256)
    if not store.signed:
        pytest.skip("here the ETag is known beforehand")
    cut = [True]

    def broken_off(parsed: dict[str, Any], **_: object) -> None:
        if cut:
            cut.pop()
            parsed["ETag"] = parsed["ETag"][:9]

    store.client.meta.events.register("after-call.s3.UploadPart", broken_off)
    assert store.upload("k", local, sha256=SHA256).how == "signature"
    assert not cut
