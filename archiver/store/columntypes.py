"""How the core types' values stand in columns: small, and the same in both databases."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import BigInteger, LargeBinary, SmallInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# The first byte of a packed value says how to read the rest.
_AS_TEXT, _SHA1_BASE32, _SHA256_BASE16, _UUID_URN = b"\0", b"\1", b"\2", b"\3"
_PACKED_LENGTH = {_SHA1_BASE32: 20, _SHA256_BASE16: 32, _UUID_URN: 16}


def clean(text: str) -> str:
    """The text without what a database refuses: NUL (PostgreSQL) and lone surrogates (UTF-8)."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 in UTC, exact.

    Raises:
        ValueError: where the datetime has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"a time without a time zone: {at.isoformat()}")
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of `to_micros`."""
    return _EPOCH + micros * _MICROSECOND


# What comes back from `unpack` as it is, so that this need not be tried.
_SHA1 = re.compile(r"sha1:[A-Z2-7]{32}")
_URN = re.compile(
    r"<urn:uuid:([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})>"
)
_TO_HEX = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHIJKLMNOPQRSTUV")


@lru_cache(maxsize=1024)  # a digest is looked for, then kept as that of payload and body
def pack(text: str) -> bytes:
    """A digest or record id in few bytes; any text at all comes back from `unpack` unchanged."""
    if _SHA1.fullmatch(text):
        return _SHA1_BASE32 + int(text[5:].translate(_TO_HEX), 32).to_bytes(20, "big")
    if found := _URN.fullmatch(text):
        return _UUID_URN + bytes.fromhex("".join(found.groups()))
    packed = _pack_known(text)
    if packed is not None and unpack(packed) == text:
        return packed
    return _AS_TEXT + text.encode("utf-8", "surrogatepass")


def _pack_known(text: str) -> bytes | None:
    scheme, _, value = text.partition(":")
    try:
        if scheme == "sha1":
            packed = _SHA1_BASE32 + base64.b32decode(value)
        elif scheme == "sha256":
            packed = _SHA256_BASE16 + bytes.fromhex(value)
        elif scheme == "<urn":
            packed = _UUID_URN + uuid.UUID(value.removeprefix("uuid:").removesuffix(">")).bytes
        else:
            return None
    except (ValueError, binascii.Error):
        return None
    return packed if len(packed) == 1 + _PACKED_LENGTH[packed[:1]] else None


@lru_cache(maxsize=256)  # a page that did not change has one digest in many rows
def unpack(packed: bytes) -> str:
    """The text that was given to `pack`."""
    form, value = packed[:1], packed[1:]
    if form == _SHA1_BASE32:
        return f"sha1:{base64.b32encode(value).decode('ascii')}"
    if form == _SHA256_BASE16:
        return f"sha256:{value.hex()}"
    if form == _UUID_URN:
        return f"<urn:uuid:{uuid.UUID(bytes=value)}>"
    return value.decode("utf-8", "surrogatepass")


class Words(TypeDecorator[str]):
    """Text from anywhere, cleaned on its way in (and in look-ups alike)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else clean(value)


# Text that PostgreSQL too compares byte by byte, so that both databases sort and page alike and
# an index serves prefixes.
BYTEWISE = Words().with_variant(Words(collation="C"), "postgresql")


class Micros(TypeDecorator[datetime]):
    """An aware datetime as integer microseconds UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else from_micros(value)


class Packed(TypeDecorator[str]):
    """A digest (`sha1:` Base32, `sha256:` Base16) or a record id as bytes: 21, 33 or 17."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        """To the database."""
        return None if value is None else pack(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        """From the database."""
        return None if value is None else unpack(value)


class Code(TypeDecorator[str]):
    """One word of a fixed vocabulary as its place in it: words may only be added at the end."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        super().__init__()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else self.words.index(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> str | None:
        """From the database."""
        return None if value is None else self.words[value]
