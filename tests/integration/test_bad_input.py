"""What users get wrong, and what the commands say to it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.judges import judge
from support.workdir import TIMEOUT, add_seed, environment, run, status, working_folder

SEED = (
    'id = "{id}"\nname = "X"\nhomepage = "http://x.example/"\nfeeds = ["http://x.example/feed"]\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return working_folder(tmp_path, connect_to={})


@pytest.mark.parametrize("command", [("archiver", "crawl", "sky-news"), ("scrapy", "list")])
def test_wrong_configuration_ends_with_4_and_all_faults(
    folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "config/archiver.toml").write_text(
        '[crawl]\ndelya = 1\ntimeout = "soon"\n[nonsense]\nx = 1\n', encoding="utf-8"
    )
    done = run(folder, *command)
    assert done.returncode == 4
    assert "delay" in done.stderr
    assert "archiver.toml:2" in done.stderr
    assert "archiver.toml:3" in done.stderr
    assert "nonsense" in done.stderr


@pytest.mark.parametrize(
    ("command", "operator", "told"),
    [
        (("archiver", "crawl", "x"), 'name = "X"', "operator.contact is not set"),
        (
            ("scrapy", "crawl", "x"),
            'contact = "mailto:a@x.example"\nuser_agent = "Firefox"',
            "{contact}",
        ),
        (("archiver", "add", "http://x.example/"), "", "operator.contact is not set"),
        (("archiver", "outlets", "check"), "", "operator.contact is not set"),
        (("archiver", "daemon"), "", "operator.contact is not set"),
        (("scrapy", "survey", "order.json"), "", "operator.contact is not set"),
    ],
)
def test_nobody_is_asked_anything_by_somebody_unknown(
    folder: Path, command: tuple[str, ...], operator: str, told: str
) -> None:
    (folder / "config/archiver.toml").write_text(f"[operator]\n{operator}\n", encoding="utf-8")
    for name in ("x", "y"):
        add_seed(folder, name, SEED.format(id=name))
    order = {"outlet": {"id": "x", "name": "X", "homepage": "http://x.example/", "sources": []}}
    (folder / "order.json").write_text(json.dumps({**order, "report": "report"}), "utf-8")
    done = run(folder, *command, timeout=60)  # a daemon would go on
    assert done.returncode == 4
    assert (done.stderr + done.stdout).count(told) == 1  # not by every outlet's child
    assert "archiver.toml" in done.stderr + done.stdout
    assert not list((folder / "archive").rglob("*"))


def test_wrong_seeds_end_with_4_and_all_faults(folder: Path) -> None:
    add_seed(folder, "a", SEED.format(id="same"))
    add_seed(folder, "b", SEED.format(id="same"))
    add_seed(folder, "c", 'id = "c"\nnmae = "C"\n')
    for command in (("archiver", "crawl", "--all"), ("scrapy", "list"), ("scrapy", "crawl", "c")):
        done = run(folder, *command)
        assert done.returncode == 4, command
        for word in ("a.toml", "b.toml", "c.toml", "nmae"):
            assert word in done.stderr


@pytest.mark.parametrize("command", ["archiver", "scrapy"])
def test_an_unknown_outlet_ends_with_2_and_near_names(folder: Path, command: str) -> None:
    add_seed(folder, "sky-news", SEED.format(id="sky-news"))
    done = run(folder, command, "crawl", "sky-nwes")
    assert done.returncode == 2
    assert "sky-news" in done.stderr + done.stdout


@pytest.mark.parametrize("argument", ["recheck=some", "limit=many", "limit=-1"])
def test_a_wrong_argument_ends_with_2_and_says_what_is_right(folder: Path, argument: str) -> None:
    add_seed(folder, "x", SEED.format(id="x"))
    done = run(folder, "scrapy", "crawl", "x", "-a", argument)
    assert done.returncode == 2
    assert "give" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "command", [("status",), ("replay",), ("check",), ("show", "http://x.example/")]
)
def test_an_empty_archive_ends_with_10(folder: Path, command: tuple[str, ...]) -> None:
    done = run(folder, "archiver", *command)
    assert done.returncode == 10
    assert "archive" in done.stderr


def test_a_locked_outlet_ends_with_11(folder: Path) -> None:
    from archiver.store.lock import outlet_lock

    add_seed(folder, "x", SEED.format(id="x"))
    with outlet_lock(folder / "archive" / "locks", "x"):
        assert run(folder, "scrapy", "crawl", "x").returncode == 11


def test_a_source_that_cannot_be_reached_fails_the_run(folder: Path) -> None:
    add_seed(folder, "x", SEED.format(id="x"))
    done = run(folder, "archiver", "crawl", "x", "--set", "crawl.retries=0")
    assert done.returncode == 2  # --set stands before the command
    done = run(folder, "archiver", "--set", "crawl.retries=0", "crawl", "x")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert status(folder)["outlets"]["x"]["problems"]["fetch"] == {"dns": 1}


class _SlowSite:
    """A feed of many pages; the second page never ends until the test lets it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.release = threading.Event()
        self.pages = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path == "/robots.txt":
                    body, kind = b"", "text/plain"
                elif self.path == "/feed":
                    items = "".join(
                        f"<item><link>http://x.example/story/{n}</link></item>" for n in range(50)
                    )
                    body = f'<rss version="2.0"><channel>{items}</channel></rss>'.encode()
                    kind = "application/rss+xml"
                else:
                    body = b"<html><title>A headline</title><p>" + b"Some words. " * 50
                    kind = "text/html"
                    if site.pages:
                        site.reached.set()
                        site.release.wait(TIMEOUT)
                    site.pages += 1
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(BrokenPipeError, ConnectionResetError):  # the child was killed
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def slow_site() -> Iterator[_SlowSite]:
    site = _SlowSite()
    yield site
    site.release.set()
    site.server.shutdown()
    site.server.server_close()


