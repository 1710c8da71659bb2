"""The WARC records of one exchange (WARC 1.1, sections 5 and 6). No input or output."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache

from warcio.statusandheaders import StatusAndHeaders  # type: ignore[import-untyped]  # ships no types

from archiver.model import utcnow
from archiver.warc.certificates import certificate_fields
from archiver.warc.fields import labelled_digest, line, uri, warc_date, warc_fields
from archiver.wire.exchange import Exchange
from archiver.wire.spool import Content

FORMAT = "WARC File Format 1.1"
CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
SECRETS = frozenset({"cookie", "authorization", "proxy-authorization"})

RECORD_END = b"\r\n\r\n"
_VERSION = b"WARC/1.1\r\n"
_MIME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+/[!#$%&'*+\-.^_`|~0-9a-z]+")
FIELDS = "application/warc-fields"

Headers = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One record, ready to be written: `head`, `block` and `RECORD_END`, one after the other.

    The rest says what an index needs to know. `target_uri` is as the record has it; `status` and
    `mime` are those of the HTTP answer, None elsewhere.
    """

    type: str
    record_id: str
    head: bytes
    block: Content
    date: datetime
    target_uri: str | None = None
    status: int | None = None
    mime: str | None = None
    payload_digest: str | None = None

    @property
    def data(self) -> bytes:
        """All of it, uncompressed, in memory."""
        return b"".join((self.head, bytes(self.block), RECORD_END))


@dataclass(frozen=True, kw_only=True, slots=True)
class RefersTo:
    """The earlier response that a revisit stands for; never itself a revisit."""

    record_id: str
    target_uri: str
    date: datetime
    payload_digest: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WarcInfo:
    """What every file's first record says about the crawl (WARC 1.1, section 6.2).

    `robots` is the policy followed; `is_part_of` the collection, such as an outlet's id.
    """

    software: str
    operator: str | None = None
    robots: str | None = None
    hostname: str | None = None
    user_agent: str | None = None
    is_part_of: str | None = None
    description: str | None = None


def record_head(kind: str, content_type: str, block: Content, headers: Headers) -> bytes:
    """Make the head of a record that has this block.

    warcio writes the header. Its whole writer would do the same with twice the work: it copies
    the block twice, looks for digests that are there, and rewrites a block that is HTTP.
    """
    fields = [
        ("WARC-Type", kind),
        *headers,
        ("WARC-Block-Digest", labelled_digest(block)),
        ("Content-Type", content_type),
        ("Content-Length", str(len(block))),
    ]
    head: bytes = StatusAndHeaders("", fields, protocol="WARC/1.1").to_bytes()
    return head


def new_record_id() -> str:
    """Make a fresh WARC-Record-ID, with its angle brackets."""
    return f"<urn:uuid:{uuid.uuid4()}>"


def with_warcinfo(head: bytes, warcinfo_id: str) -> bytes:
    """Name the file's warcinfo record in a record's head, which is known only on writing."""
    return b"%sWARC-Warcinfo-ID: %s\r\n%s" % (
        _VERSION,
        warcinfo_id.encode(),
        head.removeprefix(_VERSION),
    )


def warcinfo_record(
    info: WarcInfo, *, filename: str | None = None, at: datetime | None = None
) -> Record:
    """Make a file's first record; its `capture: verbatim` says that blocks are as received."""
    at = at or utcnow()
    record_id = new_record_id()
    headers = [("WARC-Record-ID", record_id), ("WARC-Date", warc_date(at))]
    if filename:
        headers.append(("WARC-Filename", line(filename)))
    given = (
        ("software", info.software),
        ("format", FORMAT),
        ("conformsTo", CONFORMS_TO),
        ("capture", "verbatim"),
        ("operator", info.operator),
        ("robots", info.robots),
        ("hostname", info.hostname),
        ("http-header-user-agent", info.user_agent),
        ("isPartOf", info.is_part_of),
        ("description", info.description),
    )
    block = warc_fields((name, value) for name, value in given if value)
    head = record_head("warcinfo", FIELDS, block, headers)
    return Record(type="warcinfo", record_id=record_id, head=head, block=block, date=at)


def redact_request(request: bytes, names: frozenset[str]) -> tuple[bytes, tuple[str, ...]]:
    """Take the values of these fields (lower case) out of a request; it, and which were there.

    Folded lines go with their field; the body stays.
    """
    end = request.find(b"\r\n\r\n")
    head, body = (request, b"") if end < 0 else (request[:end], request[end:])
    found: list[str] = []

    def blank(field: re.Match[bytes]) -> bytes:
        found.append(field[1].decode().lower())
        return field[1] + b": [redacted]"

    if names:
        head = _fields_named(names).sub(blank, head)
    return head + body, tuple(found)


@cache
def _fields_named(names: frozenset[str]) -> re.Pattern[bytes]:
    wanted = b"|".join(re.escape(name.encode()) for name in sorted(names))
    return re.compile(rb"(?im)^(" + wanted + rb")[ \t]*:(?:[^\n]|\n[ \t])*?(?=\r?\n(?![ \t])|\Z)")


