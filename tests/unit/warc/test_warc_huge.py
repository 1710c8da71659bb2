"""Records whose block is too large to be held in memory: read, checked, indexed, recovered."""

from __future__ import annotations

import gzip
import hashlib
import resource
import subprocess
import sys
from base64 import b32encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.exchanges import answer, chunked, exchange, odd_exchanges

from archiver.errors import WireError
from archiver.fetch.index import rows_of_file
from archiver.warc import frames
from archiver.warc.cdxj import file_lines
from archiver.warc.check import check_file
from archiver.warc.compress import compress_member, compress_pieces
from archiver.warc.reader import StoredRecord, iter_records, read_record
from archiver.warc.record import WarcInfo, exchange_records
from archiver.warc.recover import recover
from archiver.warc.writer import WarcWriter
from archiver.wire.spool import Spilled, Streamed

INFO = WarcInfo(software="news-archiver/test")
PART = b"0123456789abcdef" * 4096


def as_bytes(path: Path) -> list[tuple[object, ...]]:
    """All that can be known of a file's records, whether they are held or not."""
    found: list[tuple[object, ...]] = []
    for record in iter_records(path):
        assert isinstance(record, StoredRecord)
        fact: list[object] = [record.offset, record.length, record.headers, bytes(record.block)]
        if record.is_http:
            try:
                parsed = record.http()
                fact += [parsed.status, parsed.headers, bytes(parsed.payload), parsed.head_length]
                fact += [parsed.complete, parsed.excess, record.http_head().reason]
                fact.append(record.body(10**6))
            except WireError as error:
                fact.append(error.what)
        found.append(tuple(fact))
    return found


@pytest.mark.parametrize("packed", [True, False])
def test_what_is_not_held_is_read_as_what_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    with WarcWriter(tmp_path, prefix="p", info=INFO) as writer:
        for kept in odd_exchanges().values():
            writer.append(exchange_records(kept))
        for kind, raw in (
            ("excess", answer(b"abc", b"Connection: close") + b"more than was said"),
            ("no-chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone at all"),
            ("large", answer(chunked(PART * 20, 70_000), b"Transfer-Encoding: chunked")),
        ):
            whole = exchange(raw[:-1] if kind == "large" else raw, url=f"http://x.example/{kind}")
            writer.append(exchange_records(whole))
    (path,) = tmp_path.glob("*.warc.gz")
    if not packed:
        plain = path.with_suffix("")
        plain.write_bytes(gzip.decompress(path.read_bytes()))
        path = plain
    held = as_bytes(path), file_lines(path), list(rows_of_file(path)), check_file(path)
    monkeypatch.setattr(frames, "HELD", 10)
    monkeypatch.setattr("archiver.warc.members._FEED", 30)
    monkeypatch.setattr("archiver.warc.reader._CHUNK", 70)
    kinds = {type(item.block) for item in iter_records(path) if isinstance(item, StoredRecord)}
    assert kinds == {bytes, Streamed if packed else Spilled}
    assert (as_bytes(path), file_lines(path), list(rows_of_file(path)), check_file(path)) == held


def test_a_large_record_in_several_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = b"WARC/1.1\r\nWARC-Type: resource\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n" % (
        len(PART),
        PART,
    )
    path = tmp_path / "x.warc.gz"
    path.write_bytes(
        b"".join(gzip.compress(whole[at : at + 9000]) for at in range(0, 70_000, 9000))
    )
    monkeypatch.setattr(frames, "HELD", 10)
    record = read_record(path, 0)
    assert isinstance(record.block, Streamed)
    assert record.block[5:70] == PART[5:70]
    assert bytes(record.block) == PART


def huge_file(path: Path, size: int, *, chunks: bool) -> None:
    """A WARC with one response whose body has `size` bytes."""
    digest, block_digest = hashlib.sha1(), hashlib.sha1()
    fields = b"Transfer-Encoding: chunked" if chunks else b"Content-Length: %d" % size
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n" + fields + b"\r\n\r\n"
    piece = PART * 16
    chunk = b"%x\r\n%s\r\n" % (len(piece), piece) if chunks else piece
    end = b"0\r\n\r\n" if chunks else b""
    count = size // len(piece)
    block_digest.update(head)
    for _ in range(count):
        digest.update(piece)
        block_digest.update(chunk)
    block_digest.update(end)
    header = (
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:test:1>\r\n"
        "WARC-Date: 2024-05-06T07:08:09Z\r\nWARC-Target-URI: http://x.example/huge\r\n"
        "Content-Type: application/http; msgtype=response\r\n"
        f"WARC-Payload-Digest: sha1:{b32encode(digest.digest()).decode()}\r\n"
        f"WARC-Block-Digest: sha1:{b32encode(block_digest.digest()).decode()}\r\n"
        f"Content-Length: {len(head) + count * len(chunk) + len(end)}\r\n\r\n"
    )

    def parts() -> Iterator[bytes]:
        yield header.encode() + head
        for _ in range(count):
            yield chunk
        yield end + b"\r\n\r\n"

    last = (
        b"WARC/1.1\r\nWARC-Type: metadata\r\nWARC-Record-ID: <urn:test:2>\r\n"
        b"WARC-Date: 2024-05-06T07:08:09Z\r\nWARC-Target-URI: http://x.example/huge\r\n"
        b"WARC-Concurrent-To: <urn:test:1>\r\nContent-Type: application/warc-fields\r\n"
        b"Content-Length: 12\r\n\r\nkind: page\r\n\r\n\r\n"
    )
    with path.open("wb") as out:
        out.writelines(compress_pieces(parts()))
        out.write(compress_member(last))


CHILD = """
import re, sys
from pathlib import Path
from archiver.fetch.index import rows_of_file
from archiver.warc.check import check_file
from archiver.warc.reader import read_record
from archiver.warc.recover import recover

(found,) = recover(Path(sys.argv[1]))
path = Path(sys.argv[1]) / found.file
assert check_file(path) == []
(row,) = rows_of_file(path)
size = 0
for piece in read_record(path, 0).http().payload.begin():
    size += len(piece)
# Not getrusage's figure, which begins with that of the process that started this one.
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(size, row.capture.body_size, peak)
"""


@pytest.mark.parametrize(("size", "chunks"), [(1200 * 2**20, False), (200 * 2**20, True)])
def test_memory_stays_flat(tmp_path: Path, size: int, chunks: bool) -> None:
    """A body of more than 1 GiB, in memory of little more than the program's own."""
    huge_file(tmp_path / "x.warc.gz.open", size, chunks=chunks)
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (400 * 2**20, 400 * 2**20)),
    )
    read, body_size, rss = map(int, done.stdout.split())
    assert (read, body_size) == (size, size)
    assert rss < 150 * 1024  # KiB
    assert recover(tmp_path) == []
