"""The demo's articles that change between two crawls: which make a revision, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.workdir import add_seed, run, status, working_folder

from archiver.demo.server import DemoServer
from archiver.demo.site import SEED, Site
from archiver.model import ChangeKind, Revision
from archiver.store.catalogue import Catalogue
from archiver.store.tables import revision
from archiver.warc.reader import read_record


@dataclass(frozen=True, kw_only=True)
class Crawled:
    """A working folder in which both editions were crawled."""

    folder: Path
    server: DemoServer

    def article(self, special: str) -> list[Revision]:
        with self.catalogue() as catalogue:
            return catalogue.get_article(url_of(special))

    def catalogue(self) -> Catalogue:
        return Catalogue.open(f"sqlite:///{self.folder}/archive/catalogue.sqlite")


def url_of(special: str) -> str:
    return str(next(x["url"] for x in Site(edition=1).truth() if x["special"] == special))


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    with DemoServer() as server:
        target = f"127.0.0.1:{server.port}"
        folder = working_folder(
            tmp_path_factory.mktemp("demo"),
            connect_to={"lantern.example": target, "www.farwire.example": target},
        )
        add_seed(folder, "lantern", SEED.read_text("utf-8"))
        for edition in (1, 2):
            server.edition = edition
            done = run(folder, "archiver", "crawl", "lantern", "--recheck", "all")
            assert done.returncode == 0, done.stderr
        yield Crawled(folder=folder, server=server)


def test_an_article_that_was_corrected(crawled: Crawled) -> None:
    first, second = crawled.article("changes")
    assert first.changes is None
    assert second.changes is not None
    assert second.changes.kinds >= {
        ChangeKind.HEADLINE,
        ChangeKind.STANDFIRST,
        ChangeKind.FACTS,
        ChangeKind.CORRECTION,
    }
    assert second.changes.stealth == ()


def test_both_captures_of_a_change_are_in_the_archive(crawled: Crawled) -> None:
    """A claim can be verified: file, offset, record id and payload digest lead to two records."""
    _, second = crawled.article("changes")
    assert second.changes is not None
    bodies = []
    for evidence in (second.changes.old, second.changes.new):
        assert evidence is not None
        assert evidence.file is not None
        assert evidence.offset is not None
        record = read_record(crawled.folder / "archive" / "warc" / evidence.file, evidence.offset)
        assert record.record_id == evidence.record_id
        assert record.header("WARC-Payload-Digest") == evidence.payload_digest
        assert record.date == evidence.captured_at
        bodies.append(record.body(1 << 24))
    assert b"412 million" in bodies[0]
    assert b"Correction, 5 March" in bodies[1]


def test_a_counter_and_an_advert_make_no_revision(crawled: Crawled) -> None:
    assert len(crawled.article("trivial")) == 1


def test_a_live_blog_goes_on(crawled: Crawled) -> None:
    first, second = crawled.article("liveblog")
    assert second.changes is not None
    assert ChangeKind.HEADLINE not in second.changes.kinds
    assert second.against == first.number
    assert second.changes.stealth == ()


def test_only_what_changed_has_revisions(crawled: Crawled) -> None:
    totals = status(crawled.folder)["totals"]
    assert totals["revisions"] - totals["articles"] == 2  # the corrected one, the live blog


def test_a_new_version_of_the_extractor_makes_no_revision(crawled: Crawled) -> None:
    """What an older version made is extracted again from the WARC: one of them had an advert."""
    url = url_of("trivial")
    with crawled.catalogue() as catalogue:
        [kept] = catalogue.get_article(url)
        with catalogue._writing() as conn:
            row = conn.execute(
                revision.select().where(revision.c.article_id == kept.article_id)
            ).one()
            older = {
                **row.article,
                "text": row.article["text"] + "\nBuy a mattress of the best kind today.",
                "extractor": {**row.article["extractor"], "version": "0.0.1"},
            }
            conn.execute(
                revision.update()
                .where(revision.c.article_id == kept.article_id)
                .values(article=older, text_digest=f"sha256:{'0' * 64}")
            )
    crawled.server.edition = 1  # whose counter is another one: the page is fetched whole
    done = run(crawled.folder, "archiver", "crawl", "lantern", "--recheck", "all")
    assert done.returncode == 0, done.stderr
    with crawled.catalogue() as catalogue:
        [again] = catalogue.get_article(url)
    assert again.article == kept.article
