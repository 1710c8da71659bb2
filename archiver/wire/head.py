"""The head of an HTTP/1 message: start line and fields, read as leniently as browsers do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

Fields = tuple[tuple[bytes, bytes], ...]

# Seen in the wild and in WARCs: "HTTP/2 200", "HTTP/1.1 200OK", no reason, padding.
_STATUS_LINE = re.compile(
    rb"HTTP/(\d{1,3}(?:\.\d{1,3})?)[ \t]+(\d{3})(?!\d)(.*)", re.IGNORECASE | re.DOTALL
)
_PADDING = b" \t\r"
_MAX_DIGITS = 18


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponseHead:
    """A response's status line and fields; `version` as sent, such as b"1.1"."""

    version: bytes
    status: int
    reason: bytes
    headers: Fields

    def tokens(self, name: bytes) -> set[bytes]:
        """Collect the members of a list field, lower case, stripped; `name` is lower case."""
        return {
            item.strip(_PADDING).lower()
            for key, value in self.headers
            if key.lower() == name
            for item in value.split(b",")
        }

    @property
    def content_length(self) -> int | None:
        """The declared length; None where there is none, or none that can be believed.

        Equal repetitions count once (RFC 9112 section 6.3); differing ones are worth nothing.
        """
        values = self.tokens(b"content-length") - {b""}
        if not all(value.isdigit() and len(value) <= _MAX_DIGITS for value in values):
            return None
        lengths = {int(value) for value in values}
        return lengths.pop() if len(lengths) == 1 else None


def parse_response_head(block: bytes) -> ResponseHead | None:
    """Read a head (start line to the empty line); None where it is no HTTP response."""
    first, *lines = block.split(b"\n")
    match = _STATUS_LINE.fullmatch(first)
    if match is None:
        return None
    return ResponseHead(
        version=match[1],
        status=int(match[2]),
        reason=match[3].strip(_PADDING),
        headers=parse_fields(lines),
    )


def parse_fields(lines: Iterable[bytes]) -> Fields:
    """Read the fields of a head's lines (without their LF), in order, as received.

    Folded lines (RFC 9112 section 5.2) are joined by one space; names and values lose the
    white space around them. Lines without a colon or without a name are no fields, and what is
    folded under them goes with them.
    """
    fields: list[tuple[bytes, list[bytes]]] = []
    foldable = False
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if foldable and (more := line.strip(_PADDING)):
                fields[-1][1].append(more)
            continue
        name, colon, value = line.partition(b":")
        name = name.strip(_PADDING)
        foldable = bool(colon and name)
        if foldable:
            fields.append((name, [stripped] if (stripped := value.strip(_PADDING)) else []))
    return tuple((name, b" ".join(parts)) for name, parts in fields)
