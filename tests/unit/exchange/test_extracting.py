"""Imported pages become articles: revisits too, but not what may not be taken or shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.exchanges import answer
from support.redactions import redact
from support.replay_site import Archive, day

from archiver.exchange.extracting import PageExtractor
from archiver.extract.worker import ExtractionPool
from archiver.model import Capture, CaptureKind, ExtractionState, Extractor, Outlet
from archiver.store import tables as t
from archiver.warc.conversion import conversion_records

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
    return extractor_of(archive, pool, obey=obey).run(archive.writer.name or "")


def again(archive: Archive, pool: ExtractionPool, *, failed: bool = False) -> Counter[str]:
    return extractor_of(archive, pool).again(archive.writer.name or "", failed=failed)


def extractor_of(archive: Archive, pool: ExtractionPool, *, obey: bool = False) -> PageExtractor:
    return PageExtractor(archive.catalogue, archive.reading, pool, {}, obey=obey)


def everything(archive: Archive) -> object:
    """All that the catalogue says of articles."""
    with archive.catalogue._reading() as conn:
        return [conn.execute(table.select()).all() for table in (t.article, t.revision, t.change)]


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


def test_all_pages_of_a_file_are_extracted_again_and_that_changes_nothing(
    archive: Archive, pool: ExtractionPool
) -> None:
    first = keep(archive, STORY, 1, PAGE.format("Rain", "More rain."))
    keep(archive, STORY, 2, PAGE.format("Rain", "More rain."), refers_to=first)
    keep(archive, STORY, 3, PAGE.format("Snow", "Much snow."))
    keep(archive, STORY + "-pdf", 3, "no words")
    keep(archive, STORY + "-css", 3, PAGE.format("Not", "A page."), kind="requisite")
    found = run(archive, pool)
    assert (found["new"], found["changed"], found["unchanged"]) == (1, 1, 1)
    before = everything(archive)
    assert again(archive, pool) == {"unchanged": 3, "failed-before": 1}
    assert everything(archive) == before
    assert "failed-before" not in again(archive, pool, failed=True)
    assert everything(archive) == before
    assert {one.extraction for one in archive.catalogue.captures_of(STORY)} == {
        ExtractionState.DONE
    }


def test_what_another_version_made_is_made_anew_in_its_place(
    archive: Archive, pool: ExtractionPool
) -> None:
    keep(archive, STORY, 1, PAGE.format("Rain", "More rain."))
    run(archive, pool)
    [right] = archive.catalogue.get_article(STORY)
    old = replace(right.article, text="of old", extractor=Extractor(name="x", version="0"))
    archive.catalogue.save_article(old)
    assert again(archive, pool) == {"unchanged": 1}
    assert archive.catalogue.get_article(STORY) == [right]


def test_again_leaves_out_what_is_hidden_unknown_or_damaged(
    archive: Archive, pool: ExtractionPool
) -> None:
    page = PAGE.format("Rain", "More rain.")
    keep(archive, STORY, 1, page)
    keep(archive, STORY + "-2", 2, page)
    broken = keep(archive, STORY + "-3", 3, page)
    lost = keep(archive, STORY + "-4", 4, page)
    redact(archive.catalogue, archive.warcs, STORY)
    with archive.catalogue._writing() as conn:
        conn.execute(t.capture.delete().where(t.capture.c.offset == lost.warc.offset))
    [path] = archive.warcs.glob("*.open")
    data = bytearray(path.read_bytes())
    data[broken.warc.offset + 30] ^= 0xFF
    path.write_bytes(data)
    found = again(archive, pool)
    assert found == {"redacted": 1, "new": 1, "damaged": 1, "not-indexed": 1}
    assert archive.catalogue.get_article(STORY + "-2")


def test_the_page_that_a_browser_made_is_what_is_read(
    archive: Archive, pool: ExtractionPool
) -> None:
    capture = keep(archive, STORY, 1, "<script>all of it</script>")
    made = PAGE.format("Rain", "More rain.").encode()
    archive.writer.append(
        conversion_records(
            made,
            url=STORY,
            at=day(1),
            refers_to=capture.warc.record_id,
            content_type="text/html; charset=utf-8",
            metadata=(),
        )
    )
    archive.writer.sync()
    seed = Outlet(id="site-news", name="x", homepage=STORY, sources=(), render=True)
    extractor = PageExtractor(archive.catalogue, archive.reading, pool, {"site-news": seed})
    assert extractor.run(archive.writer.name or "") == {"new": 1}
    assert extractor.again(archive.writer.name or "") == {"unchanged": 1}
    [kept] = archive.catalogue.get_article(STORY)
    assert kept.article.title == "Rain"


def keep(archive: Archive, url: str, on: int, page: str, **facts: object) -> Capture:
    """Keep a page with the metadata record that says what it is, as a crawl does."""
    kind = CaptureKind(str(facts.pop("kind", "page")))
    return archive.keep(
        url,
        day(on),
        page,
        kind=kind,
        extraction=PENDING if kind is CaptureKind.PAGE else ExtractionState.NONE,
        metadata=(("outlet", "site-news"), ("kind", str(kind))),
        **facts,  # type: ignore[arg-type]
    )
