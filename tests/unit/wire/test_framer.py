import gzip
import itertools
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import WireError
from archiver.wire.answer import parse_response
from archiver.wire.codings import OverCapError
from archiver.wire.framer import MAX_HEAD, ResponseFramer


def framed(*reads: bytes, method: str = "GET", eof: bool = True, **options: bool) -> ResponseFramer:
    framer = ResponseFramer(method=method)
    for data in reads:
        framer.feed(data)
    if eof:
        framer.eof(**options)
    return framer


def facts(framer: ResponseFramer) -> tuple[object, ...]:
    return (
        framer.interim,
        framer.response,
        framer.head_length,
        framer.head,
        framer.payload(),
        framer.complete,
        framer.fault,
        framer.excess,
        framer.keep_alive,
        framer.body_length,
    )


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 200 OK", 200, b"OK"),
        (b"HTTP/1.1 200", 200, b""),
        (b"HTTP/1.1 200 ", 200, b""),
        (b"HTTP/1.1  404   Not  Found  ", 404, b"Not  Found"),
        (b"HTTP/1.1 200 Gr\xfc\xdfe", 200, b"Gr\xfc\xdfe"),
        (b"HTTP/1.1 200 \xe2\x9c\x93", 200, b"\xe2\x9c\x93"),
        (b"HTTP/1.0 301 Moved", 301, b"Moved"),
        (b"http/1.1 200 ok", 200, b"ok"),
        (b"HTTP/2 200", 200, b""),
        (b"HTTP/1.1 200OK", 200, b"OK"),
        (b"HTTP/1.1\t200\tOK", 200, b"OK"),
        (b"HTTP/1.1 999 Denied", 999, b"Denied"),
        (b"HTTP/1.1 000 ?", 0, b"?"),
    ],
)
@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_status_lines(line: bytes, status: int, reason: bytes, ending: bytes) -> None:
    head = line + ending + b"Content-Length: 2" + ending + ending
    framer = framed(head + b"hi", eof=False)
    assert framer.complete
    assert framer.head is not None
    assert (framer.head.status, framer.head.reason) == (status, reason)
    assert framer.response == head + b"hi"
    assert framer.head_length == len(head)
    assert framer.payload() == b"hi"


@pytest.mark.parametrize(
    "raw",
    [
        b"<html>hello</html>",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTQ/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/x.y 200 OK\r\n\r\n",
        b"HTTP/1.1200 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"ICY 200 OK\r\n\r\n",
        b" HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 nonsense\r\ncut here",
    ],
)
def test_no_http(raw: bytes) -> None:
    framer = framed(raw)
    assert framer.fault == "no-http"
    assert not framer.complete
    assert framer.head is None
    assert framer.head_length == 0
    assert framer.response == raw
    assert framer.payload() == b""
    with pytest.raises(WireError, match="no HTTP response"):
        parse_response(raw)


def test_nothing_is_no_answer() -> None:
    framer = framed()
    assert framer.head is None
    assert framer.fault is None
    assert not framer.complete
    with pytest.raises(WireError):
        parse_response(b"")


def test_fields_as_received() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\n"
        b" leading: goes with the status line\r\n"
        b"content-TYPE:text/html\r\n"
        b"X-Padded :   a b \t\r\n"
        b"Set-Cookie: a=1\r\n"
        b"X-Folded: one\r\n"
        b"\t two\r\n"
        b"   \r\n"
        b" three \r\n"
        b"set-cookie: b=2\r\n"
        b"no colon here\r\n"
        b" folded under nothing\r\n"
        b": no name\r\n"
        b"X-Latin: Gr\xfc\xdfe\r\n"
        b"X-Empty:\r\n"
        b"X-Later:\r\n first\r\n"
        b"X-Colon: a:b\r\n"
        b"Content-Length: 0\r\n"
        b"\r\n"
    )
    parsed = parse_response(head)
    assert parsed.headers == (
        (b"content-TYPE", b"text/html"),
        (b"X-Padded", b"a b"),
        (b"Set-Cookie", b"a=1"),
        (b"X-Folded", b"one two three"),
        (b"set-cookie", b"b=2"),
        (b"X-Latin", b"Gr\xfc\xdfe"),
        (b"X-Empty", b""),
        (b"X-Later", b"first"),
        (b"X-Colon", b"a:b"),
        (b"Content-Length", b"0"),
    )
    assert parsed.head_length == len(head)


def test_interim_answers_stand_apart() -> None:
    interim = (
        b"HTTP/1.1 100 Continue\r\n\r\n"
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
        b"HTTP/1.1 199\n\n"
    )
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    framer = framed(interim + final)
    assert framer.interim == interim
    assert framer.response == final
    assert framer.payload() == b"hi"
    assert framer.keep_alive
    parsed = parse_response(interim + final)
    assert parsed.head_length == len(interim) + len(final) - 2
    assert (parsed.status, parsed.payload) == (200, b"hi")


