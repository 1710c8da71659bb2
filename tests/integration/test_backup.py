"""The demo's archive, backed up while it is written to, destroyed, and brought back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.s3_place import S3Place
from support.workdir import environment, run, status

from archiver.daemon.holder import daemon_lock
from archiver.model import Problem
from archiver.store.backup import own_host
from archiver.store.catalogue import Catalogue
from archiver.store.lock import outlet_lock

NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working folder that the demo leaves."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    done = run(folder.parent, "archiver", "demo", "--no-serve", "--dir", "demo")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def demo(crawled: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(crawled, tmp_path / "demo"))


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/archive/catalogue.sqlite"


def answers(folder: Path) -> dict[str, Any]:
    """What the catalogue says of articles, captures and the state of things."""
    with Catalogue.open(url_of(folder)) as catalogue:
        articles = catalogue.article_list("lantern", limit=1000)
        return {
            "articles": [catalogue.get_article(article.url) for article in articles],
            "captures": [catalogue.captures_of(article.url) for article in articles],
            "files": catalogue.files(),
            "outlet": catalogue.status()["outlets"]["lantern"],
        }


@contextmanager
def being_written_to(folder: Path) -> Iterator[None]:
    """Have another outlet's problems added all the while, from before on."""
    begun, ending = threading.Event(), threading.Event()

    def write() -> None:
        with Catalogue.open(url_of(folder)) as catalogue:
            for number in range(1_000_000):
                found = Problem(stage="fetch", reason="dns", url=f"http://x/{number}", at=NOW)
                catalogue.add_problems(None, "other", [found])
                begun.set()
                if ending.is_set():
                    break

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(60)
    try:
        yield
    finally:
        ending.set()
        writer.join()


def archiver(folder: Path, *command: str, code: int = 0, **more: str) -> Any:
    done = run(folder, "archiver", *command, **more)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if "--json" in command and code == 0 else done.stderr


