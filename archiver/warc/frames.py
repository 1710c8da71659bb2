"""Cutting a stream of bytes into WARC records, exactly as Content-Length says."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from warcio.statusandheaders import StatusAndHeadersParser  # type: ignore[import-untyped]  # no types

from archiver.warc.stored import Headers, first

MAX_BLOCK = 1 << 30  # bytes of one record's block; more is damage, not memory
_MAX_HEADER = 1 << 20
_VERSION = re.compile(rb"WARC/\d+\.\d+\s*\n")
_PARSER = StatusAndHeadersParser(["WARC/"])


@dataclass(frozen=True, slots=True)
class Frame:
    """One record cut out of a stream: where it begins and ends there."""

    start: int
    end: int
    headers: Headers
    block: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a stream stops being records, and why; `cut`: it ended where it should go on."""

    start: int
    what: str
    record_id: str | None = None
    cut: bool = False


def cut_records(stream: io.BufferedReader) -> Iterator[Frame | Fault]:
    """Cut a stream into its records, up to its end or the first fault, which comes last."""
    position = 0
    while True:
        line = stream.readline(_MAX_HEADER)
        if not line:
            return
        if not line.strip(b"\r\n"):
            position += len(line)
            continue
        start = position
        if not _VERSION.fullmatch(line):
            yield Fault(start, f"no WARC record begins here: {line[:40]!r}")
            return
        head = _read_header(stream, line)
        if not head.endswith((b"\n\n", b"\n\r\n")):
            yield Fault(start, "the record's header does not end", cut=True)
            return
        headers = tuple(_PARSER.parse(io.BytesIO(head)).headers)
        record_id = first(headers, "WARC-Record-ID")
        said = {value for name, value in headers if name.lower() == "content-length"}
        length = _length(said)
        if length is None:
            shown = " and ".join(sorted(said))[:80] or "missing"
            yield Fault(start, f"Content-Length is {shown}", record_id)
            return
        if length > MAX_BLOCK:
            yield Fault(start, f"a block of {length} bytes is over the limit", record_id)
            return
        block = stream.read(length)
        if len(block) < length:
            what = f"{len(block)} bytes of block where Content-Length says {length}"
            yield Fault(start, what, record_id, cut=True)
            return
        position = start + len(head) + length
        yield Frame(start, position, headers, block)


def _read_header(stream: io.BufferedReader, line: bytes) -> bytes:
    """Read from the version line to the empty line, or as far as there is one."""
    lines = [line]
    room = _MAX_HEADER
    while lines[-1].strip(b"\r\n") and room > 0:
        lines.append(stream.readline(room))
        room -= len(lines[-1])
    return b"".join(lines)


def _length(said: set[str]) -> int | None:
    """Read the one Content-Length; a header that gives two cannot be trusted with either."""
    value = min(said) if len(said) == 1 else ""
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None