def test_blank_lines_before_the_status_line_are_no_part_of_the_response() -> None:
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    framer = framed(b"\r\n\n" + final)
    assert (framer.interim, framer.response) == (b"\r\n\n", final)


def test_switching_protocols_ends_http() -> None:
    framer = framed(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", eof=False)
    assert framer.complete
    assert framer.head is not None
    assert framer.head.status == 101
    assert not framer.keep_alive


@pytest.mark.parametrize(
    ("method", "head", "complete"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", True),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 500\r\n\r\n", True),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", True),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        ("POST", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", False),
        ("GET", b"HTTP/1.1 200 OK\r\n\r\n", False),
    ],
)
def test_answers_without_a_body(method: str, head: bytes, complete: bool) -> None:
    framer = framed(head, method=method, eof=False)
    assert framer.complete is complete
    assert framer.keep_alive is complete
    assert framer.payload() == b""


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        (b"Content-Length: 5", 5),
        (b"Content-Length: 5\r\ncontent-length: 5", 5),
        (b"Content-Length: 5, 5", 5),
        (b"Content-Length: 005", 5),
        (b"Content-Length: 5\r\nContent-Length: 6", None),
        (b"Content-Length: 5, 6", None),
        (b"Content-Length: -5", None),
        (b"Content-Length: +5", None),
        (b"Content-Length: 5;x", None),
        (b"Content-Length: 0x5", None),
        (b"Content-Length: 5.0", None),
        (b"Content-Length: five", None),
        (b"Content-Length:", None),
        (b"Content-Length: " + b"9" * 4301, None),
        (b"Content-Length: 5\r\nContent-Length: no", None),
        (b"Transfer-Encoding: identity\r\nContent-Length: 5", 5),
        (b"Transfer-Encoding: gzip\r\nContent-Length: 5", None),
    ],
)
def test_content_length(fields: bytes, length: int | None) -> None:
    framer = framed(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\nhello", eof=False)
    assert framer.body_length == length
    assert framer.complete is (length is not None)
    assert framer.keep_alive is (length is not None)
    framer.eof()
    assert framer.complete


def test_conflicting_lengths_are_read_to_the_end() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n"
    parsed = parse_response(head + b"hello you two")
    assert parsed.payload == b"hello you two"
    assert parsed.complete


def test_close_delimited_body() -> None:
    raw = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nsome\r\n\r\nmore"
    framer = framed(raw)
    assert framer.complete
    assert not framer.keep_alive
    assert framer.response == raw
    assert framer.payload() == b"some\r\n\r\nmore"
    broken = framed(raw, reset=True)
    assert not broken.complete
    assert broken.payload() == b"some\r\n\r\nmore"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5\nhello\n0\n\n", b"hello"),
        (b"  5  \r\nhello\r\n00\r\n\r\n", b"hello"),
        (b'5;a=b;c="d;\x00e"\r\nhello\r\n0;last\r\n\r\n', b"hello"),
        (b"A\r\n0123456789\r\n5 ; x\r\nhello\r\n0\r\n\r\n", b"0123456789hello"),
        (b"00000000000005\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5\r\nhello\r\n0\r\nX-Trailer: a\r\nno colon\r\n folded\r\n\r\n", b"hello"),
        (b"0\r\n\r\n", b""),
        (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
        (b"\r\n5\r\nhello\r\n0\r\n\r\n", b"hello"),
    ],
)
def test_chunks(body: bytes, payload: bytes) -> None:
    framer = framed(CHUNKED + body + b"junk", eof=False)
    assert framer.complete
    assert framer.response == CHUNKED + body
    assert framer.payload() == payload
    assert framer.payload_size == len(payload)
    assert framer.excess == 4
    assert not framer.keep_alive
    assert framed(CHUNKED + body, eof=False).keep_alive


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b"5\r\nhello\r\nnot a size\r\n", b"hello"),
        (b"5\r\nhelloo\r\n0\r\n\r\n", b"hello"),
        (b"5\r\nhello\r\n-1\r\n\r\n", b"hello"),
        (b"5\r\nhello\r\n\r\n0\r\n\r\n", b"hello"),
        (b"5\r\nhello\r\n11111111111111111\r\n", b"hello"),
        (b"5\r\nhello\r\n5;" + b"x" * 20_000 + b"\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5;" + b"x" * 20_000 + b"\r\nhello\r\n0\r\n\r\n", b""),
    ],
)
def test_broken_chunks(body: bytes, payload: bytes) -> None:
    framer = framed(CHUNKED + body, eof=False)
    assert framer.fault == "dataloss"
    assert not framer.complete
    assert not framer.keep_alive
    assert framer.payload() == payload
    assert framer.response == CHUNKED + body
    assert not parse_response(CHUNKED + body).complete


