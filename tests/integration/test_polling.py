"""What a poll of an outlet costs, in real crawls: its sources' requests, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager
from support.captures import make_capture
from support.scripted_site import Reply, ScriptedSite, feed, redirect, story
from support.workdir import run, status

from archiver.fetch.purpose import KEY, Purpose
from archiver.model import CaptureKind, ExtractionState, Outlet, Source, SourceKind, utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.polls import Poll
from spiders.polling import Polling
from spiders.walk import Step

X = "http://x.example"
PAGES = [f"{X}/news/2026/03/01/story-{number}" for number in range(1000, 1004)]


def xml(root: str, entry: str, urls: list[str]) -> Reply:
    entries = "".join(f"<{entry}><loc>{url}</loc></{entry}>" for url in urls)
    return Reply(
        body=f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</{root}>',
        kind="application/xml",
    )


def test_an_unchanged_outlet_costs_its_sources_conditional_requests(tmp_path: Path) -> None:
    section = story("World", links=f'<a href="{PAGES[3]}">The fourth story of the day</a>')
    main = feed(PAGES[:1], more=f'<ttl>120</ttl><atom:link rel="self" href="{X}/feed"/>')
    copied = Reply(body=main.body.replace("<title>F<", "<title>Copy<"), kind=main.kind)
    answers = {
        "x.example/feed": main,
        "x.example/feed-copy": copied,  # only its title differs
        "x.example/feed-bytes": main,
        "x.example/feed-moved": redirect(f"{X}/feed"),
        "x.example/feed-away": redirect(f"{X}/feed-there"),
        "x.example/feed-there": feed(PAGES[1:2]),
        "x.example/feed-plain": replace(feed(PAGES[:2]), validators=False),
        "x.example/empty1": feed([]),
        "x.example/empty2": feed([]),  # two sources that have nothing yet
        "x.example/index.xml": xml("sitemapindex", "sitemap", [f"{X}/news.xml"]),
        "x.example/news.xml": xml("urlset", "url", PAGES[2:3]),
        "x.example/world": section,
        **{page.removeprefix("http://"): story(f"Story {page[-4:]}") for page in PAGES},
    }
    feeds = ["feed", "feed-copy", "feed-bytes", "feed-moved", "feed-away", "feed-plain"]
    feeds += ["empty1", "empty2"]
    seed = (
        f'homepage = "{X}/"\nfeeds = {[f"{X}/{name}" for name in feeds]}\n'
        f'sitemaps = ["{X}/index.xml"]\nsections = ["{X}/world"]\n'
    )
    with ScriptedSite(answers) as site:
        folder = site.folder(
            tmp_path, seed, "x.example", crawl="requisites = 'none'\nconcurrency = 1"
        )
        assert run(folder, "archiver", "crawl", "x").returncode == 0
        assert set(PAGES) < set(site.asked())
        # what is a duplicate is not asked again; a redirect is, with its target's validators
        done = run(folder, "scrapy", "crawl", "x")
        assert done.returncode == 0, done.stderr
        polled = {one.url: one for one in site.log if not one.url.endswith("robots.txt")}
        assert {url.removeprefix(f"{X}/") for url in polled} == {
            "feed",
            "feed-away",
            "feed-there",
            "feed-plain",
            "empty1",
            "index.xml",
            "news.xml",
            "world",
            "empty2",
        }
        assert len(site.asked()) == len(polled)
        for url, one in polled.items():
            expected = {f"{X}/feed-away": 301, f"{X}/feed-plain": 200}.get(url, 304)
            assert one.status == expected, url
        counts = status(folder)["outlets"]["x"]["last_run"]["counts"]
        assert counts["sources/unchanged"] == 8
        assert counts["sources/duplicate"] == 3
        assert counts.get("discoveries", 0) == counts.get("articles/asked", 0) == 0
        # nothing is due
        assert run(folder, "archiver", "crawl", "x", "--due").returncode == 0
        assert site.asked() == []
        # a child of an index that did not change brings something
        answers["x.example/news.xml"] = xml("urlset", "url", [f"{X}/news/2026/03/02/late-2000"])
        answers["x.example/news/2026/03/02/late-2000"] = story("Late")
        assert run(folder, "archiver", "crawl", "x").returncode == 0
        assert f"{X}/news/2026/03/02/late-2000" in site.asked()
    with Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite") as catalogue:
        seeds = [f"{X}/{name}" for name in (*feeds, "index.xml", "world")]
        polls = catalogue.polls("x", [*seeds, f"{X}/news.xml"])
        due = catalogue.status()["outlets"]["x"]["next_due"]
    same = {
        url.removeprefix(f"{X}/"): (poll.same_rule, poll.same_as)
        for url, poll in polls.items()
        if poll.same_rule
    }
    assert same.keys() == {"feed-copy", "feed-bytes", "feed-moved"}
    assert same["feed-moved"] == ("redirect", f"{X}/feed")
    assert same["feed-copy"][0] == "self-link"
    assert polls[f"{X}/news.xml"].interval < polls[f"{X}/empty1"].interval
    first = polls[f"{X}/feed"]
    assert (first.due - first.polled).total_seconds() >= 7200  # by its ttl
    assert datetime.fromisoformat(due) == min(polls[url].due for url in seeds)


NEWS = Source(kind=SourceKind.FEED, url=f"{X}/feed")
WORLD = Source(kind=SourceKind.SECTION, url=f"{X}/world")


@contextmanager
def polling(folder: Path, *, due_only: bool = False) -> Iterator[tuple[Polling, Catalogue]]:
    """A run's polling on an empty catalogue, without a crawl around it."""
    with Catalogue.open(f"sqlite:///{folder}/catalogue.sqlite", create=True) as catalogue:
        outlet = Outlet(id="x", name="X", homepage=f"{X}/", sources=(NEWS, WORLD))
        run: Any = SimpleNamespace(
            outlet=outlet, catalogue=catalogue, count=lambda *_: None, refuse=lambda *_: None
        )
        crawler: Any = SimpleNamespace(
            settings=Settings(), signals=SignalManager(), get_extension=lambda _: run
        )
        yield Polling(crawler, due_only=due_only), catalogue


