"""Taking redacted payloads out of WARC files: each is replaced by a new one, or stays as it is.

The new file is made aside and checked. Then a note of what is to be done is made durable, and
only then come the new file's name, the catalogue's rows in one transaction, the archive's own
account, and the old file's end. What a crash leaves, `settle` ends: forward where the catalogue
has the new file, else back.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.errors import ArchiverError, LockedError, WarcError, disk_error
from archiver.fetch.index import original_of
from archiver.fetch.settling import (
    ASIDE,
    Intent,
    end,
    end_left,
    held,
    publish,
    write_note,
)
from archiver.fetch.shown import shown_lines
from archiver.model import WarcRef, utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.files import WarcFile
from archiver.store.veil import Redaction
from archiver.urls import canonical_url
from archiver.warc.cdxj import file_lines, write_sidecar
from archiver.warc.check import check_file
from archiver.warc.names import make_folder
from archiver.warc.reader import StoredRecord, read_record
from archiver.warc.rewrite import Why, holds_payload, rewrite_file

_UNIQUE = re.compile(r"-[0-9a-f]{8}(?=\.warc\.gz$)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came, or would come, of one file that holds redacted records; or why it stays.

    `redactions`: ids; `copy_url`: where a copy of the old file still stands.
    """

    file: str
    records: int
    redactions: tuple[str, ...]
    new: str | None = None
    copy_url: str | None = None
    kept_because: str | None = None


class Rewriter:
    """Rewrites the files of one archive. One at a time, and none while files are shipped.

    Args:
        folder: of the WARC files.
        catalogue: the open catalogue.
        by: who does it.
        keep: whether old files are set aside, and not deleted.
    """

    def __init__(self, folder: Path, catalogue: Catalogue, *, by: str, keep: bool) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._by = by
        self._keep = keep
        self._veil = catalogue.veil()
        self._hidden: dict[str, Redaction] = {}  # of the file that is looked at, by record id
        self._digests: set[str] = set()  # of their payloads

    def run(self, *, trial: bool) -> Iterator[Outcome]:
        """Each file that holds what is redacted, and what came of it; a trial writes nothing.

        Raises:
            DiskFullError, WarcError, CatalogueError: it could not be done; that file is as it was.
        """
        in_force = [one for one in self._catalogue.redactions() if one.lifted is None]
        names = {name for one in in_force for name in self._catalogue.reach(one).files}
        known = [file for name in sorted(names) if (file := self._catalogue.file(name))]
        if trial:
            yield from (self._look(file) for file in known)
            return
        aside = self._folder / ASIDE
        make_folder(aside)
        with held(aside) as alone:
            if not alone:
                raise LockedError("another process writes files anew", thing=str(aside))
            end_left(self._folder, self._catalogue)
            for file in known:
                found = self._look(file)
                if found.kept_because is None and self._hidden:
                    found = replace(found, new=self._replace(file))
                yield found

    def _look(self, known: WarcFile) -> Outcome:
        """What is to go from a file, and whether it can."""
        path = self._folder / known.name
        self._hidden, self._digests = {}, set()
        stays = _unfit(path, known)
        if stays is None:
            try:
                damage = check_file(path, visit=self._note)
            except WarcError as error:
                stays = str(error)
            else:
                stays = f"is damaged at {damage[0].offset}: see archiver check" if damage else None
        return Outcome(
            file=known.name,
            records=len(self._hidden),
            redactions=self._ids(),
            copy_url=known.copy_url,
            kept_because=stays or self._needed(),
        )

    def _ids(self) -> tuple[str, ...]:
        return tuple(sorted({one.id for one in self._hidden.values()}))

    def _note(self, record: StoredRecord) -> None:
        found = self._hiding(record) if holds_payload(record) else None
        if found is not None and record.record_id is not None:
            self._hidden[record.record_id] = found
            if record.type == "response" and (digest := record.header("WARC-Payload-Digest")):
                self._digests.add(digest)

    def _hiding(self, record: StoredRecord) -> Redaction | None:
        try:
            url = canonical_url(record.target_uri or "")
        except ValueError:
            return None
        return self._veil.of(url, record.date, record.header("WARC-Payload-Digest"))

    def _needed(self) -> str | None:
        """Whether a capture that is shown takes its payload from one of these records."""
        for revisit in self._catalogue.revisits_of(self._digests):
            if self._veil.of_capture(revisit) is None and self._stands_for_hidden(revisit.warc):
                return (
                    f"{revisit.url}, captured {revisit.captured_at:%Y-%m-%d %H:%M:%S}, has the same"
                    " bytes and takes them from here: redact those too (--payload), or lift"
                )
        return None

    def _stands_for_hidden(self, revisit: WarcRef) -> bool:
        path = self._folder / revisit.file
        if not path.exists():
            return True  # it cannot be asked, so that nothing is taken from it
        record = read_record(path, revisit.offset)
        original = original_of(self._catalogue, record)
        ids = {record.header("WARC-Refers-To"), original.warc.record_id if original else None}
        return not ids.isdisjoint(self._hidden)

    def _replace(self, known: WarcFile) -> str:
        aside, new = self._folder / ASIDE, _new_name(known.name)
        path = self._folder / known.name
        sha256 = _sha256(path)
        done = rewrite_file(path, aside / new, sha256=sha256, why=self._why, at=utcnow())
        damage = check_file(aside / new)
        if damage:
            raise WarcError(f"was not written whole ({damage[0].what})", thing=str(aside / new))
        intent = Intent(
            old=known.name,
            old_sha256=sha256,
            new=new,
            new_sha256=done.sha256,
            redactions=self._ids(),
            by=self._by,
            keep=self._keep,
            copy_url=known.copy_url,
        )
        places = {one.old: None if one.gone else (one.new, one.length) for one in done.moved}
        try:
            write_sidecar(aside / new, shown_lines(file_lines(aside / new), self._veil))
            write_note(aside, intent)
            publish(self._folder, new)
            self._catalogue.replace_file(
                known.name, new, size=done.size, sha256=done.sha256, places=places
            )
            end(self._folder, self._catalogue, intent)
        except (ArchiverError, OSError) as error:
            with suppress(ArchiverError, OSError):  # else the next crawl or repair does it
                end_left(self._folder, self._catalogue)
            if isinstance(error, OSError):
                raise disk_error("put the new file in its place", path, error) from error
            raise
        return new

    def _why(self, record: StoredRecord) -> Why | None:
        one = self._hidden.get(record.record_id or "")
        if one is None:
            return None
        return Why(redaction=one.id, by=one.by, reason=one.reason, made=one.made)


def _unfit(path: Path, known: WarcFile) -> str | None:
    """Why a file cannot be written anew as it is."""
    if not known.closed:
        return "is being written: again when it is closed"
    if not path.exists():
        where = f"only in the store ({known.copy_url})" if known.copy_url else "not here"
        return f"not rewritten: fetch first; it stands {where}"
    if known.sha256 is not None and known.sha256 != f"sha256:{_sha256(path)}":
        return "has not the bytes that were closed: see archiver check"
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _new_name(old: str) -> str:
    """Another name of the same prefix, moment and host."""
    fresh = uuid.uuid4().hex[:8]
    if _UNIQUE.search(old):
        return _UNIQUE.sub(f"-{fresh}", old)
    return f"{old.removesuffix('.warc.gz')}-{fresh}.warc.gz"
