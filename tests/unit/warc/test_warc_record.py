from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exchanges import PAGE, STARTED, answer, chunked, exchange, odd_exchanges

from archiver.warc.fields import parse_warc_fields
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import (
    IDENTICAL,
    NOT_MODIFIED,
    Record,
    RefersTo,
    WarcInfo,
    exchange_records,
    redact_request,
    warcinfo_record,
    with_warcinfo,
)

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
HEADERS = {
    "WARC-Type", "WARC-Record-ID", "WARC-Date", "WARC-Target-URI", "WARC-IP-Address",
    "WARC-Protocol", "WARC-Cipher-Suite", "WARC-Concurrent-To", "WARC-Block-Digest",
    "WARC-Payload-Digest", "WARC-Truncated", "Content-Type", "Content-Length",
}  # fmt: skip


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records") / "x.warc"


def stored(scratch: Path, *records: Record) -> list[StoredRecord]:
    """What our reader finds in a plain file of just these records."""
    scratch.write_bytes(b"".join(record.data for record in records))
    items = list(iter_records(scratch))
    assert all(isinstance(item, StoredRecord) for item in items), items
    return [item for item in items if isinstance(item, StoredRecord)]


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def of_page(**changes: str | None) -> RefersTo:
    values: dict[str, str | None] = {"payload_digest": sha1(PAGE)}
    values |= changes
    return RefersTo(
        record_id="<urn:uuid:1>",
        target_uri="https://news.example/a",
        date=STARTED,
        payload_digest=values["payload_digest"],
    )


def test_a_response_with_all_that_is_known_of_it(scratch: Path) -> None:
    raw = answer(chunked(PAGE), b"Transfer-Encoding: chunked", length=False)
    records = exchange_records(exchange(raw), metadata=[("via", "https://news.example/feed")])
    response, request, metadata = stored(scratch, *records)

    assert [r.type for r in records] == ["response", "request", "metadata"]
    assert response.headers == (
        ("WARC-Type", "response"),
        ("WARC-Record-ID", records[0].record_id),
        ("WARC-Date", "2024-05-06T07:08:09.123456Z"),
        ("WARC-Target-URI", "https://news.example/a"),
        ("WARC-IP-Address", "192.0.2.7"),
        ("WARC-Protocol", "http/1.1"),
        ("WARC-Protocol", "tls/1.3"),
        ("WARC-Cipher-Suite", "TLS_AES_256_GCM_SHA384"),
        ("WARC-Payload-Digest", sha1(PAGE)),
        ("WARC-Block-Digest", sha1(raw)),
        ("Content-Type", "application/http; msgtype=response"),
        ("Content-Length", str(len(raw))),
    )
    assert re.fullmatch(r"<urn:uuid:[0-9a-f-]{36}>", records[0].record_id)
    assert response.block == raw
    assert response.body(10**6) == PAGE
    for other in (request, metadata):
        assert other.header("WARC-Concurrent-To") == response.record_id
        assert other.header("WARC-Date") == response.header("WARC-Date")
        assert other.header("WARC-Payload-Digest") is None
    assert len({record.record_id for record in records}) == 3
    assert (records[0].status, records[0].mime) == (200, "text/html")
    assert records[0].payload_digest == sha1(PAGE)
    assert parse_warc_fields(metadata.block) == [
        ("via", "https://news.example/feed"),
        ("fetchTimeMs", "321"),
        ("redacted", "cookie"),
    ]


@pytest.mark.parametrize("name", sorted(odd_exchanges()))
def test_every_odd_answer_is_kept_byte_for_byte(scratch: Path, name: str) -> None:
    kept = odd_exchanges()[name]
    first = stored(scratch, *exchange_records(kept))[0]
    if kept.response:
        assert first.block == kept.response
    if first.type == "response":
        parsed = first.http(method=kept.method)
        assert (parsed.status, parsed.headers) == (kept.status, kept.headers)
        if not name.startswith("truncated"):
            assert first.body(10**6) is not None


def test_answers_that_were_cut_say_so(scratch: Path) -> None:
    first, *_, metadata = stored(scratch, *exchange_records(odd_exchanges()["truncated"]))
    assert first.header("WARC-Truncated") == "disconnect"
    assert first.body(10**6) == PAGE[:-50]
    assert ("error", "reset") in parse_warc_fields(metadata.block)


def test_interim_answers_are_in_the_metadata(scratch: Path) -> None:
    kept = odd_exchanges()["interim"]
    *_, metadata = stored(scratch, *exchange_records(kept))
    fields = dict(parse_warc_fields(metadata.block))
    assert base64.b64decode(fields["interim-base64"]) == kept.interim
    assert kept.interim.startswith(b"HTTP/1.1 103")


