"""What a server sees of a crawl's manners."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.workdir import add_seed, run, status, working_folder

from archiver.warc.reader import read_record

PAGES = 24


class _Site:
    """Counts requests under way; every page takes a moment, so that greed shows."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.robots = (200, b"")
        self.most = 0
        self.pause = 0.01  # seconds that an answer takes
        self.side_by_side: list[int] = []
        self._now = 0
        self._lock = threading.Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with site._lock:
                    site._now += 1
                    site.most = max(site.most, site._now)
                    site.paths.append(self.path)
                    site.side_by_side.append(site._now)
                threading.Event().wait(site.pause)
                status, body = 200, b"<p>A page."
                if self.path == "/robots.txt":
                    status, body = site.robots
                elif self.path.startswith("/feed"):
                    links = "".join(
                        f"<item><link>http://x.example/{self.path[5:]}/{n}</link></item>"
                        for n in range(PAGES)
                    )
                    body = f'<rss version="2.0"><channel>{links}</channel></rss>'.encode()
                with site._lock:
                    site._now -= 1
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def site() -> Iterator[_Site]:
    site = _Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def folder(tmp_path: Path, site: _Site) -> Path:
    target = f"127.0.0.1:{site.server.server_address[1]}"
    folder = working_folder(tmp_path, connect_to={"x.example": target})
    feeds = ", ".join(f'"http://x.example/feed{n}"' for n in range(8))
    add_seed(
        folder,
        "x",
        f'id = "x"\nname = "X"\nhomepage = "http://x.example/"\nfeeds = [{feeds}]\n'
        "[fetch]\ndelay = 0\nconcurrency = 2\n",
    )
    return folder


def test_never_more_side_by_side_than_configured(folder: Path, site: _Site) -> None:
    run(folder, "archiver", "crawl", "x")
    assert len(site.paths) == 1 + 8 + 8 * PAGES
    assert site.most <= 2


def test_robots_txt_is_asked_once_and_obeyed_by_all_that_wait_for_it(
    folder: Path, site: _Site
) -> None:
    site.robots = (200, b"User-agent: *\nDisallow: /feed\n")
    done = run(folder, "archiver", "crawl", "x")
    assert done.returncode == 1
    assert site.paths == ["/robots.txt"]
    assert status(folder)["outlets"]["x"]["problems"]["fetch"] == {"robots": 8}


def test_a_robots_txt_that_cannot_be_had_forbids_everything(folder: Path, site: _Site) -> None:
    site.robots = (503, b"")
    assert run(folder, "archiver", "crawl", "x").returncode == 1
    assert set(site.paths) == {"/robots.txt"}
    assert status(folder)["outlets"]["x"]["problems"]["fetch"] == {"robots-unreachable": 8}


def test_without_a_robots_txt_everything_is_allowed(folder: Path, site: _Site) -> None:
    site.robots = (404, b"")
    assert run(folder, "archiver", "crawl", "x").returncode == 0
    assert len(site.paths) == 1 + 8 + 8 * PAGES


def test_a_robots_txt_is_remembered_and_what_it_decided_is_written_down(
    folder: Path, site: _Site
) -> None:
    rules = b"User-agent: *\nDisallow: /feed1\nDisallow: /feed\nAllow: /feed0\nCrawl-delay: 0.001\n"
    site.robots = (200, rules)
    for _ in range(2):
        assert run(folder, "archiver", "crawl", "x").returncode == 3
    assert site.paths.count("/robots.txt") == 1
    assert {path for path in site.paths if "feed" in path} == {"/feed0"}

    with closing(sqlite3.connect(folder / "archive" / "catalogue.sqlite")) as catalogue:
        asked = "SELECT url, detail FROM problem WHERE reason = 'robots'"
        details = dict(catalogue.execute(asked).fetchall())
        assert "robots.txt, Disallow: /feed1 (" in details["http://x.example/feed1"]
        assert "robots.txt, Disallow: /feed (" in details["http://x.example/feed2"]
        (record,) = catalogue.execute("SELECT record FROM robots").fetchone()
        assert record in details["http://x.example/feed1"]
        file, _, offset = record.split(" ")[0].rpartition(":")
        stored = read_record(next((folder / "archive").rglob(file)), int(offset))
        assert record.endswith(stored.header("WARC-Record-ID") or "none")
        assert rules in stored.block

        # What is older than a day is asked for again, and forbids everything where it cannot be
        # had; after 30 days of that, the rules of before are taken to hold.
        for days, paths in ((29, set()), (31, {"/feed0"})):
            since = (time.time() - days * 86400) * 1_000_000
            catalogue.execute("UPDATE robots SET expires = 0, unreachable_since = ?", [int(since)])
            catalogue.execute("DELETE FROM host_state")
            catalogue.commit()
            site.paths.clear()
            site.robots = (500, b"")
            assert run(folder, "archiver", "crawl", "x").returncode == (3 if paths else 1)
            assert "/robots.txt" in site.paths
            assert {path for path in site.paths if "feed" in path} == paths


def test_a_host_that_gets_slow_is_asked_less_at_once(folder: Path, site: _Site) -> None:
    add_seed(
        folder,
        "x",
        'id = "x"\nname = "X"\nhomepage = "http://x.example/"\nfeeds = ["http://x.example/feed0"]\n'
        "[fetch]\ndelay = 0.005\nconcurrency = 8\n",
    )
    site.pause = 0.15
    assert run(folder, "archiver", "crawl", "x").returncode == 0
    assert len(site.paths) == 2 + PAGES
    # With a delay of 5 ms eight would be under way; half of them with one that has grown.
    assert max(site.side_by_side[-PAGES // 2 :]) <= 4
