"""Texts of WARC headers and `application/warc-fields` blocks: one line each, nothing injected."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from archiver.wire.spool import Content, pieces

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NOT_TOKEN = re.compile(r"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")
_NOT_URI = re.compile(r"[^\x21-\x7e]|[<>]")
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::([0-5]\d|60)(?:\.(\d{1,9}))?)?Z)?)?)?",
    re.ASCII,
)
_ALGORITHMS = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}


def line(text: str) -> str:
    """Put the text on one line: a run of control characters becomes a space, ends stripped."""
    if text.isascii() and text.isprintable():  # as nearly all are
        return text.strip()
    return _CONTROLS.sub(" ", text).encode("utf-8", "replace").decode().strip()


def uri(url: str) -> str:
    """Escape a URL for a header (RFC 3986): what is not printable ASCII, `<` and `>`.

    Readers take enclosing `<` and `>` away, since some versions of wget write them.
    """
    return _NOT_URI.sub(lambda bad: quote(bad[0].encode("utf-8", "replace"), safe=""), url)


def warc_fields(fields: Iterable[tuple[str, str]]) -> bytes:
    """Make a block of type `application/warc-fields` (WARC 1.1, section 4), one line a field.

    A name that is no token has its other characters replaced by `_`; values as by `line`.
    """
    return "".join(
        f"{_NOT_TOKEN.sub('_', name) or '_'}: {line(value)}\r\n" for name, value in fields
    ).encode()


def parse_warc_fields(block: bytes) -> list[tuple[str, str]]:
    """List such a block's fields; folded lines are joined, lines without colon left out."""
    text = re.sub(r"\r?\n[ \t]+", " ", block.decode("utf-8", "replace"))
    pairs = (entry.partition(":") for entry in text.split("\n"))
    return [(name.strip(), value.strip()) for name, colon, value in pairs if colon]


def warc_date(at: datetime) -> str:
    """Write a WARC-Date: UTC with microseconds, which WARC 1.1 (section 5.4) allows.

    FastWARC, warcio and warcat were seen to accept the fraction.
    """
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@lru_cache(maxsize=64)  # the records of one exchange have one
def parse_warc_date(text: str) -> datetime | None:
    """Read a WARC-Date, to the microsecond; None where it is not well-formed.

    Well-formed is the W3C profile of ISO 8601 in UTC, from a bare year to nine digits of a
    second (WARC 1.1, section 5.4).
    """
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()
    micros = int((fraction or "")[:6].ljust(6, "0"))
    try:
        return datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0),
            min(int(second or 0), 59), micros, tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None


def labelled_digest(data: Content) -> str:
    """Make `sha1:` and the digest in Base32, for WARC-Block-Digest and WARC-Payload-Digest.

    SHA-1 in Base32 is what CDX files and other archives compare by, and FastWARC, warcio and
    warcat all verify it; warcat cannot read a digest in Base16, so SHA-256 in its usual form
    fails there. It finds accidents and repeated payloads; against forgery stands the SHA-256
    of the whole file, which the writer reports when it closes one.
    """
    return digest_of(pieces(data))


def digest_of(parts: Iterable[bytes]) -> str:
    """Make the `labelled_digest` of what comes in parts."""
    digest = hashlib.sha1(usedforsecurity=False)
    for part in parts:
        digest.update(part)
    return "sha1:" + base64.b32encode(digest.digest()).decode()


def digest_matches(labelled: str, data: Content) -> bool | None:
    """Say whether a labelled digest, in Base16 or Base32, is that of the data.

    None where its algorithm is unknown or its value is not readable.
    """
    label, _, value = labelled.partition(":")
    algorithm = label.strip().lower().replace("-", "")
    if algorithm not in _ALGORITHMS:
        return None
    digest = hashlib.new(algorithm, usedforsecurity=False)
    for piece in pieces(data):
        digest.update(piece)
    actual = digest.digest()
    value = value.strip().upper()
    try:
        wanted = (
            bytes.fromhex(value)
            if len(value) == 2 * len(actual) and not value.endswith("=")
            else base64.b32decode(value + "=" * (-len(value) % 8))
        )
    except (ValueError, binascii.Error):
        return None
    return wanted == actual if len(wanted) == len(actual) else None
