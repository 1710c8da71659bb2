"""What every store does alike, and what S3 is asked for: a folder and real servers say it."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.blobs import bucket_settings, use_credentials
from support.s3_place import S3Place

from archiver.config.storage import MiB, StorageSettings
from archiver.errors import StorageError
from archiver.store.blobs import Blobs
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.blobs.opening import open_blobs
from archiver.store.blobs.s3 import S3Blobs
from archiver.store.blobs.s3_upload import end_abandoned

PART = 5 * MiB
KEY = "sky-news/2026/11/02/a.warc.gz"
BIG = random.Random(1).randbytes(2 * PART + 4321)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def open_s3(settings: StorageSettings) -> S3Blobs:
    opened = open_blobs(settings, settings.url, ca_file=Path(settings.ca_file))
    assert isinstance(opened, S3Blobs)
    return opened


@pytest.fixture
def moto(s3_moto: S3Place, monkeypatch: pytest.MonkeyPatch) -> S3Place:
    use_credentials(monkeypatch, s3_moto)
    return s3_moto


@pytest.fixture
def ceph(s3_real: S3Place, monkeypatch: pytest.MonkeyPatch) -> S3Place:
    use_credentials(monkeypatch, s3_real)
    return s3_real


@pytest.fixture
def swift(s3_swift: S3Place, monkeypatch: pytest.MonkeyPatch) -> S3Place:
    use_credentials(monkeypatch, s3_swift)
    return s3_swift


@pytest.fixture(params=["folder", "moto-sha256", "moto-md5", "ceph-md5", "swift-md5"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    server, _, checksums = str(request.param).partition("-")
    if server == "folder":
        return DiskBlobs(tmp_path / "store")
    place = request.getfixturevalue(server)
    return open_s3(bucket_settings(place, checksums=checksums, part_size=PART))


@pytest.fixture
def local(tmp_path: Path) -> Path:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(BIG)
    return path


def test_a_small_file_comes_back(store: Blobs) -> None:
    put = store.put("a/b.cdxj", b"line\n")
    assert (put.key, put.size) == ("a/b.cdxj", 5)
    found = store.head("a/b.cdxj")
    assert found is not None
    assert found.size == 5
    assert b"".join(store.stream("a/b.cdxj")) == b"line\n"
    store.put("a/b.cdxj", b"other\n")
    assert store.read("a/b.cdxj", 0, 100) == b"other\n"


def test_an_empty_file_comes_back(store: Blobs, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    store.upload("empty", tmp_path / "empty", sha256=sha256(b""))
    assert list(store.stream("empty")) == []
    assert store.read("empty", 0, 10) == b""


def test_only_where_there_is_none(store: Blobs) -> None:
    store.put("k", b"first", absent=True)
    with pytest.raises(StorageError) as caught:
        store.put("k", b"second", absent=True)
    assert caught.value.reason == "exists"
    assert store.read("k", 0, 99) == b"first"


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 1), (PART - 1, 2), (len(BIG) - 3, 9), (len(BIG), 5), (7, 0)]
)
def test_ranges(store: Blobs, local: Path, offset: int, length: int) -> None:
    store.upload(KEY, local, sha256=sha256(BIG))
    assert store.read(KEY, offset, length) == BIG[offset : offset + length]


def test_a_stream_from_the_middle(store: Blobs, local: Path) -> None:
    store.upload(KEY, local, sha256=sha256(BIG))
    pieces = list(store.stream(KEY, PART - 5))
    assert b"".join(pieces) == BIG[PART - 5 :]
    assert max(map(len, pieces)) <= 1 << 20
    assert list(store.stream(KEY, len(BIG))) == []


def test_an_upload_is_verified_by_what_the_store_says(store: Blobs, local: Path) -> None:
    done = store.upload(KEY, local, sha256=sha256(BIG))
    assert done.blob.size == len(BIG)
    again = "read-back" if isinstance(store, DiskBlobs) else "etag"
    assert done.how == again
    assert store.upload(KEY, local, sha256=sha256(BIG)).how == again  # once more: no harm
    local.write_bytes(b"small")
    wanted = {DiskBlobs: "read-back"}.get(type(store), "etag")
    if isinstance(store, S3Blobs) and store.rules.checksums:
        wanted = "checksum"
    assert store.upload("small", local, sha256=sha256(b"small")).how == wanted


def test_another_file_of_the_same_key_stays(store: Blobs, local: Path) -> None:
    store.put(KEY, b"somebody else's")
    with pytest.raises(StorageError) as caught:
        store.upload(KEY, local, sha256=sha256(BIG))
    assert caught.value.reason == "exists"
    assert b"".join(store.stream(KEY)) == b"somebody else's"


@pytest.mark.parametrize("size", [100, len(BIG)])
def test_a_local_file_that_changed_is_not_kept(store: Blobs, tmp_path: Path, size: int) -> None:
    path = tmp_path / "changed"
    path.write_bytes(BIG[: size - 1] + b"?")
    with pytest.raises(StorageError) as caught:
        store.upload(KEY, path, sha256=sha256(BIG[:size]))
    assert caught.value.reason == "damaged"
    assert store.head(KEY) is None
    if isinstance(store, S3Blobs):
        assert "Uploads" not in store.client.list_multipart_uploads(Bucket=store.bucket)


def test_the_list_is_sorted_and_begins_as_asked(store: Blobs) -> None:
    keys = ["a-b/x", "a/x", "a/y/z", "a.b", "b"]
    for key in keys:
        store.put(key, key.encode())
    assert [blob.key for blob in store.list()] == sorted(keys)
    assert [(blob.key, blob.size) for blob in store.list("a/")] == [("a/x", 3), ("a/y/z", 5)]
    assert list(store.list("none/")) == []


def test_what_is_deleted_is_gone(store: Blobs) -> None:
    store.put("k", b"x")
    store.delete("k")
    store.delete("k")
    assert store.head("k") is None
    for ask in (lambda: store.read("k", 0, 1), lambda: list(store.stream("k"))):
        with pytest.raises(StorageError) as caught:
            ask()
        assert caught.value.reason == "gone"


@pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/../b", "a/.", "a b", "a\n", "ü"])
def test_bad_keys_reach_no_store(store: Blobs, key: str) -> None:
    for ask in (store.head, store.delete, lambda bad: store.put(bad, b"")):
        with pytest.raises(ValueError, match="no key"):
            ask(key)


def test_a_copy_that_was_changed_on_its_disk_is_noticed(tmp_path: Path, local: Path) -> None:
    store = DiskBlobs(tmp_path / "store")
    store.upload(KEY, local, sha256=sha256(BIG))
    (tmp_path / "store" / KEY).write_bytes(BIG[:-1] + b"?")
    with pytest.raises(StorageError) as caught:
        store.upload(KEY, local, sha256=sha256(BIG))
    assert caught.value.reason == "exists"


def test_nothing_half_written_is_listed(tmp_path: Path) -> None:
    store = DiskBlobs(tmp_path)
    (tmp_path / ".a.123.part").write_bytes(b"half")
    store.put("a", b"whole")
    assert [blob.key for blob in store.list()] == ["a"]


def cut_off(store: S3Blobs, key: str, *, parts: int, of: bytes = BIG) -> None:
    """Upload some parts and go away, as a crash does."""
    made: dict[str, Any] = store.client.create_multipart_upload(
        **store.place(key), **store.rules.object_of(sha256(of)), **algorithm(store)
    )
    for number in range(1, parts + 1):
        body = BIG[(number - 1) * PART : number * PART]
        store.client.upload_part(
            **store.place(key),
            UploadId=made["UploadId"],
            PartNumber=number,
            Body=body,
            **algorithm(store),
        )


def algorithm(store: S3Blobs) -> dict[str, str]:
    return {"ChecksumAlgorithm": "SHA256"} if store.rules.checksums else {}


@pytest.mark.parametrize("server", ["moto-sha256", "moto-md5", "ceph-md5", "swift-md5"])
def test_an_upload_goes_on_where_it_was_cut_off(
    request: pytest.FixtureRequest, local: Path, server: str
) -> None:
    name, _, checksums = server.partition("-")
    place = request.getfixturevalue(name)
    store = open_s3(bucket_settings(place, checksums=checksums, part_size=PART))
    for parts in (1, 2, 0):
        cut_off(store, KEY, parts=parts)
    put: list[int] = []
    store.client.meta.events.register(
        "provide-client-params.s3.UploadPart",
        lambda params, **_: put.append(params["PartNumber"]),
    )
    store.upload(KEY, local, sha256=sha256(BIG))
    assert put == [3]
    assert b"".join(store.stream(KEY)) == BIG
    assert "Uploads" not in store.client.list_multipart_uploads(Bucket=store.bucket)


def test_parts_of_other_bytes_are_not_taken(moto: S3Place, local: Path) -> None:
    store = open_s3(bucket_settings(moto, checksums="md5", part_size=PART))
    changed = bytes(PART) + BIG[PART:]
    cut_off(store, KEY, parts=2, of=changed)
    local.write_bytes(changed)
    store.upload(KEY, local, sha256=sha256(changed))
    assert b"".join(store.stream(KEY)) == changed


def test_abandoned_uploads_are_ended_but_not_others(ceph: S3Place) -> None:
    store = open_s3(bucket_settings(ceph, part_size=PART))
    cut_off(store, "ours", parts=1)
    cut_off(store, "theirs", parts=1)
    assert end_abandoned(store, but=frozenset(("ours",)), older_than=timedelta(days=1)) == []
    ended = end_abandoned(store, but=frozenset(("ours",)), older_than=timedelta(seconds=-60))
    assert ended == ["theirs"]
    left = store.client.list_multipart_uploads(Bucket=store.bucket)["Uploads"]
    assert [found["Key"] for found in left] == ["kept/warcs/ours"]


@pytest.mark.parametrize("server", ["moto", "ceph"])
def test_each_kind_of_file_has_its_media_type(
    request: pytest.FixtureRequest, local: Path, tmp_path: Path, server: str
) -> None:
    place: S3Place = request.getfixturevalue(server)
    store = open_s3(bucket_settings(place, part_size=PART))
    small = tmp_path / "small"
    small.write_bytes(b"x")

    def kept(key: str) -> str:
        return str(store.client.head_object(**store.place(key))["ContentType"])

    store.upload(KEY, local, sha256=sha256(BIG))  # in parts
    assert kept(KEY) == "application/warc"
    for key, kind in (
        ("a/b.warc", "application/warc"),
        ("a/catalogue-1.2.sqlite.zst", "application/zstd"),
        ("a/b.wacz", "application/wacz+zip"),
        ("a.warc.gz/b", "application/octet-stream"),
    ):
        store.upload(key, small, sha256=sha256(b"x"))
        assert kept(key) == kind
    for key, kind in ((f"{KEY}.cdxj", "text/x-cdxj"), (f"{KEY}.sha256", "text/plain")):
        store.put(key, b"x")
        assert kept(key) == kind


@pytest.mark.parametrize("server", ["moto", "ceph"])
def test_objects_are_as_the_settings_say(
    request: pytest.FixtureRequest, local: Path, server: str
) -> None:
    # Ceph has the storage classes that its operator made, and encrypts with keys of its own.
    more = {"storage_class": "STANDARD_IA", "encryption": "AES256"} if server == "moto" else {}
    store = open_s3(
        bucket_settings(
            request.getfixturevalue(server),
            locked=True,
            part_size=PART,
            **more,
            lock="compliance",
            lock_for="2d",
        )
    )
    small = local.with_name("b.warc.gz")
    small.write_bytes(b"small")
    for path, body in ((local, BIG), (small, b"small")):
        done = store.upload(path.name, path, sha256=sha256(body))
        found = store.client.head_object(**store.place(path.name))
        assert found.get("StorageClass") == more.get("storage_class")
        assert found.get("ServerSideEncryption") == more.get("encryption")
        assert found["ObjectLockMode"] == "COMPLIANCE"
        assert found["Metadata"] == {"sha256": sha256(body)}
        assert done.blob.locked_until is not None
        assert done.blob.locked_until > datetime.now(UTC) + timedelta(days=1, hours=23)
        with pytest.raises(StorageError) as caught:
            store.delete(path.name)
        assert caught.value.reason == "refused"


def test_a_lock_that_did_not_come_is_no_success(moto: S3Place, local: Path) -> None:
    settings = bucket_settings(moto, locked=True, part_size=PART, lock="compliance")
    locking = open_s3(settings)
    # moto locks nothing that was made of parts; then this is another lock than was asked for
    locking.client.meta.events.register(
        "provide-client-params.s3.PutObjectRetention",
        lambda params, **_: params["Retention"].update(Mode="GOVERNANCE"),
    )
    with pytest.raises(StorageError, match="not locked as asked") as caught:
        locking.upload(KEY, local, sha256=sha256(BIG))
    assert caught.value.reason == "refused"


def test_no_bucket_no_credentials_no_server_are_told_apart(
    moto: S3Place, local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = bucket_settings(moto)
    no_bucket = settings.model_copy(update={"url": "s3://no-such-bucket-here"})
    nobody = settings.model_copy(update={"endpoint": "https://127.0.0.1:9"})
    for wrong, reason in ((no_bucket, "gone"), (nobody, "unreachable")):
        with pytest.raises(StorageError) as caught:
            open_s3(wrong).put("k", b"x")
        assert caught.value.reason == reason
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(local.with_name("none")))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(local.with_name("none")))
    with pytest.raises(StorageError) as caught:
        open_s3(settings).put("k", b"x")
    assert caught.value.reason == "refused"


def test_no_store_of_another_scheme() -> None:
    with pytest.raises(StorageError, match="no store"):
        open_blobs(StorageSettings(), "ftp://x/y")


def test_a_head_that_broke_off_is_asked_for_again(moto: S3Place) -> None:
    store = open_s3(bucket_settings(moto, retries=1))
    store.put("k", b"x")
    told: list[str] = []

    def break_off(parsed: dict[str, Any], **_: object) -> None:
        if not told:
            parsed["Metadata"]["sha256"] = parsed["Metadata"]["sha256"][:9]
        told.append(parsed["Metadata"]["sha256"])

    store.client.meta.events.register("after-call.s3.HeadObject", break_off)
    found = store.head("k")
    assert found is not None
    assert found.sha256 == sha256(b"x")
    assert [len(digest) for digest in told] == [9, 64]


def test_another_range_than_was_asked_for_is_no_answer(moto: S3Place) -> None:
    store = open_s3(bucket_settings(moto))
    store.put("k", b"0123456789")

    def elsewhere(parsed: dict[str, Any], **_: object) -> None:
        parsed["ContentRange"] = "bytes 0-3/10"

    store.client.meta.events.register("after-call.s3.GetObject", elsewhere)
    for ask in (lambda: store.read("k", 4, 4), lambda: list(store.stream("k", 4))):
        with pytest.raises(StorageError) as caught:
            ask()
        assert caught.value.reason == "unreachable"
