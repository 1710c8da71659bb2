"""Each special case of the demo's outlet is there, once, and is what it is called."""

import json
from collections import Counter
from urllib.parse import urlsplit

import feedparser
import pytest
from support.lantern import decoded, json_ld, special, text_of, tree

from archiver.demo import outlet
from archiver.demo.site import Answer, Site

CASES = [
    *("changes", "trivial", "disappears", "http-500", "liveblog", "syndicated", "js-only"),
    *("consent", "redirect", "gzip", "br", "chunked", "windows-1252", "not-html", "empty"),
    *("robots", "dns", "no-link"),
]


def test_every_special_case_is_there_once(sites: dict[int, Site]) -> None:
    cases = Counter(entry["special"] for entry in sites[1].truth() if entry["special"])
    assert cases == Counter(CASES)
    feed = feedparser.parse(sites[1].answer("/feed.xml").body)
    links = {entry.get("link") for entry in feed.entries}
    assert None in links
    for entry in sites[1].truth():
        if entry["special"]:
            assert (entry["feed_url"] or entry["url"]) in links, entry["special"]


def test_what_changes_changes_its_facts(sites: dict[int, Site]) -> None:
    one, two = special(sites[1], "changes"), special(sites[2], "changes")
    assert one.path == two.path
    assert one.title != two.title
    assert one.body != two.body
    assert one.modified is None
    assert two.modified is not None
    assert "412 million" in text_of(sites[1].answer(one.path))


def test_what_changes_trivially_keeps_its_text(sites: dict[int, Site]) -> None:
    story = special(sites[1], "trivial")
    one, two = (text_of(sites[edition].answer(story.path)) for edition in (1, 2))
    assert one != two
    differing = [a for a, b in zip(one.split("\n"), two.split("\n"), strict=True) if a != b]
    assert len(differing) == 2
    assert " views</span>" in differing[0]
    assert 'class="ad"' in differing[1]
    assert special(sites[2], "trivial") == story


def test_what_disappears_is_gone(sites: dict[int, Site]) -> None:
    path = special(sites[1], "disappears").path
    assert sites[1].answer(path).status == 200
    assert sites[2].answer(path).status == 410
    (gone,) = [entry for entry in sites[2].truth() if entry["expected"] == "gone"]
    assert gone["url"] == outlet.BASE + path
    assert path.encode() not in sites[2].answer("/feed.xml").body


def test_what_fails_at_first_is_fine_later(sites: dict[int, Site]) -> None:
    path = special(sites[1], "http-500").path
    assert [sites[edition].answer(path).status for edition in (1, 2)] == [500, 200]


def test_the_live_blog_grows(sites: dict[int, Site]) -> None:
    story = special(sites[1], "liveblog")
    one, two = (json_ld(sites[edition].answer(story.path)) for edition in (1, 2))
    first, second = one["liveBlogUpdate"], two["liveBlogUpdate"]
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert second[len(second) - len(first) :] == first
    assert len(second) > len(first) >= 4
    times = [update["datePublished"] for update in second]
    assert times == sorted(times, reverse=True)
    assert two["dateModified"] == times[0]


def test_the_syndicated_copy_has_its_boilerplate(sites: dict[int, Site]) -> None:
    story = special(sites[1], "syndicated")
    answer = sites[1].answer(story.path)
    text = " ".join(tree(answer).text_content().split())
    for line in (
        "Estimated read time 4 min read",
        "Please use Chrome browser for a more accessible video player",
        "The moment the last lift reaches the surface",
        "Image: The winding tower",
        "Pic: Farwire",
        "Read more:",
        "Source link",
        "You May Also Like",
        "More From Author",
        "+ There are no comments",
        "Add yours",
        f"{story.title} | World News",
    ):
        assert line in text
    (source,) = tree(answer).xpath("//a[text()='Source link']/@href")
    original = sites[1].answer(urlsplit(source).path, host=urlsplit(source).netloc)
    assert original.status == 200
    assert story.title in text_of(original)


def test_the_js_only_page_has_its_text_in_its_state_alone(sites: dict[int, Site]) -> None:
    story = special(sites[1], "js-only")
    page = tree(sites[1].answer(story.path))
    (state,) = page.xpath("//script[@id='__NEXT_DATA__']/text()")
    article = json.loads(state)["props"]["pageProps"]["article"]
    assert [block["content"] for block in article["body"]] == [b.plain for b in story.body]
    for script in page.xpath("//script | //noscript"):
        script.drop_tree()
    assert page.body.text_content().split() == []


def test_the_consent_wall_hides_all_of_its_article(sites: dict[int, Site]) -> None:
    (entry,) = [one for one in sites[1].truth() if one["expected"] == "consent"]
    answer = sites[1].answer(urlsplit(entry["url"]).path)
    assert answer.status == 200
    assert "412 partners" in text_of(answer)
    assert entry["title"] not in text_of(answer)


def test_the_old_address_leads_to_the_new_one(sites: dict[int, Site]) -> None:
    (entry,) = [one for one in sites[1].truth() if one["feed_url"]]
    answer = sites[1].answer(urlsplit(entry["feed_url"]).path)
    assert (answer.status, answer.header("Location")) == (301, entry["url"])
    assert sites[1].answer(urlsplit(entry["url"]).path).status == 200


def test_codings_and_odd_bodies(sites: dict[int, Site]) -> None:
    site = sites[1]
    for coding in ("gzip", "br"):
        path = special(site, coding).path
        assert site.answer(path).header("Content-Encoding") == coding
        assert site.answer(path, {"Accept-Encoding": "zstd, identity"}).body == decoded(
            site.answer(path)
        )
    latin = site.answer(special(site, "windows-1252").path)
    assert latin.header("Content-Type") == "text/html; charset=windows-1252"
    assert "œuf".encode("cp1252") in latin.body
    assert b'<meta charset="windows-1252">' in latin.body
    assert len(site.answer(special(site, "chunked").path).chunks) > 3
    odd = {one["expected"]: one["url"] for one in site.truth() if one["expected"] != "article"}
    pdf = site.answer(urlsplit(odd["not-html"]).path)
    assert (pdf.header("Content-Type"), pdf.body[:5]) == ("application/pdf", b"%PDF-")
    empty = site.answer(urlsplit(odd["empty"]).path)
    assert (empty.status, empty.body) == (200, b"")
    assert urlsplit(odd["dns"]).netloc == "no-such-host.invalid"
    assert odd["no-link"] is None


def test_what_did_not_change_answers_304_to_the_next_crawl(
    sites: dict[int, Site], pages: dict[int, dict[str, Answer]]
) -> None:
    changed = set()
    for path, answer in pages[1].items():
        for name, field in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            value = answer.header(field)
            if value and sites[1].answer(path, {name: value}).status != 304:
                pytest.fail(f"{path} answers its own {field} with its body")
        etag = answer.header("ETag")
        later = sites[2].answer(path, {"if-none-match": f'"other", W/{etag}'})
        if etag and later.status != 304:
            changed.add(path)
        elif etag:
            assert (later.chunks, later.header("ETag")) == ((), etag)
    articles = {story.path for story in sites[1].stories}
    expected = {
        special(sites[1], name).path for name in ("changes", "trivial", "disappears", "liveblog")
    }
    assert changed & articles == expected
    assert "/francais/feed.atom" not in changed
    assert {"/feed.xml", "/science/feed.json", "/sitemaps/news.xml", "/", "/world/"} <= changed
