"""What pages say of being kept and mined: noted, and obeyed where that is configured."""

from __future__ import annotations

import gzip
import json
import sqlite3
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.workdir import add_seed, run, status, working_folder

WORDS = "The council said on Tuesday that the bridge would be closed for repairs. " * 12
TDM = [{"location": "/tdm-file", "tdm-reservation": 1, "tdm-policy": "https://x.example/policy"}]
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "/plain": ("", {}),
    "/noindex": ('<meta name="robots" content="noindex">', {}),
    "/noarchive-meta": ('<meta name="robots" content="noarchive">', {}),
    "/noarchive-head": ("", {"X-Robots-Tag": "noarchive"}),
    "/noarchive-other": ("", {"X-Robots-Tag": "googlebot: noarchive"}),
    "/noarchive-us": ("", {"X-Robots-Tag": "news-archiver: noarchive"}),
    "/tdm-head": ("", {"tdm-reservation": "1"}),
    "/tdm-meta": ('<meta name="tdm-reservation" content="1">', {}),
    "/tdm-file": ("", {}),
}
KEPT = {"/plain", "/noindex", "/noarchive-other", "/tdm-head", "/tdm-meta", "/tdm-file"}


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str] = []  # noqa: RUF012 - of all requests

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body, more = 200, "", {}
        if self.path == "/feed":
            links = "".join(f"<item><link>http://x.example{path}</link></item>" for path in PAGES)
            body = f'<rss version="2.0"><channel>{links}</channel></rss>'
        elif self.path == "/.well-known/tdmrep.json":
            body = json.dumps(TDM)
        elif self.path in PAGES:
            meta, more = PAGES[self.path]
            body = f"<html><head><title>A bridge</title>{meta}</head><h1>A bridge</h1><p>{WORDS}"
        else:
            status = 404
        packed = gzip.compress(body.encode())
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        self.wfile.write(packed)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        """Nothing."""


def test_signals_are_noted_and_obeyed_as_configured(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        for name, settings in (("a", ""), ("b", 'noarchive = "refuse"\ntdm = "no-extract"\n')):
            folder = tmp_path / name
            folder.mkdir()
            working_folder(
                folder,
                connect_to={"x.example": f"127.0.0.1:{server.server_address[1]}"},
                crawl=f"delay = 0\n[politeness]\n{settings}",
            )
            add_seed(
                folder,
                "x",
                'id = "x"\nname = "X"\nhomepage = "http://x.example/"\n'
                'feeds = ["http://x.example/feed"]\n',
            )
            done = run(folder, "archiver", "crawl", "x")
            assert done.returncode == 0, done.stderr
        server.shutdown()

    assert captured(tmp_path / "a") == set(PAGES)
    assert said(tmp_path / "a") == {
        ("/noindex", "noindex", "1", "meta"),
        ("/noarchive-meta", "noarchive", "1", "meta"),
        ("/noarchive-head", "noarchive", "1", "X-Robots-Tag"),
        ("/noarchive-us", "noarchive", "1", "X-Robots-Tag"),
        ("/tdm-head", "tdm-reservation", "1", "header"),
        ("/tdm-meta", "tdm-reservation", "1", "meta"),
    }
    assert {
        ("/tdm-file", "tdm-reservation", "1", "tdmrep.json"),
        ("/tdm-file", "tdm-policy", "https://x.example/policy", "tdmrep.json"),
    } <= said(tmp_path / "b")
    assert "problems" not in status(tmp_path / "a")["outlets"]["x"] or not status(tmp_path / "a")[
        "outlets"
    ]["x"]["problems"].get("extract")

    assert captured(tmp_path / "b") == KEPT
    found = status(tmp_path / "b")["outlets"]["x"]
    problems = found["problems"]
    assert (found["refused"]["noarchive"], found["refused"]["tdm-reserved"]) == (3, 3)
    assert problems["fetch"] == {"noarchive": 3}
    tried = _ask(tmp_path / "b", "SELECT attempts FROM url WHERE url LIKE '%/noarchive-us'")
    assert tried == [(1,)]  # it is not asked for in every run to come
    assert problems["extract"] == {"tdm-reserved": 3}
    assert _Pages.asked.count("/.well-known/tdmrep.json") == 1  # where it is obeyed
    warcs = b"".join(
        gzip.decompress(path.read_bytes()) for path in (tmp_path / "b").rglob("*.warc.gz")
    )
    assert b"http://x.example/noarchive-us\r\n" not in warcs
    assert b"http://x.example/tdm-head\r\n" in warcs


def captured(folder: Path) -> set[str]:
    rows = _ask(folder, "SELECT url FROM capture JOIN url ON url.id = url_id WHERE kind = 0")
    return {url.removeprefix("http://x.example") for (url,) in rows}


def said(folder: Path) -> set[tuple[str, ...]]:
    rows = _ask(folder, "SELECT url, name, value, source FROM signal JOIN url ON url.id = url_id")
    return {(row[0].removeprefix("http://x.example"), *row[1:]) for row in rows}


def _ask(folder: Path, question: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(folder / "archive" / "catalogue.sqlite")) as catalogue:
        return catalogue.execute(question).fetchall()
