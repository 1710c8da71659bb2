"""A thousand hostile pages, some of which kill their worker, and the pool lives on."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from support.extract_work import hanging_page, huge_page, page, work

from archiver.extract.worker import ExtractionPool
from archiver.model import Page

HOSTILE = sorted((Path(__file__).parents[2] / "hostile" / "extract").glob("*.html"))
COUNT = 1000
LARGE = 20_000  # bytes; larger ones take seconds and have tests of their own
KILLERS = {100: "hang", 300: "abort", 500: "huge", 600: "hang", 700: "oom-killer", 900: "exit"}
MARKUP = (
    b"<div>", b"<p>", b"</p>", b"<table>", b"<figure><img src=a.jpg>", b"<figcaption>Foto: ",
    b"<script type=application/ld+json>{", b'"@type":"NewsArticle","author":[[[', b"</script>",
    b"<time datetime=", b"<meta property=og:title content='", b"\x00", b"\xed\xa0\x80", b"\xff\xfe",
    b"<a href='http://[::'>", b"&#xD800;", b"<noscript>", b"<svg>", b"<![CDATA[", b"<h1>By By By ",
)  # fmt: skip


def torn(chance: random.Random, body: bytes) -> bytes:
    """A page cut, doubled, or with bytes of it replaced."""
    at = chance.randrange(len(body) + 1)
    return chance.choice(
        (body[:at], body * 2, body[:at] + chance.randbytes(40) + body[at:], body[at:] + body[:at])
    )


def heap(chance: random.Random) -> bytes:
    """Markup in no order, some of it often and deep."""
    parts = [chance.choice(MARKUP) * chance.choice((1, 1, 1, 3, 40)) for _ in range(20)]
    return b"<html><body>" + b"".join(parts) + b"word " * chance.randrange(300)


def hostile_pages() -> Iterator[Page]:
    """The same thousand pages every time."""
    chance = random.Random(1961)
    whole = [body for path in HOSTILE if len(body := path.read_bytes()) < LARGE]
    for number in range(COUNT):
        kind = KILLERS.get(number)
        if kind in {"hang", "huge"}:
            yield hanging_page() if kind == "hang" else huge_page()
        elif kind:
            yield page(kind)
        else:
            body = torn(chance, chance.choice(whole)) if number % 2 else heap(chance)
            yield page(str(number), body)


def test_pool_lives_on_after_a_thousand_hostile_pages() -> None:
    with ExtractionPool(workers=2, timeout=4.0, memory=512 << 20, work=work) as pool:
        found = list(pool.map(hostile_pages()))
        assert len(found) == COUNT
        reasons = Counter(each.reason for each in found)
        assert reasons["error"] == 0, [each.detail for each in found if each.reason == "error"]
        assert reasons["timeout"] >= 2
        assert reasons["crashed"] == 2
        assert reasons["memory"] == 2
        good = list(pool.map(page(str(number)) for number in range(20)))
        assert [e.article.title for e in good if e.article] == [str(n) for n in range(20)]
