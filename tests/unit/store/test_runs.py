from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from support.captures import START, after

from archiver.errors import CatalogueError
from archiver.model import Discovery, Problem, SourceKind
from archiver.store.catalogue import Catalogue
from archiver.store.tables import discovery, run

FEED = "https://feeds.skynews.com/feeds/rss/home.xml"
FOUND = Discovery(
    url="https://news.sky.com/story/rain-1",
    outlet="sky-news",
    via=SourceKind.FEED,
    source_url=FEED,
    found_at=START,
    guid="rain-1",
    title="Rain expected",
    published_raw="Sun, 01 Mar 2026 11:00:00 GMT",
    published=after(hours=-1),
)


def test_a_run_from_start_to_end(catalogue: Catalogue) -> None:
    first = catalogue.start_run("sky-news", trigger="timetable", at=START)
    second = catalogue.start_run("sky-news", trigger="hand", at=after(hours=1))
    other = catalogue.start_run("bbc", trigger="hand", at=START)
    assert len({first, second, other}) == 3
    assert catalogue.status()["outlets"]["sky-news"]["last_run"] == {
        "id": second,
        "trigger": "hand",
        "started": "2026-03-01T13:00:00.123456+00:00",
        "ended": None,
        "state": "running",
        "reason": None,
        "counts": {},
    }
    catalogue.end_run(first, at=after(hours=2), state="done", reason=None, counts={"pages": 1})
    catalogue.end_run(
        second, at=after(hours=3), state="partial", reason="limit", counts={"pages": 7}
    )
    last = catalogue.status()["outlets"]["sky-news"]["last_run"]
    assert last["ended"] == "2026-03-01T15:00:00.123456+00:00"
    assert (last["state"], last["reason"], last["counts"]) == ("partial", "limit", {"pages": 7})


def test_a_run_that_never_began_cannot_end(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueError, match="run 99"):
        catalogue.end_run(99, at=START, state="done", reason=None, counts={})


def test_the_same_words_again_are_no_news(catalogue: Catalogue) -> None:
    assert catalogue.add_discoveries(1, [FOUND, FOUND]) == 1
    assert catalogue.add_discoveries(2, [replace(FOUND, found_at=after(days=1))]) == 0
    other_words = [
        replace(FOUND, title="Rain expected - live"),
        replace(FOUND, guid=None),
        replace(FOUND, published_raw=None),
        replace(FOUND, published=None),
        replace(FOUND, modified=START),
        replace(FOUND, source_url="https://news.sky.com/sitemap.xml", via=SourceKind.SITEMAP),
        replace(FOUND, url="https://news.sky.com/story/rain-2"),
    ]
    assert catalogue.add_discoveries(2, [FOUND, *other_words]) == len(other_words)
    assert catalogue.add_discoveries(2, []) == 0
    assert catalogue.status()["totals"]["urls"] == 4  # two pages, two sources
    assert catalogue.unfetched("sky-news", [FOUND.url]) == {FOUND.url}


def test_a_sources_words_are_kept_as_they_were(catalogue: Catalogue) -> None:
    catalogue.add_discoveries(5, [FOUND])
    with catalogue._reading() as conn:
        row = conn.execute(select(discovery)).one()
    assert (row.guid, row.title, row.published_raw) == (
        FOUND.guid,
        FOUND.title,
        FOUND.published_raw,
    )
    assert (row.found_at, row.published, row.modified) == (START, FOUND.published, None)
    assert (row.run_id, row.via) == (5, "feed")


def test_an_odd_item_costs_nothing(catalogue: Catalogue) -> None:
    odd = replace(FOUND, url="no url\0 at all", title="\udce9t\0", guid="\0" * 9000)
    assert catalogue.add_discoveries(None, [odd, FOUND, odd]) == 2
    assert catalogue.unfetched("sky-news", [FOUND.url, odd.url]) == {FOUND.url, odd.url}


def test_problems_are_counted_by_stage_and_reason(catalogue: Catalogue) -> None:
    run_id = catalogue.start_run("sky-news", trigger="hand", at=START)
    timeout = Problem(stage="fetch", reason="timeout", url=FOUND.url, at=START, detail="30 s")
    empty = Problem(stage="extract", reason="no-text", url="bad\0", at=START, detail="\udcff")
    catalogue.add_problems(run_id, "sky-news", [timeout, timeout, empty])
    catalogue.add_problems(run_id, "sky-news", [timeout])
    catalogue.add_problems(run_id, "sky-news", [])
    status = catalogue.status()
    assert status["outlets"]["sky-news"]["problems"] == {
        "fetch": {"timeout": 3},
        "extract": {"no-text": 1},
    }
    assert status["totals"]["problems"] == 4


def test_a_run_that_was_killed_is_ended_by_the_next(catalogue: Catalogue) -> None:
    catalogue.start_run("sky-news", trigger="hand", at=START)
    done = catalogue.start_run("bbc", trigger="hand", at=START)
    catalogue.end_run(done, at=after(hours=1), state="done", reason="finished", counts={})
    catalogue.start_run("sky-news", trigger="hand", at=after(hours=2))
    catalogue.start_run("bbc", trigger="hand", at=after(hours=2))
    with catalogue._reading() as conn:
        states = conn.execute(select(run.c.state, run.c.reason).order_by(run.c.id)).all()
    assert [tuple(row) for row in states] == [
        ("failed", "killed"),
        ("done", "finished"),
        ("running", None),
        ("running", None),
    ]
