"""The catalogue's rows of a record: made when it is written, or anew from what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import WireError
from archiver.fetch.body import SHA1, BodyFacts, Head, body_facts
from archiver.fetch.imported import Imported, kind_of
from archiver.model import (
    Capture,
    CaptureKind,
    Discovery,
    ExtractionState,
    SourceKind,
    WarcRef,
)
from archiver.model.crossing import crosses_quickly
from archiver.urls import canonical_url, urlkey
from archiver.warc.fields import parse_warc_date, parse_warc_fields
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import mime_of

if TYPE_CHECKING:
    from archiver.store.catalogue import Catalogue

_KINDS = {kind.value: kind for kind in CaptureKind}
_READ = frozenset(  # into an article, or into mentions of pages
    {CaptureKind.PAGE, CaptureKind.FEED, CaptureKind.SITEMAP, CaptureKind.SECTION}
)
MAX_FIELDS = 1024 * 1024  # bytes of a metadata record that are read
_RUNS = frozenset({"run", "discovered-in-run"})  # numbers of another archive's runs
UNKNOWN_OUTLET = "unknown"  # of records that do not say for whom they were made


def capture_of(
    answer: Head,
    *,
    url: str,
    captured_at: datetime,
    kind: CaptureKind,
    outlet: str,
    run_id: int | None,
    ref: WarcRef,
    record_type: str,
    truncated: str | None,
    body: BodyFacts,
    failed: bool = False,
) -> Capture:
    """The row of an answer whose record stands at `ref`.

    A page or a listing that came whole, or was cut by our own limit, waits to be read; so does
    one whose body is that of an earlier record, since it may be another page.

    Raises:
        ValueError: where the URL is not a usable one.
    """
    canonical = canonical_url(url)
    fields = {name.lower(): value.decode("latin-1") for name, value in reversed(answer.headers)}
    to_read = kind in _READ and answer.status == 200 and not failed
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
        body_digest=body.digest,
        body_size=body.size,
        redirect_to=fields.get(b"location"),
        truncated=truncated,
        etag=fields.get(b"etag"),
        last_modified=fields.get(b"last-modified"),
        extraction=ExtractionState.PENDING if to_read else ExtractionState.NONE,
    )


@crosses_quickly
@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What one stored answer adds to a catalogue: its capture, and the mention that led to it."""

    capture: Capture
    discovery: Discovery | None = None

    @property
    def found_in_run(self) -> int | None:
        """The run in which the mention was found."""
        if self.discovery is not None and self.discovery.run_id is not None:
            return self.discovery.run_id
        return self.capture.run_id


def rows_of_file(path: Path) -> Iterator[Row]:
    """The rows of all answers in one of our WARC files, read from its records alone.

    Kind, outlet, run and discovery stand in the metadata record beside each answer; where
    there is none, the kind is `other`. Damage is passed over: `archiver check` names it. One
    pass over the file; memory is that of its largest record.
    """
    rows = Rows()
    for record in iter_records(path):
        if isinstance(record, StoredRecord):
            yield from rows.take(record)
    yield from rows.rest()


class Rows:
    """Makes rows of a file's records, given one after the other."""

    def __init__(self) -> None:
        self._answer: StoredRecord | None = None  # whose metadata record is still to come
        self._imported: Imported | None = None

    def take(self, record: StoredRecord) -> list[Row]:
        """The rows that this record completes."""
        done: list[Row] = []
        if record.offset == 0:
            done += self.rest()  # of the file before
            self._imported = Imported.said(record)
        kind = record.type
        if kind in ("response", "revisit"):
            done += self.rest()
            self._answer = record
        elif kind == "metadata" and self._answer is not None and describes(record, self._answer):
            done += self._completed(dict(parse_warc_fields(record.block[:MAX_FIELDS])))
        return done

    def rest(self) -> list[Row]:
        """The row of an answer that no metadata record followed, at the file's end."""
        return self._completed({})

    def _completed(self, said: Mapping[str, str]) -> list[Row]:
        answer, self._answer = self._answer, None
        row = None if answer is None else _stored_row(answer, said, self._imported)
        return [] if row is None else [row]


