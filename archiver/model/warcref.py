"""Where a record stands in the archive."""

from __future__ import annotations

from dataclasses import dataclass

from archiver.model.crossing import crosses_quickly


@crosses_quickly
@dataclass(frozen=True, kw_only=True, slots=True)
class WarcRef:
    """Where a record stands: the file, and the bytes of its own gzip member."""

    file: str  # relative to the archive's WARC folder
    offset: int
    length: int
    record_id: str
    payload_digest: str | None = None
