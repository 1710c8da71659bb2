"""Parts on their way to a store: what goes with them, and what the store calls them."""

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
from archiver.store.blobs.s3_upload import whole_etag

PART = 5 * MiB
BIG = random.Random(2).randbytes(2 * PART + 777)
SHA256 = hashlib.sha256(BIG).hexdigest()


@pytest.fixture(params=["real", "swift"])
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


def test_what_changes_on_the_way_is_refused_and_sent_again(store: S3Blobs, local: Path) -> None:
    spoil = {1, 3}
    signed: list[bytes] = []

    def look(request: Any, **_: object) -> None:
        signed.append(request.headers["X-Amz-Content-SHA256"])
        number = int(request.url.partition("partNumber=")[2].partition("&")[0])
        if number in spoil:
            spoil.remove(number)
            request.body = bytes(len(request.body))

    store.client.meta.events.register("before-send.s3.UploadPart", look)
    assert store.upload("k", local, sha256=SHA256).how == "etag"
    assert spoil == set()
    assert set(signed) == {b"UNSIGNED-PAYLOAD"}  # its MD5 is enough
    assert len(signed) == 5
    assert b"".join(store.stream("k")) == BIG


@pytest.mark.parametrize("said", ['"0123456', '"another"', ""])
def test_where_a_store_calls_parts_otherwise_all_is_read_back(
    s3_moto: S3Place, monkeypatch: pytest.MonkeyPatch, local: Path, said: str
) -> None:
    """As stores do that encrypt; one that says nothing is taken to go by MD5."""
    use_credentials(monkeypatch, s3_moto)
    settings = bucket_settings(s3_moto, checksums="md5", part_size=PART)
    store = open_blobs(settings, settings.url, ca_file=Path(settings.ca_file))
    assert isinstance(store, S3Blobs)
    events = store.client.meta.events

    def named(parsed: dict[str, Any], **_: object) -> None:
        parsed["ETag"] = said

    def renamed(params: dict[str, Any], **_: object) -> None:
        for number, part in enumerate(params["MultipartUpload"]["Parts"]):
            body = BIG[number * PART : (number + 1) * PART]
            part["ETag"] = f'"{hashlib.md5(body).hexdigest()}"'

    events.register("after-call.s3.UploadPart", named)
    events.register("provide-client-params.s3.CompleteMultipartUpload", renamed)
    done = store.upload("k", local, sha256=SHA256)
    assert done.how == ("read-back" if said == '"another"' else "etag")
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
