"""What the recorder writes as a revisit, and what a stored record says of itself again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.exchanges import PAGE, STARTED, answer, chunked, exchange
from support.stores import ship

from archiver.fetch.index import original_of, rows_of_file
from archiver.fetch.purpose import Purpose
from archiver.fetch.recorder import Recorder
from archiver.model import Capture, CaptureKind, Discovery, ExtractionState, SourceKind
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.names import resolve
from archiver.warc.reader import StoredRecord, read_record
from archiver.warc.record import WarcInfo
from archiver.warc.writer import WarcWriter
from archiver.wire.exchange import Exchange

FIRST = "https://news.example/first"
SECOND = "https://news.example/second"
SEEN = Discovery(
    url=FIRST,
    outlet="lantern",
    via=SourceKind.FEED,
    source_url="https://news.example/feed.xml",
    found_at=STARTED,
    guid="a-1",
    title="Wolkenbruch",
    published_raw="Mon, 06 May 2024 07:00:00 +0000",
    published=STARTED - timedelta(minutes=8),
    modified=STARTED,
)
ARTICLE = Purpose(kind=CaptureKind.PAGE, discovery=SEEN)


class Crawls:
    """Recorders, one after the other, as the runs of an archive have them."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self.folder = folder
        self.catalogue = catalogue

    def keep(self, *groups: list[Any], revisit_size: int | None = 100) -> list[Capture]:
        """Each group of exchanges at once, in one run; `(exchange, purpose)` where it matters."""

        async def crawl() -> list[Capture]:
            recorder = Recorder(
                writer=WarcWriter(self.folder, prefix="t", info=WarcInfo(software="test")),
                catalogue=self.catalogue,
                warcs=Warcs(self.folder, self.catalogue.file),
                outlet="lantern",
                run_id=1,
                revisit_size=revisit_size,
            )
            kept: list[Capture | None] = []
            try:
                for group in groups:
                    pairs = [one if isinstance(one, tuple) else (one, ARTICLE) for one in group]
                    last = len(pairs) - 1
                    kept += await asyncio.gather(
                        *(recorder.keep(*pair, more=n < last) for n, pair in enumerate(pairs))
                    )
            finally:
                await recorder.close()
            return [capture for capture in kept if capture]

        return asyncio.run(crawl())

    def record(self, capture: Capture) -> StoredRecord:
        return read_record(resolve(self.folder, capture.warc.file), capture.warc.offset)


@pytest.fixture
def crawls(tmp_path: Path, catalogue: Catalogue) -> Crawls:
    return Crawls(tmp_path / "warc", catalogue)


def page(url: str, minute: int, body: bytes = PAGE, *fields: bytes, **more: Any) -> Exchange:
    return exchange(
        answer(body, *fields), url=url, started=STARTED + timedelta(minutes=minute), **more
    )


def test_a_known_payload_is_a_revisit_of_the_first_response(crawls: Crawls) -> None:
    kept = crawls.keep([page(FIRST, 0)], [page(SECOND, 1)], [page(SECOND, 2)])
    kept += crawls.keep([page(FIRST, 3, PAGE, b"Server: other")])
    assert [one.record_type for one in kept] == ["response", *["revisit"] * 3]
    for revisit in map(crawls.record, kept[1:]):
        assert revisit.header("WARC-Refers-To") == kept[0].warc.record_id
        assert revisit.header("WARC-Refers-To-Target-URI") == FIRST
        assert original_of(crawls.catalogue, revisit) == crawls.catalogue.captures_of(FIRST)[0]
    assert b"Server: other" in crawls.record(kept[3]).block  # each keeps its own head


def test_a_revisit_is_a_page_as_any_other(crawls: Crawls) -> None:
    first, again = crawls.keep([page(FIRST, 0)], [page(SECOND, 1)])
    assert again.extraction is ExtractionState.PENDING
    assert (again.body_size, again.body_digest) == (first.body_size, first.body_digest)
    assert crawls.catalogue.unfetched("lantern", [SECOND]) == set()
    assert crawls.catalogue.latest_capture(SECOND) == again


