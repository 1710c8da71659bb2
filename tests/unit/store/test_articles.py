from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from sqlalchemy import func, select
from support.captures import START, after, make_article, make_ref
from support.standing import mark

from archiver.contract import article_to_json
from archiver.model import ArticleKind, Block, BlockKind, DateCandidate, Image, Links, ReadTime
from archiver.store import standings
from archiver.store.catalogue import Catalogue
from archiver.store.fingerprint import text_digest
from archiver.store.tables import article, revision
from archiver.store.tombstones import events_of
from archiver.store.veil import Redaction, Scope, second_of

PAGE = "https://news.sky.com/story/rain-1"


def texts(catalogue: Catalogue, url: str = PAGE) -> list[str]:
    return [one.article.text for one in catalogue.get_article(url)]


def test_the_first_time_is_revision_one(catalogue: Catalogue) -> None:
    saved = catalogue.save_article(make_article(PAGE, "It rains."))
    assert (saved.revision, saved.new, saved.changed) == (1, True, True)
    [kept] = catalogue.get_article(PAGE)
    assert kept.article_id == saved.article_id
    assert (kept.number, kept.captured_at, kept.article.text) == (1, START, "It rains.")
    assert catalogue.known_articles("sky-news") == [PAGE]


def test_an_article_comes_back_whole(catalogue: Catalogue) -> None:
    full = make_article(
        PAGE,
        "नमस्ते, \U0001f327 and \0 and a \u2028 line",
        canonical_url="https://news.sky.com/rain",
        headlines=("a", "b"),
        standfirst="In short",
        blocks=(Block(kind=BlockKind.QUOTE, text="It rains", time="12:00", author="A"),),
        authors=("Ann Lee", "Bo Ek"),
        published="2026-03-01T11:00:00+01:00",
        date_candidates=(DateCandidate(value="2026", of="published", source="meta", chosen=True),),
        read_time=ReadTime(minutes=4, source="published"),
        images=(Image(url="https://e.com/a.jpg", caption="Wet", credits=("Reuters",)),),
        links=Links(original="https://e.com/", related=("https://e.com/2",)),
        kind=ArticleKind.LIVEBLOG,
        warc=make_ref(),
    )
    catalogue.save_article(full)
    [kept] = catalogue.get_article(PAGE)
    assert kept.article == full
    assert article_to_json(kept.article) == article_to_json(full)
    assert kept.text_digest == text_digest(full)


def test_the_same_text_is_no_new_revision(catalogue: Catalogue) -> None:
    first = make_article(PAGE, "It rains.", modified="2026-03-01")
    catalogue.save_article(first)
    again = replace(first, captured_at=after(days=1), modified="2026-03-02", tags=("weather",))
    saved = catalogue.save_article(again)
    assert (saved.revision, saved.new, saved.changed) == (1, False, False)
    assert len(catalogue.get_article(PAGE)) == 1
    with catalogue._reading() as conn:
        row = conn.execute(select(article)).one()
    assert (row.first_seen, row.last_seen) == (START, after(days=1))


def test_another_text_is_the_next_revision(catalogue: Catalogue) -> None:
    for number, text in enumerate(["one", "two", "one"]):
        saved = catalogue.save_article(make_article(PAGE, text, after(days=number)))
        assert (saved.revision, saved.changed) == (number + 1, True)
    assert texts(catalogue) == ["one", "two", "one"]


def test_captures_may_be_saved_in_any_order(catalogue: Catalogue) -> None:
    """Extraction runs side by side, and old WARC files are imported later."""
    for order in permutations(range(4)):
        page = f"{PAGE}-{order}"
        states = [make_article(page, text, after(days=day)) for day, text in enumerate("aabb")]
        for day in order:
            saved = catalogue.save_article(states[day])
        kept = texts(catalogue, page)
        assert (kept[0], kept[-1]) == ("a", "b")
        assert kept == sorted(kept)
        with catalogue._reading() as conn:
            row = conn.execute(select(article).where(article.c.id == saved.article_id)).one()
        assert (row.first_seen, row.last_seen) == (START, after(days=3))
        current = {one.number: one for one in catalogue.get_article(page)}[row.revision]
        assert current.article.text == "b"


def test_a_capture_extracted_again_replaces_its_own_revision(catalogue: Catalogue) -> None:
    """The extractor changed, not the page."""
    catalogue.save_article(make_article(PAGE, "It rains. Cookies?"))
    catalogue.save_article(make_article(PAGE, "It pours.", after(days=1)))
    saved = catalogue.save_article(make_article(PAGE, "It rains.", authors=("Ann Lee",)))
    assert (saved.revision, saved.new, saved.changed) == (1, False, False)
    assert texts(catalogue) == ["It rains.", "It pours."]
    assert catalogue.get_article(PAGE)[0].article.authors == ("Ann Lee",)
    assert catalogue.status()["totals"]["revisions"] == 2