@lru_cache(maxsize=64)  # of which a site has few
def mime_of(content_type: str | bytes | None) -> str | None:
    """Read the bare media type of a Content-Type, lower case; None where it is not one."""
    if content_type is None:
        return None
    text = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    found = _MIME.fullmatch(text.partition(";")[0].strip().lower())
    return found[0] if found else None


def _revisit_profile(exchange: Exchange, digest: str, refers_to: RefersTo | None) -> str | None:
    if refers_to is None or exchange.truncated or not exchange.head_length:
        return None
    if exchange.status == 304:
        return NOT_MODIFIED
    return IDENTICAL if exchange.payload and digest == refers_to.payload_digest else None


def _answer(
    exchange: Exchange,
    common: Headers,
    refers_to: RefersTo | None,
    payload_digest: str | None,
) -> Record | None:
    """Make the response or revisit record, or one of what else arrived; None of nothing."""
    if not exchange.response:
        return None
    record_id = new_record_id()
    headers = [("WARC-Record-ID", record_id), *common]
    block: Content = exchange.response
    truncated, kind = exchange.truncated, "response"
    content_type = "application/http; msgtype=response"
    digest: str | None = None
    if not exchange.head_length:
        kind, content_type = "metadata", "application/octet-stream"
    else:
        digest = payload_digest or labelled_digest(exchange.payload)
        profile = _revisit_profile(exchange, digest, refers_to)
        if profile and refers_to:
            kind, block = "revisit", exchange.response[: exchange.head_length]
            headers += [
                ("WARC-Profile", profile),
                ("WARC-Refers-To", line(refers_to.record_id)),
                ("WARC-Refers-To-Target-URI", uri(refers_to.target_uri)),
                ("WARC-Refers-To-Date", warc_date(refers_to.date)),
            ]
            if profile == IDENTICAL:
                truncated = "length"  # as section 6.7.2 asks of every such record
            else:
                digest = refers_to.payload_digest  # the payload that has not been modified
    if digest:
        headers.append(("WARC-Payload-Digest", line(digest)))
    if truncated:
        headers.append(("WARC-Truncated", line(truncated)))
    return Record(
        type=kind,
        record_id=record_id,
        head=record_head(kind, content_type, block, headers),
        block=block,
        date=exchange.started,
        target_uri=uri(exchange.url),
        status=exchange.status if exchange.head_length else None,
        mime=mime_of(exchange.header(b"content-type")),
        payload_digest=digest,
    )


def exchange_records(
    exchange: Exchange,
    *,
    metadata: Sequence[tuple[str, str]] = (),
    refers_to: RefersTo | None = None,
    payload_digest: str | None = None,
    redact: frozenset[str] = SECRETS,
) -> tuple[Record, ...]:
    """Make the records of an exchange: its answer, its request, and what else is known of it.

    First stands the answer, so that the others can be concurrent to it. It is a `response`, or
    a `revisit` of `refers_to`: server-not-modified for a 304, identical-payload-digest where
    the digests are really the same (the head is kept; a digest that differs, an empty or a
    truncated payload makes a whole response). Bytes that are no HTTP answer are a `metadata`
    record of type application/octet-stream: section 6.3.2 would let them be a response, but
    readers and indexers take the first line of any response for a status; a `resource` is by
    section 6.4.2 an entity body. Where nothing came, the request stands first; where nothing
    was sent either, the last record stands alone.

    `payload_digest` is the payload's, where it is known already. The request has the values of
    `redact` taken out. The last record, `metadata` of type application/warc-fields, has the
    fields given, then fetchTimeMs, those of `certificate_fields`, `error`, `error-detail`,
    `tried` (the addresses), `redacted` (the request's fields that were taken out) and
    `interim-base64` (the 1xx answers as received).
    """
    common = [("WARC-Date", warc_date(exchange.started)), ("WARC-Target-URI", uri(exchange.url))]
    if exchange.ip:
        common.append(("WARC-IP-Address", line(exchange.ip)))
    common += [("WARC-Protocol", line(protocol)) for protocol in exchange.protocols]
    if exchange.cipher:
        common.append(("WARC-Cipher-Suite", line(exchange.cipher)))
    answer = _answer(exchange, common, refers_to, payload_digest)
    records = [answer] if answer else []

    def add(kind: str, content_type: str, block: bytes) -> None:
        record_id = new_record_id()
        concurrent = [("WARC-Concurrent-To", records[0].record_id)] if records else []
        headers = [("WARC-Record-ID", record_id), *common, *concurrent]
        records.append(
            Record(
                type=kind,
                record_id=record_id,
                head=record_head(kind, content_type, block, headers),
                block=block,
                date=exchange.started,
                target_uri=uri(exchange.url),
            )
        )

    request, redacted = redact_request(exchange.request, redact)
    if request:
        add("request", "application/http; msgtype=request", request)
    took = (exchange.ended - exchange.started).total_seconds() * 1000
    facts = (
        ("fetchTimeMs", str(max(0, round(took)))),
        *certificate_fields(exchange),
        ("error", exchange.error),
        ("error-detail", exchange.detail),
        ("tried", " ".join(exchange.tried)),
        ("redacted", " ".join(redacted)),
        ("interim-base64", base64.b64encode(exchange.interim).decode()),
    )
    fields = [*metadata, *((name, value) for name, value in facts if value)]
    add("metadata", FIELDS, warc_fields(fields))
    return tuple(records)
