"""Whether a WARC holds what it says it holds: structure, digests, dates, identities, pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archiver.errors import WireError
from archiver.warc.fields import digest_matches
from archiver.warc.reader import Damage, StoredRecord, iter_records
from archiver.warc.source import ByteSource
from archiver.wire.framer import MAX_HEAD
from archiver.wire.spool import Content, portion

_MANDATORY = ("WARC-Type", "WARC-Record-ID", "WARC-Date", "Content-Length")
_CONCURRENT = frozenset({"request", "response", "resource", "metadata", "revisit"})


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the pairing needs of a record after its bytes have gone."""

    type: str
    offset: int
    target_uri: str | None
    concurrent_to: tuple[str, ...]
    is_http: bool


@dataclass(slots=True)
class _Checks:
    file: str
    seen: dict[str, _Seen] = field(default_factory=dict)

    def of(self, record: StoredRecord) -> Iterator[str]:
        """Say what is wrong with one record, by itself or beside those before it."""
        for name in _MANDATORY:
            if name.lower() not in record.fields:
                yield f"no {name}"
        date = record.header("WARC-Date")
        if date is not None and record.date is None:
            yield f"malformed WARC-Date {date[:60]!r}"
        yield from _digest_faults(record)
        concurrent: tuple[str, ...] = ()
        if "warc-concurrent-to" in record.fields:
            concurrent = tuple(
                value for name, value in record.headers if name.lower() == "warc-concurrent-to"
            )
        if concurrent and record.type not in _CONCURRENT:
            yield f"WARC-Concurrent-To on a {record.type} record"
        if record.record_id in self.seen:
            yield f"WARC-Record-ID also at offset {self.seen[record.record_id].offset}"
        elif record.record_id is not None:
            self.seen[record.record_id] = _Seen(
                record.type, record.offset, record.target_uri, concurrent, record.is_http
            )

    def pairs(self) -> Iterator[Damage]:
        """Say what is wrong with requests and their answers, known only at the file's end."""
        asked: dict[str, str] = {}  # the id of each answer's request
        for record_id, record in self.seen.items():
            for other_id in record.concurrent_to:
                other = self.seen.get(other_id)
                if other is None:
                    yield self._damage(record_id, f"concurrent to {other_id}, which is not here")
                elif "request" in (record.type, other.type) and (record.is_http or other.is_http):
                    if record.target_uri != other.target_uri:
                        yield self._damage(record_id, f"paired with one of {other.target_uri}")
                    answer, request = (
                        (other_id, record_id) if other.is_http else (record_id, other_id)
                    )
                    if asked.setdefault(answer, request) != request:  # each may name the other
                        what = f"its answer has a request already, {asked[answer]}"
                        yield self._damage(record_id, what)
        if any(record.type == "request" for record in self.seen.values()):
            for record_id, record in self.seen.items():
                if record.is_http and record_id not in asked:
                    yield self._damage(record_id, f"a {record.type} without its request")

    def _damage(self, record_id: str, what: str) -> Damage:
        offset = self.seen[record_id].offset
        return Damage(file=self.file, offset=offset, what=what, record_id=record_id)


def _digest_faults(record: StoredRecord) -> Iterator[str]:
    block_digest = record.header("WARC-Block-Digest")
    if block_digest is not None and digest_matches(block_digest, record.block) is not True:
        yield f"WARC-Block-Digest {block_digest[:80]} is not that of the block"
    payload_digest = record.header("WARC-Payload-Digest")
    # A revisit's payload is the earlier record's, a segment's lies in several records.
    if payload_digest is None or record.type == "revisit" or record.header("WARC-Segment-Number"):
        return
    if not any(digest_matches(payload_digest, payload) for payload in _payloads(record)):
        yield f"WARC-Payload-Digest {payload_digest[:80]} is not that of the payload"


def _payloads(record: StoredRecord) -> Iterator[Content]:
    """Give what the payload may be: without transfer coding, or, as some tools write, with it."""
    if not record.says_http:
        yield record.block
        return
    if record.is_http:
        try:
            parsed = record.http()
        except WireError:
            pass
        else:
            yield parsed.payload
            yield portion(record.block, parsed.head_length)
            return
    begin = record.block[:MAX_HEAD]
    yield portion(record.block, len(begin.partition(b"\r\n\r\n")[0]) + 4)


def check_file(
    warc: Path | ByteSource, *, visit: Callable[[StoredRecord], object] | None = None
) -> list[Damage]:
    """List everything that is wrong with a WARC, in file order; empty where all is well.

    Each gzip member must end and hold one record; block and payload digests must match;
    WARC-Date must be well-formed and record ids unique; a concurrent record must be there, of
    the same URL. Where a file keeps requests, each HTTP answer must have one, and only one.
    `visit` is called with each intact record, for who wants more of the same pass.

    Raises:
        WarcError: the file cannot be opened, or is an ARC.
        ArchiverError: as the source says.

    """
    found: list[Damage] = []
    checks = _Checks(warc.name)
    for item in iter_records(warc):
        if isinstance(item, Damage):
            found.append(item)
            continue
        found.extend(
            Damage(file=item.file, offset=item.offset, what=what, record_id=item.record_id)
            for what in checks.of(item)
        )
        if visit is not None:
            visit(item)
    found.extend(checks.pairs())
    return sorted(found, key=lambda damage: damage.offset)
