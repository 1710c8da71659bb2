"""Single bits of a WARC changed, as disks and memory do: `check` finds each that matters."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from support.exchanges import odd_exchanges

from archiver.warc.check import check_file
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import RefersTo, WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

FLIPS = 300


SMALL = ("plain", "gzip-chunked", "redirect", "te-gzip-chunked", "truncated")


@pytest.fixture(scope="module", params=[SMALL, ("picture",)], ids=["small", "stored"])
def whole(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    cases = odd_exchanges()
    with WarcWriter(folder, prefix="p", info=WarcInfo(software="test")) as writer:
        for name in request.param:
            first, *_ = records = exchange_records(cases[name])
            writer.append(records)
            if name == "plain":
                refers_to = RefersTo(
                    record_id=first.record_id,
                    target_uri=first.target_uri or "",
                    date=first.date,
                    payload_digest=first.payload_digest,
                )
                writer.append(exchange_records(cases[name], refers_to=refers_to))
    (path,) = folder.glob("*.warc.gz")
    assert check_file(path) == []
    return path


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def content(data: bytes) -> bytes | None:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, ValueError):
        return None


def test_every_flip_that_changes_content_is_found_in_a_gzipped_file(
    whole: Path, tmp_path: Path
) -> None:
    """What is left over are flags and times of gzip headers, which are no content."""
    data = whole.read_bytes()
    plain = gzip.decompress(data)
    chance = random.Random(20240506)
    path = tmp_path / "x.warc.gz"
    passed = 0
    for bit in chance.sample(range(8 * len(data)), FLIPS):
        changed = flipped(data, bit)
        path.write_bytes(changed)
        if check_file(path) == []:
            passed += 1
            assert content(changed) == plain, f"bit {bit}"
    assert passed < FLIPS // 10


def test_every_flip_in_a_block_is_found_without_compression(whole: Path, tmp_path: Path) -> None:
    """There digests alone vouch for what a record holds."""
    data = gzip.decompress(whole.read_bytes())
    path = tmp_path / "x.warc"
    path.write_bytes(data)
    assert check_file(path) == []
    blocks = [
        place
        for record in iter_records(path)
        if isinstance(record, StoredRecord)
        for place in range(
            record.offset + record.length - len(record.block), record.offset + record.length
        )
    ]
    chance = random.Random(20240507)
    for place in chance.sample(blocks, FLIPS):
        path.write_bytes(flipped(data, 8 * place + chance.randrange(8)))
        assert check_file(path) != [], f"byte {place}"
