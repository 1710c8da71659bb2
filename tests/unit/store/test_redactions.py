"""What redactions hide in a catalogue, and that they hide no more than that."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import START, after, make_article, make_capture, make_ref
from support.redactions import redact

from archiver.fetch.takedown import Takedown
from archiver.store.aliases import Alias
from archiver.store.catalogue import Catalogue
from archiver.store.identity import Territory
from archiver.store.veil import Redaction, Scope, Veil, prefixes_of
from archiver.urls import urlkey

PAGE = "https://news.example/world/story-1"
OTHER = "https://news.example/world/story-2"
EMPTY = "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"
OWN = "sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.fixture
def warcs(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "warc"


def keep(catalogue: Catalogue, url: str, hours: float = 0, digest: str = OWN, **more: Any) -> None:
    ref = replace(make_ref(), payload_digest=digest)
    taken = make_capture(url, after(hours=hours), warc=ref, **more)
    catalogue.add_captures([taken])
    article = make_article(url, f"text {hours}", after(hours=hours), title=f"at {hours}", warc=ref)
    catalogue.save_article(article)


def shown(catalogue: Catalogue) -> dict[str, object]:
    """All that readers are told, by URL."""
    return {
        row.url: (
            row.count,
            row.title,
            len(catalogue.captures_of(row.url)),
            [one.article.title for one in catalogue.get_article(row.url)],
        )
        for row in catalogue.capture_list()
    }


def test_a_page_is_hidden_everywhere_and_shown_again_once_lifted(
    catalogue: Catalogue, warcs: Path
) -> None:
    for hours in (0, 1):
        keep(catalogue, PAGE, hours)
    keep(catalogue, OTHER)
    before = shown(catalogue)
    made = redact(catalogue, warcs, PAGE)
    assert shown(catalogue) == {OTHER: before[OTHER]}
    assert catalogue.captures_of(PAGE) == []
    assert len(catalogue.captures_of(PAGE, redacted=True)) == 2
    assert catalogue.nearest(PAGE, START) is None
    assert catalogue.get_article(PAGE) == []
    assert [row.url for row in catalogue.article_list("sky-news")] == [OTHER]
    assert [row.url for row in catalogue.article_list("sky-news", limit=1)] == [OTHER]
    held = catalogue.withheld(PAGE)
    assert held == made
    assert (held.by, held.reason) == ("Ada", "court order 12")
    Takedown(catalogue, warcs).lift(made.id, by="Bob", reason="appeal")
    assert shown(catalogue) == before
    assert catalogue.withheld(PAGE) is None
    [kept] = catalogue.redactions()
    assert (kept.reason, kept.lifted_by, kept.lifted_why) == ("court order 12", "Bob", "appeal")


@pytest.mark.parametrize(
    "spelling",
    [
        "http://www.news.example/world/story-1",
        "https://news.example/world/Story-1?utm_source=x",
        "https://m.news.example/world/story-1",
        "https://news.example/world/story-1/amp",
        "https://news.example/go/77",  # a redirect
        "https://news.example/canonical",
    ],
)
def test_all_spellings_of_a_page_are_hidden(
    catalogue: Catalogue, warcs: Path, spelling: str
) -> None:
    ref = make_ref()
    catalogue.add_captures([make_capture(spelling), make_capture(PAGE, warc=ref)])
    catalogue.save_article(
        make_article(PAGE, "text", canonical_url="https://news.example/canonical")
    )
    hop = Alias(url="https://news.example/go/77", target=PAGE, rule="redirect", first_seen=START)
    catalogue.add_aliases("sky-news", [hop])
    for asked in (PAGE, spelling):
        made = redact(catalogue, warcs, asked)
        assert shown(catalogue) == {}
        assert catalogue.withheld(spelling) == catalogue.withheld(PAGE) == made
        assert Takedown(catalogue, warcs).reach(made).captures == 2
        Takedown(catalogue, warcs).lift(made.id, by="x", reason="y")
        assert catalogue.get_article(PAGE) != []


def test_a_spelling_that_turns_up_later_is_hidden_too(catalogue: Catalogue, warcs: Path) -> None:
    made = redact(catalogue, warcs, PAGE)
    catalogue.add_captures([make_capture("https://m.news.example/world/story-1")])
    assert shown(catalogue) == {}
    assert catalogue.veil().of_url("https://news.example/world/story-1/amp") == made


def test_a_folder_is_hidden_and_what_only_begins_alike_is_not(
    catalogue: Catalogue, warcs: Path
) -> None:
    inside = ["world", "world/", "world/a", "world/a/b?c=1", "world?page=2"]
    outside = ["world-cup", "world.html", "world0", "", "other/world/a"]
    for path in inside + outside:
        catalogue.add_captures([make_capture(f"https://news.example/{path}")])
    made = redact(catalogue, warcs, "https://news.example/world/", prefix=True)
    assert {row.url for row in catalogue.capture_list()} == {
        f"https://news.example/{path}" for path in outside
    }
    assert Takedown(catalogue, warcs).reach(made).captures == len(inside)
    for path in inside:
        assert catalogue.withheld(f"http://www.news.example/{path}") == made
    for path in outside:
        assert catalogue.withheld(f"https://news.example/{path}") is None


def test_a_host_is_hidden_without_the_hosts_below_it(catalogue: Catalogue, warcs: Path) -> None:
    kept = "https://sport.news.example/a"
    for url in ("https://news.example/", "https://news.example/a?b", kept):
        catalogue.add_captures([make_capture(url)])
    redact(catalogue, warcs, "https://news.example/", prefix=True)
    assert [row.url for row in catalogue.capture_list()] == [kept]


def test_pages_of_a_list_are_full_though_a_folder_in_between_is_hidden(
    catalogue: Catalogue, warcs: Path
) -> None:
    urls = [f"https://news.example/{path}{n}" for path in ("a/", "b/", "c/") for n in range(5)]
    catalogue.add_captures([make_capture(url) for url in urls])
    redact(catalogue, warcs, "https://news.example/b", prefix=True)
    redact(catalogue, warcs, urls[1])
    found, last = [], None
    while page := catalogue.capture_list(limit=3, after=last):
        found += [row.url for row in page]
        last = page[-1].url
        assert len(page) == 3
    assert found == [url for url in urls if "/b/" not in url and url != urls[1]]


def test_one_capture_is_hidden_and_the_others_stay(catalogue: Catalogue, warcs: Path) -> None:
    for hours in (0, 1, 2):
        keep(catalogue, PAGE, hours)
    newest = after(hours=2).replace(microsecond=0)
    made = redact(catalogue, warcs, PAGE, moment=newest)
    assert shown(catalogue) == {PAGE: (2, "at 1", 2, ["at 0", "at 1"])}
    [row] = catalogue.article_list("sky-news")
    assert (row.title, row.revision) == ("at 1", 2)
    assert catalogue.withheld(PAGE) is None
    assert catalogue.withheld(PAGE, after(hours=2)) == made
    assert catalogue.withheld(PAGE, after(hours=1)) is None
    near = catalogue.nearest(PAGE, after(hours=9))
    assert near is not None
    assert near.captured_at == after(hours=1)
    reach = Takedown(catalogue, warcs).reach(made)
    assert (reach.captures, reach.articles, reach.revisions) == (1, 1, 1)
    for hours in (0, 1):
        at = after(hours=hours).replace(microsecond=0)
        redact(catalogue, warcs, PAGE, moment=at)
    assert shown(catalogue) == {}
    assert catalogue.article_list("sky-news") == []
    assert catalogue.withheld(PAGE) is not None


def test_equal_payloads_of_other_urls_are_hidden_only_where_that_is_asked_for(
    catalogue: Catalogue, warcs: Path
) -> None:
    keep(catalogue, PAGE)
    keep(catalogue, OTHER, record_type="revisit")
    keep(catalogue, "https://copy.example/1")
    keep(catalogue, "https://copy.example/2", digest=EMPTY)
    made = redact(catalogue, warcs, PAGE)
    assert set(shown(catalogue)) == {
        "https://copy.example/1",
        "https://copy.example/2",
        OTHER,
    }
    reach = Takedown(catalogue, warcs).reach(made)
    assert (reach.captures, reach.elsewhere) == (1, 1)
    made = redact(catalogue, warcs, PAGE, payload=True)
    assert set(shown(catalogue)) == {"https://copy.example/2"}
    assert made.payloads == (OWN,)
    assert Takedown(catalogue, warcs).reach(made).captures == 3
    assert [row.url for row in catalogue.article_list("sky-news")] == ["https://copy.example/2"]
    assert catalogue.withheld(OTHER) == made
    assert catalogue.nearest(OTHER, START) is None


def test_an_empty_payload_is_nobodys(catalogue: Catalogue, warcs: Path) -> None:
    catalogue.add_captures([make_capture(PAGE, body_size=0), make_capture(OTHER, body_size=0)])
    assert redact(catalogue, warcs, PAGE, payload=True).payloads == ()
    assert set(shown(catalogue)) == {OTHER}


def test_nothing_that_is_kept_from_now_on_needs_what_is_redacted(
    catalogue: Catalogue, warcs: Path
) -> None:
    keep(catalogue, PAGE)
    assert catalogue.originals([(OTHER, OWN)])
    redact(catalogue, warcs, PAGE)
    assert catalogue.originals([(OTHER, OWN)]) == {}
    assert catalogue.originals([(OTHER, OWN)], redacted=True)


def test_what_is_redacted_is_not_extracted_and_waits(catalogue: Catalogue, warcs: Path) -> None:
    waiting = [make_capture(url, extraction="pending") for url in (PAGE, OTHER)]
    catalogue.add_captures(waiting)
    made = redact(catalogue, warcs, PAGE)
    assert [one.url for one in catalogue.pending()] == [OTHER]
    assert [one.url for one in catalogue.pending(limit=1)] == [OTHER]
    Takedown(catalogue, warcs).lift(made.id, by="x", reason="y")
    assert {one.url for one in catalogue.pending()} == {PAGE, OTHER}


def test_what_waits_is_found_in_whatever_steps(catalogue: Catalogue, warcs: Path) -> None:
    urls = [f"https://news.sky.com/story/{number}" for number in range(12)]
    waiting = [make_capture(url, extraction="pending") for url in urls]  # at one moment
    catalogue.add_captures(waiting)
    for url in (*urls[:5], urls[7]):
        redact(catalogue, warcs, url)
    left = [*urls[5:7], *urls[8:]]
    for limit in range(1, 14):
        assert [one.url for one in catalogue.pending(limit=limit)] == left[:limit]


@pytest.mark.parametrize("hidden", ["https://links.example/", "https://canonical.example/"])
def test_an_article_is_not_shown_by_an_address_that_is_hidden(
    catalogue: Catalogue, warcs: Path, hidden: str
) -> None:
    """Be it that of a link, or the one that it calls its own."""
    link, own = "https://links.example/77", "https://canonical.example/1"
    catalogue.add_captures([make_capture(PAGE)])
    territory = Territory(hosts=frozenset({"news.example", "canonical.example"}))
    catalogue.save_article(
        make_article(PAGE, "text", canonical_url=own),
        territory=territory,
        spellings={link: "redirect"},
    )
    assert catalogue.get_article(link) != []
    redact(catalogue, warcs, hidden, prefix=True)
    assert catalogue.get_article(link) == []
    assert (catalogue.get_article(PAGE) == []) is (hidden in own)


def test_the_front_page_is_no_spelling_of_its_site(catalogue: Catalogue, warcs: Path) -> None:
    front = "https://news.example/"
    catalogue.add_captures([make_capture(url) for url in (front, PAGE, OTHER)])
    redact(catalogue, warcs, front)
    assert set(shown(catalogue)) == {PAGE, OTHER}


@given(
    st.text("ab/?=&.-", max_size=12).map(lambda path: f"https://news.example/{path}"),
    st.text("ab/?=&.-", max_size=6).map(lambda path: f"https://news.example/{path}"),
)
def test_a_prefix_hides_itself_and_what_goes_on_with_a_slash_or_a_query(
    url: str, prefix: str
) -> None:
    key, start = urlkey(url), urlkey(prefix)
    made = Redaction(
        id="1", url=prefix, scope=Scope.PREFIX, urls=(prefix,), by="", reason="", made=START
    )
    veil = Veil((what, text, made) for what, text in made.marks())
    inside = key == start or key.startswith((start + "/", start + "?"))
    inside = inside or (start.endswith(")/") and key.startswith(start))
    assert (veil.of_url(url) is not None) >= inside  # a form of it may be inside, too
    assert (start in prefixes_of(key)) == inside
