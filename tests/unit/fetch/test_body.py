"""What is known of a body: told beside it when it is kept, made anew where nothing is told."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from support.exchanges import PAGE, answer, exchange, odd_exchanges

from archiver.fetch.body import BodyFacts, body_facts
from archiver.fetch.examine import examine
from archiver.fetch.imported import Imported
from archiver.fetch.index import rows_of_file
from archiver.fetch.purpose import Purpose
from archiver.fetch.recorder import Recorder
from archiver.model import Capture, CaptureKind
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.compress import compress_member
from archiver.warc.fields import labelled_digest, parse_warc_fields, warc_fields
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import (
    FIELDS,
    RECORD_END,
    WarcInfo,
    exchange_records,
    new_record_id,
    record_head,
)
from archiver.warc.writer import WarcWriter
from archiver.wire.exchange import Exchange

CODED = exchange(answer(gzip.compress(PAGE, mtime=0), b"Content-Encoding: gzip"))
TOLD = {"body-digest": "sha1:" + "A" * 32, "body-size": "7"}
MADE = body_facts(CODED)


def kept_in(folder: Path, kept: Exchange, said: dict[str, str]) -> Path:
    writer = WarcWriter(folder, prefix="t", info=WarcInfo(software="test"))
    writer.append(exchange_records(kept, metadata=list(said.items())))
    writer.close()
    (path,) = folder.glob("*.warc.gz")
    return path


def row_of(path: Path) -> Capture | None:
    """The row that is made of a file's records alone, if any is."""
    return next((row.capture for row in rows_of_file(path)), None)


def faults_of(path: Path) -> list[str]:
    return [finding.what for finding in examine(path).found]


def imported(path: Path) -> Path:
    """The same records behind one that says that they are another archive's."""
    whose = Imported(name="old.warc.gz", sha256="0" * 64, size=9, outlet="lantern")
    block = warc_fields(whose.fields())
    digest = labelled_digest(block)
    said = [("WARC-Record-ID", new_record_id()), ("WARC-Date", "2026-01-01T00:00:00Z")]
    head = record_head("warcinfo", FIELDS, block, [*said, ("WARC-Block-Digest", digest)])
    answered = next(one.offset for one in iter_records(path) if one.offset)
    theirs = path.with_name("imported.warc.gz")
    theirs.write_bytes(compress_member(head + block + RECORD_END) + path.read_bytes()[answered:])
    return theirs


def test_what_is_told_is_not_made_anew(tmp_path: Path) -> None:
    row = row_of(kept_in(tmp_path, CODED, TOLD))
    assert row is not None
    assert (row.body_digest, row.body_size) == (TOLD["body-digest"], 7)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"body-digest": TOLD["body-digest"]},
        {"body-size": "7"},
        TOLD | {"body-digest": "md5:" + "A" * 32},
        TOLD | {"body-digest": "sha1:" + "a" * 32},
        TOLD | {"body-size": "-7"},
        TOLD | {"body-size": "7" * 19},
        TOLD | {"body-size": "\u0667"},
    ],
)
def test_what_is_told_in_no_way_of_ours_is_made_anew(tmp_path: Path, said: dict[str, str]) -> None:
    row = row_of(kept_in(tmp_path, CODED, said))
    assert row is not None
    assert (row.body_digest, row.body_size) == (MADE.digest, MADE.size)


def test_what_another_archive_told_is_made_anew(tmp_path: Path) -> None:
    row = row_of(imported(kept_in(tmp_path, CODED, TOLD)))
    assert row is not None
    assert (row.body_digest, row.outlet) == (MADE.digest, "lantern")


@pytest.mark.parametrize("name", odd_exchanges())
def test_what_would_be_told_is_what_would_be_made(tmp_path: Path, name: str) -> None:
    kept = odd_exchanges()[name]
    facts = body_facts(kept)
    told = row_of(kept_in(tmp_path / "told", kept, dict(facts.fields())))
    made = row_of(kept_in(tmp_path / "made", kept, {}))
    assert (told is None) == (made is None)
    if told is not None and made is not None:
        assert (told.body_digest, told.body_size) == (facts.digest, facts.size)
        assert replace(told, warc=made.warc) == made


