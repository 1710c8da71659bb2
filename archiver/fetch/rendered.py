"""Pages that a browser made of captured ones, read back."""

from __future__ import annotations

from itertools import islice

from archiver.model import WarcRef
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.source import ByteSource

_LOOK_AHEAD = 1000  # records: what a browser asks for to make a page comes between


def rendered_page(source: ByteSource, ref: WarcRef, *, cap: int) -> bytes | None:
    """At most `cap` bytes of the page that a browser made of a captured one; None without one.

    Its conversion record stands soon after that of the page, in the same file.
    """
    for record in islice(iter_records(source, start=ref.offset), _LOOK_AHEAD):
        if (
            isinstance(record, StoredRecord)
            and record.type == "conversion"
            and record.header("WARC-Refers-To") == ref.record_id
        ):
            return bytes(record.block[:cap])
    return None