@pytest.mark.parametrize("module", ["archiver.cli.main", "scrapy"])
def test_ctrl_c_closes_the_warc_whole(tmp_path: Path, slow_site: _SlowSite, module: str) -> None:
    port = slow_site.server.server_address[1]
    folder = working_folder(tmp_path, connect_to={"x.example": f"127.0.0.1:{port}"})
    add_seed(folder, "x", SEED.format(id="x") + "[fetch]\ndelay = 0\nconcurrency = 1\n")
    child = subprocess.Popen(
        [sys.executable, "-m", module, "crawl", "x"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert slow_site.reached.wait(TIMEOUT)
    child.send_signal(signal.SIGINT)
    slow_site.release.set()  # what is under way may end; nothing new begins
    said, _ = child.communicate(timeout=TIMEOUT)
    assert child.returncode == 130, said
    files = list((folder / "archive" / "warc").iterdir())
    assert not [path for path in files if path.name.endswith((".open", ".journal", ".torn"))]
    (warc,) = [path for path in files if path.name.endswith(".warc.gz")]
    assert judge(warc) == []
    outlet = status(folder)["outlets"]["x"]
    assert outlet["last_run"]["state"] == "interrupted"
    assert outlet["captures"]["page"]["200"] < 50


def test_a_killed_crawl_loses_nothing_that_was_kept(tmp_path: Path, slow_site: _SlowSite) -> None:
    port = slow_site.server.server_address[1]
    folder = working_folder(tmp_path, connect_to={"x.example": f"127.0.0.1:{port}"})
    add_seed(folder, "x", SEED.format(id="x") + "[fetch]\ndelay = 0\nconcurrency = 1\n")
    child = subprocess.Popen(
        [sys.executable, "-m", "scrapy", "crawl", "x"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert slow_site.reached.wait(TIMEOUT)
    child.kill()
    child.wait(TIMEOUT)
    assert list((folder / "archive" / "warc").glob("*.open"))
    (folder / "archive" / "catalogue.sqlite").unlink()  # the worst that can happen to it
    for rest in (folder / "archive").glob("catalogue.sqlite-*"):
        rest.unlink()
    slow_site.release.set()
    done = run(folder, "archiver", "crawl", "x", "--limit", "1")
    assert done.returncode == 0, done.stderr
    assert not list((folder / "archive" / "warc").glob("*.open"))
    outlet = status(folder)["outlets"]["x"]
    # The first run's page is known again, and its extraction was caught up.
    assert outlet["captures"]["page"]["200"] == 2
    assert outlet["pending"] == 0
    assert outlet["articles"] + sum(outlet["problems"].get("extract", {}).values()) == 2


def test_a_fault_of_our_own_is_not_called_done(tmp_path: Path, slow_site: _SlowSite) -> None:
    slow_site.release.set()
    port = slow_site.server.server_address[1]
    folder = working_folder(tmp_path, connect_to={"x.example": f"127.0.0.1:{port}"})
    add_seed(folder, "x", SEED.format(id="x") + "[fetch]\ndelay = 0\n")
    (folder / "broken.py").write_text(
        "class Pipeline:\n    def process_item(self, item):\n        raise RuntimeError('fault')\n"
    )
    pipelines = 'ITEM_PIPELINES={"broken.Pipeline": 1}'
    done = run(folder, "scrapy", "crawl", "x", "-a", "limit=2", "-s", pipelines)
    assert done.returncode == 3, done.stderr
    outlet = status(folder)["outlets"]["x"]
    assert outlet["problems"] == {"crawl": {"error": 2}}
    assert outlet["pending"] == 2  # their captures are kept, and the next run extracts them
