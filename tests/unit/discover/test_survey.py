"""What is concluded from how a source answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from archiver.discover.identify import identify
from archiver.discover.survey import (
    Finding,
    Verdict,
    chosen,
    read,
    refused,
    unanswered,
    without_doubles,
)
from archiver.errors import DiscoveryError
from archiver.model import Outlet, SourceKind

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
SITE = "https://www.example.com"
OUTLET = Outlet(id="post", name="Post", homepage=f"{SITE}/", sources=())
FEED, SITEMAP, SECTION = SourceKind.FEED, SourceKind.SITEMAP, SourceKind.SECTION


def rss(*links: str, date: str = "2024-05-31T00:00:00Z") -> bytes:
    items = "".join(f"<item><link>{link}</link><pubDate>{date}</pubDate></item>" for link in links)
    return f'<rss version="2.0"><channel>{items}</channel></rss>'.encode()


def look(body: bytes, expected: SourceKind | None, url: str = f"{SITE}/x") -> Finding:
    known = identify(body, url=url, outlet=OUTLET, found_at=NOW)
    assert known.kind is not None
    return read(
        url, known.kind, "seed", known.listing,
        now=NOW, stale_after=timedelta(days=30), expected=expected,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "expected", "verdict", "reason"),
    [
        (rss("/a"), FEED, Verdict.ALIVE, ""),
        (rss("/a", date="2024-04-01"), FEED, Verdict.STALE, "nothing newer than 61 days"),
        (rss("/a", date="2034-04-01"), FEED, Verdict.ALIVE, ""),  # a date to come says nothing
        (rss(), FEED, Verdict.EMPTY, "no items"),
        (rss("javascript:x"), FEED, Verdict.EMPTY, "no items (item-bad-link)"),
        (b"<html><p>Gone fishing", FEED, Verdict.NOT_A_SOURCE, "not a feed but html"),
        (b"<html><p>Gone fishing", SITEMAP, Verdict.NOT_A_SOURCE, "not a sitemap but a page"),
        (b"<urlset/>", FEED, Verdict.NOT_A_SOURCE, "not a feed but sitemap"),
        (b"<html><p>Gone fishing", SECTION, Verdict.EMPTY, "no items"),
        (b"<sitemapindex><sitemap><loc>/a</loc></sitemap></sitemapindex>", SITEMAP,
         Verdict.ALIVE, ""),
    ],
)  # fmt: skip
def test_verdicts(body: bytes, expected: SourceKind, verdict: Verdict, reason: str) -> None:
    found = look(body, expected)
    assert (found.verdict, found.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(404, Verdict.GONE), (410, Verdict.GONE), (403, Verdict.BLOCKED), (429, Verdict.BLOCKED),
     (451, Verdict.BLOCKED), (500, Verdict.FAILED), (304, Verdict.FAILED)],
)  # fmt: skip
def test_statuses(status: int, verdict: Verdict) -> None:
    assert unanswered(SITE, FEED, "seed", status=status).verdict is verdict


def test_no_answer() -> None:
    assert refused(SITE, FEED, "seed", word="robots").verdict is Verdict.BLOCKED
    assert refused(SITE, FEED, "seed", word="dns").reason == "no answer: dns"


def test_the_same_items_under_another_address() -> None:
    links = [f"/story-{number}" for number in range(20)]
    first = look(rss(*links), FEED, f"{SITE}/1")
    same = look(rss(*links[1:]), FEED, f"{SITE}/2")
    part = look(rss(*links[:10]), FEED, f"{SITE}/3")  # a section's feed is no double of the main
    page = replace(first, url=f"{SITE}/4", kind=SECTION)
    verdicts = [one.verdict for one in without_doubles([first, same, part, page])]
    assert verdicts == [Verdict.ALIVE, Verdict.DUPLICATE, Verdict.ALIVE, Verdict.ALIVE]
    assert without_doubles([first, same])[1].reason == f"the items of {SITE}/1"


def test_sitemaps_are_watched_where_there_is_nothing_better() -> None:
    feed = look(rss("/a"), FEED, f"{SITE}/1")
    plain = replace(feed, url=f"{SITE}/2", kind=SITEMAP, format="sitemap")
    news = replace(feed, url=f"{SITE}/3", kind=SITEMAP, format="news-sitemap")
    page = replace(feed, url=f"{SITE}/4", kind=SECTION, format="html")
    stale = replace(feed, url=f"{SITE}/5", verdict=Verdict.STALE)
    given = replace(stale, url=f"{SITE}/6", how="given")
    assert chosen([feed, plain, page, stale, given]) == [feed, page, given]
    assert chosen([plain, news]) == [news]
    assert chosen([plain, page]) == [plain, page]
    assert chosen([stale]) == []


def test_what_an_answer_is() -> None:
    assert identify(b"<opml><body/>", url=SITE, outlet=OUTLET, found_at=NOW).opml
    json = b'{"version": "https://jsonfeed.org/version/1", "items": []}'
    assert identify(json, url=SITE, outlet=OUTLET, found_at=NOW).kind is FEED
    text = f"{SITE}/a\n".encode()
    assert identify(text, url=SITE, outlet=OUTLET, found_at=NOW).kind is SITEMAP
    for body in (b"", b"{}", b"%PDF-1.7"):
        with pytest.raises(DiscoveryError):
            identify(body, url=SITE, outlet=OUTLET, found_at=NOW)
