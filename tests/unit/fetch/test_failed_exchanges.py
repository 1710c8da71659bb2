"""What the archive keeps of exchanges that failed, and what its indexes make of that: nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.exchanges import answer, exchange, odd_exchanges

from archiver.fetch.audit import Audit
from archiver.fetch.index import rows_of_file
from archiver.fetch.purpose import Purpose
from archiver.fetch.recorder import Recorder
from archiver.fetch.reindex import reindex
from archiver.model import Capture, CaptureKind
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.fields import parse_warc_fields
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import WarcInfo
from archiver.warc.writer import WarcWriter

GOOD = exchange(answer(), url="https://news.example/good")
FAILED = [odd_exchanges()[name] for name in ("unsent", "nothing", "no-http")]


@pytest.fixture
def kept(tmp_path: Path) -> list[Capture | None]:
    """A failure, a good answer, two failures: one WARC."""
    catalogue = Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True)
    exchanges = [FAILED[0], GOOD, *FAILED[1:]]

    async def crawl() -> list[Capture | None]:
        recorder = Recorder(
            writer=WarcWriter(
                tmp_path,
                prefix="t",
                info=WarcInfo(software="test"),
                on_close=lambda name, size, sha256: catalogue.close_file(
                    name, at=GOOD.started, size=size, sha256=f"sha256:{sha256}"
                ),
            ),
            catalogue=catalogue,
            warcs=Warcs(tmp_path, catalogue.file),
            outlet="lantern",
            run_id=1,
        )
        purpose = Purpose(kind=CaptureKind.PAGE)
        made = [await recorder.keep(one, purpose) for one in exchanges]
        await recorder.close()
        return made

    with catalogue:
        return asyncio.run(crawl())


def test_only_answers_are_captures(kept: list[Capture | None]) -> None:
    assert [capture and capture.status for capture in kept] == [None, 200, None, None]


def test_failures_say_for_whom_and_why(tmp_path: Path, kept: list[Capture | None]) -> None:
    (path,) = tmp_path.glob("*.warc.gz")
    said = {
        record.target_uri: dict(parse_warc_fields(record.block))
        for record in iter_records(path)
        if isinstance(record, StoredRecord)
        and record.header("Content-Type") == "application/warc-fields"
    }
    for failed in FAILED:
        fields = said[failed.url]
        assert (fields["error"], fields["kind"], fields["outlet"]) == (
            failed.error,
            "page",
            "lantern",
        )
    assert "error" not in said[GOOD.url]


def test_indexes_pass_over_failures(tmp_path: Path, kept: list[Capture | None]) -> None:
    (path,) = tmp_path.glob("*.warc.gz")
    assert [row.capture for row in rows_of_file(path)] == [kept[1]]
    with Catalogue.open(f"sqlite:///{tmp_path}/new.sqlite", create=True) as catalogue:
        (indexed,) = reindex(tmp_path, catalogue, sidecars=True)
        assert (indexed.captures, indexed.sidecar, indexed.damage) == (1, None, ())
        assert Audit(Warcs(tmp_path, catalogue.file), catalogue).file(path) == []