def test_an_article_is_known_by_its_canonical_url(catalogue: Catalogue) -> None:
    canonical = "https://news.sky.com/rain"
    amp = make_article("https://news.sky.com/amp/rain", "It rains.", canonical_url=canonical)
    page = make_article(canonical, "It pours.", after(days=1), canonical_url=canonical)
    first, second = catalogue.save_article(amp), catalogue.save_article(page)
    assert first.article_id == second.article_id
    assert second.revision == 2
    assert catalogue.known_articles("sky-news") == [canonical]  # what was fetched last


def test_two_outlets_have_an_article_each(catalogue: Catalogue) -> None:
    """A syndicated copy names the original as its canonical URL."""
    own = catalogue.save_article(make_article(PAGE, "It rains."))
    copy = make_article("https://copy.example/1", "It rains.", canonical_url=PAGE, outlet="copy")
    copied = catalogue.save_article(copy)
    assert copied.new
    assert copied.article_id != own.article_id
    assert catalogue.known_articles("copy") == ["https://copy.example/1"]
    assert catalogue.get_article(PAGE)[0].article_id == own.article_id
    assert catalogue.get_article(copy.url)[0].article_id == copied.article_id


def test_an_article_is_found_by_any_spelling_of_its_url(catalogue: Catalogue) -> None:
    page = "https://www.example.com/Story"
    saved = catalogue.save_article(make_article(page, "a"))
    for url in (page, "http://example.com/story", "https://EXAMPLE.com/Story/"):
        assert catalogue.get_article(url)[0].article_id == saved.article_id
    assert catalogue.get_article("https://example.com/other") == []
    assert catalogue.get_article("nonsense") == []


def test_of_two_articles_alike_the_exact_url_wins(catalogue: Catalogue) -> None:
    exact = catalogue.save_article(make_article("https://example.com/story", "a"))
    alike = catalogue.save_article(make_article("http://example.com/story", "b", after(days=1)))
    assert catalogue.get_article("https://example.com/story")[0].article_id == exact.article_id
    assert catalogue.get_article("http://example.com/story")[0].article_id == alike.article_id
    newest = catalogue.get_article("https://www.example.com/story")
    assert newest[0].article_id == alike.article_id


def test_gone_and_back_again(catalogue: Catalogue) -> None:
    catalogue.save_article(make_article(PAGE, "It rains."))
    assert mark(catalogue, PAGE, at=after(days=1), status=410) is True
    assert mark(catalogue, PAGE, at=after(days=2), status=404) is False
    assert catalogue.known_articles("sky-news") == [PAGE]  # it may come back
    assert mark(catalogue, PAGE, at=after(days=3), state="removed") is True
    assert catalogue.known_articles("sky-news") == []
    assert catalogue.status()["totals"]["gone"] == 1
    assert texts(catalogue) == ["It rains."]
    saved = catalogue.save_article(make_article(PAGE, "It rains.", after(days=4)))
    assert not saved.changed
    assert catalogue.known_articles("sky-news") == [PAGE]
    assert catalogue.status()["totals"]["gone"] == 0
    assert mark(catalogue, PAGE, at=after(days=5), status=404) is True
    history = [(one.state, one.at, one.reason) for one in catalogue.states_of(PAGE)]
    assert history == [
        ("missing", after(days=1), "http-410"),
        ("removed", after(days=3), "http-404"),
        ("live", after(days=4), "reappeared"),
        ("missing", after(days=5), "http-404"),
    ]


def test_what_is_older_does_not_undo_what_is_newer(catalogue: Catalogue) -> None:
    """A page extracted late, from before it went; an old 404 read late."""
    catalogue.save_article(make_article(PAGE, "It rains.", after(days=2)))
    assert mark(catalogue, PAGE, at=after(days=1), status=404) is False
    assert mark(catalogue, PAGE, at=after(days=4), status=404) is True
    catalogue.save_article(make_article(PAGE, "It pours.", after(days=3)))
    assert catalogue.status()["totals"]["gone"] == 1


def test_an_article_goes_on_under_another_address(catalogue: Catalogue) -> None:
    there = "https://news.sky.com/archive/rain-1"
    first = catalogue.save_article(make_article(PAGE, "It rains."))
    moved = catalogue.save_article(
        make_article(there, "It rains.", after(days=1)),
        spellings={PAGE: "redirect"},
        moved_from=PAGE,
    )
    assert (moved.article_id, moved.new, moved.changed) == (first.article_id, False, False)
    for url in (PAGE, there):
        assert texts(catalogue, url) == ["It rains."]
    other = catalogue.save_article(make_article("https://news.sky.com/snow", "It snows."))
    joined = catalogue.save_article(
        make_article(there, "It rains.", after(days=2)), moved_from="https://news.sky.com/snow"
    )
    assert joined.article_id == first.article_id  # which has an article of its own
    assert texts(catalogue, "https://news.sky.com/snow") == ["It snows."]
    assert other.article_id != first.article_id