def test_the_same_url_goes_before_another(crawls: Crawls) -> None:
    kept = crawls.keep([page(FIRST, 0), page(SECOND, 1)], [page(SECOND, 2)])
    assert [one.record_type for one in kept] == ["response", "response", "revisit"]
    assert crawls.record(kept[2]).header("WARC-Refers-To") == kept[1].warc.record_id


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (page(FIRST, 0), page(FIRST, 1, PAGE + b" changed")),
        (page(FIRST, 0, b"small"), page(FIRST, 1, b"small")),
        (page(FIRST, 0), page(FIRST, 1, truncated="length")),
        (page(FIRST, 0), page(FIRST, 1, error="dataloss")),
        (page(FIRST, 0, truncated="length"), page(FIRST, 1)),
        (page(FIRST, 0), exchange(answer(status=b"404 Not Found"), url=FIRST)),
        (
            exchange(answer(status=b"404 Not Found"), url=FIRST),
            exchange(answer(status=b"404 Not Found"), url=FIRST, ip="192.0.2.8"),
        ),
    ],
    ids=["another", "small", "cut", "failed", "of-a-cut-one", "as-an-error", "an-error-page"],
)
def test_what_is_kept_whole(crawls: Crawls, first: Exchange, again: Exchange) -> None:
    kept = crawls.keep([first], [again])
    assert [one.record_type for one in kept] == ["response", "response"]


def test_it_can_be_switched_off(crawls: Crawls) -> None:
    kept = crawls.keep([page(FIRST, 0)], [page(FIRST, 1)], revisit_size=None)
    kept += crawls.keep([page(FIRST, 2)], revisit_size=10**9)
    assert {one.record_type for one in kept} == {"response"}


def test_nothing_points_at_what_is_not_durable_yet(crawls: Crawls) -> None:
    """Many at once, of one payload: each revisit's original was catalogued before it."""
    kept = crawls.keep([page(f"{FIRST}-{number}", number) for number in range(40)])
    responses = {one.warc.record_id: one for one in kept if one.record_type == "response"}
    revisits = [one for one in kept if one.record_type == "revisit"]
    assert responses
    for revisit in map(crawls.record, revisits):
        assert revisit.header("WARC-Refers-To") in responses


def test_nothing_points_at_a_file_that_is_gone(crawls: Crawls) -> None:
    first = crawls.keep([page(FIRST, 0)])
    (crawls.folder / first[0].warc.file).unlink()
    assert crawls.keep([page(FIRST, 1)])[0].record_type == "response"


def test_what_is_in_a_store_is_pointed_at_and_the_store_not_asked(
    crawls: Crawls, tmp_path: Path
) -> None:
    first = crawls.keep([page(FIRST, 0)])
    ship(crawls.folder / first[0].warc.file, tmp_path / "store", crawls.catalogue)
    (tmp_path / "store").rename(tmp_path / "away")
    assert crawls.keep([page(FIRST, 1)])[0].record_type == "revisit"


def test_a_catalogue_that_cannot_be_asked_costs_nothing(
    crawls: Crawls, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawls.keep([page(FIRST, 0)])

    def broken(*_: object) -> None:
        raise OSError("no room for a temporary file")

    monkeypatch.setattr(crawls.catalogue, "originals", broken)
    assert crawls.keep([page(FIRST, 1)])[0].record_type == "response"


def test_a_304_after_a_revisit_points_at_the_response(crawls: Crawls) -> None:
    crawls.keep([page(FIRST, 0)], [page(SECOND, 1, PAGE, b'ETag: "2"')])
    base = crawls.catalogue.latest_capture(SECOND)
    assert base is not None
    assert base.record_type == "revisit"
    unchanged = exchange(
        b"HTTP/1.1 304 Not Modified\r\n\r\n", url=SECOND, started=STARTED + timedelta(minutes=2)
    )
    (kept,) = crawls.keep([(unchanged, Purpose(kind=CaptureKind.PAGE, base=base))])
    record = crawls.record(kept)
    assert record.type == "revisit"
    assert record.header("WARC-Refers-To-Target-URI") == FIRST
    assert original_of(crawls.catalogue, record) is not None


def test_rows_made_anew_are_the_same(crawls: Crawls) -> None:
    te = b"Transfer-Encoding: chunked"
    kept = crawls.keep(
        [page(FIRST, 0)],
        [page(SECOND, 1)],
        [exchange(answer(chunked(PAGE), te, length=False), url=f"{FIRST}?c", started=STARTED)],
        [page(FIRST, 4, PAGE, truncated="length", error="too-large")],
    )
    (path,) = crawls.folder.glob("*.warc.gz")
    rows = list(rows_of_file(path))
    assert [row.capture for row in rows] == kept
    assert {row.discovery for row in rows} == {SEEN}
