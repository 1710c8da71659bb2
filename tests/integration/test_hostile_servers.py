"""Servers that mean harm, in real crawls: each ends inside its limit, and others do not suffer."""

from __future__ import annotations

import gzip
import ssl
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import brotli
import pytest
import trustme
from support.measured_site import CHUNKED, HTML, MIB, OK, Crawled, Site, crawl, forever, sized

from archiver.errors import WireError
from archiver.fetch.body import body_facts
from archiver.wire.answer import parse_response
from archiver.wire.codings import OverCapError, decode_content

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads its memory from Linux's /proc"
)

SIZE = 300 * MIB  # what a bomb decodes to; more than decoding ever goes on for
MEMBER = gzip.compress(bytes(MIB), 9, mtime=0)
GOOD = [f"good{number}" for number in range(8)]


def good(name: str) -> Callable[[], Iterator[bytes]]:
    return lambda: sized(HTML + name.encode())


GOOD_PAGES = {name: good(name) for name in GOOD}


def zeros(head: bytes) -> bytes:
    """Deflated nothing, one block again and again; what checks it at its end is never reached."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * (SIZE // MIB) + packer.flush()


def wide_zstd() -> bytes:
    """One frame that asks for a window of 2 GB."""
    return b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([(31 - 10) << 3]) + zstd_blocks()


def zstd_blocks() -> bytes:
    """Blocks (RFC 8878 section 3.1.1.2) of 128 KB that repeat one byte, and the last one."""
    block = (128 * 1024 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    return block * (SIZE // (128 * 1024)) + (1).to_bytes(3, "little")


def nested() -> bytes:
    """10 GB inside 10 MB inside some KB."""
    return gzip.compress(MEMBER * 10_000, 1, mtime=0)


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gzip": ("gzip", lambda: zeros(MEMBER[:10])),
    "x-gzip": ("x-gzip", lambda: zeros(MEMBER[:9] + b"\xff")),
    "deflate": ("deflate", lambda: zeros(b"\x78\x01")),
    "raw-deflate": ("deflate", lambda: zeros(b"")),
    "brotli": ("br", lambda: brotli.compress(bytes(SIZE), quality=1)),
    "zstd": ("zstd", lambda: zstd.compress(bytes(SIZE), 1)),
    "zstd-wide-window": ("zstd", wide_zstd),
    "zstd-many-frames": ("zstd", lambda: zstd.compress(bytes(MIB), 1) * (SIZE // MIB)),
    "many-members": ("gzip", lambda: MEMBER * (SIZE // MIB)),
    "gzip-in-gzip": ("gzip, gzip", nested),
    "gzip-in-brotli": ("gzip, br", lambda: brotli.compress(MEMBER * 10_000, quality=5)),
    "gzip-in-zstd-in-gzip": (
        "gzip, zstd, gzip",
        lambda: gzip.compress(zstd.compress(MEMBER * 10_000), mtime=0),
    ),
    "forty-layers": (", ".join(["gzip"] * 40), lambda: gzip.compress(nested(), mtime=0)),
}


@pytest.fixture(scope="module")
def bombs() -> dict[str, bytes]:
    """Each bomb as a whole answer; one more is hidden in the transfer coding."""
    made = {}
    for name, (codings, make) in BOMBS.items():
        body = make()
        head = OK + f"Content-Encoding: {codings}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        made[name] = head + body
    hidden = zeros(MEMBER[:10])
    made["transfer-gzip"] = CHUNKED.replace(
        b"chunked", b"gzip, chunked"
    ) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)
    return made


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """A crawl of good pages: the memory that a crawl takes in any case."""
    with Site(GOOD_PAGES) as site:
        return crawl(tmp_path_factory.mktemp("crawls") / "small", site, "")


def test_bombs_in_a_crawl(tmp_path: Path, small: Crawled, bombs: dict[str, bytes]) -> None:
    """They are kept as they came; nobody unpacks them further than the limit."""

    def page(answer: bytes) -> Callable[[], Iterator[bytes]]:
        return lambda: iter([answer])

    pages = {name: page(answer) for name, answer in bombs.items()}
    with Site({**pages, **GOOD_PAGES}) as site:
        crawled = crawl(tmp_path / "bombs", site, "")
    assert crawled.peak < small.peak + 100 * MIB, (crawled.peak // MIB, small.peak // MIB)
    for name, answer in bombs.items():
        record = crawled.answers[name]
        assert record.block == answer, name
    assert_good(crawled)


def test_bombs_are_stopped_at_the_cap(bombs: dict[str, bytes]) -> None:
    for name in BOMBS:
        answer = parse_response(bombs[name])
        with pytest.raises(WireError) as caught:
            decode_content(answer.payload, answer.headers, cap=MIB)
        refused = name in ("zstd-wide-window", "forty-layers")
        assert isinstance(caught.value, OverCapError) != refused, name
        if name in ("gzip", "brotli", "gzip-in-zstd-in-gzip"):  # it decodes 256 MB
            assert body_facts(answer).digest is None, name
    with pytest.raises(WireError):
        parse_response(bombs["transfer-gzip"], cap=MIB)


def endless() -> dict[str, Callable[[], Iterator[bytes]]]:
    return {
        "interim": lambda: forever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 99),
        "blank-lines": lambda: forever(b"", b"\r\n" * 9999),
        "one-line": lambda: forever(b"HTTP/1.1 200 ", b"OK" * 9999),
        "headers": lambda: forever(OK, b"X-More: %s\r\n" % (b"h" * 8000)),
        "chunks": lambda: forever(CHUNKED, b"fff\r\n%s\r\n" % (b"x" * 4095)),
        "chunk-size": lambda: forever(CHUNKED, b"0" * 9999),
        "body": lambda: forever(OK + b"\r\n", b"x" * 65536),
    }


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_endless_answers_over_tls(tmp_path: Path, small: Crawled, loop: str) -> None:
    pytest.importorskip(loop)
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    hosts = (f"{name}.example" for name in ("x", *endless(), *GOOD))
    authority.issue_cert(*hosts).configure_cert(tls)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Site({**endless(), **GOOD_PAGES}, tls=tls) as site:
        crawled = crawl(
            tmp_path / "endless",
            site,
            'max_body = "1MiB"\ntimeout = "5m"\nidle_timeout = "5m"\nconcurrency = 16\n',
            network=f'ca_file = "{tmp_path}/ca.pem"\nevent_loop = "{loop}"\n',
        )
    assert crawled.peak < small.peak + 100 * MIB, (crawled.peak // MIB, small.peak // MIB)
    for name in endless():
        assert "error: " in crawled.said[name], name
        assert site.sent[name] < 64 * MIB, name  # what the sockets on the way hold is not little
    for name in ("chunks", "body"):
        assert crawled.answers[name].header("WARC-Truncated") == "length", name
    assert_good(crawled)
    assert "tls-verified: yes\r\n" in crawled.said["good0"]


def test_slow_answers_hold_up_nobody(tmp_path: Path) -> None:
    """A byte at a time, in the head, in chunks, in a body; the good pages are all kept before."""
    slow = {
        "in-head": lambda: forever(OK + b"X: ", b"x"),
        "in-interim": lambda: forever(b"", b"HTTP/1.1 103\r\n\r\n"),
        "in-chunks": lambda: forever(CHUNKED, b"1\r\nx\r\n"),
        "in-body": lambda: forever(OK + b"Content-Length: 999999\r\n\r\n", b"x"),
        "silent": lambda: forever(b"", b""),
    }
    with Site({**slow, **GOOD_PAGES}, slow=dict.fromkeys(slow, 1.0)) as site:
        crawled = crawl(tmp_path / "slow", site, 'timeout = "6s"\nidle_timeout = "6s"\n')
    for name in slow:
        assert "error: timeout\r\n" in crawled.said[name], name
        assert "error-detail: " in crawled.said[name], name
    assert_good(crawled)
    order = list(crawled.said)
    assert max(map(order.index, GOOD)) < min(map(order.index, slow))


def test_redirects_end(tmp_path: Path) -> None:
    """A hundred hops through as many hosts, and a circle."""

    def hop(target: str) -> Callable[[], Iterator[bytes]]:
        location = f"http://{target}.example/story/{target}"
        answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        return lambda: iter([answer.encode()])

    hops = {f"hop{number}": hop(f"hop{number + 1}") for number in range(1, 100)}
    circle = {"there": hop("back"), "back": hop("there")}
    pages = {"hop0": hop("hop1"), "circle": hop("there"), **GOOD_PAGES}
    with Site(pages, unlisted={**hops, "hop100": lambda: sized(HTML), **circle}) as site:
        crawled = crawl(tmp_path / "hops", site, "")
    followed = [name for name in crawled.answers if name.startswith("hop")]
    assert 10 < len(followed) < 30
    assert "hop100" not in site.sent
    assert_good(crawled)


def assert_good(crawled: Crawled) -> None:
    for name in GOOD:
        assert crawled.answers[name].block.endswith(HTML + name.encode()), name
        assert "error:" not in crawled.said[name], name
