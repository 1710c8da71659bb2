from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import after, make_article, make_ref, template_named

from archiver.extract.summaries import summary_sketch
from archiver.model import (
    Access,
    Article,
    ArticleKind,
    Block,
    BlockKind,
    ChangeKind,
    Extractor,
    FactKind,
    Image,
    Stealth,
)
from archiver.revise.body import line_digest
from archiver.revise.compare import comparable, compare

PAGE = "https://news.sky.com/story/rain-1"
LINES = (
    "The ship sank on Monday with 12 people aboard, the coast guard said.",
    "Captain Ann Lee told reporters that “the sea was calm” when it happened.",
    "Prices for cod and haddock have slowly risen since then, traders say.",
    "The company that owns the ship gave no answer to questions.",
)


def article(*lines: str, **more: Any) -> Article:
    facts: dict[str, Any] = {"language": "en", "title": "Ship sinks off the coast", **more}
    return make_article(PAGE, "\n".join(lines or LINES), warc=make_ref(), **facts)


OLD = article(modified="2026-03-01T10:00:00Z")


def kinds(old: Article, new: Article) -> set[str]:
    return {str(kind) for kind in compare(old, new).kinds}


def with_line(place: int, line: str, **more: Any) -> Article:
    lines = list(LINES)
    lines[place] = line
    return replace(article(*lines), **{"modified": "2026-03-01T10:00:00Z", **more})


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("12 people", "14 people", FactKind.NUMBER),
        ("Monday", "Tuesday", FactKind.DATE),
        ("Ann Lee", "Bo Ek", FactKind.NAME),
        ("the sea was calm", "the sea was rough", FactKind.QUOTE),
        ("12 people", "twelve people", FactKind.NUMBER),
    ],
)
def test_facts_of_the_body(old: str, new: str, kind: FactKind) -> None:
    changes = compare(OLD, article(*(line.replace(old, new) for line in LINES)))
    assert changes.kinds == {ChangeKind.FACTS}
    assert kind in {fact.kind for fact in changes.facts}
    assert {fact.added for fact in changes.facts if fact.kind is kind} == {True, False}


def test_a_negation_is_a_fact() -> None:
    denied = with_line(2, LINES[2].replace("have slowly", "have not slowly"))
    [fact] = compare(OLD, denied).facts
    assert (fact.kind, fact.text, fact.added) == (FactKind.NEGATION, "not", True)


def test_other_words_for_the_same_facts_are_style() -> None:
    changes = compare(OLD, with_line(2, LINES[2].replace("slowly risen", "crept up")))
    [change] = changes.changes
    assert (change.kind, change.added, change.removed) == (ChangeKind.STYLE, 2, 2)


def test_a_name_that_took_anothers_place_is_a_fact_though_both_stand_elsewhere() -> None:
    lines = ("Officer Bo Ek and Captain Ann Lee spoke.", "At noon Ann Lee was blamed for it.")
    assert kinds(article(*lines), article(lines[0], lines[1].replace("Ann Lee", "Bo Ek"))) == {
        "facts"
    }


def test_german_nouns_are_no_names() -> None:
    old = "Gestern hat Kanzlerin Angela Merkel im Saal über die Lage gesprochen."
    new = old.replace("im Saal über die Lage", "in der Halle über den Stand")
    made = {"language": "de"}
    assert kinds(article(old, **made), article(new, **made)) == {"style"}
    other = old.replace("Angela Merkel", "Olaf Scholz")
    assert kinds(article(old, **made), article(other, **made)) == {"facts"}


def test_the_headline() -> None:
    changes = compare(OLD, replace(OLD, title="Ship sinks off the southern coast"))
    [change] = changes.changes
    assert (change.kind, change.added, change.removed) == (ChangeKind.HEADLINE, 1, 0)


@pytest.mark.parametrize(
    "title",
    [
        "Ship  sinks off the coast",
        "SHIP SINKS OFF THE COAST",
        "Ship sinks off the coast | Sky News",
        None,
    ],
)
def test_another_form_of_the_same_headline(title: str | None) -> None:
    assert kinds(OLD, replace(OLD, title=title)) == set()


def test_the_choice_among_the_same_headlines_is_no_change() -> None:
    both = ("Ship sinks off the coast", "Twelve feared dead")
    old = replace(OLD, headlines=both)
    assert kinds(old, replace(old, title=both[1], headlines=both)) == set()
    assert kinds(OLD, replace(OLD, title=both[1], headlines=both[1:])) == {"headline"}


