"""A record as it stands in a file, and damage to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from archiver.warc.fields import parse_warc_date
from archiver.wire.answer import (
    ParsedResponse,
    PlainHead,
    parse_head,
    parse_response,
    plain_head,
)
from archiver.wire.codings import decode_content
from archiver.wire.head import ResponseHead
from archiver.wire.spool import Content

Headers = tuple[tuple[str, str], ...]


def first_values(headers: Headers) -> dict[str, str]:
    """Give the first value of each field, by its name in lower case."""
    return {name.lower(): value for name, value in reversed(headers)}


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRecord:
    """One record as it stands in a file.

    `offset` and `length` are its gzip member's (of a plain file: header and block, without the
    empty lines after). A length of 0 says that the record shares its member with others and
    cannot be read by its offset. `headers` are as stored, in order, and `fields` their first
    values by names in lower case. A `block` too large to be held in memory reads itself from the
    file.
    """

    file: str
    offset: int
    length: int
    headers: Headers
    fields: Mapping[str, str] = field(compare=False, repr=False)
    block: Content = field(repr=False)
    _head: PlainHead | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def type(self) -> str:
        """Its WARC-Type; "unknown" where it says none."""
        return self.fields.get("warc-type") or "unknown"

    @property
    def record_id(self) -> str | None:
        """Its WARC-Record-ID, with its angle brackets."""
        return self.fields.get("warc-record-id")

    @property
    def target_uri(self) -> str | None:
        """Its WARC-Target-URI, without enclosing `<>` and with spaces escaped."""
        uri = self.fields.get("warc-target-uri")
        if uri is not None:
            uri = uri.removeprefix("<").removesuffix(">").replace(" ", "%20")
        return uri

    @property
    def date(self) -> datetime | None:
        """Its WARC-Date; None where it is not well-formed."""
        return parse_warc_date(self.fields.get("warc-date") or "")

    def header(self, name: str) -> str | None:
        """Give the first value of a WARC header field, by name in any case."""
        return self.fields.get(name.lower())

    @property
    def is_http(self) -> bool:
        """Whether the block holds an HTTP answer (one of nothing at all does not)."""
        return self.type in {"response", "revisit"} and len(self.block) > 0 and self.says_http

    @property
    def says_http(self) -> bool:
        """Whether its Content-Type is that of an HTTP message."""
        return self.fields.get("content-type", "").lower().startswith("application/http")

    def http(self, *, method: str = "GET") -> ParsedResponse:
        """Read the HTTP answer in the block; a revisit has a head only.

        Raises:
            WireError: where the block is no HTTP answer.

        """
        method = "HEAD" if self.type == "revisit" else method
        return parse_response(self.block, method=method, known=self._plain_head())

    def http_head(self) -> ResponseHead:
        """Read the head alone of the HTTP answer in the block.

        Raises:
            WireError: where the block is no HTTP answer.

        """
        plain = self._plain_head()
        return parse_head(self.block) if plain is None else plain.head

    def _plain_head(self) -> PlainHead | None:
        """The head, read once where it is a plain one: who indexes a record asks several times."""
        if self._head is None:
            object.__setattr__(self, "_head", plain_head(self.block))
        return self._head

    def body(self, cap: int) -> bytes:
        """Give the content with all codings removed: the HTTP body, or else the whole block.

        Of a body that was cut, as much as can be decoded.

        Raises:
            WireError: where it cannot be decoded, or would be more than `cap` bytes.

        """
        if not self.is_http:
            return decode_content(self.block, (), cap=cap)
        answer = self.http()
        cut = not answer.complete or self.header("WARC-Truncated") is not None
        return decode_content(answer.payload, answer.headers, cap=cap, tolerant=cut)


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """Something wrong at a place of a file; `record_id` where it is known whose.

    `torn`: the gzip member that begins there does not end well.
    """

    file: str
    offset: int
    what: str
    record_id: str | None = None
    torn: bool = False
