"""What `check` finds between files, indexes and catalogue, and what `repair` sets right."""

from __future__ import annotations

import gzip
import uuid
from pathlib import Path

import pytest
from support.exchanges import STARTED
from support.minutes import URL, write

from archiver.fetch.audit import Audit, audit_file
from archiver.fetch.fileindex import index_file
from archiver.fetch.parallel import side_by_side
from archiver.fetch.recovery import finish_left_files
from archiver.fetch.reindex import reindex
from archiver.store import tables as t
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.journal import journal_line
from archiver.warc.names import JOURNAL, OPEN, SIDECAR, TORN, beside
from archiver.warc.record import RefersTo


def audit_of(folder: Path, catalogue: Catalogue) -> Audit:
    return Audit(Warcs(folder, catalogue.file), catalogue)


def names(catalogue: Catalogue, folder: Path) -> list[str]:
    audit = audit_of(folder, catalogue)
    found = [fault.name for path in sorted(folder.glob("*.warc.gz")) for fault in audit.file(path)]
    return found + [fault.name for fault in audit.folder()]


def mend(catalogue: Catalogue, folder: Path) -> None:
    finish_left_files(folder, catalogue)
    list(reindex(folder, catalogue, sidecars=True))


def test_a_whole_archive_has_no_findings(catalogue: Catalogue, folder: Path) -> None:
    path = write(folder, 0, 1)
    assert names(catalogue, folder) == ["file-unknown"]
    mend(catalogue, folder)
    assert names(catalogue, folder) == []
    assert audit_file(path).found == ()


@pytest.mark.parametrize("lines", [None, "", "com,example)/ 20240506000000 {}\n"])
def test_a_sidecar_that_does_not_match(
    catalogue: Catalogue, folder: Path, lines: str | None
) -> None:
    path = write(folder, 0)
    right = beside(path, SIDECAR).read_bytes()
    mend(catalogue, folder)
    beside(path, SIDECAR).unlink()
    if lines is not None:
        beside(path, SIDECAR).write_text(lines, encoding="utf-8")
    assert names(catalogue, folder) == ["sidecar-missing" if lines is None else "sidecar-wrong"]
    mend(catalogue, folder)
    assert beside(path, SIDECAR).read_bytes() == right


def test_a_file_that_is_not_what_was_closed(catalogue: Catalogue, folder: Path) -> None:
    """Even where each record in it is whole and true."""
    path, other = write(folder, 0), write(folder, 1)
    mend(catalogue, folder)
    path.write_bytes(path.read_bytes() + other.read_bytes())
    assert "file-changed" in names(catalogue, folder)


def test_files_that_are_not_there(catalogue: Catalogue, folder: Path) -> None:
    path = write(folder, 0)
    mend(catalogue, folder)
    path.unlink()
    beside(path, SIDECAR).unlink()
    assert names(catalogue, folder) == ["file-gone"]


def test_a_file_that_a_crash_left_open(catalogue: Catalogue, folder: Path) -> None:
    path = write(folder, 0, 1)
    whole = path.read_bytes()
    path.unlink()
    beside(path, OPEN).write_bytes(whole + whole[:100])
    beside(path, JOURNAL).write_bytes(journal_line(len(whole)))
    assert names(catalogue, folder) == ["left-open"]
    mend(catalogue, folder)
    assert names(catalogue, folder) == []
    assert path.read_bytes() == whole
    assert beside(path, TORN).read_bytes() == whole[:100]
    assert len(catalogue.captures_of(URL)) == 2