@pytest.mark.parametrize("name", odd_exchanges())
def test_what_is_told_is_found_true(tmp_path: Path, name: str) -> None:
    kept = odd_exchanges()[name]
    assert faults_of(kept_in(tmp_path, kept, dict(body_facts(kept).fields()))) == []


@pytest.mark.parametrize("kept", [CODED, exchange(answer(PAGE))])
@pytest.mark.parametrize("wrong", ["body-digest", "body-size"])
def test_what_is_told_and_not_true_is_found(tmp_path: Path, kept: Exchange, wrong: str) -> None:
    said = dict(body_facts(kept).fields()) | {wrong: TOLD[wrong]}
    path = kept_in(tmp_path, kept, said)
    told = f"body-digest {said['body-digest']} and body-size {said['body-size']}"
    assert faults_of(path) == [f"{told} are not those of the decoded body"]
    assert examine(path).intact == len(list(iter_records(path)))


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (CODED, {}),
        (exchange(answer(b"no gzip at all", b"Content-Encoding: gzip")), TOLD),
    ],
)
def test_what_cannot_be_compared_is_no_fault(
    tmp_path: Path, kept: Exchange, said: dict[str, str]
) -> None:
    assert faults_of(kept_in(tmp_path, kept, said)) == []


def test_what_another_archive_told_is_no_fault(tmp_path: Path) -> None:
    assert faults_of(imported(kept_in(tmp_path, CODED, TOLD))) == []


def test_what_is_told_of_another_record_is_no_fault(tmp_path: Path) -> None:
    other, path = (kept_in(tmp_path / name, CODED, TOLD) for name in ("other", "own"))
    (*_, theirs), (*_, own) = iter_records(other), iter_records(path)
    path.write_bytes(path.read_bytes()[: own.offset] + other.read_bytes()[theirs.offset :])
    assert not any("decoded" in what for what in faults_of(path))


def test_an_answer_that_is_none_any_more_is_a_fault_of_its_own(tmp_path: Path) -> None:
    plain = tmp_path / "plain.warc"
    whole = gzip.decompress(kept_in(tmp_path, CODED, TOLD).read_bytes())
    plain.write_bytes(whole.replace(b"HTTP/1.1 200", b"JUNK/1.1 200"))
    (fault,) = faults_of(plain)
    assert fault.startswith("WARC-Block-Digest")


def test_faults_are_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = kept_in(tmp_path, CODED, TOLD)
    path.write_bytes(path.read_bytes() + b"junk")
    told, junk = examine(path).found
    assert "decoded" in told.what
    assert "decoded" not in junk.what


def test_a_crawl_tells_what_a_body_is(tmp_path: Path) -> None:
    async def crawl(catalogue: Catalogue) -> Capture | None:
        recorder = Recorder(
            writer=WarcWriter(tmp_path, prefix="t", info=WarcInfo(software="test")),
            catalogue=catalogue,
            warcs=Warcs(tmp_path, catalogue.file),
            outlet="lantern",
            run_id=1,
        )
        capture = await recorder.keep(CODED, Purpose(kind=CaptureKind.PAGE))
        await recorder.close()
        return capture

    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as catalogue:
        capture = asyncio.run(crawl(catalogue))
    assert capture is not None
    (path,) = tmp_path.glob("*.warc.gz")
    *_, beside = iter_records(path)
    assert isinstance(beside, StoredRecord)
    said = BodyFacts.said(dict(parse_warc_fields(bytes(beside.block))))
    assert said == MADE == BodyFacts(digest=capture.body_digest, size=capture.body_size)


def test_nothing_is_told_of_what_cannot_be_decoded() -> None:
    broken = exchange(answer(b"no gzip at all", b"Content-Encoding: gzip"))
    assert body_facts(broken) == BodyFacts()
    assert dict(BodyFacts().fields()) == {}
