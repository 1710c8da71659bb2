"""Another form of what was captured, made from it: `conversion` records (WARC 1.1, section 6.8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from archiver.warc.fields import line, uri, warc_date, warc_fields
from archiver.warc.record import FIELDS, Record, new_record_id, record_head


def conversion_records(
    block: bytes,
    *,
    url: str,
    at: datetime,
    refers_to: str,
    content_type: str,
    metadata: Sequence[tuple[str, str]],
) -> tuple[Record, Record]:
    """Make a conversion of the record with the id `refers_to`, and what is said of it.

    The `metadata` record, of type application/warc-fields, ends the two as it ends an exchange.
    """
    record_id = new_record_id()
    common = [("WARC-Date", warc_date(at)), ("WARC-Target-URI", uri(url))]
    headers = [("WARC-Record-ID", record_id), *common, ("WARC-Refers-To", line(refers_to))]
    conversion = Record(
        type="conversion",
        record_id=record_id,
        head=record_head("conversion", content_type, block, headers),
        block=block,
        date=at,
        target_uri=uri(url),
    )
    said, said_id = warc_fields(metadata), new_record_id()
    headers = [("WARC-Record-ID", said_id), *common, ("WARC-Concurrent-To", record_id)]
    head = record_head("metadata", FIELDS, said, headers)
    return conversion, Record(
        type="metadata", record_id=said_id, head=head, block=said, date=at, target_uri=uri(url)
    )
