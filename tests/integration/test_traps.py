"""A site that never ends, in a real crawl: what is fetched is within the budget, and counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from support.scripted_site import Reply, ScriptedSite, feed, robots_behind, story
from support.workdir import run, status

from archiver.store.catalogue import Catalogue

X = "http://x.example"
BUDGET = 150  # more than the sitemaps that a run follows, which go first


def endless(address: str) -> Reply | None:
    """Each address names more: indexes, lists, calendars, loops, and style sheets in a row."""
    path = urlsplit(f"//{address}").path
    if path.startswith("/map"):
        entries = "".join(
            f"<sitemap><loc>{X}{path.removesuffix('.xml')}-{number}.xml</loc></sitemap>"
            for number in range(50)
        )
        return Reply(body=f"<sitemapindex>{entries}</sitemapindex>", kind="application/xml")
    if path.startswith("/style"):
        return Reply(body=f'@import "{path.removesuffix(".css")}x.css";', kind="text/css")
    if path.startswith("/sections"):
        links = "".join(
            f'<a href="{link}">A story with a headline of some length, number {number}</a>'
            for number in range(200)
            for link in (
                f"/news/2026/03/01/{path[-1]}-story-of-the-day-{number}",
                f"/calendar/2026/{number}/",
                f"/a-b-c-d-e-f/loop-of-pages/a-b-c-d-e-f/loop-of-pages/{number}",
                f"/sorted-list-of-all-the-news-{number}?sort=a&order={number}",
                f"http://elsewhere.example/2026/03/01/story-of-the-day-{number}",
            )
        )
        return story(f"Section {path}", links=f'{links}<a rel="next" href="{path}1">more</a>')
    if path.startswith("/news"):
        return story(f"Story {path}", head='<link rel="stylesheet" href="/style.css">')
    return None


def test_a_site_without_end_costs_its_budget(tmp_path: Path) -> None:
    links = [f"{X}/news/feed-{number}" for number in range(200)]
    links += [f"http://elsewhere.example/{number}" for number in range(3)]
    links += [f"{X}/news/secret/{number}" for number in range(2)]
    links += [f"{X}/calendar/2026/{number}/" for number in range(1, 13)]
    links += [f"{X}/a/b/a/b/{number}" for number in range(4)]
    links += [f"{X}/list?sort=a&order={number}" for number in range(5)]
    answers = {
        "x.example/feed": feed(links),
        **robots_behind(5, "x.example", "/style"),  # as many redirects as are followed
    }
    seed = (
        f'homepage = "{X}/"\nfeeds = ["{X}/feed"]\nsitemaps = ["{X}/map.xml"]\n'
        f'sections = ["{X}/sections"]\n[articles]\nexclude = ["/secret/"]\n'
    )
    with ScriptedSite(answers, otherwise=endless) as site:
        folder = site.folder(
            tmp_path, seed, "x.example", "elsewhere.example", crawl=f"host_requests = {BUDGET}"
        )
        totals: Counter[str] = Counter()
        for number in (1, 2):
            run(folder, "archiver", "crawl", "x")
            asked = site.asked()
            assert 0 < len(asked) <= BUDGET, number
            assert not any("elsewhere" in url for url in asked)
            last = status(folder)["outlets"]["x"]["last_run"]["counts"]
            totals += {
                name.removeprefix("refused/"): times
                for name, times in last.items()
                if name.startswith("refused/")
            }
        said = run(folder, "archiver", "status", "--reasons", "--json").stdout
        table = run(folder, "archiver", "status", "--reasons").stdout
    reasons = json.loads(said)["x"]
    assert {reason: times["total"] for reason, times in reasons.items()} == totals
    assert {reason: times["last_run"] for reason, times in reasons.items()} == {
        reason: last.get(f"refused/{reason}", 0) for reason in reasons
    }
    assert reasons["off-site"]["total"] >= 3
    assert reasons["excluded"]["total"] == 2
    assert reasons["calendar"]["total"] >= 12
    for reason in ("host-budget", "robots", "repeated-segments", "facets"):
        assert reasons[reason]["total"] > 0, reason
        assert reason in table
    problems = status(folder)["outlets"]["x"]["problems"]
    assert "host-budget" not in problems.get("fetch", {})  # nothing went wrong
    with Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite") as catalogue:
        left = catalogue.backlog("x", max_attempts=5)
    assert len(left) > 50  # for the runs to come
