"""The demo's outlet: enough of it, all links lead somewhere, the truth stands on its pages."""

import json
import re
import struct
import zlib
from collections import Counter
from urllib.parse import urljoin, urlsplit

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from protego import Protego
from support.lantern import json_ld, tree

from archiver.demo import outlet, pictures
from archiver.demo.markup import json_script
from archiver.demo.site import Answer, Site
from archiver.demo.story import parse_body, parse_story
from archiver.model import Outlet

HTML = "text/html"
SITE = Site()


def test_some_forty_articles_of_seven_sections_and_several_days(sites: dict[int, Site]) -> None:
    first, second = sites[1].stories, sites[2].stories
    assert 40 <= len(first) <= 48
    assert len({story.path for story in first}) == len(first)
    sections = Counter(story.section for story in first)
    assert sections.keys() == outlet.SECTIONS.keys()
    assert min(sections.values()) >= 4
    assert len({story.published.date() for story in first}) >= 4
    assert all(story.published <= outlet.CLOCK[1] for story in first)
    assert all(story.touched <= outlet.CLOCK[2] for story in second)
    new = {story.slug for story in second} - {story.slug for story in first}
    assert len(new) >= 4


def test_every_article_reads_like_news(sites: dict[int, Site]) -> None:
    for story in {
        **{s.slug: s for s in sites[1].stories},
        **{s.slug: s for s in sites[2].stories},
    }.values():
        words = " ".join(
            [block.plain for block in story.body] + [post.text for post in story.posts]
        ).split()
        assert 150 <= len(words) <= 600, (story.slug, len(words))
        assert story.standfirst.endswith((".", "?", "»"))
        assert story.authors
        assert story.published.utcoffset() is not None
        assert story.images
        assert story.images[0].caption
        assert story.images[0].credit
        assert not re.search(r"[{}]", " ".join(block.plain for block in story.body))


def test_no_two_articles_share_title_or_paragraph(sites: dict[int, Site]) -> None:
    titles = Counter(story.title for story in sites[2].stories)
    assert titles.most_common(1)[0][1] == 1
    long = Counter(
        block.plain
        for story in sites[2].stories
        for block in story.body
        if block.kind == "paragraph" and len(block.plain.split()) > 18
    )
    assert [text for text, count in long.items() if count > 1] == []


@pytest.mark.parametrize("edition", outlet.CLOCK)
def test_the_same_bytes_each_time(pages: dict[int, dict[str, Answer]], edition: int) -> None:
    assert Site(edition).pages() == pages[edition]


@pytest.mark.parametrize("edition", outlet.CLOCK)
def test_every_internal_link_resolves(
    sites: dict[int, Site], pages: dict[int, dict[str, Answer]], edition: int
) -> None:
    broken: list[tuple[str, str, int]] = []
    for path, answer in pages[edition].items():
        if HTML not in (answer.header("Content-Type") or "") or not answer.body:
            continue
        if answer.status != 200:
            continue
        page = tree(answer)
        links = page.xpath(
            "//a/@href | //link/@href | //img/@src | //script/@src | //video/@poster"
        )
        links += [part.split()[0] for one in page.xpath("//@srcset") for part in one.split(",")]
        for link in links:
            url = urljoin(outlet.BASE + path, link)
            host = urlsplit(url).netloc
            assert host in {"lantern.example", outlet.WIRE_HOST}, (path, link)
            status = sites[edition].answer(urlsplit(url).path, host=host).status
            if status != 200 and not (edition == 1 and "sewage-spill" in link):
                broken.append((path, link, status))
    assert broken == []


@pytest.mark.parametrize("edition", outlet.CLOCK)
def test_every_article_is_found_by_the_seeds_sources(
    sites: dict[int, Site], pages: dict[int, dict[str, Answer]], seed: Outlet, edition: int
) -> None:
    found: set[str] = set()
    for source in seed.sources:
        body = pages[edition][urlsplit(source.url).path].body.decode()
        found |= {urlsplit(urljoin(source.url, url)).path for url in re.findall(r"[\w/:.-]+", body)}
    news = pages[edition]["/sitemaps/news.xml"].body.decode()
    found |= {urlsplit(url).path for url in re.findall("<loc>(.*?)</loc>", news)}
    assert {story.path for story in sites[edition].stories} <= found
    only_on_pages = [s for s in sites[edition].stories if s.path not in news]
    assert only_on_pages, "some must be too old for the news sitemap"


def test_the_seed_is_good_and_admits_every_item(sites: dict[int, Site], seed: Outlet) -> None:
    assert (seed.id, seed.delay, seed.concurrency) == ("lantern", 0.0, 8)
    (include,) = seed.article_include
    for entry in sites[1].truth():
        for url in (entry["url"], entry["feed_url"]):
            assert url is None or re.search(include, url)
    for other in ("/about", "/world/", "/authors/maren-okafor", "/feed.xml"):
        assert not re.search(include, outlet.BASE + other)


