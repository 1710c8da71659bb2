"""Lists of feeds as readers export them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discover.opml import MAX_FEEDS, by_site, parse_opml
from archiver.errors import DiscoveryError

LIST = """<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<opml version="2.0"><head><title>Mine</title></head><body>
<outline text="News"><outline text="Post &amp; Sons &x;" type="rss" xmlUrl="https://feeds.post.example/a"
 htmlUrl="https://www.post.example/news"/>
<outline text="Post sport" xmlURL="https://www.post.example/b" htmlurl="https://post.example/news"/></outline>
<outline text="Alone" xmlUrl="https://www.alone.example/feed"/>
<outline text="Twice" xmlUrl="https://www.alone.example/feed"/>
<outline xmlUrl="javascript:alert(1)"/><outline xmlUrl=""/><outline text="Q & A" xmlUrl="/rel"/>
</body></opml>"""


def test_a_list_by_site() -> None:
    listed = parse_opml(LIST.encode(), url="https://me.example/list.opml")
    assert [one.feed for one in listed] == [
        "https://feeds.post.example/a", "https://www.post.example/b",
        "https://www.alone.example/feed", "https://me.example/rel",
    ]  # fmt: skip
    assert listed[0].title == "Post & Sons &x;"
    post, alone, me = by_site(listed)
    assert (post.host, post.homepage, len(post.feeds)) == (
        "post.example", "https://www.post.example/news", 2
    )  # fmt: skip
    assert (alone.homepage, alone.title) == ("https://alone.example/", "Alone")
    assert me.feeds == ("https://me.example/rel",)


def test_what_is_no_list() -> None:
    for body in (b"", b"<rss/>", b"<html>opml"):
        with pytest.raises(DiscoveryError):
            parse_opml(body, url="https://me.example/")


def test_an_endless_list_is_read_so_far() -> None:
    line = '<outline xmlUrl="https://a.example/{}"/>'
    body = "<opml>" + "".join(line.format(n) for n in range(MAX_FEEDS + 100))
    assert len(parse_opml(body.encode(), url="https://me.example/")) == MAX_FEEDS
    assert parse_opml(b"<opml>" + b"<outline>" * 200_000, url="https://me.example/") == []


@given(st.text(alphabet='<>/="& outlinexmUropmlhtps:.', max_size=300))
def test_any_list(text: str) -> None:
    parse_opml(f"<opml>{text}".encode(), url="https://me.example/")
