"""Crawls of the demo's outlet that are killed, and catalogues made anew from their WARCs."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.judges import judge
from support.workdir import add_seed, environment, run, working_folder

from archiver.demo.server import DemoServer
from archiver.demo.site import SEED
from archiver.fetch.index import rows_of_file
from archiver.model import Capture, ExtractionState, utcnow
from archiver.replay.stored import Stored
from archiver.store import tables as t
from archiver.store.captures import select_captures, to_capture
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.names import OPEN, beside
from archiver.warc.reader import StoredRecord, iter_records

KILLS = int(os.environ.get("TEST_KILLS", "5"))


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, server: DemoServer) -> Path:
    target = f"127.0.0.1:{server.port}"
    made = working_folder(
        tmp_path, connect_to={"lantern.example": target, "www.farwire.example": target}
    )
    add_seed(made, "lantern", SEED.read_text("utf-8"))
    return made


def catalogue_of(folder: Path) -> Catalogue:
    return Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite")


def warcs_of(folder: Path) -> list[Path]:
    return sorted((folder / "archive" / "warc").glob("*.warc.gz"))


def captures(folder: Path) -> dict[tuple[str, int], Capture]:
    """By their place. A page that was extracted stands as one that is to be."""
    with catalogue_of(folder) as catalogue, catalogue._reading() as conn:
        rows = [to_capture(row) for row in conn.execute(select_captures())]
    ended = (ExtractionState.DONE, ExtractionState.FAILED)
    return {
        (row.warc.file, row.warc.offset): (
            replace(row, extraction=ExtractionState.PENDING) if row.extraction in ended else row
        )
        for row in rows
    }


def discoveries(folder: Path) -> set[tuple[Any, ...]]:
    d, page, source = t.discovery.c, t.url.alias(), t.url.alias()
    wanted = (
        select(
            page.c.url, source.c.url, d.words, d.found_at, d.published, d.modified,
            d.via, d.guid, d.title, d.published_raw, d.run_id, t.outlet.c.name,
        )
        .join_from(t.discovery, page, d.url_id == page.c.id)
        .join(source, d.source_id == source.c.id)
        .join(t.outlet, d.outlet_id == t.outlet.c.id)
    )  # fmt: skip
    with catalogue_of(folder) as catalogue, catalogue._reading() as conn:
        return {tuple(row) for row in conn.execute(wanted)}


def files(folder: Path) -> dict[str, tuple[bool, int | None, str | None]]:
    with catalogue_of(folder) as catalogue:
        return {file.name: (file.closed, file.size, file.sha256) for file in catalogue.files()}


def crawl(folder: Path, *arguments: str) -> None:
    done = run(folder, "archiver", "crawl", "lantern", *arguments)
    assert done.returncode == 0, done.stderr


def reindex(folder: Path) -> dict[str, int]:
    done = run(folder, "archiver", "reindex", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def forget(folder: Path) -> None:
    """Lose the catalogue."""
    for path in (folder / "archive").glob("catalogue.sqlite*"):
        path.unlink()


def test_a_catalogue_made_anew_says_the_same(folder: Path, server: DemoServer) -> None:
    crawl(folder)
    server.edition = 2
    crawl(folder, "--recheck", "all")
    before, mentions, known = captures(folder), discoveries(folder), files(folder)
    assert any(one.record_type == "revisit" and one.status == 304 for one in before.values())
    forget(folder)
    counts = reindex(folder)
    assert (counts["files"], counts["files_added"]) == (2, 2)
    assert captures(folder) == before
    assert files(folder) == known
    again = discoveries(folder)
    assert again <= mentions
    pages = {one.url for one in before.values()}
    assert {row[0] for row in again} == {row[0] for row in mentions if row[0] in pages}
    assert set(reindex(folder).items()) >= {("captures_added", 0), ("discoveries_added", 0)}
    # and what was extracted before comes again
    articles = _articles(folder)
    crawl(folder)
    assert not articles
    assert len(_articles(folder)) > 10


def test_what_a_lost_catalogue_knew_of_pages_to_come_is_found_again(folder: Path) -> None:
    """Mentions of pages that were not fetched stand in listings, which do not answer 304 then."""
    crawl(folder, "--limit", "3")
    mentions = {row[0] for row in discoveries(folder)}
    forget(folder)
    reindex(folder)
    assert {row[0] for row in discoveries(folder)} < mentions
    crawl(folder)
    assert {row[0] for row in discoveries(folder)} >= mentions
    assert len(_articles(folder)) > 10


def _articles(folder: Path) -> list[str]:
    with catalogue_of(folder) as catalogue:
        return [row.url for row in catalogue.article_list("lantern", limit=1000)]


def test_what_was_fetched_before_is_a_revisit(folder: Path) -> None:
    """The same edition without the validators that lead to a 304: the payloads are known."""
    crawl(folder)
    _forget_validators(folder)
    crawl(folder, "--recheck", "all")
    found = captures(folder)
    again = [one for one in found.values() if one.run_id == 2 and one.status == 200]
    revisits = [one for one in again if one.record_type == "revisit"]
    assert len(revisits) > 10
    records = {
        record.record_id: record
        for path in warcs_of(folder)
        for record in iter_records(path)
        if isinstance(record, StoredRecord)
    }
    with catalogue_of(folder) as catalogue:
        stored = Stored(catalogue, Warcs(folder / "archive" / "warc", catalogue.file))
        for one in revisits:
            revisit = records[one.warc.record_id]
            original = records[revisit.header("WARC-Refers-To")]
            assert original.type == "response"
            assert original.header("WARC-Payload-Digest") == one.warc.payload_digest
            assert stored.load(one).payload == original.http().payload
            assert one.body_size
    assert [fault for path in warcs_of(folder) for fault in judge(path)] == []
    assert run(folder, "archiver", "check").returncode == 0
    forget(folder)
    reindex(folder)
    made = captures(folder)
    assert {place: replace(one, etag=None, last_modified=None) for place, one in made.items()} == {
        place: replace(one, etag=None, last_modified=None) for place, one in found.items()
    }


def _forget_validators(folder: Path) -> None:
    with catalogue_of(folder) as catalogue, catalogue._writing() as conn:
        conn.execute(t.capture.update().values(etag=None, last_modified=None))


def test_a_revisit_that_waits_is_extracted(folder: Path) -> None:
    crawl(folder)
    _forget_validators(folder)
    crawl(folder, "--recheck", "all")
    done = (t.capture.c.record_type == "revisit") & (t.capture.c.extraction == "done")
    with catalogue_of(folder) as catalogue, catalogue._writing() as conn:
        count = conn.execute(
            t.capture.update().where(done, t.capture.c.kind == "page").values(extraction="pending")
        ).rowcount
    assert count > 5
    crawl(folder)
    with catalogue_of(folder) as catalogue, catalogue._reading() as conn:
        assert catalogue.pending() == []
        assert len(conn.execute(select_captures(done, t.capture.c.kind == "page")).all()) == count


def test_check_names_what_is_wrong(folder: Path) -> None:
    crawl(folder)
    _forget_validators(folder)
    crawl(folder, "--recheck", "all")
    first, second = warcs_of(folder)
    beside(second, ".cdxj").write_text("old\n", encoding="utf-8")
    moved = shutil.move(first, folder)
    assert found_by_check(folder) >= {"original-gone", "file-gone", "sidecar-wrong"}
    shutil.move(moved, first)
    mended = run(folder, "archiver", "repair")
    assert (mended.returncode, "sidecar-wrong" in mended.stdout) == (0, True)
    assert found_by_check(folder) == set()
    with first.open("r+b") as torn:
        torn.truncate(first.stat().st_size - 10)
    before = first.read_bytes()
    assert {"damaged", "file-changed"} <= found_by_check(folder)
    assert run(folder, "archiver", "repair").returncode == 1
    assert first.read_bytes() == before  # a closed file is never written again


def found_by_check(folder: Path) -> set[str]:
    done = run(folder, "archiver", "check", "--json")
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    found = {fault["name"] for entry in entries for fault in entry["damage"]}
    assert done.returncode == (1 if found else 0), done.stderr
    return found


def test_a_file_that_was_renamed_and_not_catalogued(folder: Path) -> None:
    """The crash came after the last rename, before the rows."""
    crawl(folder)
    before, known = captures(folder), files(folder)
    with catalogue_of(folder) as catalogue, catalogue._writing() as conn:
        conn.execute(t.warc_file.update().values(closed=None, size=None, sha256=None))
        last = max(offset for _, offset in before)
        conn.execute(t.capture.delete().where(t.capture.c.offset == last))
    for sidecar in (folder / "archive").rglob("*.cdxj"):
        sidecar.unlink()  # its name was not durable yet
    assert found_by_check(folder) == {"file-unknown", "sidecar-missing"}
    planned = run(folder, "archiver", "repair", "--dry-run").stdout
    assert "file-unknown" in planned
    assert "lacks 1 captures" in planned
    assert captures(folder) != before  # it was a dry run
    crawl(folder)
    now = captures(folder)
    assert {place: now.get(place) for place in before} == before
    assert known.items() <= files(folder).items()
    assert found_by_check(folder) == set()


def test_an_empty_file_that_went_without_a_word(folder: Path) -> None:
    """The crash came after it was removed, before its row: nothing is missed."""
    crawl(folder)
    with catalogue_of(folder) as catalogue:
        catalogue.open_file("demo-20260501000000000-gone-00000000.warc.gz", utcnow())
    assert found_by_check(folder) == {"file-gone"}
    crawl(folder)
    assert found_by_check(folder) == set()


def test_killed_crawls_lose_nothing(folder: Path, server: DemoServer) -> None:
    """Killed at random moments: what was durable is catalogued after, once, and files are whole."""
    chance = random.Random(3)
    warcs = folder / "archive" / "warc"
    answered: set[str] = set()
    left = 0
    for number in range(KILLS):
        # one as soon as its file has its final name: perhaps before the catalogue knows
        answers = chance.randrange(1, 60) if number != 1 else None
        _kill_after(answers, folder, server)
        left += len(list(warcs.glob(f"*{OPEN}")))
        answered |= _catalogued_answers(folder)
    assert left > 0
    crawl(folder)
    now = captures(folder)
    assert not list(warcs.glob(f"*{OPEN}"))
    assert [fault for path in warcs_of(folder) for fault in judge(path)] == []
    stored = [row.capture for path in warcs_of(folder) for row in rows_of_file(path)]
    assert now == {(one.warc.file, one.warc.offset): one for one in stored}
    assert answered <= {one.warc.record_id for one in stored}
    mentions = discoveries(folder)
    assert found_by_check(folder) == set()
    forget(folder)
    reindex(folder)
    assert captures(folder) == now
    assert discoveries(folder) <= mentions


def _catalogued_answers(folder: Path) -> set[str]:
    if not (folder / "archive/catalogue.sqlite").exists():
        return set()
    return {one.warc.record_id for one in captures(folder).values()}


def _kill_after(answers: int | None, folder: Path, server: DemoServer) -> None:
    """Kill a crawl once it had so many answers; None: once it has given its WARC its name."""
    server.log.clear()
    closed = warcs_of(folder)
    crawling = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "crawl", "lantern", "-a", "recheck=all"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while crawling.poll() is None:
            if len(server.log) >= answers if answers else warcs_of(folder) != closed:
                break
    finally:
        with suppress(ProcessLookupError):
            os.killpg(crawling.pid, signal.SIGKILL)
        crawling.wait()