def test_the_standfirst() -> None:
    old = replace(OLD, standfirst="Rescuers are still looking for survivors.")
    assert kinds(old, replace(old, standfirst="Rescuers have given up looking.")) == {"standfirst"}
    assert kinds(old, replace(old, standfirst="Rescuers are still looking for...")) == set()
    moved = article(old.standfirst or "", *LINES)
    assert kinds(old, moved) == set()
    assert kinds(moved, old) == set()


def test_the_byline() -> None:
    old = replace(OLD, authors=("Ann Lee", "Bo Ek"))
    assert kinds(old, replace(old, authors=("Bo Ek", "ANN LEE"))) == set()
    assert kinds(old, replace(old, authors=("Ann Lee", "Cy Ray"))) == {"byline"}
    assert kinds(old, replace(old, authors=("Ann Lee",), agencies=("Bo Ek",))) == set()


@pytest.mark.parametrize(
    ("new", "changed"),
    [
        ("2026-03-01T09:00:00Z", True),
        ("2026-03-01T11:00:00+01:00", False),  # the same instant
        ("2026-03-01T10:00:30Z", False),
        ("2026-03-01T10:00:00+01:00", False),  # the same clock, a zone told wrongly
        ("2026-03-01", False),
        ("2026-02-25", True),
        (None, False),
        ("nonsense", False),
    ],
)
def test_the_date(new: str | None, changed: bool) -> None:
    old = replace(OLD, published="2026-03-01T10:00:00Z")
    assert kinds(old, replace(old, published=new)) == ({"dates"} if changed else set())


def test_a_later_modified_alone_is_no_change() -> None:
    assert compare(OLD, replace(OLD, modified="2026-03-02T10:00:00Z")).trivial


PICTURE = Image(
    url="https://cdn.example/a/ship-at-sea-300x200.jpg?w=300", caption="The ship in May"
)


@pytest.mark.parametrize(
    ("image", "changed"),
    [
        (
            replace(PICTURE, url="https://img.example/b/ship-at-sea-1200x800.webp?crop=1&cb=9"),
            False,
        ),
        (replace(PICTURE, url="https://cdn.example/a/other-one.jpg"), False),  # by its caption
        (replace(PICTURE, caption="The ship in June"), True),
        (replace(PICTURE, url="https://cdn.example/a/wreck.jpg", caption="The wreck"), True),
    ],
)
def test_pictures(image: Image, changed: bool) -> None:
    old, new = replace(OLD, images=(PICTURE,)), replace(OLD, images=(image,))
    assert kinds(old, new) == kinds(new, old) == ({"images"} if changed else set())


def test_only_a_cover_counts_without_a_caption() -> None:
    cover = Image(url="https://cdn.example/a/cover-one.jpg", is_cover=True)
    other = Image(url="https://cdn.example/a/cover-two.jpg", is_cover=True)
    old = replace(OLD, images=(cover,))
    assert kinds(old, replace(OLD, images=(other,))) == {"images"}
    assert kinds(old, replace(OLD, images=(cover, replace(other, is_cover=False)))) == set()


def test_access() -> None:
    old = replace(OLD, access=Access(free=True))
    assert kinds(old, replace(old, access=Access(free=False))) == {"access"}
    assert kinds(old, replace(old, access=Access())) == set()


NOTICE = "Correction: an earlier version of this article gave another number."


def test_a_correction_notice() -> None:
    lines = (LINES[0].replace("12", "14"), *LINES[1:], NOTICE)
    changes = compare(OLD, replace(article(*lines), modified="2026-03-02T10:00:00Z"))
    assert changes.kinds == {ChangeKind.FACTS, ChangeKind.CORRECTION}
    assert changes.notice == NOTICE
    assert changes.stealth == ()
    assert compare(article(*LINES, NOTICE), article(*LINES, NOTICE)).trivial


def test_stealth_and_its_evidence() -> None:
    new = with_line(0, LINES[0].replace("12", "14"), captured_at=after(days=1))
    changes = compare(OLD, new)
    assert set(changes.stealth) == {Stealth.MODIFIED_UNCHANGED, Stealth.NO_NOTICE}
    for evidence, made in ((changes.old, OLD), (changes.new, new)):
        assert made.warc
        assert evidence
        assert (evidence.captured_at, evidence.modified) == (made.captured_at, made.modified)
        assert (evidence.file, evidence.offset) == (made.warc.file, made.warc.offset)
        assert evidence.record_id == made.warc.record_id
        assert evidence.payload_digest == made.warc.payload_digest


