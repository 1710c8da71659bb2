"""A store whose answers get lost, broken off, repeated and refused costs time, and no bytes."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.blobs import bucket_settings, use_credentials
from support.faults_ships import Forker, Shelf
from support.s3_faults import Fault, FaultProxy
from support.s3_place import S3Place

from archiver.config.storage import MiB
from archiver.errors import StorageError
from archiver.store.blobs.s3 import S3Blobs

PART = 5 * MiB
BIG = random.Random(3).randbytes(2 * PART + 99)


@dataclass(kw_only=True)
class Faulty:
    """A store behind a proxy, and the same one as it is without."""

    proxy: FaultProxy
    store: S3Blobs
    plain: S3Blobs


@pytest.fixture
def faulty(s3_moto: S3Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    use_credentials(monkeypatch, s3_moto)
    with FaultProxy(server=s3_moto) as proxy:
        plain = bucket_settings(s3_moto, part_size=PART, retries=0)
        through = plain.model_copy(
            update={
                "endpoint": proxy.place.endpoint,
                "ca_file": proxy.place.ca_file,
                "timeout": 0.5,
                "retries": 3,
            }
        )
        yield Faulty(
            proxy=proxy,
            store=S3Blobs(through, through.url, ca_file=Path(through.ca_file)),
            plain=S3Blobs(plain, plain.url, ca_file=Path(plain.ca_file)),
        )


@pytest.mark.parametrize("fault", list(Fault))
def test_a_read_that_fails_twice_comes_the_third_time(faulty: Faulty, fault: Fault) -> None:
    faulty.plain.put("k", BIG)
    faulty.proxy.inject(fault, fault)
    assert faulty.store.read("k", 1000, 5000) == BIG[1000:6000]
    faulty.proxy.inject(fault, None, fault)
    assert b"".join(faulty.store.stream("k", 7)) == BIG[7:]
    faulty.proxy.inject(fault, fault)
    head = faulty.store.head("k")
    assert head is not None
    assert (head.size, head.sha256) == (len(BIG), hashlib.sha256(BIG).hexdigest())
    faulty.proxy.inject(fault, fault)
    assert [blob.key for blob in faulty.store.list()] == ["k"]


@pytest.mark.parametrize(
    ("fault", "place"),
    [(fault, (n + step) % 6) for n, fault in enumerate(Fault) for step in (0, 3)],
)
def test_an_upload_past_any_fault_at_any_request(
    faulty: Faulty, tmp_path: Path, fault: Fault, place: int
) -> None:
    path = tmp_path / "big"
    path.write_bytes(BIG)
    sha256 = hashlib.sha256(BIG).hexdigest()
    faulty.proxy.inject(*[None] * place, fault)
    faulty.store.upload("k", path, sha256=sha256)
    assert b"".join(faulty.plain.stream("k")) == BIG
    left = faulty.plain.client.list_multipart_uploads(Bucket=faulty.plain.bucket)
    assert left.get("Uploads", []) == []


def test_only_where_there_is_none_though_the_answer_got_lost(faulty: Faulty) -> None:
    faulty.proxy.inject(None, Fault.RESET_AFTER)  # after a look, the put
    faulty.store.put("k", b"ours", absent=True)
    assert faulty.plain.read("k", 0, 9) == b"ours"
    with pytest.raises(StorageError) as caught:
        faulty.store.put("k", b"other", absent=True)
    assert caught.value.reason == "exists"


def test_every_file_arrives_though_a_third_of_all_requests_fail(
    tmp_path: Path, s3_moto: S3Place
) -> None:
    with FaultProxy(server=s3_moto, rate=0.3, seed=5) as proxy, Forker(s3_moto) as forker:
        shelf = Shelf.make(tmp_path, s3_moto, small=10, large=2, through=proxy.place, timeout="1s")
        for _ in range(50):
            if forker.ship(shelf.folder) == 0:
                break
        assert sum(proxy.injected.values()) > 10
    assert shelf.faults(ended=True) == []


def test_an_outage_loses_nothing_and_its_end_is_noticed(tmp_path: Path, s3_moto: S3Place) -> None:
    with FaultProxy(server=s3_moto) as proxy, Forker(s3_moto) as forker:
        shelf = Shelf.make(tmp_path, s3_moto, small=3, large=1, through=proxy.place)
        proxy.down = True
        assert forker.ship(shelf.folder) == 3
        local = {path.name for path in (tmp_path / "archive" / "warc").glob("*.warc.gz")}
        assert local == set(shelf.digests)
        proxy.down = False
        assert forker.ship(shelf.folder) == 0
    assert shelf.faults(ended=True) == []
