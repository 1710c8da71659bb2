from __future__ import annotations

import gzip
from random import Random

import pytest
from support.exchanges import answer, exchange

from archiver.discover.signals import HEAD
from archiver.fetch.noarchive import asks_not_to_be_kept

META = b'<meta name="robots" content="noarchive">'
PACKED = gzip.compress(META + Random(1).randbytes(1000), mtime=0)


@pytest.mark.parametrize(
    ("raw", "asks"),
    [
        (answer(b"<p>A page."), False),
        (answer(META), True),
        (answer(b"", b"X-Robots-Tag: noarchive"), True),
        (answer(b"", b"X-Robots-Tag: other: noarchive"), False),
        (answer(b"", b"X-Robots-Tag: news-archiver: noarchive"), True),
        (answer(PACKED, b"Content-Encoding: gzip"), True),
        (answer(PACKED[:-20], b"Content-Encoding: gzip"), True),  # what came before counts
        (answer(b"<p>" * HEAD + META), False),
        # Only a page is not kept: what stands in its place is no page.
        (answer(META, b"X-Robots-Tag: noarchive", status=b"404 Not Found"), False),
        (answer(META, b"X-Robots-Tag: noarchive", status=b"301 Moved"), False),
        (b"", False),
    ],
)
def test_noarchive(raw: bytes, asks: bool) -> None:
    assert asks_not_to_be_kept(exchange(raw)) is asks
