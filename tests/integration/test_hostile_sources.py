"""One crawl of an outlet whose sources mean harm, beside one that does not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from hostile.discover import make
from support.small_site import Answer, SmallSite, html, xml
from support.workdir import add_seed, run, status, working_folder

SITE = "http://bad.example"
FILES = Path(__file__).parents[1] / "hostile" / "discover"
GOOD = html(
    "<html lang=en><title>A bridge opens</title><article><h1>A bridge opens early</h1>"
    + "<p>The council said that the bridge would open earlier than it had planned to.</p>" * 5
)


def answers(canary: str) -> dict[str, Answer]:
    """What each source is: the path says it."""
    trap = f"http://{canary}/canary"
    return {
        "/100-mb": Answer(
            body=gzip.compress(make.feed_of_one_text(), 1),
            kind="application/rss+xml",
            headers={"Content-Encoding": "gzip"},
        ),
        "/many-items": Answer(body=make.feed_of_items(51_000), kind="text/xml"),
        "/deep": Answer(body=make.feed_as_deep(), kind="text/xml"),
        "/billion-laughs": Answer(body=(FILES / "rss-billion-laughs.xml").read_bytes()),
        "/xxe": xml(
            f'<?xml version="1.0"?><!DOCTYPE rss SYSTEM "{trap}.dtd" [<!ENTITY % a SYSTEM "{trap}">'
            f'%a;<!ENTITY b SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel>'
            f"<item><link>/story/x&b;</link></item><item><link>{trap}</link></item>"
            "</channel></rss>"
        ),
        "/lying-encoding": Answer(
            body="<?xml version='1.0' encoding='utf-16'?><rss><channel><item><title>Ü</title>"
            "<link>/story/a-story-of-uemlauts-1</link></item></channel></rss>".encode("cp1252"),
            kind="text/xml; charset=utf-7",
        ),
        "/html": html("<html><body><p>We have moved.</body></html>"),
        "/bad-links": xml(
            "<rss><channel><item><link>javascript:alert(1)</link></item><item><link>file:///etc/"
            "passwd</link></item><item><link>http://[::1</link></item>"
            "<item><link>../story/a-good-one-2</link></item></channel></rss>"
        ),
        "/story/a-story-of-uemlauts-1": GOOD,
        "/story/a-good-one-2": GOOD,
        "/good-feed": xml(
            "<rss><channel><item><link>/story/a-good-one-2</link></item></channel></rss>"
        ),
    }  # fmt: skip


def test_each_costs_itself_with_a_counted_reason(tmp_path: Path) -> None:
    with SmallSite({}) as canary, SmallSite(answers(canary.address)) as site:
        folder = working_folder(
            tmp_path,
            connect_to={"bad.example": site.address, "good.example": site.address},
            network="allow_private = true",  # so that it is not the guard that keeps the canary
            crawl='requisites = false\nmax_body = "48MB"',
        )
        feeds = [path for path in site.answers if path.count("/") == 1 and path != "/good-feed"]
        seed = 'id = "{0}"\nname = "{0}"\nhomepage = "http://{0}.example/"\nfeeds = {1}\n'
        slow = "[fetch]\ndelay = 0\n"
        add_seed(
            folder, "bad", seed.format("bad", json.dumps([SITE + path for path in feeds])) + slow
        )
        good = json.dumps(["http://good.example/good-feed"])
        add_seed(folder, "good", seed.format("good", good) + slow)
        done = run(folder, "archiver", "crawl", "bad", "good", "--json")
        assert done.returncode == 3, done.stderr  # of one outlet some sources failed
        outlets = status(folder)["outlets"]
    assert canary.asked == []
    assert not [path for path in site.asked if "passwd" in path or "root:" in path]
    problems = outlets["bad"]["problems"]
    assert problems["discover"] == {
        "too-many-items": 1, "not-a-feed": 1, "item-bad-link": 3, "truncated-xml": 1
    }  # fmt: skip
    assert problems["fetch"]["too-large"] == 1  # 100 MB, before they are unpacked whole
    assert outlets["bad"]["last_run"]["state"] == "partial"
    assert "/story/a-story-of-uemlauts-1" in site.asked
    assert outlets["good"]["last_run"]["state"] == "done"
    assert outlets["good"]["articles"] == 1