def test_known_articles_come_longest_unseen_first(catalogue: Catalogue) -> None:
    for number in (2, 0, 1):
        catalogue.save_article(make_article(f"{PAGE}{number}", "a", after(days=number)))
    assert catalogue.known_articles("sky-news") == [f"{PAGE}{number}" for number in range(3)]
    assert catalogue.known_articles("nobody") == []


def test_all_known_articles_come_however_many_pages_they_are_read_in(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [f"{PAGE}{number}" for number in range(7)]
    for number, url in enumerate(wanted):
        catalogue.save_article(make_article(url, "a", after(days=number // 3)))
    monkeypatch.setattr(standings, "BATCH", 2)
    assert catalogue.known_articles("sky-news") == wanted


def test_an_article_from_a_bare_file_has_no_outlet_and_no_time(catalogue: Catalogue) -> None:
    bare = make_article("page.html", "It rains.", None, outlet=None, title=None)
    assert catalogue.save_article(bare).new
    assert not catalogue.save_article(bare).changed
    [kept] = catalogue.get_article("page.html")
    assert kept.article == bare
    assert kept.captured_at.tzinfo is not None


def test_odd_words_cost_nothing(catalogue: Catalogue) -> None:
    odd = make_article(PAGE + "\0", "lone \udcff surrogate", title="NUL \0 and \udcff")
    assert catalogue.save_article(odd).new
    [kept] = catalogue.get_article(PAGE + "\0")
    assert kept.article.text == "lone ? surrogate"
    assert catalogue.save_article(odd).changed is False


def test_tallies_are_what_the_tables_hold(catalogue: Catalogue) -> None:
    for number in range(12):
        page = f"{PAGE}{number % 3}"
        catalogue.save_article(make_article(page, f"text {number % 5}", after(days=number)))
        if number % 4 == 0:
            mark(catalogue, page, at=after(days=number, hours=1), status=404)
    totals = catalogue.status()["totals"]
    with catalogue._reading() as conn:
        gone = select(func.count()).where(article.c.state == "missing")
        assert totals["gone"] == conn.execute(gone).scalar_one()
        for name, table in (("articles", article), ("revisions", revision)):
            counted = conn.execute(select(func.count()).select_from(table)).scalar_one()
            assert totals[name] == counted > 0


@pytest.mark.parametrize(
    "claimed",
    ["https://news.sky.com/", "https://news.sky.com", "https://other.example/rain", "junk"],
)
def test_a_canonical_url_that_cannot_be_believed_joins_nothing(
    catalogue: Catalogue, claimed: str
) -> None:
    for number in (1, 2):
        url = f"https://news.sky.com/story/{number}"
        catalogue.save_article(make_article(url, f"Story {number}.", canonical_url=claimed))
    assert texts(catalogue, "https://news.sky.com/story/1") == ["Story 1."]
    assert texts(catalogue, "https://news.sky.com/story/2") == ["Story 2."]


def test_the_revision_of_a_moment_comes_between_its_neighbours(catalogue: Catalogue) -> None:
    for number in range(5):
        digest = f"sha1:{'ABCDE'[number] * 32}"
        ref = replace(make_ref(), payload_digest=digest)
        catalogue.save_article(make_article(PAGE, f"{number}", after(hours=number), warc=ref))

    def around(**parts: float) -> list[str | None]:
        found = catalogue.article_around(PAGE, after(**parts))
        return [one.article.text if one else None for one in found]

    assert around(hours=-1) == [None, "0", "1"]
    assert around(hours=2) == ["1", "2", "3"]
    assert around(hours=2, minutes=59) == ["1", "2", "3"]
    assert around(days=9) == ["3", "4", None]
    assert catalogue.article_around("https://none.example/", START) == (None, None, None)
    hidden = Redaction(
        id="0a", url=PAGE, urls=(PAGE,), scope=Scope.URL, moment=second_of(after(hours=2)),
        by="", reason="", made=START,
    )  # fmt: skip
    catalogue.apply_events(events_of(hidden))
    assert around(hours=2) == ["0", "1", "3"]
    assert around(hours=3) == ["1", "3", "4"]
    catalogue.apply_events(events_of(replace(hidden, id="0b", moment=None)))
    assert around(hours=3) == [None, None, None]