@pytest.mark.parametrize("edition", outlet.CLOCK)
def test_feeds_and_sitemaps_are_well_formed(
    pages: dict[int, dict[str, Answer]], edition: int
) -> None:
    here = pages[edition]
    for path in ("/feed.xml", "/francais/feed.atom", "/sitemaps/index.xml", "/sitemaps/news.xml"):
        etree.fromstring(here[path].body)
    for path in ("/feed.xml", "/francais/feed.atom"):
        feed = feedparser.parse(here[path].body)
        assert not feed.bozo
        assert all(entry.title and entry.published_parsed for entry in feed.entries)
    assert feedparser.parse(here["/feed.xml"].body).version == "rss20"
    feed = json.loads(here["/science/feed.json"].body)
    assert feed["version"].endswith("1.1")
    assert {"id", "url", "title", "date_published"} <= feed["items"][0].keys()
    news = etree.fromstring(here["/sitemaps/news.xml"].body)
    assert len(news) >= 15
    assert b"/sitemaps/news.xml" in here["/sitemaps/index.xml"].body


def test_robots_names_the_sitemap_and_forbids_one_item(sites: dict[int, Site]) -> None:
    rules = Protego.parse(sites[1].answer("/robots.txt").body.decode())
    assert list(rules.sitemaps) == ["http://lantern.example/sitemaps/index.xml"]
    for entry in sites[1].truth():
        if entry["url"]:
            assert rules.can_fetch(entry["url"], "any") == (entry["expected"] != "robots")


def test_every_json_ld_block_agrees_with_the_truth(sites: dict[int, Site]) -> None:
    for story in sites[1].stories:
        if story.special in {"js-only", "http-500"}:
            continue
        data = json_ld(sites[1].answer(story.path))
        assert str(data["headline"]).startswith(story.title)
        assert data["datePublished"] == story.published.isoformat()
        assert data["@type"] == ("LiveBlogPosting" if story.posts else "NewsArticle")


def test_the_truth_stands_on_the_page(sites: dict[int, Site]) -> None:
    for edition, site in sites.items():
        for entry in site.truth():
            if entry["expected"] != "article" or entry["special"] == "js-only":
                continue
            page = tree(site.answer(urlsplit(entry["url"]).path))
            text = " ".join(page.text_content().split())
            wanted = [entry["title"], *entry["standfirst"]]
            wanted += [t for s in entry["sections"] for t in (*s["heading"], *s["paragraphs"])]
            wanted += [t for i in entry["images"] for t in (i["caption"], *i["credits"])]
            assert [t for t in wanted if t not in text] == [], (edition, entry["page"])


def test_the_truth_has_the_keys_of_reviewed_pages(sites: dict[int, Site]) -> None:
    keys = {"page", "publisher", "country", "url", "title", "authors", "published", "topics"}
    keys |= {"standfirst", "sections", "images"}
    for entry in sites[1].truth():
        if entry["expected"] == "article":
            assert keys <= entry.keys()
    json.dumps(sites[1].truth())


@given(path=st.text(max_size=40), value=st.text(max_size=40), host=st.text(max_size=20))
def test_any_request_gets_an_answer(path: str, value: str, host: str) -> None:
    for asked in (path, "/feed.xml"):
        headers = {"If-None-Match": value, "Accept-Encoding": value}
        assert SITE.answer(asked, headers, host=host).status in {200, 304, 404}
        assert SITE.answer(asked, {"if-modified-since": value}).status in {200, 304, 404}


@pytest.mark.parametrize(
    "since",
    ["", "yesterday", "Wed, 99 Mar 2026 00:00:00 GMT", "0", "Mon, 01 Jan 0001 00:00:00 +2359"],
)
def test_a_condition_that_is_no_date_gets_the_page(sites: dict[int, Site], since: str) -> None:
    assert sites[1].answer("/feed.xml", {"If-Modified-Since": since}).status == 200


def test_other_bases_and_unknown_addresses() -> None:
    site = Site(base="http://127.0.0.1:8000")
    assert b"lantern.example/" not in site.answer("/feed.xml").body
    assert site.answer("/no/such/page").status == 404
    assert site.answer("/world/?page=2").status == 200
    with pytest.raises(ValueError, match="no edition 3"):
        Site(3)


def test_pictures_are_real_and_differ(pages: dict[int, dict[str, Answer]]) -> None:
    images = {path: one.body for path, one in pages[1].items() if path.endswith(".png")}
    assert len(set(images.values())) == len(images) >= 80
    for path, body in images.items():
        width, height = struct.unpack(">II", body[16:24])
        assert f"-{width}.png" in path
        packed = body[body.index(b"IDAT") + 4 : -16]
        assert len(zlib.decompress(packed)) == (width + 1) * height
        assert len(body) < 40_000
    assert {scene for scene in pictures.SCENES if pictures.png("x", scene, 48)} == pictures.SCENES
    for path, answer in pages[1].items():
        if path.endswith(".svg"):
            etree.fromstring(answer.body)


def test_json_cannot_end_its_script() -> None:
    script = json_script({"text": "</script><b>"})
    assert "</" not in script
    assert json.loads(script) == {"text": "</script><b>"}


def test_bodies_keep_their_kinds() -> None:
    blocks = parse_body(
        "One [link](/x).\nStill one.\n\n## Head\n\n> Said\n\n- a\n- b\n  more\n\n![p]\n\n{{video}}"
    )
    assert [(block.kind, block.plain) for block in blocks] == [
        ("paragraph", "One link. Still one."),
        ("heading", "Head"),
        ("quote", "Said"),
        ("item", "a"),
        ("item", "b more"),
        ("image", "p"),
        ("insert", "video"),
    ]


@pytest.mark.parametrize("text", ["no head at all", "+++\nkey = \n+++\nbody"])
def test_a_story_file_without_its_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_story("slug", text)