def destroy(folder: Path) -> None:
    path = folder / "archive" / "catalogue.sqlite"
    path.write_bytes(b"\xa5" * path.stat().st_size)


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_all_answers_are_the_same_after_a_loss(
    demo: Path, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    more: dict[str, str] = {"ARCHIVER_STORAGE__URL": f"file://{tmp_path / 'store'}"}
    if kind == "s3":
        place: S3Place = request.getfixturevalue("s3_moto")
        more = {
            **place.environment(),
            "ARCHIVER_STORAGE__URL": f"s3://{place.new_bucket()}/kept",
            "ARCHIVER_STORAGE__ENDPOINT": place.endpoint,
            "ARCHIVER_STORAGE__CA_FILE": place.ca_file,
            "ARCHIVER_STORAGE__ADDRESSING": "path",
        }
    before = answers(demo)
    assert before["articles"]
    with being_written_to(demo):
        made = archiver(demo, "backup", "--json", **more)
    assert made["url"].startswith(more["ARCHIVER_STORAGE__URL"] + "/catalogue/")
    assert made["verified"] == ("etag" if kind == "s3" else "read-back")
    again = archiver(demo, "backup", "--json", "--if-older", "1h", **more)
    assert (again["made"], again["url"]) == (False, made["url"])
    destroy(demo)
    archiver(demo, "status", code=1)
    archiver(demo, "restore", code=1, **more)
    done = archiver(demo, "restore", "--force", "--json", **more)
    assert (done["url"], done["verified"]) == (made["url"], True)
    assert answers(demo) == before
    assert archiver(demo, "reindex", "--json")["captures_added"] == 0
    assert Path(done["aside"]).read_bytes().startswith(b"\xa5")
    assert status(demo)["outlets"]["other"]["problems"]["fetch"]["dns"] >= 1


def test_what_is_newer_than_the_backup_comes_from_the_warcs(demo: Path) -> None:
    """A backup of before the second crawl, whose file is only in the folder of WARCs."""
    files = sorted((demo / "archive" / "warc").glob("*.warc.gz"))
    aside = demo / files[-1].name
    files[-1].rename(aside)
    (demo / "archive" / "catalogue.sqlite").unlink()
    archiver(demo, "reindex", "--json")
    archiver(demo, "backup", "--json")
    aside.rename(files[-1])
    archiver(demo, "restore", "--force", "--json")
    assert archiver(demo, "reindex", "--json")["captures_added"] > 0
    with Catalogue.open(url_of(demo)) as catalogue:
        assert len(catalogue.files()) == len(files)


def test_what_was_taken_down_since_is_not_seen_again(demo: Path) -> None:
    with Catalogue.open(url_of(demo)) as catalogue:
        url = catalogue.article_list("lantern")[0].url
    archiver(demo, "backup")
    archiver(demo, "show", url)
    archiver(demo, "redact", url, "--reason", "order")
    archiver(demo, "restore", "--force")
    archiver(demo, "show", url, code=2)


def test_a_file_is_written_once_and_read_back(demo: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "before-upgrade.sqlite.gz"
    archiver(demo, "backup", "--to", str(target))
    digest = subprocess.run(
        ["sha256sum", "-c", f"{target.name}.sha256"], cwd=target.parent, check=False
    )
    assert digest.returncode == 0
    archiver(demo, "backup", "--to", str(target))  # the same bytes: no harm
    with Catalogue.open(url_of(demo)) as catalogue:
        catalogue.set_due({"other": NOW})
    assert "another file" in archiver(demo, "backup", "--to", str(target), code=1)
    archiver(demo, "backup", "--to", str(target), "--if-older", "1h", code=2)
    archiver(demo, "restore", "--from", str(target), "--force")
    archiver(demo, "restore", "--from", str(tmp_path / "none"), "--force", code=1)
    archiver(demo, "backup", "--to", "ftp://x/y", code=1)
    assert "no key" in archiver(demo, "backup", "--to", str(tmp_path / "a b"), code=2)


def test_storage_backups_bounds_how_many_stay(demo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    for _ in range(4):
        made = archiver(demo, "--set", "storage.backups=2", "backup", "--to", str(folder), "--json")
    assert len(made["removed"]) == 1
    done = run(demo, "archiver", "restore", "--from", str(folder), "--list", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["url"] for row in rows][-1] == made["url"]
    assert len(rows) == 2
    assert {row["host"] for row in rows} == {own_host()}
    done = run(demo, "archiver", "restore", "--from", str(folder), "--list")
    assert rows[0]["stamp"] in done.stdout
    archiver(demo, "restore", "--from", str(folder), "--at", rows[0]["stamp"], "--force", "--json")


def test_nothing_is_restored_below_a_daemon_or_a_crawl(demo: Path) -> None:
    archiver(demo, "backup")
    archive = demo / "archive"
    with daemon_lock(archive):
        assert "daemon" in archiver(demo, "restore", "--force", code=11)
    for name in ("lantern", "ship", "catalogue.backup"):
        with outlet_lock(archive / "locks", name):
            assert name in archiver(demo, "restore", "--force", code=11)
    shutil.rmtree(archive / "locks")
    with outlet_lock(archive / "locks", "catalogue.backup"):
        archiver(demo, "backup", code=11)
    archiver(demo, "restore", "--force")


def test_postgresql_has_tools_of_its_own(demo: Path) -> None:
    more = {
        "ARCHIVER_ARCHIVE__CATALOGUE_URL": "postgresql://me@localhost/news",
        "ARCHIVER_ARCHIVE__CATALOGUE_PASSWORD": "secret",
    }
    for name in ("backup", "restore"):
        said = archiver(demo, name, code=1, **more)
        assert "pg_dump" in said
        assert "secret" not in said


def test_a_backup_that_is_killed_at_any_time_leaves_nothing_but_whole_ones(demo: Path) -> None:
    before = answers(demo)
    for delay in (0.2, 0.3, 0.4, 0.5):
        child = subprocess.Popen(
            [sys.executable, "-m", "archiver.cli.main", "backup"],
            cwd=demo,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            child.wait(delay)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    archiver(demo, "backup")
    assert not (demo / "archive" / ".backup").exists()
    assert answers(demo) == before
    done = run(demo, "archiver", "restore", "--list", "--json")
    for line in done.stdout.splitlines():
        url = json.loads(line)["url"]
        archiver(demo, "restore", "--force", "--from", url.removeprefix("file://"))
        assert answers(demo) == before
