"""Revisits as responses: the payload is that of the original, the head is the revisit's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exchanges import PAGE, STARTED, answer, chunked, exchange

from archiver.exchange.resolving import Resolved, is_unmodified, resolve
from archiver.warc.check import check_file
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import RefersTo, WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter
from archiver.wire.answer import parse_response

CHUNKED = b"Transfer-Encoding: chunked"


def stored(folder: Path, first: bytes, second: bytes) -> list[StoredRecord]:
    """The records of an answer, and of one that is a revisit of it."""
    writer = WarcWriter(folder, prefix="x", info=WarcInfo(software="test"))
    records = exchange_records(exchange(first))
    earlier = records[0]
    writer.append(records)
    to = RefersTo(
        record_id=earlier.record_id,
        target_uri=earlier.target_uri or "",
        date=earlier.date,
        payload_digest=earlier.payload_digest,
    )
    later = exchange(second, started=STARTED + timedelta(hours=1))
    writer.append(exchange_records(later, refers_to=to, metadata=[("outlet", "x")]))
    writer.close()
    found = list(iter_records(next(folder.glob("*.warc.gz"))))
    return [one for one in found if isinstance(one, StoredRecord) and one.type != "warcinfo"]


def resolved(records: list[StoredRecord]) -> Resolved | None:
    original, revisit, *beside = records[0], *records[3:]
    assert revisit.type == "revisit"
    return resolve(revisit, beside, original, warcinfo_id="<urn:uuid:info>")


@settings(deadline=None, max_examples=40)
@given(body=st.binary(min_size=1, max_size=300), ours=st.booleans(), theirs=st.booleans())
def test_the_payload_comes_back_under_any_framing(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, ours: bool, theirs: bool
) -> None:
    def framed(packed: bool, *fields: bytes) -> bytes:
        if packed:
            return answer(chunked(body, 7), CHUNKED, *fields, length=False)
        return answer(body, *fields)

    folder = tmp_path_factory.mktemp("warc")
    made = resolved(stored(folder, framed(ours), framed(theirs, b"X-Later: yes")))
    assert made
    response = made.records[0]
    parsed = parse_response(response.block)
    assert parsed.payload == body
    assert parsed.complete
    assert (b"X-Later", b"yes") in parsed.headers
    assert bytes(response.block).startswith(
        framed(theirs, b"X-Later: yes").partition(b"\r\n\r\n")[0]
    )
    assert (made.status, made.mime) == (200, "text/html")


def test_what_is_made_says_what_it_is_made_of(tmp_path: Path) -> None:
    records = stored(tmp_path, answer(), answer())
    made = resolved(records)
    assert made
    response, request, metadata, note = made.records
    assert [one.type for one in made.records] == ["response", "request", "metadata", "metadata"]
    assert len({one.record_id for one in (*made.records, *records)}) == 4 + len(records)
    head = response.head.decode()
    assert "WARC-Type: response" in head
    assert "WARC-Warcinfo-ID: <urn:uuid:info>" in head
    for gone in ("Refers-To", "Profile", "Truncated", records[3].record_id or "x"):
        assert gone not in head
    for beside in (request, metadata, note):
        assert f"WARC-Concurrent-To: {response.record_id}" in beside.head.decode()
    assert request.block == records[4].block
    assert bytes(note.block).decode() == (
        f"resolved-revisit: {records[3].record_id}\r\npayload-of: {records[0].record_id}\r\n"
    )
    hidden = resolve(records[3], (), records[0], warcinfo_id="<x>", named=False)
    assert hidden
    assert (records[0].record_id or "x") not in bytes(hidden.records[-1].block).decode()


def test_another_payload_is_not_taken(tmp_path: Path) -> None:
    records = stored(tmp_path / "a", answer(), answer())
    as_long = PAGE.swapcase()
    other = stored(tmp_path / "b", answer(as_long), answer(as_long))
    assert resolve(records[3], (), other[0], warcinfo_id="<x>") is None


def test_a_head_that_names_another_length_is_not_joined(tmp_path: Path) -> None:
    records = stored(tmp_path, answer(), answer())
    said = b"Content-Length: %d" % len(PAGE)
    lying = replace(records[3], block=bytes(records[3].block).replace(said, said + b"0"))
    assert resolve(lying, (), records[0], warcinfo_id="<x>") is None


def test_a_coding_that_is_not_made_again_is_left_out(tmp_path: Path) -> None:
    import gzip

    body = b"words " * 20
    packed = answer(chunked(gzip.compress(body)), b"Transfer-Encoding: gzip, chunked", length=False)
    made = resolved(stored(tmp_path, answer(body), packed))
    assert made
    parsed = parse_response(made.records[0].block)
    assert (parsed.payload, b"gzip" in made.records[0].block) == (body, False)


def test_a_304_is_no_payload(tmp_path: Path) -> None:
    records = stored(tmp_path, answer(), answer(b"", status=b"304 Not Modified", length=False))
    assert is_unmodified(records[3])
    assert check_file(next(tmp_path.glob("*.warc.gz"))) == []
