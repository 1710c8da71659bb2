"""A record as it stands in a file, and damage to one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from archiver.wire.codings import decode_content
from archiver.wire.framer import ParsedResponse, parse_response

Headers = tuple[tuple[str, str], ...]


def first(headers: Headers, name: str) -> str | None:
    """Give the first value of a field, by name in any case."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRecord:
    """One record as it stands in a file.

    `offset` and `length` are its gzip member's (of a plain file: header and block, without the
    empty lines after). A length of 0 says that the record shares its member with others and
    cannot be read by its offset. `target_uri` is without enclosing `<>` and with spaces
    escaped; `headers` are as stored, in order. `date` is None where it is not well-formed.
    """

    file: str
    offset: int
    length: int
    type: str
    record_id: str | None
    target_uri: str | None
    date: datetime | None
    headers: Headers
    block: bytes

    def header(self, name: str) -> str | None:
        """Give the first value of a WARC header field, by name in any case."""
        return first(self.headers, name)

    @property
    def is_http(self) -> bool:
        """Whether the block holds an HTTP answer (one of nothing at all does not)."""
        return (
            self.type in {"response", "revisit"}
            and bool(self.block)
            and (self.header("Content-Type") or "").lower().startswith("application/http")
        )

    def http(self, *, method: str = "GET") -> ParsedResponse:
        """Read the HTTP answer in the block; a revisit has a head only.

        Raises:
            WireError: where the block is no HTTP answer.

        """
        return parse_response(self.block, method="HEAD" if self.type == "revisit" else method)

    def body(self, cap: int) -> bytes:
        """Give the content with all codings removed: the HTTP body, or else the whole block.

        Of a body that was cut, as much as can be decoded.

        Raises:
            WireError: where it cannot be decoded, or would be more than `cap` bytes.

        """
        if not self.is_http:
            return self.block
        answer = self.http()
        cut = not answer.complete or self.header("WARC-Truncated") is not None
        return decode_content(answer.payload, answer.headers, cap=cap, tolerant=cut)


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """Something wrong at a place of a file; `record_id` where it is known whose."""

    file: str
    offset: int
    what: str
    record_id: str | None = None
