"""The catalogue's row of a record: made when it is written, or anew from what is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from archiver.errors import WireError
from archiver.model import Capture, CaptureKind, ExtractionState, WarcRef
from archiver.urls import canonical_url, urlkey
from archiver.warc.fields import parse_warc_fields
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import mime_of
from archiver.wire.codings import decode_content

_DECODED_CAP = 256 * 1024 * 1024  # bytes; a body of more has no body digest
_KINDS = {kind.value: kind for kind in CaptureKind}
UNKNOWN_OUTLET = "unknown"  # of records that do not say for whom they were made


class Answer(Protocol):
    """An HTTP answer as an `Exchange` or a `ParsedResponse` has it."""

    @property
    def status(self) -> int | None:
        """The status code."""

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The fields, in order."""

    @property
    def payload(self) -> bytes:
        """The body without transfer coding."""


def capture_of(
    answer: Answer,
    *,
    url: str,
    captured_at: datetime,
    kind: CaptureKind,
    outlet: str,
    run_id: int | None,
    ref: WarcRef,
    record_type: str,
    truncated: str | None,
    failed: bool = False,
) -> Capture:
    """The row of an answer whose record stands at `ref`.

    A page that came whole, or was cut by our own limit, waits for its extraction.

    Raises:
        ValueError: where the URL is not a usable one.
    """
    canonical = canonical_url(url)
    digest, size = _body_facts(answer)
    fields = {name.lower(): value.decode("latin-1") for name, value in reversed(answer.headers)}
    is_page = kind is CaptureKind.PAGE and answer.status == 200 and record_type == "response"
    return Capture(
        url=canonical,
        urlkey=urlkey(canonical),
        captured_at=captured_at,
        kind=kind,
        outlet=outlet,
        run_id=run_id,
        status=answer.status,
        mime=mime_of(fields.get(b"content-type")),
        warc=ref,
        record_type=record_type,
        body_digest=digest,
        body_size=size,
        redirect_to=fields.get(b"location"),
        truncated=truncated,
        etag=fields.get(b"etag"),
        last_modified=fields.get(b"last-modified"),
        extraction=ExtractionState.PENDING if is_page and not failed else ExtractionState.NONE,
    )


def _body_facts(answer: Answer) -> tuple[str | None, int | None]:
    """Digest and size of the decoded body, equal however the page was coded."""
    if answer.status is None or not answer.payload:
        return None, None
    try:
        body = decode_content(answer.payload, answer.headers, cap=_DECODED_CAP)
    except WireError:
        return None, None
    return f"sha256:{hashlib.sha256(body).hexdigest()}", len(body)


def captures_of_file(path: Path) -> Iterator[Capture]:
    """The rows of all answers in one of our WARC files, read from its records alone.

    Kind, outlet and run stand in the metadata record beside each answer; where there is none,
    the kind is `other`. Damage is passed over: `archiver check` names it. One pass over the
    file; memory is that of its largest record.
    """
    answer: StoredRecord | None = None
    for record in iter_records(path):
        if not isinstance(record, StoredRecord):
            continue
        if record.type in ("response", "revisit"):
            if answer is not None:
                yield from _stored_capture(answer, {})
            answer = record
        elif answer is not None and _describes(record, answer):
            yield from _stored_capture(answer, dict(parse_warc_fields(record.block)))
            answer = None
    if answer is not None:
        yield from _stored_capture(answer, {})


def _describes(record: StoredRecord, answer: StoredRecord) -> bool:
    same = record.header("WARC-Concurrent-To") == answer.record_id
    return record.type == "metadata" and same


def _stored_capture(record: StoredRecord, said: dict[str, str]) -> Iterator[Capture]:
    """The row of one stored answer; nothing where it is no HTTP, or its header is unusable."""
    if not record.is_http or record.date is None or record.record_id is None:
        return
    run = said.get("run", "")
    try:
        yield capture_of(
            record.http(),
            url=record.target_uri or "",
            captured_at=record.date,
            kind=_KINDS.get(said.get("kind", ""), CaptureKind.OTHER),
            outlet=said.get("outlet", UNKNOWN_OUTLET),
            run_id=int(run) if run.isdecimal() else None,
            ref=WarcRef(
                file=record.file,
                offset=record.offset,
                length=record.length,
                record_id=record.record_id,
                payload_digest=record.header("WARC-Payload-Digest"),
            ),
            record_type=record.type,
            truncated=record.header("WARC-Truncated") if record.type == "response" else None,
            failed="error" in said,
        )
    except (WireError, ValueError):
        return
