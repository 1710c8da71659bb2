"""Hosts that ask for patience, outlets that answer with walls, and a day's budget, over runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.workdir import add_seed, run, status, working_folder

from archiver.model import utcnow

GOLDEN = Path(__file__).parents[1] / "golden"
PAGES = 12
WORDS = "The council said on Tuesday that the bridge would be closed for repairs. " * 12
ARTICLE = f"<html><head><title>Bridge</title></head><body><h1>Bridge</h1><article><p>{WORDS}</p>"


class _Web:
    """Several hosts on one server: what was asked of which, and when."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, str]] = []
        self.walls = "200"
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host = self.headers["Host"]
                first = all((h, p) != (host, self.path) for _, h, p in web.asked)
                web.asked.append((time.monotonic(), host, self.path))
                status, body, more = web.answer(host, self.path, first=first)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, host: str, path: str, *, first: bool) -> tuple[int, bytes, dict[str, str]]:
        if path == "/robots.txt":
            return 404, b"", {}
        if path == "/feed":
            hosts = (
                ["wall.example"]
                if host == "wall.example"
                else ["a.example", "b.example", "c.example"]
            )
            links = "".join(
                f"<item><link>http://{of}/story/{n}</link></item>"
                for n in range(PAGES)
                for of in hosts
            )
            return 200, f'<rss version="2.0"><channel>{links}</channel></rss>'.encode(), {}
        if host == "b.example" and path == "/story/0" and first:
            return 429, b"", {"Retry-After": "1"}
        if host == "c.example":
            then = format_datetime(utcnow() + timedelta(hours=1), usegmt=True)
            return 503, b"", {"Retry-After": then}
        if host == "wall.example" and self.walls == "captcha":
            return 200, (GOLDEN / "bot-wall.html").read_bytes(), {}
        if host == "wall.example" and self.walls == "403":
            return 403, b"<p>No.", {}
        return 200, ARTICLE.encode(), {}

    def pages(self, host: str) -> list[str]:
        return [path for _, name, path in self.asked if name == host and "/story" in path]


@pytest.fixture
def web() -> Iterator[_Web]:
    web = _Web()
    yield web
    web.server.shutdown()
    web.server.server_close()


def runs(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = status(folder)["outlets"]
    return found


def test_patience_walls_and_budgets_last_from_run_to_run(tmp_path: Path, web: _Web) -> None:
    target = f"127.0.0.1:{web.server.server_address[1]}"
    hosts = ("a.example", "b.example", "c.example", "wall.example")
    folder = working_folder(
        tmp_path,
        connect_to=dict.fromkeys(hosts, target),
        crawl="delay = 0\nconcurrency = 2\nrequisites = 'none'\n[politeness]\nmax_blocks = 3\n",
    )
    add_seed(
        folder,
        "many",
        'id = "many"\nname = "M"\nhomepage = "http://a.example/"\n'
        'hosts = ["b.example", "c.example"]\n'
        'feeds = ["http://a.example/feed"]\n',
    )
    add_seed(
        folder,
        "wall",
        'id = "wall"\nname = "W"\nhomepage = "http://wall.example/"\n'
        'feeds = ["http://wall.example/feed"]\n',
    )

    web.walls = "403"
    done = run(folder, "archiver", "crawl", "many", "wall")
    assert done.returncode == 3, done.stderr
    # b asked for a second, and was left alone for one, while a was asked on.
    told = next(at for at, host, path in web.asked if (host, path) == ("b.example", "/story/0"))
    again = max(at for at, host, path in web.asked if (host, path) == ("b.example", "/story/0"))
    assert again - told >= 1
    assert sorted({*web.pages("b.example")}) == sorted({*web.pages("a.example")})
    assert len(web.pages("b.example")) == PAGES + 1
    assert any(told < at < again for at, host, _ in web.asked if host == "a.example")
    # c asked for an hour: nothing more went there than was under way.
    under_way = len(web.pages("c.example"))
    assert under_way <= 2
    found = runs(folder)
    assert found["many"]["problems"]["fetch"] == {
        "http-503": under_way,
        "postponed": PAGES - under_way,
    }
    # The wall was known for one after three pages.
    walled = len(web.pages("wall.example"))
    assert 3 <= walled < PAGES
    assert found["wall"]["problems"]["crawl"] == {"blocked": 1}
    assert found["wall"]["problems"]["fetch"]["http-403"] == walled

    web.asked.clear()
    web.walls = "captcha"
    assert run(folder, "archiver", "crawl", "many", "wall").returncode == 3
    assert web.pages("c.example") == []
    assert len(web.pages("wall.example")) == 1
    assert runs(folder)["wall"]["problems"]["extract"] == {"blocked": 1}

    web.asked.clear()
    web.walls = "open"
    assert run(folder, "archiver", "crawl", "wall").returncode == 0
    assert len({*web.pages("wall.example")}) == PAGES  # those behind the wall, too

    web.asked.clear()
    budget = ("--set", "politeness.daily_requests=5")
    done = run(folder, "archiver", *budget, "crawl", "many", "wall")
    assert done.returncode == 3, done.stderr
    assert web.asked == []
    assert [runs(folder)[name]["problems"]["crawl"]["budget"] for name in ("many", "wall")] == [
        1,
        1,
    ]
