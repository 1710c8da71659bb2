"""The days of an outlet: counts, lists and steps by an index; what is redacted is in none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event
from support.captures import START, after, make_article, make_capture, make_ref

from archiver.model import Capture, CaptureKind, SourceKind
from archiver.store.catalogue import Catalogue
from archiver.store.polls import Poll
from archiver.store.tombstones import events_of, lifting
from archiver.store.veil import Redaction, Scope, second_of

FRONT = "https://news.example/"
STORY = "https://news.example/world/story"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MIDNIGHT = START.replace(hour=0, minute=0, second=0, microsecond=0)
DIGEST = "sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
HIDDEN: dict[str, dict[str, Any]] = {
    "a page": {"url": STORY, "urls": (STORY,)},
    "a folder": {"url": STORY.rpartition("/")[0], "urls": (), "scope": Scope.PREFIX},
    "one capture": {"url": STORY, "urls": (STORY,), "moment": second_of(START)},
    "its bytes": {"url": "https://x.example/", "urls": (), "payloads": (DIGEST,)},
}


def taken(url: str, at: datetime, **more: Any) -> Capture:
    return make_capture(url, at, outlet="news", **more)


def counts(catalogue: Catalogue, step: timedelta = DAY) -> dict[datetime, int]:
    return catalogue.outlet_counts("news", since=MIDNIGHT, until=MIDNIGHT + 31 * DAY, step=step)


def filled(catalogue: Catalogue) -> list[Capture]:
    """A story, a front page and other things on the first day, a front page on the third."""
    kept = [
        taken(STORY, START, warc=replace(make_ref(), payload_digest=DIGEST)),
        taken(FRONT, after(hours=1), kind=CaptureKind.SECTION),
        taken(FRONT, after(days=2), kind=CaptureKind.SECTION),
    ]
    others = [
        taken(f"{FRONT}{kind}", after(hours=2), kind=kind)
        for kind in CaptureKind
        if kind not in (CaptureKind.PAGE, CaptureKind.SECTION)
    ]
    elsewhere = [make_capture("https://else.example/", after(hours=3), outlet="else")]
    catalogue.add_captures([*kept, *others, *elsewhere])
    return kept


def test_pages_and_sections_count_by_day_and_by_hour(catalogue: Catalogue) -> None:
    filled(catalogue)
    assert list(counts(catalogue).items()) == [(MIDNIGHT, 2), (MIDNIGHT + 2 * DAY, 1)]
    assert counts(catalogue, HOUR) == {
        MIDNIGHT + 12 * HOUR: 1,
        MIDNIGHT + 13 * HOUR: 1,
        MIDNIGHT + 2 * DAY + 12 * HOUR: 1,
    }
    assert catalogue.outlet_spans() == {
        "news": (START, after(days=2)),
        "else": (after(hours=3), after(hours=3)),
    }
    assert catalogue.outlet_counts("none", since=START, until=after(days=1), step=DAY) == {}


def test_steps_to_the_days_beside(catalogue: Catalogue) -> None:
    filled(catalogue)

    def beside(number: int) -> tuple[datetime | None, datetime | None]:
        since = MIDNIGHT + number * DAY
        return catalogue.outlet_beside("news", since=since, until=since + DAY)

    assert beside(0) == (None, after(days=2))
    assert beside(1) == (after(hours=1), after(days=2))
    assert beside(2) == (after(hours=1), None)
    assert catalogue.outlet_beside("none", since=START, until=after(days=1)) == (None, None)


@pytest.mark.parametrize("what", HIDDEN)
def test_what_is_redacted_is_in_none(catalogue: Catalogue, what: str) -> None:
    filled(catalogue)
    usual = {"scope": Scope.URL, "by": "", "reason": "", "made": START}
    hidden = Redaction(id="0a", **(usual | HIDDEN[what]))
    catalogue.apply_events(events_of(hidden))
    assert counts(catalogue) == {MIDNIGHT: 1, MIDNIGHT + 2 * DAY: 1}
    assert catalogue.outlet_spans()["news"][0] == after(hours=1)
    since, until = after(minutes=30), after(days=9)
    assert catalogue.outlet_beside("news", since=since, until=until) == (None, None)
    page = catalogue.outlet_captures("news", since=MIDNIGHT, until=MIDNIGHT + DAY)
    assert [one.url for one in page.captures] == [FRONT]
    catalogue.apply_events([lifting("0a", at=START, by="", reason="")])
    assert counts(catalogue)[MIDNIGHT] == 2


def test_a_redacted_second_of_another_page_hides_nothing(catalogue: Catalogue) -> None:
    filled(catalogue)
    other = "https://news.example/other"
    hidden = Redaction(
        id="0a", url=other, urls=(other,), moment=second_of(START), scope=Scope.URL, by="",
        reason="", made=START,
    )  # fmt: skip
    catalogue.apply_events(events_of(hidden))
    assert counts(catalogue)[MIDNIGHT] == 2


def test_captures_come_in_pages_whatever_the_second(catalogue: Catalogue) -> None:
    same = [taken(f"{FRONT}{number}", START) for number in range(7)]
    later = [taken(FRONT, after(hours=1)), taken(FRONT, after(days=1))]
    catalogue.add_captures([*same, *later])
    found: list[str] = []
    place = None
    while True:
        page = catalogue.outlet_captures(
            "news", since=MIDNIGHT, until=MIDNIGHT + DAY, after=place, limit=3
        )
        found += [one.url for one in page.captures]
        place = page.after
        if place is None:
            break
    assert found == [one.url for one in [*same, later[0]]]
    for wrong in ("", "1.2.3", "1.2.3.x", "1.2.3.²", "1.2.3.4.5", "1.2.3." + "9" * 17):
        with pytest.raises(ValueError, match="no place"):
            catalogue.outlet_captures("news", since=START, until=START, after=wrong)


def test_articles_come_by_their_first_capture(catalogue: Catalogue) -> None:
    for place, name in enumerate(("a", "b", "c")):
        url = f"{FRONT}{name}"
        catalogue.add_captures([taken(url, after(hours=place))])
        article = make_article(url, f"text {name}", after(hours=place), outlet="news", title=name)
        catalogue.save_article(article)
    first = {"since": START, "until": after(hours=2)}
    assert [row.title for row in catalogue.new_articles("news", **first)] == ["a", "b"]
    assert [row.title for row in catalogue.new_articles("news", **first, limit=1)] == ["a"]
    assert catalogue.new_articles("else", **first) == []
    gone = Redaction(
        id="0a", url=f"{FRONT}a", urls=(f"{FRONT}a",), scope=Scope.URL, by="", reason="",
        made=START,
    )  # fmt: skip
    catalogue.apply_events(events_of(gone))
    assert [row.title for row in catalogue.new_articles("news", **first, limit=1)] == ["b"]


def test_an_article_is_not_listed_whose_own_address_is_redacted(catalogue: Catalogue) -> None:
    named, page = f"{FRONT}named", f"{FRONT}page-of-it"
    catalogue.add_captures([taken(page, START)])
    article = make_article(page, "text", START, outlet="news", canonical_url=named)
    catalogue.save_article(article)
    first = {"since": START, "until": after(hours=2)}
    elsewhere = Redaction(
        id="0a", url=STORY, urls=(STORY,), scope=Scope.URL, by="", reason="", made=START,
        payloads=(DIGEST,),
    )  # fmt: skip
    catalogue.apply_events(events_of(elsewhere))
    assert len(catalogue.new_articles("news", **first)) == 1
    catalogue.apply_events(events_of(replace(elsewhere, id="0b", url=named, urls=(named,))))
    assert catalogue.new_articles("news", **first) == []


def test_sections_are_the_shortest_first(catalogue: Catalogue) -> None:
    usual: dict[str, Any] = {"polled": START, "due": START, "interval": 1.0}
    for url, kind in (
        (f"{FRONT}world/", SourceKind.SECTION),
        (FRONT, SourceKind.SECTION),
        ("https://a.example", SourceKind.FEED),
    ):
        catalogue.note_poll("news", Poll(source=url, kind=kind, **usual), of=[url])
    assert catalogue.section_sources("news") == [FRONT, f"{FRONT}world/"]
    assert catalogue.section_sources("else") == []


ASKED: dict[str, Callable[[Catalogue], object]] = {
    "counts": counts,
    "beside": lambda c: c.outlet_beside("news", since=START, until=after(days=1)),
    "captures": lambda c: c.outlet_captures("news", since=START, until=after(days=1)),
    "spans": lambda c: c.outlet_spans(),
}


@pytest.mark.parametrize("what", ASKED)
def test_each_answer_comes_from_the_index_of_days(
    catalogue: Catalogue, backend: str, what: str
) -> None:
    filled(catalogue)
    plans: list[str] = []

    def explain(conn: Connection, _cursor: object, sql: str, values: Any, *_: object) -> None:
        if sql.startswith("SELECT") and "FROM capture" in sql:
            cursor = conn.connection.cursor()
            if backend == "sqlite":
                rows = cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
                plans.append(" ".join(str(row[3]) for row in rows))
            else:  # a table so small is read whole unless that is forbidden
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute(f"EXPLAIN {sql}", values)
                plans.append(" ".join(row[0] for row in cursor.fetchall()))

    event.listen(catalogue._engine, "before_cursor_execute", explain)
    ASKED[what](catalogue)
    event.remove(catalogue._engine, "before_cursor_execute", explain)
    assert plans
    assert all("ix_capture_outlet_id_at" in plan for plan in plans)
    if backend == "sqlite" and what != "captures":
        assert all("COVERING INDEX" in plan for plan in plans)
        hidden = Redaction(
            id="0a", url=STORY, urls=(STORY,), scope=Scope.URL, by="", reason="", made=START
        )
        catalogue.apply_events(events_of(hidden))
        plans.clear()
        event.listen(catalogue._engine, "before_cursor_execute", explain)
        ASKED[what](catalogue)
        event.remove(catalogue._engine, "before_cursor_execute", explain)
        assert all("COVERING INDEX ix_capture_outlet_id_at" in plan for plan in plans)
