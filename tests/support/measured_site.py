"""Sites that misbehave, for crawls whose memory is measured."""

from __future__ import annotations

import json
import random
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from support.odd_server import read_request
from support.workdir import TIMEOUT, add_seed, environment, working_folder

from archiver.warc.reader import StoredRecord, iter_records

CHILD = Path(__file__).parent / "measured_crawl.py"
MIB = 1024 * 1024
HTML = b"<html><title>A headline</title><p>" + b"Some words of a story. " * 50
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
BLOCK = random.Random(5).randbytes(MIB // 2).hex().encode()  # packs to a half
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def sized(body: bytes) -> Iterator[bytes]:
    yield OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


def blocks(count: int) -> Iterator[bytes]:
    yield OK + b"Content-Length: %d\r\n\r\n" % (count * MIB)
    for _ in range(count):
        yield BLOCK


def chunks(count: int) -> Iterator[bytes]:
    yield CHUNKED
    for _ in range(count):
        yield b"%x\r\n%s\r\n" % (MIB, BLOCK)
    yield b"0\r\n\r\n"


def forever(head: bytes, piece: bytes) -> Iterator[bytes]:
    yield head
    while True:
        yield piece


@dataclass
class Site:
    """Serves a feed of its pages, and each page as its generator gives it.

    A page that is `slow` sends its next piece after so many seconds. Pages of `unlisted` are not
    in the feed. With a `tls` context all is https.
    """

    pages: dict[str, Callable[[], Iterator[bytes]]]
    slow: dict[str, float] = field(default_factory=dict)
    unlisted: dict[str, Callable[[], Iterator[bytes]]] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    sent: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Site:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.over = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError), self._secured(connection) as connection:
            while request := read_request(connection):
                name = request.split()[1].decode().rpartition("/")[2]
                self.sent[name] = 0
                for piece in self._answer(name):
                    connection.sendall(piece)
                    self.sent[name] += len(piece)
                    if self.over.wait(self.slow.get(name, 0)):
                        return

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(connection, server_side=True) if self.tls else connection

    def url(self, name: str) -> str:
        return f"{'https' if self.tls else 'http'}://{name}.example/story/{name}"

    def _answer(self, name: str) -> Iterator[bytes]:
        if name == "robots.txt":
            return sized(b"")
        if name == "feed":
            items = "".join(f"<item><link>{self.url(page)}</link></item>" for page in self.pages)
            return sized(f'<rss version="2.0"><channel>{items}</channel></rss>'.encode())
        return (self.pages | self.unlisted)[name]()


@dataclass
class Crawled:
    """What a crawl left: its peak memory, and each page's answer and metadata record."""

    peak: int
    file: Path
    answers: dict[str, StoredRecord] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    status: dict[str, dict[str, int]] = field(default_factory=dict)


def crawl(folder: Path, site: Site, settings: str, network: str = "") -> Crawled:
    """Crawl the site's feed in a new folder, with more lines for two sections of settings."""
    folder.mkdir()
    feed = site.url("x").replace("/story/x", "/feed")
    target = f"127.0.0.1:{site.port}"
    hosts = {f"{name}.example": target for name in (*site.pages, *site.unlisted, "x")}
    working_folder(
        folder,
        connect_to=hosts,
        network=f'allow_private = true\nports = "1-65535"\n{network}',
        crawl=f"retries = 0\ndelay = 0\n{settings}",
    )
    add_seed(
        folder,
        "x",
        f'id = "x"\nname = "X"\nhomepage = "http://x.example/"\nfeeds = ["{feed}"]\n'
        f"hosts = {json.dumps([*hosts])}\n",
    )
    done = subprocess.run(
        [sys.executable, str(CHILD), "x"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    (file,) = (folder / "archive").rglob("*.warc.gz")
    crawled = Crawled(int(done.stdout.splitlines()[-1]), file)
    for record in iter_records(file):
        assert isinstance(record, StoredRecord), record
        name = urlsplit(record.target_uri or "").path.rpartition("/")[2]
        if record.type in ("response", "revisit"):
            crawled.answers[name] = record
        elif record.type == "metadata":
            crawled.said[name] = record.block.decode()
    return crawled
