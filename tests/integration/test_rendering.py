"""An outlet whose pages are empty without scripts, read as a browser makes them."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.judges import judge
from support.workdir import add_seed, run, status, working_folder

from archiver.errors import ConfigError
from archiver.fetch import rendering
from archiver.warc.reader import StoredRecord, iter_records

HOST = "js.example"
WORDS = "The river rose again in the night and the town waited for the morning. " * 12
STORY = "/news/a-flood-in-the-valley-1001"
ENDLESS = "/news/a-page-that-never-ends-1002"
FEED = """<rss version="2.0"><channel><title>JS</title>
<item><title>A story</title><link>http://js.example%s</link></item></channel></rss>"""
PAGE = """<!doctype html><html lang="en"><head><title>JS</title>
<meta name="viewport" content="width=device-width"></head><body><div id="root"></div>
<script src="/app.js"></script></body></html>"""
SCRIPT = """
const story = location.pathname;
fetch('/api' + story).then(r => r.json()).then(it => {
  document.title = it.title;
  document.getElementById('root').innerHTML =
    '<article><h1>' + it.title + '</h1><p>' + it.words.join('</p><p>') + '</p></article>';
});
fetch('http://127.0.0.1:CANARY/loopback').catch(() => 0);
fetch('http://localhost:CANARY/name').catch(() => 0);
fetch('/forbidden/by-robots').catch(() => 0);
try { new WebSocket('ws://127.0.0.1:CANARY/socket'); } catch (e) {}
fetch('/collect', {method: 'POST', body: 'what you read'}).catch(() => 0);
new Image().src = 'http://127.0.0.1:CANARY/picture';
if (story.includes('never-ends')) { while (true) {} }
"""
ROBOTS = "User-agent: *\nDisallow: /forbidden/\n"
pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, rendering._NAMES)), reason="no Chromium here: none renders pages"
)


class Served:
    """A server on loopback that notes the path of every request."""

    def __init__(self, answers: dict[str, tuple[str, str]]) -> None:
        self.asked: list[str] = []
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                served.asked.append(f"{self.command} {self.path}")
                kind, body = answers.get(self.path, ("", ""))
                self.send_response(200 if kind else 404)
                self.send_header("Content-Type", kind or "text/plain")
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            do_POST = do_GET  # noqa: N815 - as the base class asks for it

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@pytest.fixture
def canary() -> Iterator[Served]:
    served = Served({})
    yield served
    served.close()


@pytest.fixture
def site(canary: Served) -> Iterator[Served]:
    html, story = (
        "text/html; charset=utf-8",
        {"title": "A flood in the valley", "words": [WORDS] * 3},
    )
    served = Served(
        {
            "/feed": ("application/rss+xml", FEED % STORY),
            "/endless": ("application/rss+xml", FEED % ENDLESS),
            "/robots.txt": ("text/plain", ROBOTS),
            STORY: (html, PAGE),
            ENDLESS: (html, PAGE),
            "/app.js": ("text/javascript", SCRIPT.replace("CANARY", str(canary.port))),
            f"/api{STORY}": ("application/json", json.dumps(story)),
        }
    )
    yield served
    served.close()


@pytest.fixture
def folder(tmp_path: Path, site: Served) -> Path:
    folder = working_folder(
        tmp_path,
        connect_to={HOST: f"127.0.0.1:{site.port}"},
        crawl="delay = 0\nretries = 0",
    )
    seed = f'id = "js"\nname = "JS"\nhomepage = "http://{HOST}/"\nlanguage = "en"\n'
    add_seed(folder, "js", seed + f'feeds = ["http://{HOST}/feed"]\n[fetch]\nrender = true\n')
    endless = seed.replace('"js"', '"endless"')
    endless += f'feeds = ["http://{HOST}/endless"]\n[fetch]\nrender = true\n'
    add_seed(folder, "endless", endless)
    return folder


def test_what_the_browser_made_is_read_and_kept(folder: Path, site: Served, canary: Served) -> None:
    done = run(folder, "archiver", "crawl", "js")
    assert done.returncode == 0, done.stderr
    shown = run(folder, "archiver", "show", f"http://{HOST}{STORY}")
    assert "A flood in the valley" in shown.stdout
    # what the page asked for went through the crawl: its robots.txt, its guard, its record
    assert f"GET /api{STORY}" in site.asked
    assert "GET /forbidden/by-robots" not in site.asked
    assert not [asked for asked in site.asked if asked.startswith("POST")]
    assert canary.asked == []
    (path,) = (folder / "archive" / "warc").glob("*.warc.gz")
    records = [record for record in iter_records(path) if isinstance(record, StoredRecord)]
    by_url = {record.target_uri: record for record in records if record.type == "response"}
    page = by_url[f"http://{HOST}{STORY}"]
    assert page.http().payload == PAGE.encode()  # as it came
    (made,) = [record for record in records if record.type == "conversion"]
    assert made.header("WARC-Refers-To") == page.record_id
    assert b"The river rose again" in bytes(made.block)
    assert f"http://{HOST}/api{STORY}" in by_url
    said = [record for record in records if record.header("WARC-Concurrent-To") == made.record_id]
    assert b"rendered-by: Chromium" in bytes(said[0].block)
    assert judge(path) == []
    checked = run(folder, "archiver", "check")
    assert checked.returncode == 0, checked.stdout


def test_a_page_that_cannot_be_made_is_kept_as_it_came(folder: Path) -> None:
    done = run(folder, "archiver", "crawl", "endless", ARCHIVER_CRAWL__TIMEOUT="8s")
    assert done.returncode == 0, done.stderr
    outlet = status(folder)["outlets"]["endless"]
    assert outlet["problems"]["render"] == {"timeout": 1}
    assert outlet["captures"]["page"] == {"200": 1}


def test_a_page_left_pending_is_read_as_it_was_made(folder: Path) -> None:
    first = run(folder, "scrapy", "crawl", "js", "-s", "ITEM_PIPELINES={}")
    assert first.returncode == 0, first.stderr
    assert status(folder)["totals"]["articles"] == 0
    second = run(folder, "archiver", "crawl", "js")
    assert second.returncode == 0, second.stderr
    shown = run(folder, "archiver", "show", f"http://{HOST}{STORY}")
    assert "A flood in the valley" in shown.stdout


def test_without_a_browser_it_says_so(folder: Path) -> None:
    done = run(folder, "archiver", "crawl", "js", ARCHIVER_NETWORK__BROWSER="/no/such/chromium")
    assert done.returncode == 4
    assert "network.browser: '/no/such/chromium' is no program" in done.stderr


def test_without_the_extra_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'news-archiver\[rendering\]'"):
        rendering.browser_path("")