def test_what_needs_no_notice() -> None:
    later = {"modified": "2026-03-02T10:00:00Z"}
    added = replace(article(*LINES, "On Friday 3 more ships sank."), **later)
    assert compare(OLD, added).stealth == ()
    style = replace(with_line(2, LINES[2].replace("slowly risen", "crept up")), **later)
    assert compare(OLD, style).stealth == ()
    live = {"kind": ArticleKind.LIVEBLOG, **later}
    assert compare(OLD, with_line(0, LINES[0].replace("12", "14"), **live)).stealth == ()
    byline = replace(OLD, authors=("Ann Lee",))
    assert compare(byline, replace(OLD, authors=("Bo Ek",))).stealth == ()


def test_pages_that_give_no_date_are_marked_so() -> None:
    old, new = article(), article(LINES[0].replace("12", "14"), *LINES[1:])
    assert compare(old, new).stealth == (Stealth.MODIFIED_MISSING, Stealth.NO_NOTICE)


@pytest.mark.parametrize(
    "line",
    [
        "12 comments",
        "3 min read",
        "2 hours ago",
        "Vor 2 Stunden",
        "1.2k shares",
        "12件のコメント",
        "* * *",
    ],
)
def test_noise_comes_and_goes(line: str) -> None:
    assert compare(OLD, article(*LINES, line)).trivial
    assert compare(article(line, *LINES), OLD).trivial


def test_a_counter_within_a_short_line() -> None:
    assert compare(
        article(*LINES, "Join 12 comments below"), article(*LINES, "Join 13 comments below")
    ).trivial
    assert not compare(
        article(*LINES, "At least 12 died"), article(*LINES, "At least 13 died")
    ).trivial


def test_a_caption_that_slips_into_the_body_is_the_template() -> None:
    old = replace(OLD, images=(PICTURE,))
    assert compare(old, replace(article(*LINES, PICTURE.caption or ""), images=(PICTURE,))).trivial


def test_paragraphs_that_moved_or_were_split_are_trivial() -> None:
    assert compare(OLD, article(*LINES[1:], LINES[0])).trivial
    first, second = LINES[0].split(", ")
    assert compare(OLD, article(f"{first},", second, *LINES[1:])).trivial


def test_furniture_counts_for_nothing() -> None:
    promo = "Get all of it in our app, which 3 million readers in Europe love."
    new = article(*LINES, promo)
    changes = compare(OLD, new)
    assert changes.lines == (line_digest(promo),)
    assert compare(OLD, new, furniture={line_digest(promo)}).trivial


def test_embedded_posts_are_not_the_articles_text() -> None:
    blocks = tuple(Block(kind=BlockKind.PARAGRAPH, text=line) for line in LINES)
    post = Block(kind=BlockKind.EMBED, text="A post with 5 likes", url="https://x.example/1")
    old = replace(OLD, blocks=blocks)
    assert compare(old, replace(old, blocks=(*blocks, post))).trivial


def test_versions_of_the_extractor_are_told_apart() -> None:
    old = replace(OLD, extractor=Extractor(name="x", version="1", method="json-ld"))
    assert comparable(
        old, replace(old, extractor=Extractor(name="x", version="1", method="trafilatura"))
    )
    assert not comparable(old, replace(old, extractor=Extractor(name="x", version="2")))
    assert not comparable(old, replace(old, extractor=None))


TEXT = st.lists(
    st.sampled_from([*LINES, "It rains.", "12 comments", "“No,” she said.", "雨が降る。"]),
    max_size=6,
)


@given(TEXT, TEXT)
def test_changes_turn_with_the_sides(old: list[str], new: list[str]) -> None:
    one, other = article(*(old or ["a"])), article(*(new or ["b"]))
    there, back = compare(one, other), compare(other, one)
    assert {(change.kind, change.added, change.removed) for change in there.changes} == {
        (change.kind, change.removed, change.added) for change in back.changes
    }
    assert compare(one, one).trivial


WALLED = article(*LINES[:2], "The company that owns", access=Access(free=False))


def test_what_a_paywall_hides_was_not_edited() -> None:
    free = article(*LINES[:2], LINES[3], LINES[2], access=Access(free=True))
    assert kinds(free, WALLED) == kinds(WALLED, free) == {"access"}
    edited = article(LINES[0].replace("12", "14"), LINES[1], access=Access(free=False))
    assert kinds(free, edited) == {"access", "facts"}
    added = article(*LINES, "On Friday 3 more ships sank.", access=Access(free=False))
    assert kinds(free, added) == {"access", "facts"}


