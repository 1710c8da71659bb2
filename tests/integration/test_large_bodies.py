"""Large and endless bodies in a real crawl: kept up to the cap, cut, noted; memory stays flat."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from support.judges import fastwarc, judge
from support.measured_site import (
    BLOCK,
    CHUNKED,
    HTML,
    MIB,
    OK,
    Crawled,
    Site,
    blocks,
    chunks,
    crawl,
    forever,
    sized,
)

from archiver.warc.fields import labelled_digest

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads its memory from Linux's /proc"
)


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
    body = bytes(record.block).partition(b"\r\n\r\n")[2]
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
    assert bytes(big.http().payload) == BLOCK * 9
    assert bytes(chunked.http().payload) == BLOCK * 8
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
