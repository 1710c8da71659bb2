"""Crawls of an archive in the place of the network: same articles, no connection, nothing kept."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]  # ships no types
import pytest
from support.exchanges import STARTED, answer, chunked, exchange
from support.scripted_site import feed, story
from support.shelf import INFO
from support.workdir import add_seed, environment, run, working_folder

from archiver.contract import article_to_json
from archiver.demo.server import DemoServer
from archiver.demo.site import SEED, Site
from archiver.model import Revision
from archiver.store.catalogue import Catalogue
from archiver.warc.conversion import conversion_records
from archiver.warc.reader import StoredRecord, iter_records
from archiver.warc.record import RefersTo, exchange_records
from archiver.warc.writer import WarcWriter

# In every process of a crawl: connections are written down, and refused.
_GUARD = """
import os, sys

def seen(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        if event == "socket.connect" and isinstance(arguments[1], (str, bytes)):
            return  # of processes among themselves
        with open(os.environ["CONNECTIONS"], "a") as file:
            file.write(f"{event} {arguments!r}\\n")
        raise OSError("no network in this test")

sys.addaudithook(seen)
"""


@dataclass(frozen=True, kw_only=True)
class Past:
    """A working folder with two editions of the demo's site in it, whose server is gone."""

    folder: Path
    first: dict[str, dict[str, Any]]  # the articles of the first crawl, by URL
    between: datetime  # a moment after the first crawl and before the second
    guard: Path

    def crawl(self, *more: str, folder: Path | None = None, expect: int = 0) -> Crawled:
        return crawl(folder or self.folder, self.guard, *more, expect=expect)

    def revisions(self, url: str) -> Sequence[Revision]:
        with Catalogue.open(f"sqlite:///{self.folder}/archive/catalogue.sqlite") as catalogue:
            return catalogue.get_article(url)


@dataclass(frozen=True, kw_only=True)
class Crawled:
    articles: dict[str, dict[str, Any]]
    counts: dict[str, int]
    state: str


def crawl(folder: Path, guard: Path, *more: str, expect: int = 0) -> Crawled:
    """`archiver crawl lantern` with every connection refused; none may be tried."""
    seen, out = guard / "connections.txt", folder.parent / f"{folder.name}-out.jsonl"
    for left in (seen, out):
        left.unlink(missing_ok=True)
    done = run(
        folder, "archiver", "crawl", "lantern", "--json", "-o", str(out), *more,
        PYTHONPATH=os.pathsep.join(filter(None, (str(guard), os.environ.get("PYTHONPATH")))),
        CONNECTIONS=str(seen),
    )  # fmt: skip
    assert done.returncode == expect, done.stderr
    assert not seen.exists(), seen.read_text("utf-8")
    row = json.loads(done.stdout)
    lines = out.read_text("utf-8").splitlines() if out.exists() else []
    articles = [json.loads(line) for line in lines]
    return Crawled(
        articles={article["url"]: article for article in articles},
        counts=row["counts"],
        state=row["state"],
    )


def files_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file of a working folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    with DemoServer() as server:
        target = f"127.0.0.1:{server.port}"
        folder = working_folder(
            tmp_path_factory.mktemp("past") / "past",
            connect_to={"lantern.example": target, "www.farwire.example": target},
        )
        add_seed(folder, "lantern", SEED.read_text("utf-8"))
        done = run(folder, "scrapy", "crawl", "lantern", "-O", "first.jsonl")
        assert done.returncode == 0, done.stderr
        with Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite") as catalogue:
            ended = (catalogue.last_run("lantern") or {})["ended"]
        server.edition = 2
        done = run(folder, "archiver", "crawl", "lantern", "--recheck", "all")
        assert done.returncode == 0, done.stderr
    lines = (folder / "first.jsonl").read_text("utf-8").splitlines()
    guard = tmp_path_factory.mktemp("guard")
    (guard / "sitecustomize.py").write_text(_GUARD, encoding="utf-8")
    return Past(
        folder=folder,
        first={article["url"]: article for article in map(json.loads, lines)},
        between=ended,
        guard=guard,
    )


@pytest.fixture
def other(past: Past, tmp_path: Path) -> Iterator[Path]:
    """Another working folder, with the same seed and nothing else."""
    folder = working_folder(tmp_path / "other", connect_to={})
    add_seed(folder, "lantern", SEED.read_text("utf-8"))
    return folder


def test_the_guard_sees_connections_of_a_crawl(past: Past, other: Path) -> None:
    seen = past.guard / "connections.txt"
    run(
        other, "archiver", "crawl", "lantern",
        PYTHONPATH=os.pathsep.join(filter(None, (str(past.guard), os.environ.get("PYTHONPATH")))),
        CONNECTIONS=str(seen),
    )  # fmt: skip
    assert "socket." in seen.read_text("utf-8")


def test_an_earlier_moment_gives_the_articles_of_then_byte_for_byte(past: Past) -> None:
    before = files_of(past.folder)
    came = past.crawl("--from", ".", "--at", past.between.isoformat())
    assert came.articles == past.first
    assert came.state == "done"
    assert files_of(past.folder) == before


_SCRIPT = """
from scrapy.crawler import CrawlerProcess
from scrapy.utils.project import get_project_settings

if __name__ == "__main__":
    process = CrawlerProcess(get_project_settings())
    crawler = process.create_crawler("lantern")
    process.crawl(crawler, **{"from": ".", "pages": "all", "limit": 3})
    process.start()
    print(crawler.stats.get_value("archiver/counts")["articles/new"])
"""


def test_a_script_of_ones_own_reaches_no_network_either(past: Past) -> None:
    before, seen = files_of(past.folder), past.guard / "connections.txt"
    seen.unlink(missing_ok=True)
    script = past.guard / "own.py"
    script.write_text(_SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=past.folder,
        env=environment(
            PYTHONPATH=os.pathsep.join(
                filter(None, (str(past.guard), os.environ.get("PYTHONPATH")))
            ),
            SCRAPY_SETTINGS_MODULE="spiders.settings",
            CONNECTIONS=str(seen),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "3\n", done.stderr
    assert not seen.exists()
    assert files_of(past.folder) == before


def test_without_a_moment_it_gives_the_newest(past: Past) -> None:
    came = past.crawl("--from", ".")
    changed = [url for url in came.articles if len(past.revisions(url)) > 1]
    assert len(changed) == 2
    for url, article in came.articles.items():
        newest = past.revisions(url)[-1]
        assert article["text"] == newest.article.text
        if url in changed:
            made = article_to_json(newest.article)
            assert {**article, "warc": None} == {**made, "warc": None}
            assert article["captured_at"] != past.first[url]["captured_at"]
    assert came.counts["articles/new"] == len(came.articles)
    assert "captures/requisite" not in came.counts  # nobody would look at it


def test_what_is_not_archived_is_counted_as_missed(past: Past) -> None:
    came = past.crawl("--from", ".", "--at", past.between.isoformat())
    truth = {entry["special"]: entry["url"] for entry in Site(edition=1).truth()}
    missed = [truth["robots"], truth["dns"]]
    assert came.counts["problems/fetch/not-archived"] == len(missed)
    assert not set(missed) & came.articles.keys()
    early = past.crawl("--from", ".", "--at", "2001", expect=1)
    assert (early.state, early.articles) == ("failed", {})
    assert early.counts["problems/fetch/not-archived"] == 10


def test_plain_warc_files_answer_as_the_archive_does(past: Past, other: Path) -> None:
    warcs = other.parent / "warcs" / "below"
    shutil.copytree(past.folder / "archive" / "warc", warcs)
    for beside in warcs.glob("*.cdxj"):
        beside.unlink()
    before = files_of(other)
    from_files = past.crawl("--from", str(warcs.parent), folder=other)
    from_archive = past.crawl("--from", str(past.folder), folder=other)
    assert from_files.articles == from_archive.articles
    assert len(from_files.articles) > 40
    assert files_of(other) == before  # not even a lock


def test_all_pages_are_taken_without_any_source(past: Past) -> None:
    came = past.crawl("--from", ".", "--pages", "all")
    assert "sources/feed" not in came.counts
    assert "problems/fetch/not-archived" not in came.counts
    assert past.first.keys() <= came.articles.keys()  # what is gone by now, too


def test_a_seed_with_other_rules_finds_other_articles(past: Past, other: Path) -> None:
    seed = SEED.read_text("utf-8")
    add_seed(other, "lantern", seed.replace("[articles]", "[articles]\nexclude = ['/politics/']"))
    came = past.crawl("--from", str(past.folder), folder=other)
    whole = past.crawl("--from", str(past.folder))
    politics = {url for url in whole.articles if "/politics/" in url}
    assert politics
    assert came.articles.keys() == whole.articles.keys() - politics
    assert came.counts["refused/excluded"] >= len(politics)


def test_what_is_redacted_does_not_answer(past: Past, tmp_path: Path) -> None:
    folder = shutil.copytree(past.folder, tmp_path / "redacted")
    url = next(iter(past.first))
    done = run(folder, "archiver", "redact", url, "--reason", "test")
    assert done.returncode == 0, done.stderr
    for place in (".", "archive/warc"):  # its own files are veiled without its catalogue, too
        came = past.crawl("--from", place, folder=folder)
        assert url not in came.articles
        assert came.counts["refused/redacted"] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-a", "from=.", "-a", "at=yesterday"), 2),
        (("-a", "from=.", "-a", "at=20261301"), 2),
        (("-a", "from=.", "-a", "recheck=all"), 2),
        (("-a", "from=.", "-a", "pages=some"), 2),
        (("-a", "at=2026"), 2),
        (("-a", "from=seeds"), 10),
        (("-a", "from=nowhere"), 10),
    ],
)
def test_what_makes_no_sense_ends_with_a_word(
    other: Path, arguments: tuple[str, ...], code: int
) -> None:
    done = run(other, "scrapy", "crawl", "lantern", *arguments)
    assert done.returncode == code, done.stderr
    assert "scrapy crawl: " in done.stdout


def test_files_that_wget_made_answer(tmp_path: Path, past: Path, other: Path) -> None:
    wget = shutil.which("wget")
    if wget is None:
        pytest.skip("wget is not installed")
    with DemoServer() as server:
        site = Site(edition=1)
        subprocess.run(
            [
                wget, "-q", "-O", os.devnull, "--no-check-certificate", "-e", "robots=off",
                f"--execute=http_proxy=http://127.0.0.1:{server.port}/",
                "--warc-file", str(tmp_path / "theirs"),
                "http://lantern.example/feed.xml",
                *[entry["url"] for entry in site.truth() if "lantern" in str(entry["url"])],
            ],
            check=False,
        )  # fmt: skip
    came = past.crawl("--from", str(tmp_path / "theirs.warc.gz"), folder=other, expect=3)
    assert came.counts["articles/new"] > 20


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A WARC file of answers as servers give them: coded, redirected, repeated, cut off."""
    writer = WarcWriter(tmp_path / "odd", prefix="odd", info=INFO)
    # A repeated answer is of another moment than what it repeats.
    moments = (STARTED + timedelta(minutes=number) for number in count())

    def keep(
        url: str, raw: bytes, *, refers_to: RefersTo | None = None, truncated: str | None = None
    ) -> RefersTo:
        came = exchange(
            raw, url=f"http://news.example/{url}", started=next(moments), truncated=truncated
        )
        records = exchange_records(came, refers_to=refers_to)
        (ref, *_) = writer.append(records)
        if url == "rendered":
            made = text("rendered")
            writer.append(
                conversion_records(
                    made, url=came.url, at=came.started, refers_to=ref.record_id,
                    content_type="text/html", metadata=(),
                )
            )  # fmt: skip
        return RefersTo(
            target_uri=came.url,
            date=came.started,
            record_id=ref.record_id,
            payload_digest=ref.payload_digest or "",
        )

    def text(title: str) -> bytes:
        return story(title).body.encode()

    pages = ("brotli", "chunks", "moved", "repeated", "again", "cut", "rendered", "post")
    listed = feed([f"http://news.example/{page}" for page in pages]).body.encode()
    keep("feed", answer(gzip.compress(listed), b"Content-Encoding: gzip"))
    keep("brotli", answer(brotli.compress(text("brotli")), b"Content-Encoding: br"))
    packed = gzip.compress(text("chunks"))
    fields = (b"Content-Encoding: gzip", b"Transfer-Encoding: chunked")
    keep("chunks", answer(chunked(packed), *fields, length=False))
    keep("moved", answer(b"", b"Location: /moved/here", status=b"301 Moved"))
    keep("moved/here", answer(text("moved")))
    first = keep("repeated", answer(text("repeated")))
    keep("again", answer(text("again")))
    keep("again", answer(b"", status=b"304 Not Modified"))
    keep("repeated", answer(text("repeated")), refers_to=first)
    keep("cut", answer(text("cut"))[:-500], truncated="disconnect")
    keep("rendered", answer(b"<title>scripts</title><div id=app></div>"))
    writer.close()
    return next((tmp_path / "odd").glob("*.warc.gz"))


def test_answers_are_read_as_a_crawl_reads_them(past: Past, other: Path, odd: Path) -> None:
    kinds = [record.type for record in iter_records(odd) if isinstance(record, StoredRecord)]
    assert (kinds.count("revisit"), kinds.count("conversion")) == (1, 1)
    add_seed(
        other, "lantern",
        'id = "lantern"\nname = "N"\nhomepage = "http://news.example/"\n'
        'feeds = ["http://news.example/feed"]\n[fetch]\nrender = true\n',
    )  # fmt: skip
    came = past.crawl("--from", str(odd), folder=other)
    found = {article["url"].rpartition("/")[2]: article for article in came.articles.values()}
    assert {name: article["title"] for name, article in found.items()} == {
        "brotli": "brotli", "chunks": "chunks", "here": "moved", "repeated": "repeated",
        "again": "again", "rendered": "rendered",
    }  # fmt: skip
    assert found["repeated"]["captured_at"] > found["again"]["captured_at"]  # the revisit's
    assert came.counts["problems/fetch/dataloss"] == 1
    assert came.counts["problems/fetch/not-archived"] == 1


def test_a_second_past_the_moment_counts_not(past: Past) -> None:
    moment = (past.between - timedelta(days=1)).strftime("%Y%m%d%H%M%S")
    came = past.crawl("--from", ".", "--at", moment, expect=1)
    assert not came.articles
