"""A stored answer is understood alike whether it is in memory or read piece by piece."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exchanges import PAGE, answer, chunked

from archiver.errors import WireError
from archiver.wire.answer import ParsedResponse, parse_head, parse_response
from archiver.wire.framer import ResponseFramer
from archiver.wire.spool import Content, Streamed, pieces, portion

PACKED = gzip.compress(PAGE, mtime=0)
TE = b"Transfer-Encoding: "
CASES = [
    answer(),
    answer() + b"more than was said",
    answer(length=False),
    answer(b"", status=b"304 Not Modified"),
    answer(chunked(PAGE, extension=b";q=1", trailer=b"X: 1\r\n"), TE + b"chunked", length=False),
    answer(chunked(PACKED), TE + b"gzip, chunked", length=False),
    answer(PACKED, TE + b"gzip", length=False),
    answer(b"no chunks at all", TE + b"chunked", length=False),
    answer(b"5\r\nhello\r\nnonsense", TE + b"chunked", length=False),
    b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>\r\n\r\n" + answer(),
    b"HTTP/1.1 200 OK\nContent-Length: 2, 2\n\nhi",
]


def framed(raw: bytes, method: str) -> ParsedResponse | None:
    """What the framer, which receives answers, makes of all of it."""
    framer = ResponseFramer(method=method)
    framer.feed(raw)
    framer.eof()
    if framer.head is None:
        return None
    return ParsedResponse(
        version=framer.head.version,
        status=framer.head.status,
        reason=framer.head.reason,
        headers=framer.head.headers,
        head_length=len(framer.interim) + framer.head_length,
        payload=framer.payload(),
        complete=framer.complete,
        excess=framer.excess,
    )


def parsed(raw: Content, method: str) -> ParsedResponse | None:
    try:
        found = parse_response(raw, method=method)
    except WireError:
        with pytest.raises(WireError):
            parse_head(raw, method=method)
        return None
    assert parse_head(raw, method=method).headers == found.headers
    made = {name: getattr(found, name) for name in ParsedResponse.__slots__}
    return ParsedResponse(**made | {"payload": bytes(found.payload)})


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(CASES),
    st.integers(0, 1200),
    st.binary(max_size=3),
    st.integers(1, 400),
    st.sampled_from(["GET", "HEAD"]),
)
def test_one_understanding(raw: bytes, cut: int, junk: bytes, step: int, method: str) -> None:
    raw = raw[: len(raw) - cut if cut % 3 else len(raw)] + (junk if cut % 2 else b"")
    split = Streamed(lambda: (raw[at : at + step] for at in range(0, len(raw), step)), len(raw))
    expected = framed(raw, method)
    assert parsed(raw, method) == expected
    assert parsed(split, method) == expected


@given(st.binary(max_size=60), st.integers(-70, 70), st.integers(-70, 70), st.integers(1, 20))
def test_streamed_bytes_are_used_as_bytes_are(data: bytes, start: int, end: int, step: int) -> None:
    made = Streamed(lambda: (data[at : at + step] for at in range(0, len(data), step)), len(data))
    assert (len(made), bytes(made), made[start:end]) == (len(data), data, data[start:end])
    part = portion(made, start, end)
    assert len(part) == len(data[start:end])
    assert b"".join(pieces(part)) == data[start:end]
