"""Files of very many records: memory does not grow with their number."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.fetch.examine import examine
from archiver.fetch.fileindex import index_file
from archiver.warc.check import check_file
from archiver.warc.scratch import sort_many

RECORD = (
    "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:test:{kind}:{number}>\r\n"
    "WARC-Date: 2024-05-06T07:08:09Z\r\nWARC-Target-URI: http://x.example/{page}\r\n"
    "Content-Type: {type}\r\n{more}Content-Length: {length}\r\n\r\n{block}\r\n\r\n"
)
HTTP = "application/http"


def pages(path: Path, count: int) -> Path:
    """So many answers with their requests and metadata records, in this order."""
    kinds = (
        ("response", HTTP, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"),
        ("request", HTTP, "GET / HTTP/1.1\r\n\r\n"),
        ("metadata", "application/warc-fields", "kind: page\r\noutlet: x\r\n"),
    )
    with path.open("w", newline="") as out:
        for number in range(count):
            for kind, type_, block in kinds:
                named = f"WARC-Concurrent-To: <urn:test:response:{number}>\r\n"
                out.write(
                    RECORD.format(
                        kind=kind,
                        number=number,
                        page=number % 100,  # what is remembered of some URLs is not the matter
                        type=type_,
                        more=named if kind != "response" else "",
                        length=len(block),
                        block=block,
                    )
                )
    return path


def peak(work: Callable[[], object]) -> int:
    """The most memory that Python held at once, in bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("work", [check_file, index_file, examine])
def test_memory_is_flat(tmp_path: Path, work: Callable[[Path], object]) -> None:
    few, many = (pages(tmp_path / f"{count}.warc", count) for count in (4000, 12_000))
    grown = peak(lambda: work(many)) - peak(lambda: work(few))
    assert grown < 8000 * 300, grown  # bytes; the rows alone are over a kilobyte each


def test_pairs_are_found_across_many(tmp_path: Path) -> None:
    path = pages(tmp_path / "x.warc", 2500)
    whole = path.read_bytes()
    assert check_file(path) == []
    begin = whole.index(b"WARC/1.1\r\nWARC-Type: request\r\nWARC-Record-ID: <urn:test:request:3>")
    end = whole.index(b"WARC/1.1", begin + 8)
    request = whole[begin:end]
    other = request.replace(b"http://x.example/3", b"http://x.example/4")  # the first one counts
    path.write_bytes(whole[:begin] + whole[end:] + request + other)
    (found,) = check_file(path)
    first = len(whole) - len(request)
    assert (found.offset, found.what) == (
        first + len(request),
        f"WARC-Record-ID also at offset {first}",
    )
    path.write_bytes(whole[:begin] + whole[end:])
    (found,) = check_file(path)
    assert (found.record_id, found.what) == (
        "<urn:test:response:3>",
        "a response without its request",
    )


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
def test_many_lines_are_sorted_by_their_bytes(lines: list[str]) -> None:
    assert list(sort_many(lines)) == sorted(lines, key=lambda line: line.encode())


CHILD = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
from archiver.errors import DiskFullError
from archiver.warc.scratch import sort_many
try:
    sum(1 for line in sort_many(f"{number:0500}" for number in range(50_000)))
except DiskFullError as error:
    print(error)
"""


def test_no_room_for_what_is_noted() -> None:
    found = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True)
    assert "cannot be noted" in found.stdout, found.stderr
    assert "Free some space" in found.stdout
