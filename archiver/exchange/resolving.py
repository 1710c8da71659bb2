"""Revisits made into responses: their own head, and the payload that they stand for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from archiver.errors import WireError
from archiver.warc.fields import digest_matches, line, warc_fields
from archiver.warc.record import (
    FIELDS,
    IDENTICAL,
    NOT_MODIFIED,
    Record,
    mime_of,
    new_record_id,
    record_head,
)
from archiver.warc.stored import StoredRecord
from archiver.wire.head import Fields
from archiver.wire.spool import Content, Streamed, pieces

_RESPONSE = "application/http; msgtype=response"
# Of a record's header: what says what it is, which is made anew, and what a response has not.
_OWN = frozenset(
    {
        "warc-type",
        "warc-record-id",
        "warc-block-digest",
        "content-type",
        "content-length",
        "warc-warcinfo-id",
        "warc-concurrent-to",
    }
)
_REVISIT = frozenset(
    {
        "warc-profile",
        "warc-refers-to",
        "warc-refers-to-target-uri",
        "warc-refers-to-date",
        "warc-refers-to-filename",
        "warc-refers-to-file-offset",
        "warc-truncated",
    }
)
_CODED = re.compile(rb"(?im)^transfer-encoding[ \t]*:(?:[^\n]|\n[ \t])*\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """An exchange without its revisit: the response first, then what stood beside it.

    All have ids of their own, since they are other records than those that they come of.
    """

    records: tuple[Record, ...]
    status: int | None
    mime: str | None


def is_unmodified(record: StoredRecord) -> bool:
    """Whether a revisit says that the server answered 304: it has no payload to be given."""
    profile = record.header("WARC-Profile") or ""
    if profile.endswith("server-not-modified") or profile == NOT_MODIFIED:
        return True
    try:
        return profile != IDENTICAL and record.is_http and record.http_head().status == 304
    except WireError:
        return False


def resolve(
    revisit: StoredRecord,
    beside: Sequence[StoredRecord],
    original: StoredRecord,
    *,
    warcinfo_id: str,
    named: bool = True,
) -> Resolved | None:
    """The exchange of a revisit as a response; None where the original is not what it stands for.

    `beside`: its request and metadata. `named`: whether the original may be named. A metadata
    record is added that says which records these were made of.
    """
    try:
        answer = original.http()
        head, fields = _head(revisit, original)
    except WireError:
        return None
    if not _same(revisit, original, answer.payload):
        return None
    block = _block(head, fields, answer.payload)
    if block is None:
        return None
    response_id = new_record_id()
    response = _again(revisit, "response", _RESPONSE, block, response_id, warcinfo_id, None)
    records = [response]
    for one in beside:
        kind = one.header("Content-Type") or "application/octet-stream"
        own_id = new_record_id()
        records.append(_again(one, one.type, kind, one.block, own_id, warcinfo_id, response_id))
    said = [("resolved-revisit", revisit.record_id or "")]
    if named:
        said.append(("payload-of", original.record_id or ""))
    note = warc_fields(said)
    records.append(
        _again(revisit, "metadata", FIELDS, note, new_record_id(), warcinfo_id, response_id)
    )
    mime = mime_of(next((v for k, v in fields if k.lower() == b"content-type"), None))
    return Resolved(records=tuple(records), status=_status(head), mime=mime)


def _head(revisit: StoredRecord, original: StoredRecord) -> tuple[bytes, Fields]:
    """The head of the answer: the revisit's own, or, where it kept none, the original's."""
    whose = revisit if revisit.is_http else original
    parsed = whose.http()
    head = whose.block[: parsed.head_length]
    if not head.endswith((b"\n\r\n", b"\n\n")):
        raise WireError("the head does not end")
    return head, parsed.headers


def _same(revisit: StoredRecord, original: StoredRecord, payload: Content) -> bool:
    """Whether the payload is that which the revisit means."""
    said = revisit.header("WARC-Payload-Digest")
    if said is None or said == original.header("WARC-Payload-Digest"):
        return True
    return digest_matches(said, payload) is True


def _block(head: bytes, fields: Fields, payload: Content) -> Content | None:
    """Head and payload, the latter in chunks where the head says so; None where they disagree.

    Another transfer coding is not made again: its line is left out.
    """
    size = len(payload)
    coding = b",".join(v for k, v in fields if k.lower() == b"transfer-encoding").strip().lower()
    before, after = b"", b""
    if coding == b"chunked":
        before, after = (b"%x\r\n" % size, b"\r\n0\r\n\r\n") if size else (b"", b"0\r\n\r\n")
    elif coding:
        head = _CODED.sub(b"", head)
    else:
        said = {v.strip() for k, v in fields if k.lower() == b"content-length"}
        if said and said != {b"%d" % size}:
            return None
    begin = head + before
    if isinstance(payload, bytes):
        return begin + payload + after

    def again() -> Iterator[bytes]:
        yield from chain((begin,), pieces(payload), (after,))

    return Streamed(again, len(begin) + size + len(after))


def _status(head: bytes) -> int | None:
    found = re.match(rb"HTTP/\S+[ \t]+(\d{3})", head)
    return int(found[1]) if found else None


def _again(
    record: StoredRecord,
    kind: str,
    content_type: str,
    block: Content,
    record_id: str,
    warcinfo_id: str,
    concurrent: str | None,
) -> Record:
    """A record of this block with the header of another, but for what says what it is."""
    gone = _OWN | _REVISIT if record.type == "revisit" else _OWN
    if record.type == "revisit" and kind != "response":
        gone |= {"warc-payload-digest"}
    headers = [("WARC-Record-ID", record_id), ("WARC-Warcinfo-ID", warcinfo_id)]
    if concurrent is not None:
        headers.append(("WARC-Concurrent-To", concurrent))
    headers += [(name, line(value)) for name, value in record.headers if name.lower() not in gone]
    if record.date is None:
        raise WireError("a record without a date")
    return Record(
        type=kind,
        record_id=record_id,
        head=record_head(kind, content_type, block, headers),
        block=block,
        date=record.date,
        target_uri=record.target_uri,
        payload_digest=record.header("WARC-Payload-Digest") if kind == "response" else None,
    )