def describes(record: StoredRecord, answer: StoredRecord) -> bool:
    """Whether a metadata record is that of an answer."""
    return record.header("WARC-Concurrent-To") == answer.record_id


def _stored_row(
    record: StoredRecord, said: Mapping[str, str], imported: Imported | None
) -> Row | None:
    """The row of one stored answer; None where it is no HTTP, or its header is unusable."""
    date = record.date
    if not record.is_http or date is None or record.record_id is None:
        return None
    if imported is not None:
        said = _as_ours(record, said, imported)
    run = said.get("run", "")
    revisit = record.type == "revisit"
    body = BodyFacts.said(said) if revisit or imported is None else BodyFacts()
    try:
        if not revisit and body.digest is None:
            body = body_facts(record.http(), stated_digest(record))
        capture = capture_of(
            record.http_head(),
            url=record.target_uri or "",
            captured_at=date,
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
            truncated=None if revisit else record.header("WARC-Truncated"),
            body=body,
            failed="error" in said,
        )
    except (WireError, ValueError):
        return None
    return Row(capture=capture, discovery=_discovery(said))


def _as_ours(
    record: StoredRecord, said: Mapping[str, str], imported: Imported
) -> Mapping[str, str]:
    """What the metadata record would say, had this archive made it: outlet, kind, no run of its."""
    own = {name: text for name, text in said.items() if name not in _RUNS}
    found = imported.outlet_of(record.target_uri or "")
    if found is not None and (imported.outlet is not None or "outlet" not in own):
        own["outlet"] = found
    if own.get("kind") not in _KINDS:
        try:
            fields = record.http_head().headers
        except WireError:
            return own
        stated = next((v for k, v in fields if k.lower() == b"content-type"), None)
        own["kind"] = str(kind_of(mime_of(stated)))
    return own


def stated_digest(record: StoredRecord) -> str | None:
    """The payload's digest as its record says it, for bodies without any coding.

    Of one that came in chunks some tools give the digest with the chunks, so that it is made anew;
    so is one of another kind than ours. Whether it is true is a matter of `archiver check`.
    """
    digest = record.header("WARC-Payload-Digest") or ""
    coded = any(name.lower() == b"transfer-encoding" for name, _ in record.http_head().headers)
    if coded or record.header("WARC-Segment-Number") or not SHA1.fullmatch(digest):
        return None
    return digest


def _discovery(said: Mapping[str, str]) -> Discovery | None:
    """The mention that led to a capture, as its metadata record keeps it; None without one."""
    try:
        return Discovery(
            url=said["discovered-url"],
            outlet=said["outlet"],
            via=SourceKind(said["discovered-through"]),
            source_url=said["via"],
            found_at=datetime.fromisoformat(said["discovered-at"]),
            guid=said.get("source-guid"),
            title=said.get("source-title"),
            published_raw=said.get("source-published"),
            published=_moment(said.get("published")),
            modified=_moment(said.get("modified")),
            link=said.get("source-link"),
            run_id=int(run) if (run := said.get("discovered-in-run", "")).isdecimal() else None,
        )
    except (KeyError, ValueError):
        return None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def original_of(catalogue: Catalogue, revisit: StoredRecord) -> Capture | None:
    """The response that a revisit names (WARC 1.1, section 6.7); None where it is not known.

    By URL and moment, or, of a record that gives no moment, by URL and payload digest.
    """
    try:
        url = canonical_url(revisit.header("WARC-Refers-To-Target-URI") or revisit.target_uri or "")
    except ValueError:
        return None
    at = parse_warc_date(revisit.header("WARC-Refers-To-Date") or "")
    if at is not None:
        return catalogue.refers_to(url, at)
    digest = revisit.header("WARC-Payload-Digest") or ""
    return catalogue.originals([(url, digest)], redacted=True).get((url, digest))
