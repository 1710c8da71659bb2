import errno
import gc
import gzip
import os
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import ArchiverError, DiskFullError
from archiver.wire import spool as spool_module
from archiver.wire.codings import decode_content
from archiver.wire.framer import ResponseFramer
from archiver.wire.spool import Spilled, Spool, pieces


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def filled(data: bytes, **options: int | None) -> Spool:
    spool = Spool(**{"limit": 8, **options})
    for at in range(0, len(data), 7):
        spool.add(data[at : at + 7])
    return spool


def test_few_bytes_stay_in_memory() -> None:
    for spool in (filled(b"1234567"), filled(b"12345678" * 1000, limit=None)):
        assert isinstance(spool.content(), bytes)
        assert spool.base == 0


@given(st.binary(max_size=60), st.integers(0, 70), st.integers(0, 70), st.integers(-70, 70))
def test_what_is_spilled_is_used_as_bytes_are(data: bytes, start: int, end: int, at: int) -> None:
    spool = filled(data)
    content = spool.content(start, end)
    assert bytes(content) == data[start:end]
    assert len(content) == len(data[start:end])
    assert content[at:] == data[start:end][at:]
    assert content[:at] == data[start:end][:at]
    assert b"".join(pieces(content)) == data[start:end]
    spool.add(b"more")
    assert bytes(spool.content()) == data + b"more"


def test_pieces_are_of_a_size_that_memory_bears() -> None:
    data = bytes(range(256)) * 10_000
    content = filled(data).content()
    assert isinstance(content, Spilled)
    assert max(map(len, pieces(content))) <= 1024 * 1024
    assert b"".join(pieces(content)) == data


def test_the_file_has_no_name_and_goes_with_its_last_user(tmp_path: Path) -> None:
    before = open_files()
    folder = tmp_path / "not" / "there"
    spool = Spool(limit=8, folder=folder)
    spool.add(b"x" * 20)
    content = spool.content()
    spool.add(b"y")
    assert isinstance(spool.content(), Spilled)
    assert list(folder.iterdir()) == []
    assert open_files() == before + 1
    del spool
    assert bytes(content) == b"x" * 20
    del content
    assert open_files() == before


class FullOs:
    """The system's, but for a disk that is full or broken; everything else is real."""

    def __init__(self, **faults: int) -> None:
        self._faults = faults

    def __getattr__(self, name: str) -> object:
        if name in self._faults:
            number = self._faults[name]

            def fail(*_: object) -> None:
                raise OSError(number, os.strerror(number))

            return fail
        return getattr(os, name)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "os", FullOs(pwrite=errno.ENOSPC))
    spool = Spool(limit=8, folder=tmp_path)
    spool.add(b"x" * 20)
    with pytest.raises(DiskFullError, match=f"{tmp_path}.*No space left"):
        spool.add(b"x")
    monkeypatch.undo()
    assert bytes(spool.content()) == b"x" * 20


def test_a_disk_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    spool = filled(b"x" * 40)
    content = spool.content()
    monkeypatch.setattr(spool_module, "os", FullOs(pread=errno.EIO))
    with pytest.raises(ArchiverError, match="read again"):
        bytes(content)


# What the framer finds is the same, wherever the body is held.

HEAD = b"HTTP/1.1 200 OK\r\nServer: x\r\n"
EARLY = b"HTTP/1.1 103 Early\r\n\r\n"


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    body = draw(st.binary(max_size=200))
    framing = draw(st.sampled_from(["length", "close", "chunked", "gzip", "claimed"]))
    if framing == "length":
        raw = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    elif framing == "close":
        raw = HEAD + b"\r\n" + body
    elif framing == "claimed":
        raw = HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n<p>" + body
    else:
        coding = b"gzip, chunked" if framing == "gzip" else b"chunked"
        body = gzip.compress(body, mtime=0) if framing == "gzip" else body
        size = draw(st.integers(1, 50))
        raw = HEAD + b"Transfer-Encoding: " + coding + b"\r\n\r\n"
        for at in range(0, len(body), size):
            piece = body[at : at + size]
            raw += b"%x;ext=1\r\n%s\r\n" % (len(piece), piece)
        raw += b"0\r\nX-Trailer: 1\r\n\r\n"
    cut = draw(st.integers(0, 30)) if draw(st.booleans()) else 0
    return EARLY + (raw[:-cut] if cut else raw + draw(st.binary(max_size=20)))


@given(answers(), st.integers(1, 60), st.integers(0, 40))
@settings(max_examples=300)
def test_a_spilled_answer_is_framed_alike(raw: bytes, step: int, limit: int) -> None:
    plain = ResponseFramer()
    spilling = ResponseFramer(spool=partial(Spool, limit=limit))
    told = [b"", b""]
    for at in range(0, len(raw), step):
        for place, framer in enumerate((plain, spilling)):
            framer.feed(raw[at : at + step])
            if framer.head is not None:
                told[place] += bytes(framer.payload_from(len(told[place])))
    assert told[0] == told[1]
    for framer in (plain, spilling):
        framer.eof()
    assert _facts(plain) == _facts(spilling)


def _facts(framer: ResponseFramer) -> tuple[object, ...]:
    return (
        framer.interim,
        bytes(framer.response),
        framer.head,
        framer.head_length,
        bytes(framer.payload()),
        framer.payload_size,
        framer.received,
        framer.excess,
        framer.complete,
        framer.fault,
        framer.keep_alive,
    )


def test_a_large_body_leaves_memory_as_it_comes() -> None:
    framer = ResponseFramer(spool=partial(Spool, limit=100_000))
    framer.feed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n%s\r\n" % (10_000, b"x" * 10_000)
    for _ in range(200):
        framer.feed(chunk)
        assert framer._chunked is not None
        assert len(framer._raw.window) < 120_000
        assert len(framer._chunked.data.window) < 120_000
    assert framer.payload_size == 2_000_000


def test_spilled_content_is_decoded() -> None:
    text = b"Some words of a story. " * 1000
    content = filled(gzip.compress(text)).content()
    assert isinstance(content, Spilled)
    assert decode_content(content, [(b"Content-Encoding", b"gzip")], cap=100_000) == text
    assert decode_content(content, [], cap=100_000) == bytes(content)