def test_what_is_no_http_is_kept_and_taken_for_no_page(scratch: Path) -> None:
    records = exchange_records(odd_exchanges()["no-http"])
    first, request, metadata = stored(scratch, *records)
    assert (first.type, first.header("Content-Type")) == ("metadata", "application/octet-stream")
    assert first.block.startswith(b"SSH-2.0")
    assert records[0].status is None
    assert request.header("WARC-Concurrent-To") == first.record_id
    assert ("error", "no-http") in parse_warc_fields(metadata.block)


def test_where_nothing_came_the_request_stands_first(scratch: Path) -> None:
    request, metadata = stored(scratch, *exchange_records(odd_exchanges()["nothing"]))
    assert request.type == "request"
    assert request.header("WARC-Concurrent-To") is None
    assert metadata.header("WARC-Concurrent-To") == request.record_id
    assert ("error", "timeout") in parse_warc_fields(metadata.block)


def test_where_nothing_was_sent_the_metadata_stands_alone(scratch: Path) -> None:
    (metadata,) = stored(
        scratch, *exchange_records(odd_exchanges()["unsent"], metadata=[("a", "b")])
    )
    assert metadata.type == "metadata"
    assert metadata.target_uri == "https://news.example/unsent"
    assert metadata.header("WARC-Date") == "2024-05-06T07:08:09.123456Z"
    for name in ("WARC-Concurrent-To", "WARC-IP-Address", "WARC-Protocol"):
        assert metadata.header(name) is None
    assert parse_warc_fields(metadata.block) == [
        ("a", "b"),
        ("fetchTimeMs", "321"),
        ("error", "tls"),
        ("error-detail", "its certificate is not valid"),
        ("tried", "192.0.2.7 2001:db8::7"),
    ]


def test_a_304_is_a_revisit_of_what_was_not_modified(scratch: Path) -> None:
    raw = b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'
    record, *_ = exchange_records(exchange(raw), refers_to=of_page())
    (revisit,) = stored(scratch, record)
    assert revisit.type == record.type == "revisit"
    assert revisit.header("WARC-Profile") == NOT_MODIFIED
    assert revisit.header("WARC-Refers-To") == "<urn:uuid:1>"
    assert revisit.header("WARC-Refers-To-Target-URI") == "https://news.example/a"
    assert revisit.header("WARC-Refers-To-Date") == "2024-05-06T07:08:09.123456Z"
    assert revisit.header("WARC-Payload-Digest") == sha1(PAGE)
    assert revisit.header("WARC-Truncated") is None
    assert revisit.block == raw
    assert revisit.http().status == 304


def test_a_304_of_nothing_known_is_a_response() -> None:
    raw = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    assert exchange_records(exchange(raw))[0].type == "response"


def test_the_same_payload_again_keeps_its_head(scratch: Path) -> None:
    kept = exchange(answer(PAGE, b"Date: today"))
    record, *_ = exchange_records(kept, refers_to=of_page())
    (revisit,) = stored(scratch, record)
    assert revisit.type == "revisit"
    assert revisit.header("WARC-Profile") == IDENTICAL
    assert revisit.header("WARC-Truncated") == "length"
    assert revisit.header("WARC-Payload-Digest") == sha1(PAGE)
    assert revisit.block == kept.response[: kept.head_length]
    assert dict(revisit.http().headers)[b"Date"] == b"today"


@pytest.mark.parametrize(
    ("kept", "refers_to"),
    [
        (exchange(answer(PAGE + b"!")), of_page()),
        (exchange(answer(b"")), of_page(payload_digest=sha1(b""))),
        (exchange(answer(), truncated="length"), of_page()),
        (exchange(answer()), of_page(payload_digest=None)),
        (exchange(answer()), None),
    ],
    ids=["other-digest", "empty", "truncated", "digest-unknown", "nothing-to-refer-to"],
)
def test_nothing_else_is_a_revisit(kept: object, refers_to: RefersTo | None) -> None:
    assert exchange_records(kept, refers_to=refers_to)[0].type == "response"  # type: ignore[arg-type]  # an Exchange


