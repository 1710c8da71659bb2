"""Revisions with a judge: what is one and what is noise, in whatever order captures are saved."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import func, select
from support.captures import START, after, make_article, make_capture, make_ref, template_named
from support.standing import mark

from archiver.errors import StaleRevisionError
from archiver.model import (
    Access,
    Article,
    ChangeKind,
    Changes,
    Extractor,
    Stealth,
)
from archiver.revise.compare import comparable, compare
from archiver.store.articles import Saved
from archiver.store.catalogue import Catalogue
from archiver.store.judging import Judge
from archiver.store.tables import article as article_table
from archiver.store.tables import baseline, change, changed_line
from archiver.store.tombstones import events_of
from archiver.store.veil import Redaction, Scope

PAGE = "https://news.sky.com/story/rain-1"
RAIN = "It rained on Monday and 12 people stood under the bridge for hours."
FLOOD = RAIN.replace("12", "14")
PROMO = "Get all of it in our app, which readers in all of Europe love so much."
JUDGE = Judge(compare=compare, comparable=comparable)


def state(text: str, day: float = 0, url: str = PAGE, version: str = "1", **more: Any) -> Article:
    made = {
        "warc": make_ref(),
        "language": "en",
        "extractor": Extractor(name="x", version=version),
        "modified": "2026-03-01T10:00:00Z",
        **more,
    }
    return make_article(url, text, after(days=day), **made)


def save(catalogue: Catalogue, article: Article, **fresh: Article | None) -> Saved:
    known = {int(number.removeprefix("r")): one for number, one in fresh.items()}
    return catalogue.save_article(article, judge=replace(JUDGE, fresh=known))


def chain(catalogue: Catalogue, url: str = PAGE) -> list[tuple[str, set[str], int | None]]:
    """Text, kinds of change and number of the one before, by time of capture."""
    return [
        (one.article.text, {str(kind) for kind in (one.changes or Changes()).kinds}, one.against)
        for one in catalogue.get_article(url)
    ]


def rows(catalogue: Catalogue, table: Any) -> int:
    with catalogue._reading() as conn:
        return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_revision_says_what_changed_and_by_which_records(catalogue: Catalogue) -> None:
    old, new = state(RAIN), state(FLOOD, 1)
    save(catalogue, old)
    assert save(catalogue, new).changed
    first, second = catalogue.get_article(PAGE)
    assert (first.changes, first.against, second.against) == (None, None, 1)
    changes = second.changes
    assert changes is not None
    assert [(one.kind, one.added, one.removed) for one in changes.changes] == [
        (ChangeKind.FACTS, 1, 1)
    ]
    assert set(changes.stealth) == {Stealth.MODIFIED_UNCHANGED, Stealth.NO_NOTICE}
    for evidence, made in ((changes.old, old), (changes.new, new)):
        assert evidence is not None
        assert made.warc is not None
        assert (evidence.file, evidence.offset) == (made.warc.file, made.warc.offset)
        assert evidence.record_id == made.warc.record_id
        assert evidence.payload_digest == made.warc.payload_digest


def test_noise_makes_no_revision_but_was_seen(catalogue: Catalogue) -> None:
    save(catalogue, state(f"{RAIN}\n12 comments"))
    saved = save(catalogue, state(f"{RAIN}\n13 comments", 1))
    assert (saved.changed, saved.revision) == (False, 1)
    with catalogue._reading() as conn:
        assert conn.execute(select(article_table.c.last_seen)).scalar_one() == after(days=1)
    assert rows(catalogue, change) == 0


def test_what_is_beside_the_text_counts_too(catalogue: Catalogue) -> None:
    save(catalogue, state(RAIN, access=Access(free=True)))
    assert not save(catalogue, state(RAIN, 1, access=Access())).changed
    assert save(catalogue, state(RAIN, 2, access=Access(free=False))).changed
    assert [kinds for _, kinds, _ in chain(catalogue)] == [set(), {"access"}]


def test_nothing_is_compared_where_the_text_is_the_same(catalogue: Catalogue) -> None:
    def never(old: Article, new: Article, *, furniture: Collection[int] = ()) -> Changes:
        raise AssertionError

    judge = Judge(compare=never, comparable=comparable)
    catalogue.save_article(state(RAIN), judge=judge)
    assert not catalogue.save_article(state(RAIN, 1, version="2"), judge=judge).changed


def test_captures_may_come_in_any_order(catalogue: Catalogue) -> None:
    texts = [RAIN, f"{RAIN}\n9 comments", FLOOD, FLOOD, f"{FLOOD}\nBo Ek said “go”."]
    for order in permutations(range(len(texts))):
        page = f"{PAGE}-{''.join(map(str, order))}"
        for day in order:
            save(catalogue, state(texts[day], day, page, outlet=page[-5:]))
        found = catalogue.get_article(page)
        assert [{*(one.changes.kinds if one.changes else ())} for one in found] == [
            set(),
            {ChangeKind.FACTS},
            {ChangeKind.FACTS},
        ]
        assert [one.against for one in found] == [None, found[0].number, found[1].number]


def test_a_revision_between_two_splits_what_changed(catalogue: Catalogue) -> None:
    late = f"{FLOOD}\nBo Ek said “go”."
    save(catalogue, state(RAIN))
    save(catalogue, state(late, 2, title="Flood"))
    assert chain(catalogue)[1][1:] == ({"facts", "headline"}, 1)
    save(catalogue, state(late, 1))
    assert chain(catalogue) == [(RAIN, set(), None), (late, {"facts"}, 1), (late, {"headline"}, 3)]


def test_another_extractor_makes_no_revision(catalogue: Catalogue) -> None:
    """The older capture is extracted again, and the two are the same."""
    save(catalogue, state(f"{RAIN}\n{PROMO}"))
    new = state(RAIN, 1, version="2")
    with pytest.raises(StaleRevisionError) as raised:
        save(catalogue, new)
    [stale] = raised.value.revisions
    assert (stale.number, stale.url, stale.at) == (1, PAGE, START)
    again = replace(new, captured_at=START)
    assert not save(catalogue, new, r1=again).changed
    [kept] = catalogue.get_article(PAGE)
    assert (kept.article.text, kept.article.extractor) == (RAIN, again.extractor)
    assert not save(catalogue, state(RAIN, 2, version="2")).changed


def test_a_change_is_told_under_one_extractor(catalogue: Catalogue) -> None:
    save(catalogue, state(f"{RAIN}\n{PROMO}"))
    assert save(catalogue, state(FLOOD, 1, version="2"), r1=state(RAIN, version="2")).changed
    assert chain(catalogue) == [(RAIN, set(), None), (FLOOD, {"facts"}, 1)]


def test_where_an_older_capture_cannot_be_read_nothing_is_claimed(catalogue: Catalogue) -> None:
    """The next capture is compared with the one that could not be told, which can be read."""
    save(catalogue, state(RAIN))
    unsure = state(FLOOD, 1, version="2")
    catalogue.add_captures([make_capture(PAGE, after(days=1), warc=unsure.warc)])
    assert not save(catalogue, unsure, r1=None).changed
    assert chain(catalogue) == [(RAIN, set(), None)]
    later = state(f"{FLOOD}\nBo Ek said “go”.", 2, version="2")
    with pytest.raises(StaleRevisionError) as raised:
        save(catalogue, later)
    [stale] = raised.value.revisions
    assert (stale.number, stale.at) == (1, after(days=1))
    assert save(catalogue, later, r1=unsure).changed
    [first, second] = catalogue.get_article(PAGE)
    assert first.article.text == RAIN  # its own capture stays what it was
    assert second.changes is not None
    assert second.changes.old is not None
    assert unsure.warc is not None
    assert second.changes.old.record_id == unsure.warc.record_id
    assert second.changes.old.captured_at == after(days=1)
    assert rows(catalogue, baseline) == 1


def test_a_capture_extracted_again_is_judged_again(catalogue: Catalogue) -> None:
    save(catalogue, state(RAIN))
    save(catalogue, state(f"{FLOOD}\n{PROMO}", 1))
    assert not save(catalogue, state(RAIN, 1)).changed
    assert chain(catalogue) == [(RAIN, set(), None), (RAIN, set(), 1)]
    assert catalogue.changed_articles(since=START, until=after(days=9)) == []


def test_an_older_first_capture_takes_the_place_of_the_first(catalogue: Catalogue) -> None:
    save(catalogue, state(FLOOD, 1))
    save(catalogue, state(RAIN, 0))
    assert chain(catalogue) == [(RAIN, set(), None), (FLOOD, {"facts"}, 2)]


def test_a_line_that_many_articles_get_is_furniture(catalogue: Catalogue) -> None:
    pages = [f"{PAGE}{number}" for number in range(4)]
    texts = [f"{RAIN} Story {number}." for number in range(4)]
    for page, text in zip(pages, texts, strict=True):
        save(catalogue, state(text, 0, page))
    changed = [
        save(catalogue, state(f"{text}\n{PROMO}", 1, page)).changed
        for page, text in zip(pages, texts, strict=True)
    ]
    assert changed == [True, True, False, False]  # two are needed to tell
    save(catalogue, state(f"{texts[2]}\n{PROMO}\n{FLOOD}", 2, pages[2]))
    assert chain(catalogue, pages[2])[-1][1] == {"facts"}  # and nothing else hides behind it


def test_what_turned_out_to_be_furniture_is_no_change_any_more(catalogue: Catalogue) -> None:
    pages = [f"{PAGE}{number}" for number in range(3)]
    for number, page in enumerate(pages):
        save(catalogue, state(f"{RAIN} Story {number}.", 0, page))
    for number, page in enumerate(pages):
        more = f"\nThe {number + 100}th ship sank." if number == 1 else ""
        other = f"\nShip number {number} has a hole." if number == 2 else ""
        save(catalogue, state(f"{RAIN} Story {number}.\n{PROMO}{more}{other}", 1, page))
    assert [chain(catalogue, page)[-1][1] for page in pages] == [set(), {"facts"}, {"facts"}]
    assert len(catalogue.changed_articles(since=START, until=after(days=9))) == 2


def test_lines_of_another_outlet_tell_nothing(catalogue: Catalogue) -> None:
    for number in range(4):
        page = f"https://site{number}.example/story"
        for day, text in enumerate([RAIN, f"{RAIN}\n{PROMO}"]):
            saved = save(catalogue, state(text, day, page, outlet=f"site{number}"))
        assert saved.changed


def test_changes_are_found_by_time_kind_outlet_and_mark(catalogue: Catalogue) -> None:
    facts = {"modified": None}
    for number, (new, more) in enumerate(
        [
            (FLOOD, {}),
            (RAIN, {"title": "Another title", "modified": "2026-03-09T00:00:00Z"}),
            (RAIN, {"authors": ("Bo Ek",), "outlet": "sky-news"}),
        ]
    ):
        page = f"{PAGE}{number}"
        save(catalogue, state(RAIN, 0, page, **({"authors": ("Ann Lee",)} if number == 2 else {})))
        save(catalogue, state(new, number + 1, page, **more))
    save(catalogue, state(RAIN, 0, "https://b.example/1", outlet="b", **facts))
    save(catalogue, state(FLOOD, 5, "https://b.example/1", outlet="b", **facts))

    def found(**asked: Any) -> list[str]:
        span = {"since": START, "until": after(days=99), **asked}
        return [one.url for one in catalogue.changed_articles(**span)]

    everything = ["https://b.example/1", f"{PAGE}2", f"{PAGE}1", f"{PAGE}0"]
    assert found() == everything
    assert found(since=after(days=2)) == everything[:3]
    assert found(until=after(days=2)) == everything[3:]
    assert found(outlets=["b"]) == everything[:1]
    assert found(kinds=[ChangeKind.HEADLINE, ChangeKind.BYLINE]) == everything[1:3]
    assert found(stealth=True) == [everything[0], everything[2], everything[3]]
    assert found(outlets=["nobody"]) == []


def test_removed_articles(catalogue: Catalogue) -> None:
    for number in range(2):
        save(catalogue, state(RAIN, 0, f"{PAGE}{number}"))
        mark(catalogue, f"{PAGE}{number}", at=after(days=number + 1), status=410)
    [one] = catalogue.removed_articles(since=after(days=2), until=after(days=9))
    assert (one.url, one.status, one.at, one.title) == (
        f"{PAGE}1",
        410,
        after(days=2),
        "Rain expected",
    )
    assert (
        len(catalogue.removed_articles(since=START, until=after(days=9), outlets=["sky-news"])) == 2
    )
    assert catalogue.removed_articles(since=START, until=after(days=9), outlets=["b"]) == []


def test_what_is_taken_down_is_told_of_no_change(catalogue: Catalogue) -> None:
    """Neither of the later capture, nor of the one that it is compared with."""
    for day, text in enumerate([RAIN, FLOOD, f"{FLOOD}\nBo Ek said “go”."]):
        save(catalogue, state(text, day))
    hidden = Redaction(
        id="0b",
        url=PAGE,
        scope=Scope.CAPTURE,
        urls=(PAGE,),
        by="us",
        reason="law",
        made=START,
        moment=after(days=1).replace(microsecond=0),
    )
    catalogue.apply_events(events_of(hidden))
    assert [(one.number, one.changes) for one in catalogue.get_article(PAGE)] == [
        (1, None),
        (3, None),
    ]
    assert catalogue.changed_articles(since=START, until=after(days=9)) == []


def test_no_words_of_an_article_are_kept_with_its_changes(catalogue: Catalogue) -> None:
    save(catalogue, state(RAIN))
    save(catalogue, state(FLOOD.replace("bridge", "secret"), 1))
    with catalogue._reading() as conn:
        kept = [str(row) for table in (change, changed_line) for row in conn.execute(select(table))]
    assert kept
    assert "secret" not in "".join(kept)


def test_a_redesign_makes_no_revision_and_the_next_capture_is_compared_with_it(
    catalogue: Catalogue,
) -> None:
    """What the new template shows besides is no edit; what is edited under it later is one."""

    def under(template: str, text: str, day: float) -> Article:
        made = Extractor(name="x", version="1", template=template)
        return state(text, day, extractor=made)

    old, new = template_named("a"), template_named("b")
    save(catalogue, under(old, RAIN, 0))
    redesigned = under(new, f"{RAIN}\n{PROMO}", 1)
    assert not save(catalogue, redesigned).changed
    assert not save(catalogue, under(new, f"{RAIN}\n{PROMO}", 2)).changed
    more = under(new, f"{RAIN}\n{PROMO}\nBo Ek said “go”.", 3)
    with pytest.raises(StaleRevisionError) as raised:
        save(catalogue, more)
    [stale] = raised.value.revisions
    assert (stale.number, stale.at) == (1, after(days=1))
    assert save(catalogue, more, r1=redesigned).changed
    [_, second] = catalogue.get_article(PAGE)
    assert second.changes is not None
    [change_] = second.changes.changes
    assert (change_.kind, change_.added, change_.removed) == (ChangeKind.FACTS, 4, 0)


def test_an_edit_in_place_is_one_under_another_template(catalogue: Catalogue) -> None:
    for day, (text, letter) in enumerate([(RAIN, "a"), (f"{PROMO}\n{FLOOD}", "b")]):
        made = Extractor(name="x", version="1", template=template_named(letter))
        saved = save(catalogue, state(text, day, extractor=made))
    assert saved.changed
    assert chain(catalogue)[1][1] == {"facts"}