@pytest.mark.parametrize(
    ("body", "payload", "complete"),
    [
        (b"5\r\nhel", b"hel", False),
        (b"5\r\nhello", b"hello", False),
        (b"5\r\nhello\r\n", b"hello", False),
        (b"5\r\nhello\r\n5", b"hello", False),
        (b"5", b"", False),
        (b"5\r", b"", False),
        (b"", b"", False),
        (b"5\r\nhello\r\n0\r\n", b"hello", True),
        (b"5\r\nhello\r\n0\r\nX-T: cut", b"hello", True),
    ],
)
def test_cut_chunks(body: bytes, payload: bytes, complete: bool) -> None:
    framer = framed(CHUNKED + body)
    assert framer.complete is complete
    assert framer.fault is None
    assert framer.payload() == payload
    assert framer.response == CHUNKED + body


@pytest.mark.parametrize("body", [b"<html>\nnot chunked", b"<html>", b"x" * 20_000, b"5 apples\n"])
def test_a_body_that_only_claims_to_be_chunked(body: bytes) -> None:
    parsed = parse_response(CHUNKED + body)
    assert parsed.payload == body
    assert parsed.complete
    assert not framed(CHUNKED + body).keep_alive
    with_length = CHUNKED[:-2] + b"Content-Length: %d\r\n\r\n" % len(body)
    framer = framed(with_length + body + b"junk")
    assert (framer.payload(), framer.excess, framer.keep_alive) == (body, 4, False)


def test_chunked_beats_content_length() -> None:
    raw = CHUNKED[:-2] + b"Content-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    assert parse_response(raw).payload == b"hello"


def chunked(data: bytes, size: int) -> bytes:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("coding", "encode"),
    [(b"gzip", gzip.compress), (b"x-gzip", gzip.compress), (b"deflate", zlib.compress)],
)
def test_compressing_transfer_codings(coding: bytes, encode) -> None:
    body = b"hello " * 1000
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: %s, chunked\r\n\r\n" % coding
    coded = encode(body)
    assert parse_response(head + chunked(coded, 7)).payload == body
    assert parse_response(head.replace(b", chunked", b"") + coded).payload == body
    cut = parse_response(head + chunked(coded[:-9], 7)).payload
    assert body.startswith(cut)
    assert len(cut) > len(body) // 2
    with pytest.raises(OverCapError):
        parse_response(head + chunked(coded, 7), cap=len(body) - 1)


def test_an_unknown_transfer_coding_is_left_alone() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: squash, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    assert parse_response(raw).payload == b"abc"


def test_content_coding_is_kept() -> None:
    body = gzip.compress(b"hello")
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + body
    assert parse_response(raw).payload == body


@pytest.mark.parametrize(
    ("head", "alive"),
    [
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive, CLOSE\r\n", False),
        (b"HTTP/1.1 200 OK\r\nconnection: x\r\nConnection: close\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", True),
        (b"HTTP/2 200 OK\r\n", False),
    ],
)
def test_keep_alive(head: bytes, alive: bool) -> None:
    assert framed(head + b"Content-Length: 1\r\n\r\nx", eof=False).keep_alive is alive


def test_chunks_from_http_1_0_are_read_but_not_trusted() -> None:
    raw = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + CHUNKED.split(b"\r\n", 1)[1]
    framer = framed(raw + b"2\r\nhi\r\n0\r\n\r\n", eof=False)
    assert framer.payload() == b"hi"
    assert not framer.keep_alive


def test_a_head_that_is_cut_has_its_status() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Ty"
    framer = framed(raw)
    assert framer.head is not None
    assert framer.head.status == 200
    assert framer.head_length == len(raw)
    assert not framer.complete
    assert not parse_response(raw).complete
    torn = framed(b"HTTP/1.1 20")
    assert (torn.head, torn.head_length, torn.fault) == (None, 0, None)
    interim = framed(b"HTTP/1.1 100 Continue\r\nX: y")
    assert (interim.head, interim.fault) == (None, None)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MAX_HEAD // 6) + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_HEAD // 20),
        b"\r\n" * (MAX_HEAD // 2 + 1),
    ],
)
def test_a_head_has_a_limit(raw: bytes) -> None:
    assert framed(raw).fault == "too-large"
    assert framed(*(raw[at : at + 999] for at in range(0, len(raw), 999))).fault == "too-large"
    with pytest.raises(WireError, match="too large"):
        parse_response(raw)


def test_a_large_head_below_the_limit() -> None:
    raw = b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\nContent-Length: 0\r\n\r\n"
    assert parse_response(raw).head_length == len(raw)