@pytest.mark.parametrize(
    ("seconds", "same_as", "asked"),
    [
        (99, None, True),  # of 1000 that lie between its polls: nearly due
        (110, None, False),
        (110, NEWS.url, False),  # a duplicate
        (99, NEWS.url, True),  # which is looked at now and then
    ],
)
def test_what_is_nearly_due_is_asked(
    tmp_path: Path, seconds: int, same_as: str | None, asked: bool
) -> None:
    now = utcnow()
    poll = Poll(
        source=WORLD.url,
        kind=WORLD.kind,
        polled=now,
        due=now + timedelta(seconds=seconds),
        interval=1000,
        same_as=same_as,
        same_rule=same_as and "redirect",
    )
    with polling(tmp_path, due_only=same_as is None) as (polls, catalogue):
        catalogue.note_poll("x", poll, of=[NEWS.url, WORLD.url])
        assert list(polls.to_ask([WORLD])) == ([WORLD] if asked else [])


@pytest.mark.parametrize(
    ("source", "status", "extraction", "digest", "unchanged"),
    [
        (NEWS, 304, ExtractionState.PENDING, "sha256:other", True),
        (NEWS, 200, ExtractionState.DONE, "sha256:same", True),
        (NEWS, 200, ExtractionState.DONE, "sha256:other", False),
        (NEWS, 200, ExtractionState.FAILED, "sha256:same", False),  # it was never read
        (WORLD, 200, ExtractionState.DONE, "sha256:same", False),  # links are read anew
        (WORLD, 304, ExtractionState.DONE, "sha256:same", True),
    ],
)
def test_what_says_the_same_again_is_unchanged(
    tmp_path: Path,
    source: Source,
    status: int,
    extraction: ExtractionState,
    digest: str,
    unchanged: bool,
) -> None:
    base = make_capture(source.url, body_digest=digest, extraction=extraction)
    capture = make_capture(source.url, body_digest="sha256:same")
    purpose = Purpose(kind=CaptureKind(source.kind.value), base=base)
    request = Request(source.url, meta={KEY: purpose, "archiver_capture": capture})
    response = Response(source.url, status=status, request=request)
    with polling(tmp_path) as (polls, _):
        assert polls.is_unchanged(Step(source=source), response) is unchanged
