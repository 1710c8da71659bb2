"""WARC files as large collections have them: a gigabyte, tens of thousands of pages."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.many_exchanges import exchange_of, request_of

from archiver.store.catalogue import Catalogue
from archiver.warc.record import WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter
from archiver.wire.framer import ResponseFramer

_FROM = datetime(2026, 3, 1, tzinfo=UTC)
_WORDS = (
    *("ministry", "river", "valley", "storm", "school", "council", "weather", "morning"),
    *("report", "people", "northern", "village", "water", "evening", "station", "bridge"),
    *("harbour", "election", "budget", "hospital", "market", "company", "minister"),
)
_OVERHEAD = 1500  # bytes of a packed exchange beside its noise
HOST = "news.example"


def make_warcs(
    folder: Path,
    catalogue: Catalogue,
    *,
    files: int,
    records: int,
    size: int,
    outlet: str,
    bodies: Sequence[bytes] = (),
) -> list[str]:
    """Write closed files of so many pages each, about `size` bytes packed; their names.

    Each page is an article of some 300 words, and noise that does not compress in a script, as
    pages carry it; or the next one of `bodies`, over and over. The catalogue knows the files, and
    nothing of what they hold.
    """
    names: list[str] = []
    rng = random.Random(records)

    def closed(name: str, length: int, sha256: str) -> None:
        names.append(name)
        catalogue.close_file(name, at=_FROM, size=length, sha256=f"sha256:{sha256}")

    noise = max(0, size // records - _OVERHEAD)
    for number in range(files):
        writer = WarcWriter(
            folder,
            prefix=outlet,
            info=WarcInfo(software="benchmark", is_part_of=outlet),
            max_size=1 << 40,
            on_open=lambda name: catalogue.open_file(name, _FROM) and None,
            on_close=closed,
        )
        for page in range(records):
            target = f"/{number}/{page}/story"
            body = _page(rng, f"Story {number} of {page}", noise)
            if bodies:
                body = bodies[(number * records + page) % len(bodies)]
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
            framer = ResponseFramer(method="GET")
            framer.feed(b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body))
            framer.eof()
            taken = exchange_of(
                framer,
                url=f"https://{HOST}{target}",
                request=request_of(target, HOST),
                started=_FROM + timedelta(hours=number, milliseconds=50 * page),
            )
            said = [("outlet", outlet), ("kind", "page")]
            writer.append(exchange_records(taken, metadata=said))
            if page % 500 == 499:
                writer.sync()
        writer.sync()
        writer.close()
    return names


def _page(rng: random.Random, title: str, noise: int) -> bytes:
    paragraphs = "".join(
        f"<p>{' '.join(rng.choices(_WORDS, k=40)).capitalize()}.</p>" for _ in range(8)
    )
    script = base64.b64encode(rng.randbytes(noise)).decode() if noise else ""
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>"
        f'<meta property="og:type" content="article"></head><body><article><h1>{title}</h1>'
        f"{paragraphs}</article>"
        f'<script>var a="{script}"</script></body></html>'
    ).encode()
