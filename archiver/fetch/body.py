"""What is known of a body once all codings are removed, however it crossed the wire."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from archiver.errors import WireError
from archiver.warc.fields import digest_of, labelled_digest
from archiver.wire.codings import codings_of, iter_content
from archiver.wire.spool import Content

SHA1 = re.compile(r"sha1:[A-Z2-7]{32}")  # as `labelled_digest` makes it
_SIZE = re.compile(r"[0-9]{1,18}")
_DECODED_CAP = 32 * 1024 * 1024  # bytes; a body of more has no body digest


class Head(Protocol):
    """The head of an HTTP answer, as whatever holds one has it."""

    @property
    def status(self) -> int | None:
        """The status code."""

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The fields, in order."""


class Answer(Head, Protocol):
    """An HTTP answer as an `Exchange` or a `ParsedResponse` has it."""

    @property
    def payload(self) -> Content:
        """The body without transfer coding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyFacts:
    """Digest (as `labelled_digest` makes it) and size of a decoded body, however it was coded."""

    digest: str | None = None
    size: int | None = None

    def fields(self) -> Iterator[tuple[str, str]]:
        """For the metadata record: a revisit has no body, and to decode one takes its time."""
        if self.digest is not None:
            yield "body-digest", self.digest
            yield "body-size", str(self.size)

    @classmethod
    def said(cls, fields: Mapping[str, str]) -> BodyFacts:
        """What such a metadata record says; nothing where it is not what `fields` gives."""
        digest, size = fields.get("body-digest", ""), fields.get("body-size", "")
        if not SHA1.fullmatch(digest) or not _SIZE.fullmatch(size):
            return cls()
        return cls(digest=digest, size=int(size))


def body_facts(answer: Answer, payload_digest: str | None = None) -> BodyFacts:
    """What is known of the decoded body; nothing where there is none or it cannot be decoded.

    `payload_digest` is that of the payload, if it is known: a body that is not coded has the same.
    """
    if answer.status is None or not answer.payload:
        return BodyFacts()
    if not codings_of(answer.headers, b"content-encoding"):
        digest = payload_digest or labelled_digest(answer.payload)
        return BodyFacts(digest=digest, size=len(answer.payload))
    size = 0

    def decoded() -> Iterator[bytes]:
        nonlocal size
        for piece in iter_content(answer.payload, answer.headers, cap=_DECODED_CAP):
            size += len(piece)
            yield piece

    try:
        return BodyFacts(digest=digest_of(decoded()), size=size)
    except WireError:
        return BodyFacts()
