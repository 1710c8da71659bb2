"""An archive's WARC folder with closed files, as crawls leave it, made without a crawl."""

from __future__ import annotations

import gzip
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from support.exchanges import STARTED, answer, exchange

from archiver.fetch.body import body_facts
from archiver.fetch.index import capture_of
from archiver.model import Capture, CaptureKind
from archiver.store.catalogue import Catalogue
from archiver.warc.record import WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

INFO = WarcInfo(
    software="news-archiver/0 (test)", hostname="lantern", is_part_of="sky-news", robots="obey"
)


def fill(
    folder: Path,
    catalogue: Catalogue,
    *,
    files: int,
    pages: int = 3,
    size: int = 2000,
    body: bytes = b"",
    coded: bool = False,
    metadata: Sequence[tuple[str, str]] = (("outlet", "sky-news"),),
) -> list[str]:
    """Close so many files of so many pages with `size` bytes that do not compress; their names.

    With `body`, each page is that, and its number; `coded`: compressed by its server. `metadata`:
    what a record beside each says, beside what a crawl tells of the body.
    """
    names: list[str] = []
    noise = random.Random(files * 1000 + pages)

    def closed(name: str, length: int, sha256: str) -> None:
        names.append(name)
        catalogue.close_file(name, at=STARTED, size=length, sha256=f"sha256:{sha256}")

    for number in range(files):
        writer = WarcWriter(
            folder,
            prefix="sky-news",
            info=INFO,
            on_open=lambda name: catalogue.open_file(name, STARTED) and None,
            on_close=closed,
        )
        taken: list[Capture] = []
        for page in range(pages):
            text = b"%s %d %d" % (body, number, page) if body else noise.randbytes(size)
            html = b"<title>x</title>" + text
            fields = [b"Content-Encoding: gzip"] if coded else []
            came = exchange(
                answer(gzip.compress(html, 1, mtime=0) if coded else html, *fields),
                url=f"https://news.example/{number}/{page}",
                started=STARTED + timedelta(minutes=number, seconds=page),
            )
            facts = body_facts(came)
            said = [*metadata, *facts.fields()]
            refs = writer.append(exchange_records(came, metadata=said))
            taken.append(
                capture_of(
                    came,
                    url=came.url,
                    captured_at=came.started,
                    kind=CaptureKind.PAGE,
                    outlet="sky-news",
                    run_id=None,
                    ref=refs[0],
                    record_type="response",
                    truncated=None,
                    body=facts,
                )
            )
        writer.sync()
        catalogue.add_captures(taken)
        writer.close()
    return names
