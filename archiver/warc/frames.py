"""Cutting a stream of bytes into WARC records, exactly as Content-Length says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from archiver.warc.stored import Headers, first_values

HELD = 4 * 1024 * 1024  # bytes of a block that are held in memory
_MAX_HEADER = 1 << 20
_NOT_BLANK = re.compile(rb"[^\r\n]")
_VERSION = re.compile(rb"WARC/\d+\.\d+\s*\n")
_HEADER_END = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_LENGTH_FIELD = "content-length"
_MAX_NAME = 64  # characters of a field's name that is remembered
_PLAIN_NAME = re.compile(r"[!-9;-~]+")


class Frame(NamedTuple):
    """One record cut out of a stream: where it begins, its block begins, and it ends there.

    `fields` are its first values by names in lower case. `block` is None where it is too large
    to be held: the stream has to be read again for it.
    """

    start: int
    block_start: int
    end: int
    headers: Headers
    fields: dict[str, str]
    block: bytes | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a stream stops being records, and why; `cut`: it ended where it should go on."""

    start: int
    what: str
    record_id: str | None = None
    cut: bool = False


def cut_records(read: Callable[[], bytes]) -> Iterator[Frame | Fault]:
    """Cut a stream into its records, up to its end or the first fault, which comes last.

    `read` gives the next piece of the stream, of any size, and nothing at its end.
    """
    window, at, gone = b"", 0, 0  # a piece, a place in it, the bytes before it
    while True:
        while (begin := _NOT_BLANK.search(window, at)) is None:
            gone += len(window)
            window, at = read(), 0
            if not window:
                return
        at = begin.start()
        header_end = _HEADER_END.search(window, at)
        while header_end is None and len(window) - at < _MAX_HEADER:
            piece = read()
            if not piece:
                break
            searched = max(0, len(window) - at - 2)
            window, at, gone = window[at:] + piece, 0, gone + at
            header_end = _HEADER_END.search(window, searched)
        start = gone + at
        if not _VERSION.match(window, at):
            line = window[at : window.find(b"\n", at) + 1 or None]
            yield Fault(start, f"no WARC record begins here: {line[:40]!r}")
            return
        if header_end is None:
            yield Fault(start, "the record's header does not end", cut=True)
            return
        head = window[at : header_end.end()]
        headers, fields = parse_header(head)
        record_id = fields.get("warc-record-id")
        at = header_end.end()
        length = _length(head, headers, fields)
        if isinstance(length, str):
            yield Fault(start, f"Content-Length is {length}", record_id)
            return
        block_start = gone + at
        block, window, at, missing = _take(read, window, at, length)
        if missing:
            what = f"{length - missing} bytes of block where Content-Length says {length}"
            yield Fault(start, what, record_id, cut=True)
            return
        gone = block_start + length - at
        yield Frame(start, block_start, block_start + length, headers, fields, block)


def whole_record(data: Sequence[bytes]) -> Frame | None:
    """Cut one record that is all of the data but the line breaks after it; None where it is not.

    What `cut_records` gives of the same pieces, for the one case that nearly all gzip members
    are: without a search for what may follow, and of a large block with one copy.
    """
    first, last = data[0], data[-1]
    header_end = _HEADER_END.search(first, 0, _MAX_HEADER)
    if header_end is None or not _VERSION.match(first):
        return None
    at = header_end.end()
    head = first[:at]
    headers, fields = parse_header(head)
    length = _length(head, headers, fields)
    if isinstance(length, str):
        return None
    after = sum(map(len, data)) - at - length
    if not 0 <= after <= len(last) or last[len(last) - after :].strip(b"\r\n"):
        return None
    if len(data) == 1:
        block = first[at : at + length]
    else:
        block = b"".join((memoryview(first)[at:], *data[1:-1], last[: len(last) - after]))
    return Frame(0, at, at + length, headers, fields, block)


def _take(
    read: Callable[[], bytes], window: bytes, at: int, length: int
) -> tuple[bytes | None, bytes, int, int]:
    """Take a block; it, the piece in which it ends, where there, and how many bytes it lacks."""
    have = len(window) - at
    if length <= have:
        return window[at : at + length], window, at + length, 0
    held = [memoryview(window)[at:]]
    missing = length - have
    while missing and (window := read()):
        at = min(missing, len(window))
        missing -= at
        if length <= HELD:
            held.append(memoryview(window)[:at])
    return b"".join(held) if length <= HELD else None, window, at, missing


def parse_header(head: bytes) -> tuple[Headers, dict[str, str]]:
    """Read a record's header (WARC 1.1, section 4): its fields, and their `first_values`.

    They are in order, folded lines joined. A line that is no UTF-8 is read as Latin-1, one
    without a colon left out.
    """
    try:
        text = head.decode()
    except UnicodeDecodeError:
        headers = _fields_of([_text(line) for line in head.split(b"\n")])
        return headers, first_values(headers)
    return _plain_fields(text) or _fields_line_by_line(text)


def _plain_fields(text: str) -> tuple[Headers, dict[str, str]] | None:
    """Read a header as nearly all are, none of its lines folded; None where one is not so."""
    lines = text.split("\r\n")
    if text.count("\n") != len(lines) - 1:
        return None
    found: list[tuple[str, str]] = []
    fields: dict[str, str] = {}
    for line in lines[1:-2]:  # all but the version and the empty line
        name, colon, value = line.partition(": ")
        lower = _lower(name) if len(name) <= _MAX_NAME else None
        if not colon or lower is None:
            return None
        value = value.strip()
        found.append((name, value))
        fields.setdefault(lower, value)
    return tuple(found), fields


@lru_cache(maxsize=256)  # of which there are few
def _lower(name: str) -> str | None:
    """Give a field's name in lower case; None where it may be no name, or not all of it."""
    return name.lower() if _PLAIN_NAME.fullmatch(name) else None


def _fields_line_by_line(text: str) -> tuple[Headers, dict[str, str]]:
    headers = _fields_of(text.split("\n"))
    return headers, first_values(headers)


def _fields_of(lines: list[str]) -> Headers:
    found: list[tuple[str, str]] = []
    last = False  # whether the line before can be folded
    for line in lines[1:]:
        if line[:1] in (" ", "\t") and line.strip():
            if last:
                name, value = found[-1]
                found[-1] = name, value + line.rstrip("\r")
            continue
        name, colon, value = line.partition(":")
        last = colon != ""
        if last:
            found.append((name.rstrip(" \t"), value.strip()))
    return tuple(found)


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _length(head: bytes, headers: Headers, fields: dict[str, str]) -> int | str:
    """Read the Content-Length, or say what is there instead; of two, neither can be trusted."""
    value = fields.get(_LENGTH_FIELD, "missing")
    if head.lower().count(_LENGTH_FIELD.encode()) > 1:  # asked first: cheaper
        said = {v for name, v in headers if name.lower() == _LENGTH_FIELD}
        value = " and ".join(sorted(said)) or value
    return int(value) if _LENGTH.fullmatch(value) else value[:80]
