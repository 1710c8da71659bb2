"""The bundled outlet, crawled twice, given to others and taken back by the real commands."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
from support.judges import judge
from support.workdir import add_seed, run, working_folder

from archiver.demo.server import DemoServer
from archiver.demo.site import SEED
from archiver.store.catalogue import Catalogue
from archiver.warc.reader import StoredRecord, iter_records


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder after each edition was crawled."""
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
    return folder


def export(folder: Path, *options: str) -> str:
    done = run(folder, "archiver", "-q", "export", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_format_has_the_same_revisions(crawled: Path) -> None:
    with Catalogue.open(f"sqlite:///{crawled}/archive/catalogue.sqlite") as catalogue:
        expected = {
            (one.article.url, one.number)
            for row in catalogue.article_list("lantern", limit=1000)
            for one in catalogue.get_article(row.url)
        }
    lines = lines_of(export(crawled, "--revisions", "--state", "live"))
    assert {(line["page_url"], line["revision"]) for line in lines} == expected
    assert len(lines) == len(expected)
    assert any(line["changes"] for line in lines)
    everything = lines_of(export(crawled, "--revisions"))
    text = export(crawled, "--revisions", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["url"], int(row["revision"])) for row in rows] == [
        (line["url"], line["revision"]) for line in everything
    ]
    export(crawled, "--revisions", "--format", "parquet", "-o", "all.parquet")
    table = parquet.read_table(crawled / "all.parquet").to_pylist()
    assert [row["text"] for row in table] == [line["text"] for line in everything]
    newest = lines_of(export(crawled))
    assert Counter(line["url"] for line in newest) == Counter({line["url"] for line in everything})


def test_a_choice_by_url_and_by_list(crawled: Path) -> None:
    lines = lines_of(export(crawled))
    two = sorted(str(line["url"]) for line in lines)[:2]
    (crawled / "urls.txt").write_text("# two\n" + "\n".join(two) + "\n", encoding="utf-8")
    assert {line["url"] for line in lines_of(export(crawled, "--urls", "urls.txt"))} == set(two)
    assert [line["url"] for line in lines_of(export(crawled, "--url", two[0]))] == two[:1]
    assert export(crawled, "--since", "2999-01-01") == ""
    bad = run(crawled, "archiver", "export", "--url", "nonsense")
    assert (bad.returncode, "nonsense" in bad.stderr) == (2, True)


def test_captures_as_a_warc_that_stands_alone(crawled: Path) -> None:
    export(crawled, "--format", "warc", "-o", "all.warc.gz")
    out = crawled / "all.warc.gz"
    assert judge(out) == []
    checked = run(crawled, "archiver", "check", "all.warc.gz")
    assert (checked.returncode, checked.stdout) == (0, "all.warc.gz: whole\n")
    with Catalogue.open(f"sqlite:///{crawled}/archive/catalogue.sqlite") as catalogue:
        expected = sum(map(len, catalogue.places().values()))
    found = [one for one in iter_records(out) if isinstance(one, StoredRecord) and one.is_http]
    assert len(found) == expected
    assert all(one.type == "response" or one.http_head().status == 304 for one in found)
    refused = run(crawled, "archiver", "export", "--format", "warc", "--revisions")
    assert refused.returncode == 2


def test_everything_as_a_wacz(crawled: Path) -> None:
    export(crawled, "--format", "wacz", "--title", "The Lantern", "-o", "all.wacz")
    with zipfile.ZipFile(crawled / "all.wacz") as files:
        assert files.testzip() is None
        package = json.loads(files.read("datapackage.json"))
        _, *pages = map(json.loads, files.read("pages/pages.jsonl").splitlines())
    assert package["title"] == "The Lantern"
    revisions = lines_of(export(crawled, "--revisions"))
    assert [(one["url"], one["text"]) for one in pages] == [
        (one["page_url"], one["text"]) for one in revisions
    ]
