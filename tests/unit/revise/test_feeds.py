"""Feeds of changes say the same to others' readers as they were told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import feedparser  # type: ignore[import-untyped]  # has no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model import Change, ChangeKind, Changes, Evidence, Fact, FactKind, Stealth
from archiver.revise.feeds import Entry, atom, entries_of, json_feed
from archiver.revise.kinds import kinds_of
from archiver.store.history import ChangedArticle, RemovedArticle

AT = datetime(2026, 3, 1, 12, 0, 5, 5, tzinfo=UTC)
ADDRESS = "https://archive.example/changes.atom"
URL = "https://news.example/a?b=1&c=<x>"


def changed(title: str | None = "Rain <b>& snow", **more: object) -> ChangedArticle:
    proof = Evidence(
        captured_at=AT,
        modified=None,
        file="a.warc.gz",
        offset=12,
        record_id="<urn:uuid:1>",
        payload_digest="sha1:X",
    )
    changes = Changes(
        changes=(
            Change(kind=ChangeKind.HEADLINE, added=2, removed=1),
            Change(kind=ChangeKind.FACTS, added=1),
        ),
        facts=(Fact(kind=FactKind.NUMBER, text="438 million", added=True),),
        stealth=(Stealth.NO_NOTICE,),
        old=proof,
        new=proof,
    )
    facts: dict[str, object] = {
        "outlet": "sky-news",
        "url": URL,
        "title": title,
        "at": AT,
        "revision": 3,
        "against": 2,
        "changes": changes,
        **more,
    }
    return ChangedArticle(**facts)  # type: ignore[arg-type]


GONE = RemovedArticle(
    outlet="sky-news", url=URL, title=None, at=AT - timedelta(days=1), status=404, revision=1
)


def test_atom_as_another_reader_sees_it() -> None:
    entries = entries_of([changed(), GONE])
    body = atom(entries, title="A & B", address=ADDRESS, now=AT, base="http://127.0.0.1:8080")
    read = feedparser.parse(body)
    assert not read.bozo
    assert read.version == "atom10"
    assert (read.feed.title, read.feed.updated) == ("A & B", "2026-03-01T12:00:05Z")
    first, second = read.entries
    assert first.link == URL
    assert first.title == "facts, headline: Rain <b>& snow"
    assert [tag.term for tag in first.tags] == ["facts", "headline"]
    assert first.author == "sky-news"
    text = first.content[0].value
    assert "headline +2 -1" in text
    assert "+number 438 million" in text
    assert "not said: no-notice" in text
    assert text.count("a.warc.gz at 12") == 2
    related = [link.href for link in first.links if link.rel == "related"]
    assert related == [
        "http://127.0.0.1:8080/diff?url=https%3A%2F%2Fnews.example%2Fa%3Fb%3D1%26c%3D%3Cx%3E&a=2&b=3"
    ]
    assert second.title == f"removed: {URL}"
    assert "(404)" in second.content[0].value


def test_an_entry_keeps_its_name_and_others_have_others() -> None:
    again = entries_of([changed(title="Another title"), changed(revision=4), GONE])
    first = entries_of([changed()])[0]
    assert again[0].id == first.id
    assert len({one.id for one in again}) == 3


def test_json_feed() -> None:
    feed = json.loads(json_feed(entries_of([changed(), GONE]), title="T", address=ADDRESS))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == ADDRESS
    first, second = feed["items"]
    assert first["_archiver"] == {
        "outlet": "sky-news",
        "kinds": ["facts", "headline"],
        "revisions": [2, 3],
    }
    assert first["date_published"] == "2026-03-01T12:00:05Z"
    assert second["_archiver"]["revisions"] is None
    assert "external_url" not in first


def test_an_empty_feed_is_one() -> None:
    read = feedparser.parse(atom([], title="T", address=ADDRESS, now=AT))
    assert not read.bozo
    assert read.entries == []


@given(st.text(), st.text())
def test_any_words_at_all_make_a_feed(title: str, words: str) -> None:
    entry = Entry(
        id="urn:uuid:1",
        url="https://a.example/",
        title=title,
        outlet="a",
        at=AT,
        kinds=("headline",),
        summary=words,
    )
    assert not feedparser.parse(atom([entry], title=title, address=ADDRESS, now=AT)).bozo
    assert json.loads(json_feed([entry], title=title, address=ADDRESS))["title"] == title


@pytest.mark.parametrize(
    ("texts", "kinds", "removed"),
    [
        ([], [], True),
        ([""], [], True),
        (["headline,removed"], [ChangeKind.HEADLINE], True),
        (["body"], [ChangeKind.FACTS, ChangeKind.STYLE], False),
        (["headline", "access"], [ChangeKind.HEADLINE, ChangeKind.ACCESS], False),
    ],
)
def test_kinds_by_name(texts: list[str], kinds: list[ChangeKind], removed: bool) -> None:
    assert kinds_of(texts) == (kinds, removed)


def test_no_such_kind_is_said_with_a_near_one() -> None:
    with pytest.raises(ValueError, match=r"headlin.*headline"):
        kinds_of(["headlin"])
