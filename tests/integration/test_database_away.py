"""A crawl whose PostgreSQL crashes and comes back goes on, and nothing of it is missing."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest
from support.catalogues import catalogue_of, catalogues_on
from support.judges import judge
from support.postgres import Server, own_server
from support.scripted_site import Reply, ScriptedSite, feed, story
from support.workdir import TIMEOUT, environment, run, status

from archiver.store.catalogue import Catalogue

HOST = "news.example"
SEED = f'homepage = "http://{HOST}/"\nfeeds = ["http://{HOST}/feed.xml"]\n'
PAGES = 60


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server() as own:
        own.stop()
        own.start(synchronous_commit="on")
        yield own


class Site:
    """A feed of many stories; `at` says which one, by how many were asked for, is told of."""

    def __init__(self, at: dict[int, threading.Event]) -> None:
        self.at = at
        self.count = 0
        self._lock = threading.Lock()
        links = [f"http://{HOST}/story/{number}" for number in range(PAGES)]
        self.feed = feed(links)

    def answer(self, address: str) -> Reply | None:
        if address.endswith("/feed.xml"):
            return self.feed
        if "/story/" not in address:
            return None
        with self._lock:
            self.count += 1
            reached = self.at.get(self.count)
        if reached is not None:
            reached.set()
        return story(f"Story {address.rpartition('/')[2]}")


class Crawl:
    """A crawl in a process of its own, whose log can be waited for."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "archiver.cli.main", *options, "crawl", "x"],
            cwd=folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def says(self, words: str) -> bool:
        """Wait for a line of the log; False where it ends without."""
        for line in self._process.stderr or ():
            self.said.append(line)
            if words in line:
                return True
        return False

    @property
    def is_going_on(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def ends(self) -> int:
        """Wait for the end; the exit code."""
        self.says("there is no such line")
        return self._process.wait(TIMEOUT)


def test_a_crawl_waits_for_its_database(tmp_path: Path, server: Server) -> None:
    reached = {10: threading.Event(), 30: threading.Event()}
    site = Site(reached)
    with (
        ScriptedSite(otherwise=site.answer) as served,
        catalogues_on(server),
        ExitStack() as stack,
    ):
        folder = served.folder(tmp_path, SEED, HOST, crawl="concurrency = 4\n")
        crawl = stack.enter_context(Crawl(folder))
        for stops, event in enumerate(reached.values()):
            while not event.wait(0.1) and crawl.is_going_on:
                pass
            if not event.is_set():
                break
            server.stop()
            waits = crawl.says("done again")
            server.start(synchronous_commit="on")
            if not waits:  # it noticed, just before the second stop, what the first did (see below)
                assert (stops, crawl.ends()) == (1, 130), crawl.said
                break
        # 130: the outlet's lock went with the database, and was not renewed in time
        code = crawl.ends()
        assert code in (0, 130), crawl.said
        if code:
            done = run(folder, "archiver", "crawl", "x")
            assert done.returncode == 0, done.stderr
    found = status(folder)["outlets"]["x"]
    assert found["last_run"]["state"] == "done"
    assert found["captures"]["page"] == {"200": PAGES}
    with Catalogue.open(catalogue_of(folder)) as catalogue:
        assert catalogue.status()["totals"]["articles"] == PAGES
        assert catalogue.pending() == []
    warcs = sorted((folder / "archive" / "warc").glob("*.warc.gz"))
    for warc in warcs:
        assert judge(warc) == []
    again = run(folder, "archiver", "reindex", "--json")
    assert '"captures_added": 0' in again.stdout


def test_a_crawl_gives_up_on_a_database_that_stays_away(tmp_path: Path, server: Server) -> None:
    """What it had fetched by then is in the catalogue after the next one."""
    reached = {10: threading.Event()}
    site = Site(reached)
    with (
        ScriptedSite(otherwise=site.answer) as served,
        catalogues_on(server),
        ExitStack() as stack,
    ):
        folder = served.folder(tmp_path, SEED, HOST, crawl="concurrency = 4\n")
        crawl = stack.enter_context(Crawl(folder, "--set=archive.catalogue_wait=1s"))
        assert reached[10].wait(TIMEOUT)
        server.stop()
        assert crawl.ends() == 1
        assert "can be reached" in "".join(crawl.said)
        server.start(synchronous_commit="on")
        done = run(folder, "archiver", "crawl", "x")
    assert done.returncode == 0, done.stderr
    assert status(folder)["outlets"]["x"]["captures"]["page"] == {"200": PAGES}
    with Catalogue.open(catalogue_of(folder)) as catalogue:
        assert catalogue.status()["totals"]["articles"] == PAGES
