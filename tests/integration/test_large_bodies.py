"""Large and endless bodies in a real crawl: kept up to the cap, cut, noted; memory stays flat."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.judges import fastwarc, judge
from support.odd_server import read_request
from support.workdir import TIMEOUT, add_seed, environment, working_folder

from archiver.warc.fields import labelled_digest
from archiver.warc.reader import StoredRecord, iter_records

CHILD = Path(__file__).parents[1] / "support" / "measured_crawl.py"
MIB = 1024 * 1024
HTML = b"<html><title>A headline</title><p>" + b"Some words of a story. " * 50
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
BLOCK = random.Random(5).randbytes(MIB // 2).hex().encode()  # packs to a half
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads its memory from Linux's /proc"
)


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

    `pause` is asked after every piece: a page that is slow sends the next when it is over.
    """

    pages: dict[str, Callable[[], Iterator[bytes]]]
    slow: dict[str, float] = field(default_factory=dict)
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
        with connection, suppress(OSError):
            while request := read_request(connection):
                name = request.split()[1].decode().rpartition("/")[2]
                self.sent[name] = 0
                for piece in self._answer(name):
                    connection.sendall(piece)
                    self.sent[name] += len(piece)
                    if self.over.wait(self.slow.get(name, 0)):
                        return

    def _answer(self, name: str) -> Iterator[bytes]:
        if name == "robots.txt":
            return sized(b"")
        if name == "feed":
            items = "".join(
                f"<item><link>http://{page}.example/story/{page}</link></item>"
                for page in self.pages
            )
            return sized(f'<rss version="2.0"><channel>{items}</channel></rss>'.encode())
        return self.pages[name]()


@dataclass
class Crawled:
    """What a crawl left: its peak memory, and each page's answer and metadata record."""

    peak: int
    file: Path
    answers: dict[str, StoredRecord] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    status: dict[str, dict[str, int]] = field(default_factory=dict)


def crawl(folder: Path, site: Site, settings: str) -> Crawled:
    folder.mkdir()
    target = f"127.0.0.1:{site.port}"
    hosts = {f"{name}.example": target for name in (*site.pages, "x")}
    working_folder(
        folder,
        connect_to=hosts,
        network="allow_private = true",
        crawl=f"retries = 0\ndelay = 0\n{settings}",
    )
    add_seed(
        folder,
        "x",
        'id = "x"\nname = "X"\nhomepage = "http://x.example/"\nfeeds = ["http://x.example/feed"]\n'
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


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """A crawl of one small page: the memory that a crawl takes in any case."""
    with Site({"good": lambda: sized(HTML)}) as site:
        return crawl(tmp_path_factory.mktemp("crawls") / "small", site, "")


def test_memory_is_flat_however_large_a_body(tmp_path: Path, small: Crawled) -> None:
    with Site({"big": lambda: blocks(300), "good": lambda: sized(HTML)}) as site:
        large = crawl(tmp_path / "large", site, 'max_body = "400MiB"')
    assert large.peak < small.peak + 100 * MIB, (large.peak // MIB, small.peak // MIB)
    record = large.answers["big"]
    assert len(record.block) == site.sent["big"]
    body = record.block.partition(b"\r\n\r\n")[2]
    assert hashlib.sha256(body).digest() == hashlib.sha256(BLOCK * 300).digest()
    assert record.header("WARC-Truncated") is None
    assert large.answers["good"].block.endswith(HTML)
    assert fastwarc(large.file, {}) == []


def test_what_was_held_on_disk_is_a_record_like_any_other(tmp_path: Path) -> None:
    """Bodies over the limit for memory, sized and chunked, before the three validators."""
    with Site({"big": lambda: blocks(9), "chunked": lambda: chunks(8)}) as site:
        crawled = crawl(tmp_path / "large", site, "")
    assert judge(crawled.file) == []
    big, chunked = crawled.answers["big"], crawled.answers["chunked"]
    assert big.http().payload == BLOCK * 9
    assert chunked.http().payload == BLOCK * 8
    for record in (big, chunked):
        assert record.header("WARC-Payload-Digest") == labelled_digest(record.http().payload)
    assert (len(big.block), len(chunked.block)) == (site.sent["big"], site.sent["chunked"])


def test_endless_answers_end_at_the_cap(tmp_path: Path, small: Crawled) -> None:
    endless = {
        "chunks": lambda: forever(CHUNKED, b"%x\r\n%s\r\n" % (MIB, BLOCK)),
        "tiny": lambda: forever(CHUNKED, b"1\r\nx\r\n" * 10_000),
        "extensions": lambda: forever(CHUNKED, b"1;%s\r\nx\r\n" % (b"e" * 8000) * 10),
        "trailers": lambda: forever(CHUNKED + b"0\r\n", b"X-More: %s\r\n" % (b"t" * 8000) * 10),
        "plain": lambda: forever(OK + b"\r\n", BLOCK),
        "declared": lambda: forever(OK + b"Content-Length: 999999999999\r\n\r\n", BLOCK),
        "head": lambda: forever(OK, b"X-More: %s\r\n" % (b"h" * 8000)),
    }
    with Site({**endless, "good": lambda: sized(HTML)}) as site:
        settings = 'max_body = "1MiB"\ntimeout = "5m"\nidle_timeout = "5m"\nconcurrency = 16\n'
        crawled = crawl(tmp_path / "endless", site, settings)
    assert crawled.peak < small.peak + 100 * MIB, (crawled.peak // MIB, small.peak // MIB)
    for name in endless:
        assert "error: too-large\r\n" in crawled.said[name], name
    # Without a whole head it is no HTTP: what came is in a metadata record.
    assert crawled.answers.keys() == endless.keys() - {"head"} | {"good", "feed", "robots.txt"}
    assert_exact(crawled)
    for name in endless.keys() - {"head"}:
        assert crawled.answers[name].header("WARC-Truncated") == "length", name
    for name in ("chunks", "plain"):
        assert MIB < len(crawled.answers[name].http().payload) < 2 * MIB, name
    for name in ("tiny", "extensions", "trailers"):
        assert 6 * MIB < len(crawled.answers[name].block) < 9 * MIB, name
    assert crawled.answers["good"].block.endswith(HTML)


def test_slow_answers_end_in_time(tmp_path: Path) -> None:
    slow = {
        "drip": lambda: forever(OK + b"Content-Length: 999999\r\n\r\n", b"x"),
        "drip-chunks": lambda: forever(CHUNKED, b"1\r\nx\r\n"),
        "silent": lambda: forever(OK + b"Content-Length: 999999\r\n\r\nx", b""),
    }
    with Site({**slow, "good": lambda: sized(HTML)}, slow=dict.fromkeys(slow, 0.5)) as site:
        settings = 'timeout = "4s"\nidle_timeout = "2s"\n'
        crawled = crawl(tmp_path / "slow", site, settings)
    for name in slow:
        assert crawled.answers[name].header("WARC-Truncated") == "time", name
        assert "error: timeout\r\n" in crawled.said[name], name
        assert crawled.answers[name].http().payload.strip(b"x") == b"", name
    assert crawled.answers["good"].block.endswith(HTML)
    assert judge(crawled.file) == []


def assert_exact(crawled: Crawled) -> None:
    """Each record's digests are those of its bytes."""
    for name, record in crawled.answers.items():
        digests = labelled_digest(record.block), labelled_digest(record.http().payload)
        said = record.header("WARC-Block-Digest"), record.header("WARC-Payload-Digest")
        assert said == digests, name
