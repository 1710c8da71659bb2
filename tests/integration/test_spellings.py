"""One page under many addresses, in real crawls: fetched once, kept as one article."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.scripted_site import Reply, ScriptedSite, feed, redirect, robots_behind, story
from support.workdir import run

from archiver.model import Outlet, Source, SourceKind
from archiver.revise.spellings import spellings_of
from archiver.store.catalogue import Catalogue
from archiver.store.identity import Territory
from archiver.warc.reader import StoredRecord, iter_records

X = "http://x.example"
HOSTS = ("x.example", "m.x.example", "amp.x.example", "links.example", "wire.example")
SEED = f'homepage = "{X}/"\nhosts = ["links.example"]\n'


def told(name: str) -> dict[str, Reply]:
    """The same story in all its forms; the page says where its AMP form is."""
    page = f"{X}/news/{name}"
    named = f'<link rel="canonical" href="{page}">'
    amp = f'<link rel="amphtml" href="http://amp.x.example/77/{name}">'
    return {
        f"x.example/news/{name}": story(name, head=named + amp),
        **{
            spelling: story(name, head=named)
            for spelling in (
                f"x.example/news/{name}/amp",
                f"x.example/news/{name}?print=1",
                f"m.x.example/news/{name}",
                f"amp.x.example/77/{name}",
                f"x.example/index.php?id={name}",
            )
        },
        f"links.example/~r/{name}": redirect(page),
        f"links.example/~r/{name}-again": redirect(page),
    }


def test_one_page_is_fetched_once_and_is_one_article(tmp_path: Path) -> None:
    page, amp_first = f"{X}/news/rain-1", f"{X}/news/snow-2"
    copy = story("wind-3", head='<link rel="canonical" href="http://wire.example/news/wind-3">')
    home = story("fog-4", head=f'<link rel="canonical" href="{X}/">')
    answers = {
        **told("rain-1"),
        **told("snow-2"),
        **told("hail-5"),
        "links.example/~r/gone": redirect(f"{X}/feed"),  # what has no page of its own
        "x.example/news/wind-3": copy,
        "x.example/news/fog-4": home,
        **robots_behind(6, "links.example", "/"),  # too many redirects: there are no rules
        "x.example/feed": feed(
            [
                f"{page}?print=1",
                f"{page}/amp",
                f"{page}?utm_source=rss#top",
                "http://m.x.example/news/rain-1;jsessionid=A1",
                f"{amp_first}/amp",
                f"{X}/news/wind-3",
                f"{X}/news/fog-4",
            ]
        ),
    }
    with ScriptedSite(answers) as site:
        folder = site.folder(tmp_path, SEED + f'feeds = ["{X}/feed"]\n', *HOSTS)
        assert run(folder, "archiver", "crawl", "x").returncode == 0
        assert sorted(site.asked()) == [
            f"{X}/feed",
            f"{X}/news/fog-4",
            page,  # of four spellings the plain one
            f"{amp_first}/amp",
            f"{X}/news/wind-3",
        ]
        answers["x.example/feed"] = feed(
            [
                "http://links.example/~r/rain-1",
                "http://amp.x.example/77/rain-1",
                f"{page}/",
                amp_first,
                "http://links.example/~r/snow-2-again",
                f"{X}/index.php?id=rain-1",
                "http://links.example/~r/hail-5",
                "http://links.example/~r/hail-5-again",
                "http://links.example/~r/gone",
            ]
        )
        done = run(folder, "archiver", "crawl", "x", "--json")
        assert done.returncode == 0
        counts = json.loads(done.stdout)
        assert counts["problems"] == 0
        assert sorted(site.asked()) == [
            "http://links.example/~r/gone",
            "http://links.example/~r/hail-5",
            "http://links.example/~r/hail-5-again",
            "http://links.example/~r/rain-1",
            "http://links.example/~r/snow-2-again",
            f"{X}/feed",
            f"{X}/index.php?id=rain-1",  # nobody can tell before it came
            f"{X}/news/hail-5",  # once, though neither link was known
        ]
        assert run(folder, "archiver", "crawl", "x").returncode == 0
        assert site.asked() == [f"{X}/feed"]
        shown = run(folder, "archiver", "show", "http://links.example/~r/rain-1", "--json")
    first = json.loads(shown.stdout.splitlines()[0])
    assert first["url"] == page
    assert {alias["url"].removeprefix(X): alias["rule"] for alias in first["aliases"]} == {
        "http://amp.x.example/77/rain-1": "amphtml",
        "http://links.example/~r/rain-1": "redirect",
        "/news/rain-1/": "slash",
        "/news/rain-1/amp": "amp-path",
        "/news/rain-1?print=1": "print-query",
        "/news/rain-1?utm_source=rss#top": "fragment+tracking",
        "http://m.x.example/news/rain-1": "mobile-host",
        "/index.php?id=rain-1": "canonical",
    }
    with Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite") as catalogue:
        assert catalogue.status()["totals"]["articles"] == 5
        [alias] = catalogue.aliases_of(amp_first)[:1]
        assert (alias.url, alias.target, alias.rule) == (f"{amp_first}/amp", amp_first, "amp-path")
        links = {f"http://links.example/~r/hail-5{again}" for again in ("", "-again")}
        assert links < {alias.url for alias in catalogue.aliases_of(f"{X}/news/hail-5")}
        assert catalogue.aliases_of(f"{X}/feed") == []
        # another site's canonical URL and the front page join nothing
        for name in ("wind-3", "fog-4"):
            assert catalogue.aliases_of(f"{X}/news/{name}") == []


@pytest.mark.parametrize(
    ("page", "hops", "amp", "found"),
    [
        (
            "news/a-1",
            ["http://links.example/1", f"{X}/"],
            "",
            {"http://links.example/1": "redirect"},
        ),
        ("", [f"{X}/news/a-1"], "", {}),  # what is gone is sent to the front page
        ("news/a-1", [], "http://amp.x.example/1", {"http://amp.x.example/1": "amphtml"}),
        ("news/a-1", [], "http://wire.example/amp/1", {}),
        ("news/a-1", [], f"{X}/news/b-2", {}),
        ("news/a-1", [], f"{X}/amp/section", {}),
    ],
)
def test_what_a_page_says_of_other_addresses_is_believed_within_bounds(
    page: str, hops: list[str], amp: str, found: dict[str, str]
) -> None:
    body = f'<html><link rel="amphtml" href="{amp}">'.encode()
    sources = (Source(kind=SourceKind.SECTION, url=f"{X}/amp/section"),)
    outlet = Outlet(id="x", name="X", homepage=f"{X}/", sources=sources)
    item: Any = SimpleNamespace(
        page=SimpleNamespace(url=f"{X}/{page}", body=body), redirected_from=hops
    )
    assert spellings_of(item, Territory.of(outlet)) == found


def imports(address: str) -> Reply | None:
    """Style sheets that name each another one."""
    name = address.partition("/import")[2].removesuffix(".css")
    if "/import" not in address:
        return None
    return Reply(body=f'@import "/import{name}x.css";', kind="text/css")


def test_what_a_feed_said_stands_beside_the_page_also_in_a_later_run(tmp_path: Path) -> None:
    style = '<link rel="stylesheet" href="/import.css">'
    answers = {f"x.example/news/{n}": story(f"Story {n}", head=style) for n in range(1000, 1003)}
    answers["x.example/feed"] = feed(f"{X}/news/{n}?utm_source=rss" for n in range(1000, 1003))
    with ScriptedSite(answers, otherwise=imports) as site:
        folder = site.folder(tmp_path, SEED + f'feeds = ["{X}/feed"]\n', *HOSTS)
        for limit in ("1", "0"):
            assert run(folder, "archiver", "crawl", "x", "--limit", limit).returncode == 0
        asked = [url for url in site.asked() if "import" in url]
    assert asked == [f"{X}/import{'x' * depth}.css" for depth in range(5)]  # and no deeper
    said = {}
    for path in (folder / "archive" / "warc").glob("*.warc.gz"):
        for record in iter_records(path):
            assert isinstance(record, StoredRecord)
            if record.type == "metadata" and b"kind: page" in record.block:
                said[record.target_uri] = record.block.decode()
    assert len(said) == 3
    for number, url in enumerate(sorted(filter(None, said))):
        assert f"via: {X}/feed\r\n" in said[url]
        assert f"source-guid: g{number}\r\n" in said[url]
        assert f"source-title: Item {number}\r\n" in said[url]
    assert sum("?utm_source=rss\r\n" in text for text in said.values()) == 1  # the first run's
