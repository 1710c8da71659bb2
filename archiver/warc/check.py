"""Whether a WARC holds what it says it holds: structure, digests, dates, identities, pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from archiver.errors import WireError
from archiver.warc.fields import digest_matches
from archiver.warc.pairs import pairs_of
from archiver.warc.reader import Damage, StoredRecord, iter_records
from archiver.warc.source import ByteSource
from archiver.wire.framer import MAX_HEAD
from archiver.wire.spool import Content, portion

_MANDATORY = ("WARC-Type", "WARC-Record-ID", "WARC-Date", "Content-Length")
_CONCURRENT = frozenset({"request", "response", "resource", "metadata", "revisit"})


def _faults(record: StoredRecord) -> Iterator[str]:
    """Say what is wrong with one record by itself."""
    for name in _MANDATORY:
        if name.lower() not in record.fields:
            yield f"no {name}"
    date = record.header("WARC-Date")
    if date is not None and record.date is None:
        yield f"malformed WARC-Date {date[:60]!r}"
    yield from _digest_faults(record)
    if "warc-concurrent-to" in record.fields and record.type not in _CONCURRENT:
        yield f"WARC-Concurrent-To on a {record.type} record"


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
    `visit` is called with each intact record, for who wants more of the same pass. Memory is
    that of what is wrong; what is noted of the others waits on disk.

    Raises:
        WarcError: the file cannot be opened, or is an ARC.
        DiskFullError: there is no room for what is noted of its records.
        ArchiverError: as the source says.

    """
    found: list[Damage] = []
    with pairs_of(warc.name) as pairs:
        for item in iter_records(warc):
            if isinstance(item, Damage):
                found.append(item)
                continue
            found.extend(
                Damage(file=item.file, offset=item.offset, what=what, record_id=item.record_id)
                for what in _faults(item)
            )
            pairs.add(item)
            if visit is not None:
                visit(item)
        found.extend(pairs.faults())
    return sorted(found, key=lambda damage: damage.offset)
