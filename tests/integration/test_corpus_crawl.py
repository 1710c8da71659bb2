"""Real pages of some ninety publishers, crawled under their own names over TLS, by all of it."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.corpus import CorpusPage, CorpusServer, needs_corpus
from support.judges import judge
from support.workdir import add_seed, run, status, working_folder

from archiver.extract.text import fold
from archiver.store.catalogue import Catalogue

# Every third outlet, which takes a third of the time: the kinds of source take turns by five, so
# that each comes six times. CORPUS_STRIDE=1 crawls them all.
STRIDE = int(os.environ.get("CORPUS_STRIDE", "3"))

pytestmark = [pytest.mark.corpus, needs_corpus]


@dataclass(frozen=True, kw_only=True)
class CorpusArchive:
    """The archive after every outlet was crawled once."""

    folder: Path
    pages: tuple[CorpusPage, ...]
    articles: dict[str, dict[str, Any]]  # by URL
    status: dict[str, Any]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> CorpusArchive:
    folder = tmp_path_factory.mktemp("corpus")
    with CorpusServer(folder) as server:
        working_folder(
            folder,
            # Their pictures and style sheets are not in the corpus.
            crawl="requisites = 'none'",
            connect_to=dict.fromkeys(server.hosts, f"127.0.0.1:{server.port}"),
            network=f'ca_file = "{server.ca_file}"',
        )
        watched = server.outlets[::STRIDE]
        for outlet in watched:
            add_seed(folder, outlet.id, outlet.seed())
        done = run(
            folder, "archiver", "crawl", "--all", "--jobs", "2", "-o", "out.jsonl", timeout=1500
        )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (folder / "out.jsonl").read_text("utf-8").splitlines()
    return CorpusArchive(
        folder=folder,
        pages=tuple(page for outlet in watched for page in outlet.pages),
        articles={article["url"]: article for article in map(json.loads, lines)},
        status=status(folder),
    )


def test_every_page_ends_as_a_capture_and_an_article_or_a_reason(archive: CorpusArchive) -> None:
    without: Counter[str] = Counter()
    with Catalogue.open(f"sqlite:///{archive.folder}/archive/catalogue.sqlite") as catalogue:
        for page in archive.pages:
            capture = catalogue.latest_capture(page.url)
            assert capture is not None, page.url
            if page.url not in archive.articles:
                without[str(capture.extraction)] += 1
    reasons: Counter[str] = Counter()
    for outlet in archive.status["outlets"].values():
        assert outlet["last_run"]["state"] == "done"
        assert outlet["pending"] == 0
        reasons.update(outlet["problems"].get("extract", {}))
    assert sum(without.values()) == sum(reasons.values())
    assert set(without) <= {"failed"}
    # An honest reason is the exception: nearly all of these are articles to a reader.
    assert sum(reasons.values()) <= 3, reasons


def test_nothing_but_pages_fails(archive: CorpusArchive) -> None:
    for name, outlet in archive.status["outlets"].items():
        assert set(outlet["problems"]) <= {"extract"}, (name, outlet["problems"])


def test_headlines_are_those_of_the_reviewers(archive: CorpusArchive) -> None:
    """Loosely: the score of extraction has a test of its own."""
    right = sum(
        fold(page.gold["title"]) in map(fold, (article["title"], *article["headlines"]))
        for page in archive.pages
        if (article := archive.articles.get(page.url)) and page.gold["title"]
    )
    assert right >= 0.9 * len(archive.pages)


def test_the_judges_find_nothing(archive: CorpusArchive) -> None:
    files = sorted((archive.folder / "archive" / "warc").glob("*.warc.gz"))
    assert len(files) == len(archive.status["outlets"])
    assert [fault for path in files[::2] for fault in judge(path)] == []
    checked = run(archive.folder, "archiver", "check")
    assert checked.returncode == 0, checked.stdout