HOSTILE_HEADS = {
    "spaces": b"HTTP/1.1 200 a" + b" " * 250_000 + b"b",
    "folds": b"HTTP/1.1 200 OK\r\nX: y" + b"\r\n z" * 60_000,
    "lines": b"HTTP/1.1 200 OK" + b"\r\n:" * 80_000,
    "lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1" + b",1" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE_HEADS)
def test_hostile_heads_cost_linear_work(name: str) -> None:
    """Quadratic work on these takes minutes, which nobody would overlook."""
    assert parse_response(HOSTILE_HEADS[name] + b"\r\n\r\n").status == 200


def test_what_signals_are_told() -> None:
    framer = ResponseFramer()
    framer.feed(b"HTTP/1.1 200 OK\r\n")
    assert framer.payload_from(0) == b""
    assert framer.payload_size == 0
    framer.feed(b"Transfer-Encoding: chunked\r\n\r\n3\r\nab")
    assert framer.payload_from(0) == b"ab"
    framer.feed(b"c\r\n2\r\nde\r\n")
    assert framer.payload_from(2) == b"cde"
    assert framer.received == 62
    assert framer.payload_size == 5


# Properties

token = st.text("abcXYZ-019", min_size=1, max_size=8).map(str.encode)
value = st.binary(max_size=20).map(lambda raw: raw.translate(None, b"\r\n"))
eol = st.sampled_from([b"\r\n", b"\n"])


@st.composite
def heads(draw, *, framing: list[bytes]) -> bytes:
    end = draw(eol)
    lines = [draw(st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 404 \xff"]))]
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["field", "field", "fold", "junk"]))
        if kind == "field":
            lines.append(draw(token) + draw(st.sampled_from([b":", b": ", b" :\t"])) + draw(value))
        elif kind == "fold":
            lines.append(b" " + draw(value))
        elif text := draw(token):
            lines.append(text)
    lines[1:1] = [*framing, b"X-Next: a fold must not reach the framing"]
    return end.join(lines) + end + end


@st.composite
def responses(draw) -> tuple[bytes, bytes, bytes]:
    """(interim answers, response, payload) where the response is whole."""
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n", b"\r\n"]))
    payload = draw(st.binary(max_size=80))
    kind = draw(st.sampled_from(["length", "chunked", "close"]))
    if kind == "length":
        head = draw(heads(framing=[b"Content-Length: %d" % len(payload)]))
        return interim, head + payload, payload
    if kind == "close":
        return interim, draw(heads(framing=[])) + payload, payload
    head = draw(heads(framing=[b"tRANSFER-Encoding: chunked"]))
    body, at = b"", 0
    end = draw(eol)
    while at < len(payload):
        size = draw(st.integers(1, len(payload) - at))
        extension = draw(st.sampled_from([b"", b";x", b' ; y="z"']))
        body += b"%X" % size + extension + end + payload[at : at + size] + end
        at += size
    trailer = draw(st.sampled_from([b"", b"X-Trailer: t\r\n"]))
    return interim, head + body + b"0" + end + trailer + end, payload


def in_pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({cut % (len(raw) + 1) for cut in cuts} | {0, len(raw)})
    return [raw[a:b] for a, b in itertools.pairwise(at)]


@settings(max_examples=200, deadline=None)
@given(responses(), st.lists(st.integers(0, 10_000), max_size=6))
def test_any_split_gives_the_same(made: tuple[bytes, bytes, bytes], cuts: list[int]) -> None:
    interim, response, payload = made
    whole = framed(interim + response)
    assert whole.complete
    assert (whole.interim, whole.response, whole.payload()) == (interim, response, payload)
    assert facts(framed(*in_pieces(interim + response, cuts))) == facts(whole)
    assert facts(framed(*(bytes([byte]) for byte in interim + response))) == facts(whole)
    parsed = parse_response(response)
    assert parsed.payload == payload
    assert parsed.head_length == whole.head_length
    assert whole.head is not None
    assert parsed.headers == whole.head.headers


@settings(max_examples=200, deadline=None)
@given(responses(), st.binary(max_size=30), st.data())
def test_any_split_of_damaged_streams_gives_the_same(made, junk: bytes, data) -> None:
    raw = b"".join(made[:2])
    at = data.draw(st.integers(0, len(raw)))
    upto = data.draw(st.integers(at, min(len(raw), at + 5)))
    raw = raw[:at] + junk + raw[upto:]
    raw = raw[: data.draw(st.integers(0, len(raw)))]
    cuts = data.draw(st.lists(st.integers(0, 10_000), max_size=6))
    whole = framed(raw)
    assert facts(framed(*in_pieces(raw, cuts))) == facts(whole)
    assert whole.interim + whole.response == raw[: len(raw) - whole.excess]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_arbitrary_bytes_never_crash(raw: bytes, as_body: bool) -> None:
    raw = CHUNKED + raw if as_body else raw
    framer = framed(raw)
    assert len(framer.interim + framer.response) + framer.excess == len(raw)
