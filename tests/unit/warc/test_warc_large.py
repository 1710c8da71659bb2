"""Records whose block is in a file: written piece by piece, whole or not at all."""

import errno
import gzip
import hashlib
import os
from functools import partial
from pathlib import Path

import pytest
from support.exchanges import answer, chunked, exchange
from support.judges import judge

from archiver.errors import ArchiverError, DiskFullError
from archiver.warc import writer as writer_module
from archiver.warc.check import check_file
from archiver.warc.compress import Codec, compress_pieces
from archiver.warc.reader import read_record
from archiver.warc.record import Record, WarcInfo, exchange_records
from archiver.warc.recover import recover
from archiver.warc.writer import WarcWriter
from archiver.wire.exchange import Exchange
from archiver.wire.framer import ResponseFramer
from archiver.wire.spool import Spilled, Spool

INFO = WarcInfo(software="news-archiver/test")
BODY = hashlib.shake_128(b"large").digest(10_000_000)  # does not compress
RAW = {
    "sized": answer(BODY),
    "chunked": answer(chunked(BODY, 65536), b"Transfer-Encoding: chunked", length=False),
}


def spilled(raw: bytes, name: str = "large") -> Exchange:
    framer = ResponseFramer(spool=partial(Spool, limit=100_000))
    for at in range(0, len(raw), 65536):
        framer.feed(raw[at : at + 65536])
    made = exchange(raw, url=f"https://news.example/{name}")
    values = {name: getattr(made, name) for name in made.__slots__}
    return Exchange(**values | {"response": framer.response, "payload": framer.payload()})


def small() -> tuple[Record, ...]:
    return exchange_records(exchange(answer()))


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("pieces", [[], [b""], [b"a", b"", b"b" * 3_000_000], [BODY, BODY]])
def test_pieces_make_one_member(pieces: list[bytes], codec: Codec) -> None:
    assert gzip.decompress(b"".join(compress_pieces(pieces, codec=codec))) == b"".join(pieces)
    packed = [b"".join(compress_pieces(pieces, codec=codec, level=level)) for level in (0, 3)]
    assert [gzip.decompress(data) for data in packed] == [b"".join(pieces)] * 2


@pytest.mark.parametrize("framing", RAW)
@pytest.mark.parametrize("codec", Codec)
def test_a_spilled_answer_is_the_same_record(tmp_path: Path, framing: str, codec: Codec) -> None:
    closed: list[tuple[str, int, str]] = []
    plain = exchange_records(exchange(RAW[framing]))[0]
    kept = spilled(RAW[framing])
    assert isinstance(kept.response, Spilled)
    assert isinstance(kept.payload, Spilled)
    with WarcWriter(
        tmp_path, prefix="p", info=INFO, codec=codec, on_close=lambda *what: closed.append(what)
    ) as writer:
        refs = [writer.append(records) for records in (exchange_records(kept), small())]
    for ref in (*refs[0], *refs[1]):
        assert read_record(tmp_path / ref.file, ref.offset).length == ref.length
    record = read_record(tmp_path / refs[0][0].file, refs[0][0].offset)
    assert bytes(record.block) == RAW[framing]
    assert bytes(record.http().payload) == BODY
    assert record.header("WARC-Payload-Digest") == plain.payload_digest
    assert refs[0][0].payload_digest == plain.payload_digest
    (path,) = tmp_path.glob("*.warc.gz")
    data = path.read_bytes()
    assert closed == [(path.name, len(data), hashlib.sha256(data).hexdigest())]
    assert judge(path) == []


class CountedOs:
    """The system's, but the write of this number fails with `error`; sizes of all are kept."""

    def __init__(self, failing: int = 0, error: BaseException | None = None) -> None:
        self.sizes: list[int] = []
        self._failing = failing
        self._error = error

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def write(self, fd: int, data: memoryview) -> int:
        self.sizes.append(len(data))
        if self._error and len(self.sizes) == self._failing:
            os.write(fd, data[: len(data) // 2])
            raise self._error
        return os.write(fd, data)


def test_it_is_written_in_batches_of_which_the_last_has_all_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash before the last write leaves no member of the exchange that ends."""
    system = CountedOs()
    monkeypatch.setattr(writer_module, "os", system)
    with WarcWriter(tmp_path, prefix="p", info=INFO) as writer:
        writer.append(small())
        refs = writer.append(exchange_records(spilled(RAW["sized"])))
    _, *sizes, last = system.sizes
    assert len(sizes) == 2
    assert max(sizes) < 6_000_000
    assert last > sum(ref.length for ref in refs[1:]) + 8
    assert refs[0].offset + sum(sizes) < refs[1].offset


@pytest.mark.parametrize("failing", [2, 3, 4])
@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.ENOSPC, "full"), DiskFullError), (MemoryError(), MemoryError)],
)
def test_what_fails_in_the_middle_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: int,
    error: BaseException,
    raised: type[BaseException],
) -> None:
    closed: list[tuple[str, int, str]] = []
    with WarcWriter(
        tmp_path, prefix="p", info=INFO, on_close=lambda *what: closed.append(what)
    ) as writer:
        writer.append(small())
        monkeypatch.setattr(writer_module, "os", CountedOs(failing - 1, error))
        with pytest.raises(raised):
            writer.append(exchange_records(spilled(RAW["sized"])))
        monkeypatch.undo()
        (ref, *_) = writer.append(small())
    (path,) = tmp_path.glob("*.warc.gz")
    assert check_file(path) == []
    assert read_record(path, ref.offset).record_id == ref.record_id
    assert closed[0][1:] == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_block_that_cannot_be_read_again_leaves_nothing(tmp_path: Path) -> None:
    records = exchange_records(spilled(RAW["sized"]))
    block = records[0].block
    assert block is not None
    with WarcWriter(tmp_path, prefix="p", info=INFO) as writer:
        writer.append(small())
        os.ftruncate(block._file.fd, 6_000_000)
        with pytest.raises(ArchiverError, match="read again"):
            writer.append(records)
        writer.append(small())
    (path,) = tmp_path.glob("*.warc.gz")
    assert check_file(path) == []


@pytest.mark.parametrize("writes", [1, 2])
def test_a_crash_in_the_middle_loses_that_exchange_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    writer = WarcWriter(tmp_path, prefix="p", info=INFO)
    refs = writer.append(small())
    writer.sync()
    monkeypatch.setattr(writer_module, "os", CountedOs(writes + 1, KeyboardInterrupt()))
    monkeypatch.setattr(os, "ftruncate", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "x")))
    with pytest.raises(KeyboardInterrupt):
        writer.append(exchange_records(spilled(RAW["sized"])))
    monkeypatch.undo()
    (found,) = recover(tmp_path)
    assert found.captures == (refs[0].offset,)
    assert found.torn > 4_000_000
    assert check_file(tmp_path / found.file) == []


def test_the_last_piece_of_a_member_waits_for_what_follows() -> None:
    piece = b"x" * writer_module._BATCH
    lengths: list[int] = []
    members = [[b"info"], [piece, piece, piece], [b"request"], [piece]]
    batches = list(writer_module._batches(members, lengths))
    assert batches == [b"info" + piece, piece, piece + b"request" + piece]
    assert lengths == [4, 3 * len(piece), 7, len(piece)]
