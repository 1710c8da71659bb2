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
from support.catalogues import catalogue_of
from support.judges import judge
from support.workdir import add_seed, run, working_folder

from archiver.demo.server import DemoServer
from archiver.demo.site import SEED
from archiver.store.catalogue import Catalogue
from archiver.warc.reader import StoredRecord, iter_records


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, each_database: str) -> Path:
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
    with Catalogue.open(catalogue_of(crawled)) as catalogue:
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
    with Catalogue.open(catalogue_of(crawled)) as catalogue:
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


def test_an_export_taken_in_elsewhere_gives_the_same_articles(
    crawled: Path, tmp_path: Path
) -> None:
    export(crawled, "--format", "warc", "-o", "other.warc.gz")
    folder = working_folder(tmp_path / "elsewhere", connect_to={})
    add_seed(folder, "lantern", SEED.read_text("utf-8"))
    source = (crawled / "other.warc.gz").as_uri()
    done = run(folder, "archiver", "import", "--json", source)
    assert done.returncode == 0, done.stderr
    came = json.loads(done.stdout)
    assert (came["known"], came["damage"], set(came["captures"])) == (False, [], {"lantern"})
    wanted = lines_of(export(crawled, "--revisions"))
    found = lines_of(export(folder, "--revisions"))
    assert {words(one) for one in found} == {words(one) for one in wanted}
    assert came["pages"]["new"] == len({one["url"] for one in found})
    checked = run(folder, "archiver", "check")
    assert checked.returncode == 0, checked.stdout
    again = run(folder, "archiver", "import", str(crawled / "other.warc.gz"))
    assert (again.returncode, "known already" in again.stdout) == (0, True)
    assert lines_of(export(folder, "--revisions")) == found
    anew = run(
        folder,
        "archiver",
        "--set",
        f"archive.catalogue_url=sqlite:///{folder}/anew.sqlite",
        "reindex",
    )
    assert anew.returncode == 0, anew.stderr
    with Catalogue.open(f"sqlite:///{folder}/anew.sqlite") as catalogue:
        made = {one.outlet for name in catalogue.places() for one in catalogue.captures_in(name)}
    assert made == {"lantern"}


def words(line: dict[str, object]) -> tuple[object, ...]:
    return tuple(line[name] for name in ("page_url", "captured_at", "title", "text", "outlet"))


def test_what_is_refused_and_what_is_broken(crawled: Path, tmp_path: Path) -> None:
    export(crawled, "--format", "warc", "-o", "torn.warc.gz")
    torn = crawled / "torn.warc.gz"
    torn.write_bytes(torn.read_bytes()[:-50])
    arc = tmp_path / "old.arc"
    arc.write_bytes(b"filedesc://old.arc 0.0.0.0 20000101000000 text/plain 5\n1 0 x\n")
    folder = working_folder(tmp_path / "elsewhere", connect_to={})
    done = run(folder, "archiver", "import", "--no-extract", str(arc), str(torn))
    assert done.returncode == 3, done.stderr
    assert "ARC file" in done.stderr
    assert "damaged at" in done.stdout
    assert "of unknown" in done.stdout
    assert "pages:" not in done.stdout
    assert run(folder, "archiver", "import", str(arc)).returncode == 1
    bad = run(folder, "archiver", "import", "--outlet", "nobody", str(torn))
    assert (bad.returncode, "nobody" in bad.stderr) == (2, True)