def under(template: str, made: Article) -> Article:
    sketch = template_named(template)
    return replace(made, extractor=Extractor(name="x", version="1", template=sketch))


def test_under_another_template_only_edits_in_place_count() -> None:
    old = replace(OLD, standfirst="In short", authors=("Ann Lee",), images=(PICTURE,))
    lines = (*LINES, "Our app has 3 million readers in Europe who love it.")
    new = replace(article(*lines), standfirst="All of it is new here", authors=("Staff",))
    assert compare(under("a", old), under("b", new)).trivial
    assert compare(under("a", old), under("b", new)).redesign
    assert kinds(under("a", old), under("a", new)) > {"facts", "byline"}
    edited = replace(new, text=new.text.replace("12", "14"), title="Ship sinks, 14 feared dead")
    assert kinds(under("a", old), under("b", edited)) == {"facts", "headline"}


SHOWN = "What the coast guard knows of it, and what the owner says"
SAID = "A ship sank on Monday; the owner is silent"


def choosing(text: str | None, *choices: str, template: str = "a") -> Article:
    made = Extractor(
        name="x",
        version="1",
        template=template_named(template),
        summaries=summary_sketch(choices),
    )
    return replace(OLD, standfirst=text, extractor=made)


def test_another_choice_among_the_same_summaries_is_no_change() -> None:
    both = SHOWN, SAID
    assert kinds(choosing(SHOWN, *both), choosing(SAID, *both)) == set()
    assert kinds(choosing(SHOWN, *both), choosing(None, *both)) == set()
    assert kinds(choosing(f"{SHOWN}\n{SAID}", *both), choosing(SAID, *both)) == set()
    edited = SHOWN.replace("knows", "says")
    assert kinds(choosing(SHOWN, *both), choosing(edited, edited, SAID)) == {"standfirst"}
    # an editor may put another summary in the place of one that is to be seen no more
    assert kinds(choosing(SHOWN, *both), choosing(SAID, SAID)) == {"standfirst"}
    assert kinds(choosing(None), choosing(SAID, SAID)) == {"standfirst"}


def test_another_template_may_show_another_summary_headline_and_date() -> None:
    old = replace(choosing(SHOWN, SHOWN, SAID), published="2026-03-01T10:00:00Z")
    late = "Late words of the ship that sank, and of all aboard"
    new = replace(
        choosing(SAID, SAID, template="b"),
        title="Short",
        headlines=(old.title or "",),
        published="2026-03-04T10:00:00Z",
    )
    assert kinds(old, new) == set()
    same = replace(new, extractor=old.extractor)
    assert kinds(old, same) == {"headline", "dates"}
    assert kinds(old, replace(new, title=late, headlines=())) == {"headline"}


def test_what_another_template_sticks_to_a_word_is_no_edit() -> None:
    stuck = with_line(2, f"Trade{LINES[2]}")
    old = choosing(None)
    assert kinds(old, replace(stuck, extractor=choosing(None, template="b").extractor)) == (set())
    assert kinds(old, replace(stuck, extractor=old.extractor)) & {"style", "facts"}
    more = with_line(0, LINES[0].replace("12", "120"))
    assert kinds(old, replace(more, extractor=choosing(None, template="b").extractor)) == {"facts"}


def test_what_came_into_a_standfirst_with_the_text_is_text() -> None:
    first, edited = LINES[0], with_line(0, LINES[0].replace("12", "14"))
    old, new = (replace(one, standfirst=one.text.split("\n")[0]) for one in (OLD, edited))
    assert kinds(old, new) == {"standfirst", "facts"}
    came = replace(OLD, standfirst=None)
    assert kinds(came, old) == kinds(old, came) == set()
    assert kinds(old, replace(new, standfirst=None)) == {"facts"}
    # some of its own, some of the text, and a counter between
    olds = replace(OLD, standfirst=f"{SHOWN}. {first} 12 shares. {LINES[3]}")
    news = replace(OLD, standfirst=f"{SHOWN}. {first} {LINES[2]} 15 shares.")
    assert kinds(olds, replace(news, standfirst=f"{first} {LINES[2]} 15 shares.")) == {"standfirst"}
    assert (
        kinds(
            replace(olds, standfirst=f"{first} 12 shares."),
            replace(news, standfirst=f"{first} {LINES[2]} 15 shares."),
        )
        == set()
    )
    said = replace(OLD, standfirst=f"{SHOWN}. No.")
    assert kinds(said, replace(OLD, standfirst=f"{SHOWN}. Yes.")) == {"standfirst"}
