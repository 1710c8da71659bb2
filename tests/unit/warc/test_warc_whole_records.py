"""The short ways of reading: what nearly all records are is read as all others, only faster."""

from __future__ import annotations

import gzip
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archiver.errors import WireError
from archiver.warc import frames
from archiver.warc.frames import Fault, Frame, cut_records, parse_header, whole_record
from archiver.warc.reader import iter_records
from archiver.wire import answer
from archiver.wire.answer import parse_head, parse_response, plain_head

_SPACES = ["\r\n", "\n", "\r", " ", "\t", "\x0b", "\x1c", "\x85", "\xa0", "\u2028", "\n ", "\r\n\t"]
_PIECES = ["WARC-Type", "Content-Length", "content-length", ":", ": ", "a", "5", "é", "", "x y"]
heads = st.lists(st.sampled_from(_SPACES + _PIECES), max_size=24).map("".join)
bad_bytes = st.sampled_from([b"", b"\xff", b"\xe9: \xe8", b"\0"])


@given(heads, bad_bytes, st.sampled_from([b"\r\n\r\n", b"\n\n", b"\n\r\n", b"\r\n\n"]))
@example("WARC-Type: warcinfo\r\nA:b\r\n c\r\n", b"", b"\r\n\r\n")
@example("WARC-Type: a\r\nwarc-type: b: c\r\nA:b: c\r\n", b"", b"\r\n")
@example("WARC-Type: a\r\nwarc-type: b \r\nX: \t c\r\n", b"", b"\r\n")
@example("WARC-Type : warcinfo \r\n: x\r\nno colon\r\n", b"", b"\r\n\r\n")
def test_a_header_is_read_as_line_by_line(text: str, bad: bytes, end: bytes) -> None:
    head = b"WARC/1.1\r\n" + text.encode() + bad + end
    assert parse_header(head) == _line_by_line(head)


def _line_by_line(head: bytes) -> tuple[frames.Headers, dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "_PLAIN_NAME", frames.re.compile("(?!)"))  # none is plain
        patch.setattr(frames, "_lower", frames._lower.__wrapped__)  # nor known to be
        return parse_header(head)


records = st.builds(
    lambda lead, version, fields, length, block, tail: (
        f"{lead}{version}\r\n{fields}Content-Length: {length}\r\n\r\n".encode() + block + tail
    ),
    st.sampled_from(["", "", "", "\r\n"]),
    st.sampled_from(["WARC/1.1", "WARC/1.0", "WARC/x", "WARC/1.1 "]),
    st.sampled_from(["", "WARC-Type: response\r\n", "Content-Length: 3\r\n", "A: b\r\n c\r\n"]),
    st.sampled_from(["0", "3", "40", "3 ", "-1", "x", "9" * 30]),
    st.sampled_from([b"", b"abc", b"abc" * 20, b"a\r\n\r\n", b"\r\n"]),
    st.sampled_from([b"\r\n\r\n", b"", b"\n", b"\r\n\r\nx", b"\r\n\r\nWARC/1.1\r\n\r\n"]),
)


@given(records, st.lists(st.integers(1, 150), max_size=4))
def test_a_whole_record_is_what_is_cut_out_of_its_pieces(data: bytes, cuts: list[int]) -> None:
    at = [0, *sorted({cut for cut in cuts if cut < len(data)}), len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(at)]
    left = iter(pieces)
    cut = list(cut_records(lambda: next(left, b"")))
    whole = whole_record(pieces)
    if whole is not None:
        assert cut == [whole]
    elif len(pieces) == 1 and len(cut) == 1 and isinstance(cut[0], Frame):
        assert cut[0].start > 0  # after blank lines: nothing else is left to the long way


def test_of_a_record_cut_short_nothing_is_whole() -> None:
    data = b"WARC/1.1\r\nContent-Length: 5\r\n\r\nabcd"
    assert whole_record([data]) is None
    assert whole_record([data[:32], data[32:]]) is None
    (fault,) = cut_records(iter([data, b""]).__next__)
    assert isinstance(fault, Fault)
    assert fault.cut


@pytest.mark.parametrize("count", [1, 2, 3])
def test_members_of_any_number_of_pieces(tmp_path: Path, count: int) -> None:
    blocks = [bytes([65 + n]) * (40_000 * n + 7) for n in range(count)]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(
        b"".join(
            gzip.compress(
                b"WARC/1.1\r\nWARC-Type: resource\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n"
                % (len(block), block)
            )
            for block in blocks
        )
    )
    assert [item.block for item in iter_records(path) if hasattr(item, "block")] == blocks


answers = st.lists(
    st.sampled_from(
        [
            "HTTP/1.1 200 OK", "http/1.1 200 OK", "HTTP/1.1 100 Continue", "HTTP/1.1 101 x",
            "HTTP/1.0 304", "HTTP/1.1 2000", "\r\n", "\n", "\r\n\r\n", "Content-Length: 3",
            "Content-Length: 70000", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip",
            "3\r\nabc\r\n0\r\n\r\n", "abc", " folded", "x" * 5000, "é",
        ]
    ),
    max_size=9,
).map(lambda parts: "".join(parts).encode())  # fmt: skip


@given(answers, st.sampled_from(["GET", "HEAD"]))
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", "GET")
@example(b"HTTP/1.1 204 No\r\n\r\nabcd", "GET")
@example(b"HTTP/1.1 200 OK\r\n" + b"a" * 300_000 + b"\r\n\r\n", "GET")
def test_an_answer_is_read_as_the_framer_reads_it(raw: bytes, method: str) -> None:
    short = _read(raw, method)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer, "plain_head", lambda _raw: None)
        assert short == _read(raw, method)
    known = plain_head(raw)
    if known is not None:
        assert known.head == parse_head(raw)
        assert parse_response(raw, method=method, known=known) == short


def _read(raw: bytes, method: str) -> object:
    try:
        return parse_response(raw, method=method)
    except WireError as error:
        return str(error)


def test_processes_that_index_files_import_no_database() -> None:
    """Each command begins such processes, and waits until they have imported what they need."""
    found = subprocess.run(
        [sys.executable, "-c", "import sys, archiver.fetch.fileindex; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"sqlalchemy", "scrapy", "twisted", "boto3", "pydantic"} & set(found)