def test_secrets_are_taken_out_of_the_request_only(scratch: Path) -> None:
    request = (
        b"POST / HTTP/1.1\r\nCookie: a=1\r\n b=2\r\nHost: x\r\nAUTHORIZATION :\tBasic s3cret\r\n"
        b"Cookie:\r\nX-Cookie: kept\r\nProxy-Authorization: p\rq\r\n\r\nCookie: in the body"
    )
    _, stored_request, metadata = stored(
        scratch, *exchange_records(exchange(answer(PAGE, b"Set-Cookie: c=3"), request=request))
    )
    assert stored_request.block == (
        b"POST / HTTP/1.1\r\nCookie: [redacted]\r\nHost: x\r\nAUTHORIZATION: [redacted]\r\n"
        b"Cookie: [redacted]\r\nX-Cookie: kept\r\nProxy-Authorization: [redacted]\r\n\r\n"
        b"Cookie: in the body"
    )
    said = dict(parse_warc_fields(metadata.block))["redacted"]
    assert said == "cookie authorization cookie proxy-authorization"


def test_nothing_is_taken_out_where_nobody_asks(scratch: Path) -> None:
    kept = exchange(answer())
    _, request, metadata = stored(scratch, *exchange_records(kept, redact=frozenset()))
    assert request.block == kept.request
    assert b"redacted" not in metadata.block


@given(
    st.binary(max_size=40),
    st.sampled_from([b"Cookie:", b"cookie :", b"COOKIE:\t"]),
    st.sampled_from([b"\r\n", b"\n"]),
    st.lists(st.sampled_from([b"s3cret", b" ", b"\r", b"\n ", b"\r\n\t", b"\x00", b";"])),
)
def test_no_shape_of_a_secret_stays(
    before: bytes, name: bytes, end: bytes, value: list[bytes]
) -> None:
    head = b"GET / HTTP/1.1\r\n" + name + b"s3cret" + b"".join(value) + b"s3cret" + end + b"A: b"
    made, names = redact_request(head + b"\r\n\r\n" + before, frozenset({"cookie"}))
    assert b"s3cret" not in made.removesuffix(before)
    assert made.endswith(b"A: b\r\n\r\n" + before)
    assert names == ("cookie",)


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300), st.booleans())
def test_any_block_is_read_again_as_it_was(
    scratch: Path, head: bytes, body: bytes, torn: bool
) -> None:
    response = b"HTTP/1.1 200 OK\r\n" + head + (b"" if torn else b"\r\n\r\n" + body)
    kept = exchange(
        response=response, head_length=len(response) - len(body), status=200, payload=body
    )
    first, *_ = stored(scratch, *exchange_records(kept))
    assert first.block == response


@settings(deadline=None)
@given(
    url=ANY_TEXT,
    ip=ANY_TEXT,
    cipher=ANY_TEXT,
    protocols=st.lists(ANY_TEXT, max_size=3),
    truncated=ANY_TEXT,
    fields=st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=4),
)
def test_no_text_injects_a_header_or_a_field(
    scratch: Path,
    url: str,
    ip: str,
    cipher: str,
    protocols: list[str],
    truncated: str,
    fields: list[tuple[str, str]],
) -> None:
    kept = exchange(
        answer(), url=url, ip=ip, cipher=cipher, protocols=tuple(protocols), truncated=truncated
    )
    records = stored(scratch, *exchange_records(kept, metadata=fields))
    assert [record.type for record in records] == ["response", "request", "metadata"]
    for record in records:
        names = [name for name, _ in record.headers]
        assert set(names) <= HEADERS
        assert len(names) - names.count("WARC-Protocol") == len(set(names) - {"WARC-Protocol"})
        assert names.count("WARC-Protocol") == len(protocols)
    assert records[0].block == kept.response
    assert len(parse_warc_fields(records[2].block)) == len(fields) + 2


def test_a_file_says_who_made_it_and_how(scratch: Path) -> None:
    info = WarcInfo(
        software="news-archiver/1",
        operator="A <a@b.example>",
        robots="obey",
        hostname="crawler",
        user_agent="Bot/1",
        is_part_of="sky-news",
    )
    record = warcinfo_record(info, filename="a.warc.gz", at=STARTED)
    (read,) = stored(scratch, record)
    assert read.type == "warcinfo"
    assert read.header("WARC-Filename") == "a.warc.gz"
    assert read.target_uri is None
    assert dict(parse_warc_fields(read.block)) == {
        "software": "news-archiver/1",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/"
        "warc-1.1/",
        "capture": "verbatim",
        "operator": "A <a@b.example>",
        "robots": "obey",
        "hostname": "crawler",
        "http-header-user-agent": "Bot/1",
        "isPartOf": "sky-news",
    }


def test_a_record_can_name_its_file(scratch: Path) -> None:
    (record, *_) = exchange_records(exchange(answer()))
    scratch.write_bytes(with_warcinfo(record.data, "<urn:uuid:9>"))
    (read,) = iter_records(scratch)
    assert isinstance(read, StoredRecord)
    assert read.header("WARC-Warcinfo-ID") == "<urn:uuid:9>"
    assert read.block == answer()
