"""`archiver add` and `archiver outlets check` on a site of many kinds of sources."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from support.small_site import Answer, SmallSite, html, xml
from support.workdir import add_seed, run, status, working_folder

from archiver.model import utcnow
from spiders.survey import MAX_CHILDREN, MAX_SECTIONS, MAX_SOURCES

SITE = "http://www.post.example"
NOW = utcnow()


def rss(name: str, *, age: int = 0, count: int = 6, language: str = "en") -> Answer:
    date = (NOW - timedelta(days=age)).isoformat()
    items = "".join(
        f"<item><link>/{name}/a-long-story-of-{name}-number-{n}</link>"
        f"<pubDate>{date}</pubDate></item>"
        for n in range(count)
    )
    head = f"<title>Post</title><link>{SITE}/</link><language>{language}</language>"
    return xml(f'<rss version="2.0"><channel>{head}{items}</channel></rss>')


def news_sitemap() -> Answer:
    entry = (
        f"<url><loc>{SITE}/news/story-{{}}</loc><news:news><news:title>T</news:title>"
        f"<news:publication_date>{NOW.isoformat()}</news:publication_date></news:news></url>"
    )
    return xml(f"<urlset>{''.join(entry.format(n) for n in range(3))}</urlset>")


def section(name: str) -> Answer:
    cards = "".join(
        f"<h2><a href='/{name}/a-long-story-of-{name}-number-{n}'>A long story about {name}, part"
        f" {n}</a></h2>"
        for n in range(6)
    )
    return html(
        '<html lang="en-GB"><head><title>All the news | The Post</title>'
        '<meta property="og:site_name" content="The Post">'
        '<link rel="alternate" type="application/rss+xml" href="/feed">'
        '<link rel="alternate" type="application/rss+xml" href="/feed-again">'
        '<link rel="alternate" type="application/rss+xml" href="/old-feed">'
        '<link rel="alternate" type="application/rss+xml" href="/moved">'
        "</head><body><nav><a href=/world>World</a><a href=/sport>Sport</a><a href=/about>About</a>"
        f"<a href=/empty>Empty</a></nav><main>{cards}</main></body></html>"
    )


def answers() -> dict[str, Answer]:
    return {
        "/robots.txt": Answer(
            body=f"User-agent: *\nDisallow: /secret\nSitemap: {SITE}/sitemap.xml\n".encode()
        ),
        "/": section("front"),
        "/world": section("world"),
        "/sport": section("sport"),
        "/empty": html("<html><body><p>Nothing here."),
        "/feed": rss("main"),
        "/feed-again": rss("main"),
        "/moved": Answer(status=301, headers={"Location": "/now-here"}),
        "/now-here": rss("moved"),
        "/old-feed": rss("old", age=90),
        "/empty-feed": rss("none", count=0),
        "/shut": Answer(status=403),
        "/page": html("<html><body><p>Not a feed."),
        "/sitemap.xml": xml(
            f"<sitemapindex><sitemap><loc>{SITE}/pages.xml</loc></sitemap>"
            f"<sitemap><loc>{SITE}/news.xml</loc></sitemap></sitemapindex>"
        ),
        "/pages.xml": xml(f"<urlset><url><loc>{SITE}/about</loc></url></urlset>"),
        "/news.xml": news_sitemap(),
        "/list.opml": xml(
            f'<opml version="2.0"><body><outline text="Post" xmlUrl="{SITE}/feed"'
            f' htmlUrl="{SITE}/"/><outline text="Dead" xmlUrl="http://dead.invalid/feed"/>'
            "</body></opml>"
        ),
    }


def folder_for(path: Path, site: SmallSite) -> Path:
    return working_folder(
        path,
        connect_to={"www.post.example": site.address},
        network="allow_private = true",
        crawl="delay = 0\nretries = 0",
    )


def test_a_homepage_becomes_a_seed_that_can_be_crawled(tmp_path: Path) -> None:
    with SmallSite(answers()) as site:
        folder = folder_for(tmp_path, site)
        done = run(folder, "archiver", "add", f"{SITE}/", "--json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        path = folder / "seeds" / "gb" / "post.toml"
        assert document["file"] == str(path)
        seed = tomllib.loads(path.read_text(encoding="utf-8"))
        assert seed == {
            "id": "post",
            "name": "The Post",
            "homepage": f"{SITE}/",
            "country": "GB",
            "language": "en",
            "timezone": "Europe/London",
            "feeds": [f"{SITE}/feed", f"{SITE}/now-here"],  # neither the same again nor the old one
            "sitemaps": [f"{SITE}/news.xml"],  # found in the index that robots.txt names
            "sections": [f"{SITE}/", f"{SITE}/world", f"{SITE}/sport"],
        }
        found = {one["url"].removeprefix(SITE): one for one in document["findings"]}
        assert found["/feed-again"]["verdict"] == "duplicate"
        assert found["/old-feed"]["verdict"] == "stale"
        assert (found["/feed"]["format"], found["/feed"]["items"]) == ("rss-2.0", 6)
        assert found["/sitemap.xml"]["how"] == "robots.txt"
        assert len(site.asked) == len(set(site.asked)) + site.asked.count("/robots.txt") - 1 + (
            site.asked.count("/") - 1
        )  # each once, but for robots.txt and the homepage, which are read in two ways
        captures = status(folder)["outlets"]["post"]["captures"]
        assert captures["feed"] == {"200": 4, "301": 1}
        assert captures["sitemap"] == {"200": 3}
        asked = len(site.asked)
        again = run(folder, "archiver", "add", f"{SITE}/")
        assert (again.returncode, len(site.asked)) == (2, asked)
        assert "--force" in again.stderr


def test_a_list_by_its_address_is_done_in_part(tmp_path: Path) -> None:
    with SmallSite(answers()) as site:
        folder = folder_for(tmp_path, site)
        done = run(folder, "archiver", "add", f"{SITE}/list.opml", "--dry-run")
    assert done.returncode == 3, done.stderr  # the other site cannot be reached
    seed = tomllib.loads(done.stdout)
    assert (seed["id"], seed["name"]) == ("post", "Post")
    assert seed["feeds"] == [f"{SITE}/feed", f"{SITE}/now-here"]
    assert "dns" in done.stderr
    assert not list((folder / "seeds").rglob("*.toml"))


def test_a_page_that_names_sources_without_end_is_asked_for_some(tmp_path: Path) -> None:
    feeds = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="/rss/{n}">' for n in range(90)
    )
    names = "".join(f"<sitemap><loc>{SITE}/news/{n}.xml</loc></sitemap>" for n in range(90))
    sections = "".join(f"<a href=/topic{chr(97 + n)}>Topic</a>" for n in range(26))
    page = f"<html><head></head><body><nav>{sections}</nav><p>Hello"
    table = {
        "/": html(page),
        "/robots.txt": Answer(body=f"Sitemap: {SITE}/index.xml\n".encode()),
        "/index.xml": xml(f"<sitemapindex>{names}</sitemapindex>"),
    }
    with SmallSite(table) as site:
        folder = folder_for(tmp_path, site)
        run(folder, "archiver", "add", f"{SITE}/")
        assert sum(path.startswith("/topic") for path in site.asked) == MAX_SECTIONS
        assert sum(path.startswith("/news/") for path in site.asked) == MAX_CHILDREN
        site.answers["/"] = html(f"<html><head>{feeds}</head><body><p>Hello")
        site.asked.clear()
        run(folder, "archiver", "add", f"{SITE}/", "--force")
        assert sum(path.startswith("/rss/") for path in site.asked) == MAX_SOURCES - 1


@pytest.mark.parametrize(
    ("source", "code", "word"),
    [("ftp://x.example/", 2, "http"), ("http://user:pw@x.example/", 2, "password"),
     ("http://nothing.invalid/", 1, "dns")],
)  # fmt: skip
def test_what_cannot_be_added(tmp_path: Path, source: str, code: int, word: str) -> None:
    folder = working_folder(tmp_path, connect_to={}, crawl="retries = 0")
    done = run(folder, "archiver", "add", source)
    assert done.returncode == code, done.stderr
    assert word in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_how_the_sources_of_an_outlet_stand(tmp_path: Path) -> None:
    expected = {
        "/feed": "alive",
        "/moved": "alive",
        "/feed-again": "duplicate",
        "/old-feed": "stale",
        "/empty-feed": "empty",
        "/shut": "blocked",
        "/secret": "blocked",
        "/nowhere": "gone",
        "/page": "not-a-source",
    }
    feeds = json.dumps([SITE + path for path in expected])
    seed = f'id = "post"\nname = "Post"\nhomepage = "{SITE}/"\nfeeds = {feeds}\n'
    with SmallSite(answers()) as site:
        folder = folder_for(tmp_path, site)
        add_seed(folder, "post", f'{seed}sitemaps = ["{SITE}/sitemap.xml"]\n')
        done = run(folder, "archiver", "outlets", "check", "--json")
        assert done.returncode == 3, done.stderr
        found = {
            one["url"].removeprefix(SITE): one for one in map(json.loads, done.stdout.splitlines())
        }
        assert {path: one["verdict"] for path, one in found.items()} == {
            **expected,
            "/sitemap.xml": "alive",
        }
        assert found["/secret"]["reason"] == "robots.txt forbids it"
        assert "/secret" not in site.asked
        assert found["/moved"]["reason"] == f"has moved to {SITE}/now-here"
        assert found["/shut"]["reason"] == "HTTP status 403"
        table = run(folder, "archiver", "outlets", "check", "post", "--stale-after", "365")
        assert table.returncode == 3
        assert "not a feed but html" in table.stdout
        assert "stale" not in table.stdout
        # What a check has read is still news to the crawl that comes after it.
        crawl = run(folder, "archiver", "--set", "crawl.requisites=false", "crawl", "post")
        assert crawl.returncode == 3, crawl.stderr
        assert site.asked.count("/main/a-long-story-of-main-number-1") == 1
