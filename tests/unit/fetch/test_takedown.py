"""Redactions and the files of an archive: indexes beside WARCs, check, repair, reindex."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.exchanges import STARTED, answer, exchange
from support.redactions import redact, second

from archiver.errors import ArchiverError, UsageError
from archiver.fetch import redacted, takedown
from archiver.fetch.audit import Audit
from archiver.fetch.recovery import finish_left_files
from archiver.fetch.redacted import FreshVeil
from archiver.fetch.reindex import reindex
from archiver.fetch.takedown import Takedown
from archiver.store.catalogue import Catalogue
from archiver.store.tombstones import file_beside
from archiver.store.warcs import Warcs
from archiver.warc.names import JOURNAL, OPEN, SIDECAR, beside
from archiver.warc.record import WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

URL, OTHER = "https://news.example/a", "https://news.example/b"


def audit_of(folder: Path, catalogue: Catalogue) -> Audit:
    return Audit(Warcs(folder, catalogue.file), catalogue)


def write(folder: Path, catalogue: Catalogue) -> Path:
    """A closed WARC of two pages, captured in two minutes each."""
    with WarcWriter(folder, prefix="t", info=WarcInfo(software="test")) as writer:
        for minute in (0, 1):
            for url in (URL, OTHER):
                taken = exchange(answer(), url=url, started=STARTED + timedelta(minutes=minute))
                said = [("kind", "page"), ("outlet", "lantern"), ("run", "1")]
                writer.append(exchange_records(taken, metadata=said))
        name = writer.name
    list(reindex(folder, catalogue, sidecars=True))
    assert name
    return folder / name


def listed(path: Path) -> list[str]:
    return beside(path, SIDECAR).read_text("utf-8").splitlines()


def names(catalogue: Catalogue, folder: Path) -> list[str]:
    audit = audit_of(folder, catalogue)
    found = [fault.name for path in sorted(folder.glob("*.warc.gz")) for fault in audit.file(path)]
    return found + [fault.name for fault in audit.folder()]


def test_the_index_beside_a_warc_lists_only_what_may_be_shown(
    catalogue: Catalogue, folder: Path
) -> None:
    path = write(folder, catalogue)
    whole, bytes_before = listed(path), path.read_bytes()
    made = redact(catalogue, folder, URL)
    assert listed(path) == [line for line in whole if OTHER in line]
    assert names(catalogue, folder) == []  # the line that is missing is a redaction
    assert [found.sidecar for found in reindex(folder, catalogue, sidecars=True)] == [None]
    assert len(listed(path)) == 2
    Takedown(catalogue, folder).lift(made.id, by="x", reason="y")
    assert listed(path) == whole
    redact(catalogue, folder, URL, moment=second(STARTED))
    assert listed(path) == [line for line in whole if line != whole[0]]
    assert path.read_bytes() == bytes_before


def test_an_index_that_lists_what_is_redacted_is_found_and_mended(
    catalogue: Catalogue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(folder, catalogue)

    def crash(*_: object, **__: object) -> bool:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(takedown, "veil_sidecar", crash)
        with pytest.raises(ArchiverError, match="redacted all the same"):
            redact(catalogue, folder, URL)
    assert catalogue.captures_of(URL) == []
    [finding] = [one for found in audit_of(folder, catalogue).files([path]) for one in found.found]
    assert (finding.name, "redacted" in finding.what) == ("sidecar-wrong", True)
    list(reindex(folder, catalogue, sidecars=True))
    assert len(listed(path)) == 2
    assert names(catalogue, folder) == []


def test_what_a_crash_left_open_gets_an_index_without_what_is_redacted(
    catalogue: Catalogue, folder: Path
) -> None:
    path = write(folder, catalogue)
    redact(catalogue, folder, URL)
    path.rename(beside(path, OPEN))
    beside(path, SIDECAR).unlink()
    beside(path, JOURNAL).write_bytes(b"")
    finish_left_files(folder, catalogue)
    assert len(listed(path)) == 2
    assert not any(URL in line for line in listed(path))


def test_an_account_that_differs_from_the_catalogue_is_found(
    catalogue: Catalogue, folder: Path
) -> None:
    write(folder, catalogue)
    redact(catalogue, folder, URL)
    account = file_beside(folder)
    whole = account.read_text("utf-8")
    account.unlink()
    assert names(catalogue, folder) == ["redactions-differ"]
    account.write_text(whole + whole.replace('"id": "', '"id": "0'), "utf-8")
    assert names(catalogue, folder) == ["redactions-differ"]
    account.write_text("nonsense\n", "utf-8")
    assert names(catalogue, folder) == ["redactions-differ"]


def test_a_redaction_that_is_in_force_is_found_by_what_it_hides(
    catalogue: Catalogue, folder: Path
) -> None:
    taking = Takedown(catalogue, folder)
    made = redact(catalogue, folder, URL)
    again = taking.plan(URL, by="x", reason="y")
    assert taking.in_force(again) == made
    assert taking.in_force(taking.plan(URL, by="x", reason="y", prefix=True)) is None
    taking.lift(made.id[:6], by="x", reason="y")
    assert taking.in_force(again) is None
    for wrong in (made.id, "none"):
        with pytest.raises(UsageError, match="redaction"):
            taking.lift(wrong, by="x", reason="y")


def test_a_crawl_reads_redactions_anew_from_time_to_time(
    catalogue: Catalogue, folder: Path
) -> None:
    now = 0.0
    veil = FreshVeil(catalogue, clock=lambda: now)
    assert veil.now().of_url(URL) is None
    redact(catalogue, folder, URL)
    now += redacted._FRESH / 2
    assert veil.now().of_url(URL) is None
    now += redacted._FRESH / 2
    assert veil.now().of_url(URL) is not None