def test_a_revisit_whose_response_is_gone(catalogue: Catalogue, folder: Path) -> None:
    first = write(folder, 0)
    mend(catalogue, folder)
    original = catalogue.captures_of(URL)[0]
    target = RefersTo(
        record_id=original.warc.record_id,
        target_uri=original.url,
        date=original.captured_at,
        payload_digest=original.warc.payload_digest,
    )
    write(folder, 1, 2, refers_to=target)
    mend(catalogue, folder)
    assert [one.record_type for one in catalogue.captures_of(URL)] == ["response", *["revisit"] * 2]
    assert names(catalogue, folder) == []
    other = t.capture.update().where(t.capture.c.record_type == "response")
    with catalogue._writing() as conn:
        conn.execute(other.values(record_id=f"<urn:uuid:{uuid.UUID(int=1)}>"))
    assert names(catalogue, folder) == ["original-gone"] * 2  # another record stands there
    with catalogue._writing() as conn:
        conn.execute(other.values(record_id=original.warc.record_id))
    assert names(catalogue, folder) == []
    kept = first.read_bytes()
    first.unlink()
    assert names(catalogue, folder).count("original-gone") == 2
    first.write_bytes(kept)
    with catalogue._writing() as conn:
        conn.execute(t.capture.delete().where(t.capture.c.record_type == "response"))
    assert names(catalogue, folder).count("original-gone") == 2


def test_a_closed_file_is_never_changed(catalogue: Catalogue, folder: Path) -> None:
    path = write(folder, 0, 1, 2)
    torn = path.read_bytes()[:-40]
    path.write_bytes(torn)
    found = list(reindex(folder, catalogue, sidecars=True))
    assert [bool(file.damage) for file in found] == [True]
    assert path.read_bytes() == torn
    assert len(catalogue.captures_of(URL)) == 3  # only the last metadata record is lost
    assert "damaged" in names(catalogue, folder)


def test_a_trial_changes_nothing(catalogue: Catalogue, folder: Path) -> None:
    path = write(folder, 0, 1)
    beside(path, SIDECAR).unlink()
    (found,) = reindex(folder, catalogue, sidecars=True, trial=True)
    assert (found.captures, found.known, found.sidecar) == (2, False, "missing")
    assert catalogue.files() == []
    assert not beside(path, SIDECAR).exists()
    (done,) = reindex(folder, catalogue, sidecars=True)
    assert (done.captures, done.sidecar) == (2, "missing")
    (again,) = reindex(folder, catalogue, sidecars=True)
    assert (again.captures, again.discoveries, again.known, again.sidecar) == (0, 0, True, None)


def test_many_files_are_read_side_by_side(folder: Path) -> None:
    paths = sorted(write(folder, minute) for minute in range(7))
    assert [found.place for found in side_by_side(index_file, paths)] == paths


def test_what_was_renamed_but_not_catalogued_is(catalogue: Catalogue, folder: Path) -> None:
    path = write(folder, 0)
    catalogue.open_file(path.name, STARTED)
    assert finish_left_files(folder, catalogue) == []
    assert len(catalogue.captures_of(URL)) == 1
    assert names(catalogue, folder) == []


def test_rows_and_records_that_have_no_counterpart(catalogue: Catalogue, folder: Path) -> None:
    path, other = write(folder, 0, 1, 2), write(folder, 3)
    mend(catalogue, folder)
    path.write_bytes(other.read_bytes())  # records at other offsets, and fewer
    found = audit_of(folder, catalogue).file(path)
    gone = [fault for fault in found if fault.name == "capture-gone"]
    assert len(gone) in (2, 3)  # the first of both files may stand at one offset
    assert "file-changed" in {fault.name for fault in found}
    fresh = write(folder, 4)
    catalogue.close_file(fresh.name, at=STARTED, size=fresh.stat().st_size, sha256=None)
    assert [fault.name for fault in audit_of(folder, catalogue).file(fresh)] == ["capture-unknown"]


def test_a_file_that_cannot_be_read_does_not_end_the_check(
    catalogue: Catalogue, folder: Path
) -> None:
    (folder / "a.warc.gz").write_bytes(gzip.compress(b"filedesc://old.arc 0.0.0.0 2001"))
    beside(write(folder, 0), SIDECAR).unlink()
    checked = list(audit_of(folder, catalogue).files(sorted(folder.glob("*.warc.gz"))))
    assert [[fault.name for fault in one.found] for one in checked] == [
        ["unreadable"],
        ["sidecar-missing", "file-unknown"],
    ]
