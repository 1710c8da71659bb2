"""The demo's articles that change between two crawls: which make a revision, and what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.catalogues import catalogue_of
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
        return Catalogue.open(catalogue_of(self.folder))


def url_of(special: str) -> str:
    return str(next(x["url"] for x in Site(edition=1).truth() if x["special"] == special))


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, each_database: str) -> Iterator[Crawled]:
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


def lines(crawled: Crawled, *command: str) -> list[dict[str, Any]]:
    done = run(crawled.folder, "archiver", *command)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_show_names_versions_and_what_changed(crawled: Crawled) -> None:
    url = url_of("changes")
    table = run(crawled.folder, "archiver", "show", url).stdout
    assert "what changed" in table
    assert "headline +1 -1" in table
    first, second = lines(crawled, "show", url, "--json")
    assert (first["changes"], first["against"], second["against"]) == (None, None, 1)
    assert {one["kind"] for one in second["changes"]["changes"]} >= {"headline", "facts"}


def test_diff_shows_words(crawled: Crawled) -> None:
    url = url_of("changes")
    text = run(crawled.folder, "archiver", "diff", url).stdout
    assert "[-412-] {+438+}" in text
    assert ".warc.gz at " in text
    [data] = lines(crawled, "diff", url, "1", "2", "--json")
    assert data["changes"]["notice"].startswith("Correction, 5 March")
    assert {"kind": "number", "text": "412", "added": False} in data["changes"]["facts"]
    assert data["changes"]["old"]["record_id"] != data["changes"]["new"]["record_id"]
    old, new = (
        "".join(e[side] for p in data["diff"]["headline"] for e in p["edits"])
        for side in ("old", "new")
    )
    assert [old, new] == [one.article.title for one in crawled.article("changes")]
    page = run(crawled.folder, "archiver", "diff", url, "--html", "-").stdout
    assert page.startswith("<!doctype html>")
    run(crawled.folder, "archiver", "diff", url, "--html", "out.html")
    assert (crawled.folder / "out.html").read_text("utf-8") == page
    backwards = run(crawled.folder, "archiver", "diff", url, "2", "1").stdout
    assert "[-438-] {+412+}" in backwards


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["1", "9"], "9: there is no such revision"),
        (["1", "2", "3"], "more than two"),
    ],
)
def test_diff_says_what_is_wrong(crawled: Crawled, arguments: list[str], said: str) -> None:
    done = run(crawled.folder, "archiver", "diff", url_of("changes"), *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_diff_of_what_has_one_version_or_none(crawled: Crawled) -> None:
    done = run(crawled.folder, "archiver", "diff", url_of("trivial"))
    assert (done.returncode, "only one version" in done.stderr) == (2, True)
    done = run(crawled.folder, "archiver", "diff", "https://nobody.example/")
    assert (done.returncode, "no article of this URL" in done.stderr) == (2, True)


def test_changes_lists_what_changed_and_what_went(crawled: Crawled) -> None:
    found = lines(crawled, "changes", "--json")
    assert {one["url"] for one in found} == {
        url_of(x) for x in ("changes", "liveblog", "disappears")
    }
    [gone] = lines(crawled, "changes", "--kind", "removed", "--json")
    assert (gone["url"], gone["status"], gone["kinds"]) == (url_of("disappears"), 410, ["missing"])
    [changed] = lines(
        crawled, "changes", "--kind", "headline,byline", "--outlet", "lantern", "--json"
    )
    assert changed["url"] == url_of("changes")
    assert changed["old"]["payload_digest"] != changed["new"]["payload_digest"]
    assert len(lines(crawled, "changes", "--kind", "body", "--since", "2026-01-01", "--json")) == 2
    assert lines(crawled, "changes", "--stealth", "--json") == []
    assert (
        lines(crawled, "changes", "--until", "2026-01-01T10:00", "--since", "2025-01-01", "--json")
        == []
    )
    table = run(crawled.folder, "archiver", "changes").stdout
    assert "missing (410)" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "headlin"], "no such kind of change"),
        (["--since", "yesterday"], "neither a duration nor a date"),
    ],
)
def test_changes_says_what_is_wrong(crawled: Crawled, arguments: list[str], said: str) -> None:
    done = run(crawled.folder, "archiver", "changes", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


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
