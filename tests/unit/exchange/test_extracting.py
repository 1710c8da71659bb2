"""Imported pages become articles: revisits too, but not what may not be taken or shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.exchanges import answer
from support.redactions import redact
from support.replay_site import Archive, day

from archiver.exchange.extracting import PageExtractor
from archiver.extract.worker import ExtractionPool
from archiver.model import ExtractionState

STORY = "https://news.example/world/story-of-rain"
PAGE = """<!doctype html><html lang=en><head><title>{0}</title>
<meta property=og:type content=article></head><body><article><h1>{0}</h1>
<p>{1} The ministry said on Tuesday that rivers would rise in all of the northern valleys.</p>
<p>People were asked to stay at home, and schools in four towns will be closed tomorrow.</p>
<p>It is the third storm of this spring, and the strongest since records began in 1911.</p>
</article></body></html>"""
PENDING = ExtractionState.PENDING


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractionPool]:
    with ExtractionPool(workers=1, timeout=60) as made:
        yield made


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.close()


def run(archive: Archive, pool: ExtractionPool, *, obey: bool = False) -> Counter[str]:
    extractor = PageExtractor(archive.catalogue, archive.reading, pool, {}, obey=obey)
    name = archive.writer.name
    assert name
    return extractor.run(name)


def test_pages_become_articles_and_revisions(archive: Archive, pool: ExtractionPool) -> None:
    first = archive.keep(STORY, day(1), PAGE.format("Rain", "More rain."), extraction=PENDING)
    archive.keep(
        STORY, day(2), PAGE.format("Rain", "More rain."), refers_to=first, extraction=PENDING
    )
    archive.keep(STORY, day(3), PAGE.format("Snow", "Much snow."), extraction=PENDING)
    archive.keep(STORY + "-pdf", day(3), "no words", extraction=PENDING)
    archive.keep(STORY + "-other", day(3), PAGE.format("Not", "Asked for."))
    found = run(archive, pool)
    failed = found - Counter({"new": 1, "unchanged": 1, "changed": 1})
    assert failed.total() == 1
    revisions = archive.catalogue.get_article(STORY)
    assert [one.article.title for one in revisions] == ["Rain", "Snow"]
    assert revisions[1].changes
    assert revisions[0].article.warc == first.warc
    assert archive.catalogue.get_article(STORY + "-other") == []
    states = {one.extraction for one in archive.catalogue.captures_of(STORY)}
    assert states == {ExtractionState.DONE}
    assert run(archive, pool) == {}  # nothing waits any more


def test_what_is_redacted_or_reserved_is_no_article(archive: Archive, pool: ExtractionPool) -> None:
    page = PAGE.format("Rain", "More rain.")
    archive.keep(STORY, day(1), page, extraction=PENDING)
    reserved = answer(page.encode(), b"TDM-Reservation: 1")
    archive.keep(STORY + "-reserved", day(1), reserved, extraction=PENDING)
    redact(archive.catalogue, archive.warcs, STORY)
    assert run(archive, pool, obey=True) == {"tdm-reserved": 1}
    assert archive.catalogue.article_list("site-news") == []


def test_a_page_that_cannot_be_read_costs_itself(archive: Archive, pool: ExtractionPool) -> None:
    broken = archive.keep(STORY, day(1), PAGE.format("Rain", "x"), extraction=PENDING)
    archive.keep(STORY + "-2", day(2), PAGE.format("Snow", "Much snow."), extraction=PENDING)
    [path] = archive.warcs.glob("*.open")
    data = bytearray(path.read_bytes())
    data[broken.warc.offset + 30] ^= 0xFF
    path.write_bytes(data)
    assert run(archive, pool) == {"unreadable": 1, "new": 1}
    [failed] = archive.catalogue.captures_of(STORY)
    assert failed.extraction is ExtractionState.FAILED
