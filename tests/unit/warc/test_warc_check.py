from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.exchanges import answer, chunked, exchange, odd_exchanges

from archiver.warc.check import check_file
from archiver.warc.compress import compress_member
from archiver.warc.record import Record, RefersTo, WarcInfo, exchange_records, warcinfo_record

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "warcs"


def write(path: Path, datas: list[bytes]) -> Path:
    path.write_bytes(b"".join(map(compress_member, datas)))
    return path


def all_odd() -> list[Record]:
    records = [warcinfo_record(WarcInfo(software="s"))]
    for kept in odd_exchanges().values():
        records += exchange_records(kept)
    first = records[1]
    refers_to = RefersTo(
        record_id=first.record_id,
        target_uri=first.target_uri or "",
        date=first.date,
        payload_digest=first.payload_digest,
    )
    for raw in (answer(), b"HTTP/1.1 304 Not Modified\r\n\r\n"):
        records += exchange_records(exchange(raw), refers_to=refers_to)
    return records


def test_nothing_is_wrong_with_odd_exchanges(tmp_path: Path) -> None:
    assert check_file(write(tmp_path / "x.warc.gz", [r.data for r in all_odd()])) == []


def replaced(pattern: bytes, by: bytes) -> Callable[[list[bytes]], None]:
    """A change of the first record, the response."""

    def change(datas: list[bytes]) -> None:
        changed = re.sub(pattern, by, datas[0], count=1)
        assert changed != datas[0]
        datas[0] = changed

    return change


def twice(datas: list[bytes]) -> None:
    datas.append(datas[2])


def second_request(datas: list[bytes]) -> None:
    datas.append(re.sub(rb"urn:uuid:", b"urn:uuidx:", datas[1], count=1))


def without(number: int) -> Callable[[list[bytes]], None]:
    return lambda datas: datas.__delitem__(number)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (replaced(rb"Wort", b"Wert"), "WARC-Block-Digest .* is not that of the block"),
        (
            replaced(rb"(Payload-Digest: sha1:)\w{4}", rb"\1AAAA"),
            "WARC-Payload-Digest .* is not that of the payload",
        ),
        (replaced(rb"Block-Digest: sha1:", b"Block-Digest: sha9:"), "is not that of the block"),
        (replaced(rb"(WARC-Date: )\S+", rb"\g<1>20240506070809"), "malformed WARC-Date '2024"),
        (replaced(rb"WARC-Date: \S+\r\n", b""), "no WARC-Date"),
        (replaced(rb"WARC-Type: \S+\r\n", b""), "no WARC-Type"),
        (replaced(rb"WARC-Record-ID: \S+\r\n", b""), "no WARC-Record-ID"),
        (replaced(rb"(Target-URI: )\S+", rb"\1http://other.example/"), "paired with one of http"),
        (twice, "WARC-Record-ID also at offset"),
        (second_request, "its answer has a request already"),
        (without(0), "concurrent to .* which is not here"),
        (without(1), "a response without its request"),
    ],
)
def test_every_fault_is_found(
    tmp_path: Path, change: Callable[[list[bytes]], None], said: str
) -> None:
    raw = answer(chunked(b"<p>Wort " * 20), b"Transfer-Encoding: chunked", length=False)
    datas = [record.data for record in exchange_records(exchange(raw))]
    other = [record.data for record in exchange_records(exchange(raw, url="http://b.example/"))]
    assert check_file(write(tmp_path / "good.warc.gz", datas + other)) == []
    change(datas)
    damages = check_file(write(tmp_path / "bad.warc.gz", datas + other))
    assert any(re.search(said, damage.what) for damage in damages), damages
    assert all(damage.file == "bad.warc.gz" for damage in damages)


def test_concurrent_to_has_no_place_in_a_warcinfo_record(tmp_path: Path) -> None:
    data = warcinfo_record(WarcInfo(software="s")).data
    bad = data.replace(b"WARC-Date", b"WARC-Concurrent-To: <urn:x>\r\nWARC-Date", 1)
    said = [damage.what for damage in check_file(write(tmp_path / "x.warc.gz", [bad]))]
    assert "WARC-Concurrent-To on a warcinfo record" in said


def test_where_nobody_keeps_requests_none_is_missing(tmp_path: Path) -> None:
    responses = [exchange_records(exchange(answer()))[0].data for _ in range(2)]
    assert check_file(write(tmp_path / "x.warc.gz", responses)) == []


def test_records_may_name_each_other(tmp_path: Path) -> None:
    response, request, _ = exchange_records(exchange(answer()))
    both = response.data.replace(
        b"WARC-Date", b"WARC-Concurrent-To: %s\r\nWARC-Date" % request.record_id.encode(), 1
    )
    assert check_file(write(tmp_path / "x.warc.gz", [both, request.data])) == []


def test_a_digest_over_the_chunks_is_borne_with(tmp_path: Path) -> None:
    """Other tools take the payload digest with the transfer coding; wget is one of them."""
    raw = answer(chunked(b"Wort " * 20), b"Transfer-Encoding: chunked", length=False)
    kept = exchange(raw)
    over_chunks = exchange(raw, payload=raw[kept.head_length :])
    datas = [record.data for record in exchange_records(over_chunks)]
    assert check_file(write(tmp_path / "x.warc.gz", datas)) == []


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"other people's WARCs are not there ({SHARED})")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("example.warc.gz", []),
        ("post-test.warc.gz", []),
        ("example-iana.org-chunked.warc", []),
        ("example-wget-bad-target-uri.warc.gz", []),
        ("20130729-heritrix-original.warc.gz", []),
        ("20141129-heritrix-original.warc.gz", []),
        (
            "example-trunc.warc",
            ["WARC-Block-Digest", "WARC-Payload-Digest", "no WARC record begins here"],
        ),
        (
            "example-wrong-chunks.warc.gz",
            ["WARC-Block-Digest", "one record in several gzip members"],
        ),
    ],
)
def test_files_of_others(name: str, said: list[str]) -> None:
    damages = check_file(SHARED / name)
    assert len(damages) == len(said)
    for damage, text in zip(damages, said, strict=True):
        assert damage.what.startswith(text)
