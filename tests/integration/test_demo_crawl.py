"""The demo's outlet, crawled twice by the real commands: every special case costs itself alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.catalogues import catalogue_of
from support.judges import judge
from support.workdir import add_seed, run, status, working_folder

from archiver.demo.server import DemoServer, LoggedRequest
from archiver.demo.site import SEED, Site
from archiver.discover.requisites import page_requisites
from archiver.model import Revision
from archiver.store.catalogue import Catalogue
from archiver.warc.reader import StoredRecord, iter_records


@dataclass(frozen=True, kw_only=True)
class Crawled:
    """A working folder after each edition was crawled, and the requests of each crawl."""

    folder: Path
    exported: tuple[dict[str, object], ...]  # the first crawl's feed export
    first: tuple[LoggedRequest, ...]
    second: tuple[LoggedRequest, ...]
    third: tuple[LoggedRequest, ...]  # edition 2 again, without rechecks

    def article(self, url: str) -> list[Revision]:
        with Catalogue.open(catalogue_of(self.folder)) as catalogue:
            return catalogue.get_article(url)

    @property
    def warcs(self) -> list[Path]:
        return sorted((self.folder / "archive" / "warc").glob("*.warc.gz"))


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, each_database: str) -> Crawled:
    with DemoServer() as server:
        target = f"127.0.0.1:{server.port}"
        folder = working_folder(
            tmp_path_factory.mktemp("demo"),
            connect_to={"lantern.example": target, "www.farwire.example": target},
        )
        add_seed(folder, "lantern", SEED.read_text("utf-8"))
        done = run(folder, "scrapy", "crawl", "lantern", "-O", "out.jsonl")
        assert done.returncode == 0, done.stderr
        first, server.log[:] = tuple(server.log), []
        server.edition = 2
        done = run(folder, "archiver", "crawl", "lantern", "--recheck", "all")
        assert done.returncode == 0, done.stderr
        second, server.log[:] = tuple(server.log), []
        done = run(folder, "archiver", "crawl", "lantern")
        assert done.returncode == 0, done.stderr
        third = tuple(server.log)
    lines = (folder / "out.jsonl").read_text("utf-8").splitlines()
    return Crawled(
        folder=folder,
        exported=tuple(json.loads(line) for line in lines),
        first=first,
        second=second,
        third=third,
    )


def _special(name: str, *, edition: int = 1) -> str:
    found = next(x["url"] for x in Site(edition=edition).truth() if x["special"] == name)
    assert isinstance(found, str)
    return found


def test_what_front_pages_show_is_kept_like_what_articles_show(crawled: Crawled) -> None:
    with Catalogue.open(catalogue_of(crawled.folder)) as catalogue:
        front = Site(edition=1).answer("/")
        shown = page_requisites(front.body, url="http://lantern.example/")
        kept = [url for url in shown if catalogue.latest_capture(url) is not None]
    assert len(shown) > 10
    assert kept == list(shown)


def test_every_article_is_there_with_its_headline(crawled: Crawled) -> None:
    expected = {
        entry["url"]: entry for entry in Site(edition=1).truth() if entry["expected"] == "article"
    }
    exported = {article["url"]: article for article in crawled.exported}
    assert exported.keys() == expected.keys()
    wrong = {
        url: (exported[url]["title"], entry["title"])
        for url, entry in expected.items()
        if exported[url]["title"] not in (entry["title"], *entry["headlines"])
        or entry["title"] not in (exported[url]["title"], *_headlines_of(exported[url]))
    }
    assert not wrong


def _headlines_of(article: dict[str, object]) -> list[str]:
    headlines = article["headlines"]
    assert isinstance(headlines, list)
    return headlines


def test_exported_articles_say_where_their_record_is(crawled: Crawled) -> None:
    records = {
        record.record_id: record
        for path in crawled.warcs
        for record in iter_records(path)
        if isinstance(record, StoredRecord)
    }
    for article in crawled.exported:
        warc = article["warc"]
        assert isinstance(warc, dict)
        record = records[warc["record_id"]]
        assert (record.file, record.offset) == (warc["file"], warc["offset"])
        assert record.target_uri == article["url"]


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        ("discover", "item-no-link"),
        ("extract", "not-html"),
        ("extract", "empty"),
        ("extract", "consent"),
        ("fetch", "http-500"),
        ("fetch", "robots"),
        ("fetch", "dns"),
        ("fetch", "http-410"),
    ],
)
def test_each_fault_is_counted(crawled: Crawled, stage: str, reason: str) -> None:
    problems = status(crawled.folder)["outlets"]["lantern"]["problems"]
    assert problems[stage][reason] >= 1


def test_a_changed_article_has_two_revisions(crawled: Crawled) -> None:
    first, second = crawled.article(_special("changes"))
    assert first.article.title != second.article.title
    assert first.article.text != second.article.text


def test_a_trivial_change_is_none(crawled: Crawled) -> None:
    assert len(crawled.article(_special("trivial"))) == 1


def test_an_article_that_disappeared_is_missing(crawled: Crawled) -> None:
    with Catalogue.open(catalogue_of(crawled.folder)) as catalogue:
        gone = catalogue.article_list("lantern", state="missing")
    assert [row.url for row in gone] == [_special("disappears")]
    assert crawled.article(_special("disappears"))  # and its text is kept


def test_a_server_error_is_mended_by_the_next_run(crawled: Crawled) -> None:
    url = _special("http-500")
    assert url not in {article["url"] for article in crawled.exported}
    assert crawled.article(url)


def test_only_new_pages_are_fetched_again(crawled: Crawled) -> None:
    """The third crawl asks for sources, and for nothing else that was answered before."""
    asked = {request.path for request in crawled.third if "/2026/" in request.path}
    assert asked == set()
    statuses = {request.path: request.status for request in crawled.third}
    assert 304 in statuses.values()


def test_a_304_is_a_revisit_of_the_capture(crawled: Crawled) -> None:
    records = [
        record
        for path in crawled.warcs
        for record in iter_records(path)
        if isinstance(record, StoredRecord)
    ]
    by_id = {record.record_id: record for record in records}
    revisits = [record for record in records if record.type == "revisit"]
    assert revisits
    for revisit in revisits:
        original = by_id[revisit.header("WARC-Refers-To")]
        assert original.type == "response"
        assert original.target_uri == revisit.target_uri


def test_every_exchange_is_in_the_warc(crawled: Crawled) -> None:
    served = len(crawled.first) + len(crawled.second) + len(crawled.third)
    records = [
        record
        for path in crawled.warcs
        for record in iter_records(path)
        if isinstance(record, StoredRecord)
    ]
    alone = [r for r in records if r.type == "metadata" and not r.header("WARC-Concurrent-To")]
    assert all(b"\r\nerror: " in record.block for record in alone)  # nothing was sent
    kinds = [record.type for record in records if record not in alone]
    assert kinds.count("response") + kinds.count("revisit") == served
    assert kinds.count("request") == served
    assert kinds.count("metadata") == served


def test_the_judges_find_nothing(crawled: Crawled) -> None:
    assert len(crawled.warcs) == 3
    assert [fault for path in crawled.warcs for fault in judge(path)] == []
    checked = run(crawled.folder, "archiver", "check")
    assert checked.returncode == 0, checked.stdout


def test_every_command_works_there(crawled: Crawled) -> None:
    assert run(crawled.folder, "scrapy", "list").stdout == "lantern\n"
    shown = run(crawled.folder, "archiver", "show", _special("changes"))
    assert shown.returncode == 0
    extracted = run(crawled.folder, "archiver", "extract", *map(str, crawled.warcs[:1]))
    lines = [json.loads(line) for line in extracted.stdout.splitlines()]
    texts = {line["url"]: line.get("text") for line in lines}
    assert all(texts[article["url"]] == article["text"] for article in crawled.exported)


def test_the_demo_command(tmp_path: Path) -> None:
    done = run(tmp_path, "archiver", "demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    assert "First crawl: done" in done.stdout
    assert "Second crawl, a day later: done" in done.stdout
    assert status(tmp_path / "demo")["outlets"]["lantern"]["gone"] == 1
    again = run(tmp_path, "archiver", "demo", "--no-serve")
    assert again.returncode == 0, again.stderr


def test_the_demo_leaves_other_folders_alone(tmp_path: Path) -> None:
    assert run(tmp_path, "archiver", "init", "mine").returncode == 0
    before = (tmp_path / "mine/config/archiver.toml").read_text("utf-8")
    assert run(tmp_path, "archiver", "demo", "--no-serve", "--dir", "mine").returncode == 2
    assert (tmp_path / "mine/config/archiver.toml").read_text("utf-8") == before


def test_what_pages_need_is_fetched_once(crawled: Crawled) -> None:
    """Style sheet and pictures are there for replay, and no crawl asks for them again."""
    shown = [request.path for request in crawled.first if request.path.endswith((".css", ".png"))]
    assert any(path.endswith(".css") for path in shown)
    assert len(shown) == len(set(shown)) > 5
    later = {request.path for request in (*crawled.second, *crawled.third)}
    assert not later.intersection(shown)


def test_a_new_machine_has_the_same_articles_from_the_warc_files_alone(
    crawled: Crawled, tmp_path: Path
) -> None:
    folder = working_folder(tmp_path / "new", connect_to={})
    add_seed(folder, "lantern", SEED.read_text("utf-8"))
    store = crawled.folder / "archive" / "warc"
    done = run(folder, "archiver", "reindex", f"--from=file://{store}", "--json")
    assert done.returncode == 0, done.stderr
    facts = []
    for place in (crawled.folder, folder):
        with Catalogue.open(catalogue_of(place)) as catalogue:
            states = ("live", "missing")  # which one is a matter of checks, and not of files
            rows = [
                row
                for state in states
                for row in catalogue.article_list("lantern", state=state, limit=1000)
            ]
            facts.append(
                {
                    row.url: [
                        (one.article.title, one.article.text, one.captured_at)
                        for one in catalogue.get_article(row.url)
                    ]
                    for row in rows
                }
            )
    assert facts[1] == facts[0]
    assert len(facts[0]) > 40
