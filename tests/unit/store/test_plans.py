"""No question reads a whole table that grows with the archive: SQLite's own plans say so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event
from support.captures import START, after, make_article, make_capture, make_ref
from support.pg_plans import begin_anew, plans_of, without_whole_reads

from archiver.model import Discovery, ExtractionState, SourceKind
from archiver.revise.compare import comparable, compare
from archiver.store.aliases import Alias
from archiver.store.catalogue import Catalogue
from archiver.store.exports import Choice
from archiver.store.hosts import Blocks
from archiver.store.judging import Judge
from archiver.store.likenesses import Kept
from archiver.store.polls import Poll
from archiver.store.rechecks import EditCounts
from archiver.store.schedule import Rhythm
from archiver.store.spans import Place, Span
from archiver.store.standings import StateChange
from archiver.store.tombstones import events_of, lifting
from archiver.store.veil import Redaction, Scope

PAGE = "https://news.sky.com/story/rain-1"
FOUND = Discovery(url=PAGE, outlet="sky-news", via=SourceKind.FEED, source_url=PAGE, found_at=START)
POLL = Poll(source=PAGE, kind=SourceKind.FEED, polled=START, due=START, interval=1.0)
ALIAS = Alias(url=PAGE + "/amp", target=PAGE, rule="amp-path", first_seen=START)
GONE = StateChange(article_id=1, state="missing", at=after(days=9), reason="http-404")
DIGEST = make_ref().payload_digest or ""
REDACTION = Redaction(
    id="0a", url=PAGE, scope=Scope.URL, urls=(PAGE,), by="", reason="", made=START,
    payloads=(DIGEST,),
)  # fmt: skip
FOLDER = replace(REDACTION, scope=Scope.PREFIX, payloads=())
LIFTED = lifting("0a", at=START, by="", reason="")
SITE, KEY = Span.domain("com,sky,news)/"), "com,sky,news)/story/rain-1"
PLACE = Place(KEY, START, 1, 0, 1)
TABLES = (
    "url|page|source|target|alias|answered|same|poll|child|capture|article|revision|discovery"
    "|change|changed_line|baseline|recheck|article_state|batch_job"
)
GROWING = re.compile(rf"SCAN ({TABLES}|problem|run)\b(?!.*pending)")

QUESTIONS: dict[str, Callable[[Catalogue], object]] = {
    "start_run": lambda c: c.start_run("sky-news", trigger="hand", at=START),
    "end_run": lambda c: c.end_run(1, at=START, state="done", reason=None, counts={}),
    "add_discoveries": lambda c: c.add_discoveries(1, [FOUND]),
    "unfetched": lambda c: c.unfetched("sky-news", [PAGE]),
    "mentions_of": lambda c: c.mentions_of([PAGE]),
    "note_attempt": lambda c: c.note_attempt("sky-news", PAGE, at=START, reason="dns"),
    "add_captures": lambda c: c.add_captures([make_capture(PAGE, after(days=9))]),
    "latest_capture": lambda c: c.latest_capture(PAGE),
    "originals": lambda c: c.originals([(PAGE, DIGEST), (PAGE + "0", DIGEST), (PAGE, "sha1:NONE")]),
    "lacking": lambda c: c.lacking([make_capture(PAGE)]),
    "refers_to": lambda c: c.refers_to(PAGE, START),
    "pending": lambda c: c.pending(),
    "pending of an outlet": lambda c: c.pending("sky-news"),
    "pending_in": lambda c: c.pending_in("a.warc.gz", after=make_capture(PAGE)),
    "set_extraction": lambda c: c.set_extraction(c.captures_of(PAGE)[0], ExtractionState.DONE),
    "save_article with a judge": lambda c: c.save_article(
        make_article(PAGE, "new 1", after(days=9)),
        judge=Judge(compare=compare, comparable=comparable),
    ),
    "save_article": lambda c: c.save_article(make_article(PAGE, "new", after(days=9))),
    "changed_articles": lambda c: c.changed_articles(since=START, until=after(days=9)),
    "changed_articles of an outlet": lambda c: c.changed_articles(
        since=START, until=after(days=9), outlets=["sky-news"], stealth=True
    ),
    "removed_articles": lambda c: c.removed_articles(since=START, until=after(days=9)),
    "change_states": lambda c: c.change_states([GONE]),
    "seen_last": lambda c: c.seen_last("sky-news", limit=2),
    "states_of": lambda c: c.states_of(PAGE),
    "due_rechecks": lambda c: c.due_rechecks("sky-news", START, limit=9),
    "unplanned": lambda c: c.unplanned("sky-news", limit=9),
    "rechecks_of": lambda c: c.rechecks_of("sky-news", [PAGE]),
    "plan_rechecks": lambda c: c.plan_rechecks(c.unplanned("sky-news", limit=9)),
    "newest_article": lambda c: c.newest_article(1),
    "next_recheck": lambda c: c.next_recheck("sky-news"),
    "due_counts": lambda c: c.due_counts(START),
    "edits_of": lambda c: c.edits_of("sky-news"),
    "keep_edits": lambda c: c.keep_edits("sky-news", EditCounts(checks=1, changes=1)),
    "known_articles": lambda c: c.known_articles("sky-news"),
    "article_around": lambda c: c.article_around(PAGE, START),
    "get_article": lambda c: c.get_article(PAGE),
    "known_spellings": lambda c: c.known_spellings([PAGE + "/amp", "nonsense"]),
    "add_aliases": lambda c: c.add_aliases("sky-news", [ALIAS]),
    "aliases_of": lambda c: c.aliases_of(PAGE),
    "add_refusals": lambda c: c.add_refusals("sky-news", {"robots": 1}),
    "polls": lambda c: c.polls("sky-news", [PAGE]),
    "note_poll": lambda c: c.note_poll("sky-news", POLL, of=[PAGE]),
    "name_children": lambda c: c.name_children(PAGE, [PAGE]),
    "children_of": lambda c: c.children_of(PAGE),
    "captures_before": lambda c: c.captures_before(PAGE, START, limit=9),
    "capture_count": lambda c: c.capture_count(PAGE),
    "captures_of": lambda c: c.captures_of(PAGE),
    "nearest": lambda c: c.nearest(PAGE, START),
    "nearest of those of use": lambda c: c.nearest(PAGE, START, lambda one: False),
    "newest": lambda c: c.newest(PAGE, until=START),
    "newest of those of use": lambda c: c.newest(
        PAGE, lambda one: False, until=START, exactly=True, final=True
    ),
    "index_page": lambda c: c.index_page(SITE, since=START, until=START),
    "index_page backwards": lambda c: c.index_page(SITE, backwards=True),
    "index_page after another": lambda c: c.index_page(SITE, start=PLACE),
    "index_page before another": lambda c: c.index_page(SITE, start=PLACE, backwards=True),
    "index_page of a URL": lambda c: c.index_page(Span(first=KEY), start=PLACE, inclusive=True),
    "memento": lambda c: c.memento(PAGE, START, lambda one: True, exactly=START),
    "around": lambda c: c.around(PAGE, START, lambda one: True),
    "around where nothing is of use": lambda c: c.around(PAGE, START, lambda one: False),
    "capture_days": lambda c: c.capture_days(PAGE),
    "capture_hours": lambda c: c.capture_hours(PAGE, START.date()),
    "outlet_spans": lambda c: c.outlet_spans(),
    "outlet_counts": lambda c: c.outlet_counts(
        "sky-news", since=START, until=after(days=31), step=timedelta(days=1)
    ),
    "outlet_beside": lambda c: c.outlet_beside("sky-news", since=START, until=after(days=1)),
    "outlet_captures": lambda c: c.outlet_captures(
        "sky-news", since=START, until=after(days=1), after="1.2.3.4"
    ),
    "section_sources": lambda c: c.section_sources("sky-news"),
    "new_articles": lambda c: c.new_articles("sky-news", since=START, until=after(days=1)),
    "original_of": lambda c: c.original_of(PAGE, after(days=9), DIGEST),
    "capture_list": lambda c: c.capture_list(prefix="https://news.sky.com/", after=PAGE),
    "capture_list of an outlet": lambda c: c.capture_list(outlet="sky-news"),
    "last_run": lambda c: c.last_run("sky-news"),
    "backlog": lambda c: c.backlog("sky-news", max_attempts=3),
    "article_list": lambda c: c.article_list("sky-news"),
    "status": lambda c: c.status(),
    "note_hubs": lambda c: c.note_hubs("sky-news", PAGE, ["x"], topic="y", at=START),
    "hubs": lambda c: c.hubs("sky-news"),
    "learn_shapes": lambda c: c.learn_shapes("sky-news", {"x": (1, 0)}),
    "reopen": lambda c: c.reopen(PAGE),
    "host_state": lambda c: c.host_state("x"),
    "book_requests": lambda c: c.book_requests("sky-news", day=1, wanted=1, limit=1),
    "keep_signals": lambda c: c.keep_signals(c.captures_of(PAGE)[0], [("a", "b", "c")]),
    "signals_of": lambda c: c.signals_of(PAGE),
    "known_robots": lambda c: c.known_robots("x"),
    "blocks_of": lambda c: c.blocks_of("sky-news"),
    "keep_blocks": lambda c: c.keep_blocks("sky-news", Blocks()),
    "shapes": lambda c: c.shapes("sky-news"),
    "set_due": lambda c: c.set_due({"sky-news": START}),
    "due": lambda c: c.due(START, limit=4, but={"x"}),
    "next_due": lambda c: c.next_due(but={"x"}),
    "good_runs": lambda c: c.good_runs(),
    "turns": lambda c: c.turns(),
    "turn": lambda c: c.turn("sky-news"),
    "skip_turn": lambda c: c.skip_turn("sky-news", planned=START, at=START, reason="locked"),
    "end_left_run": lambda c: c.end_left_run("sky-news", since=START, at=START, reason="stopped"),
    "counts_since": lambda c: c.counts_since(START),
    "counts_since of an outlet": lambda c: c.counts_since(START, "sky-news"),
    "save_rhythm": lambda c: c.save_rhythm("sky-news", Rhythm(since=START, updated=START)),
    "alerts": lambda c: c.alerts(),
    "least_checked": lambda c: c.least_checked(0.03),
    "file": lambda c: c.file("a.warc.gz"),
    "uncopied": lambda c: c.uncopied(),
    "copied_before": lambda c: c.copied_before(START),
    "last_copied": lambda c: c.last_copied(),
    "note_copy": lambda c: c.note_copy("a.warc.gz", "s3://b/k", at=START, how="etag"),
    "note_removed": lambda c: c.note_removed("a.warc.gz", at=START),
    "apply_events": lambda c: c.apply_events([*events_of(REDACTION), LIFTED]),
    "redactions": lambda c: c.redactions(),
    "tombstones": lambda c: c.tombstones(),
    "veil": lambda c: c.veil(),
    "veil_over": lambda c: c.veil_over([PAGE]),
    "withheld": lambda c: c.withheld(PAGE, START),
    "spellings": lambda c: c.spellings(PAGE),
    "payloads_of": lambda c: c.payloads_of(REDACTION),
    "reach": lambda c: c.reach(replace(REDACTION, payloads=())),
    "reach of a folder": lambda c: c.reach(FOLDER),
    "reach of a capture": lambda c: c.reach(replace(REDACTION, payloads=(), moment=START)),
    "uncompared": lambda c: c.uncompared(),
    "alike": lambda c: c.alike([1, 2]),
    "keep_likenesses": lambda c: c.keep_likenesses(
        [Kept(article_id=1, signature=b"x", bands=(1,), like=(1,))]
    ),
    "likeness_groups": lambda c: c.likeness_groups(since=START),
    "exported_articles": lambda c: c.exported_articles(Choice(since=START), limit=1),
    "exported_articles of an outlet": lambda c: c.exported_articles(
        Choice(outlets=("sky-news",), state="live"), after=0
    ),
    "articles_named": lambda c: c.articles_named([PAGE]),
    "exported_captures": lambda c: c.exported_captures(Choice(since=START), limit=1),
    "exported_captures of an outlet": lambda c: c.exported_captures(
        Choice(outlets=("sky-news",)), after=(1, START, 0, 0)
    ),
    "note_checked": lambda c: c.note_checked(["a.warc.gz"], START),
    "places_in": lambda c: c.places_in("a.warc.gz"),
    "captures_in": lambda c: c.captures_in("a.warc.gz"),
    "stages": lambda c: c.stages([make_capture(PAGE)]),
    "chosen_files": lambda c: c.chosen_files(),
    "chosen_files of an outlet": lambda c: c.chosen_files(["sky-news"], since=START),
    "begin_batch": lambda c: c.begin_batch("check", {}, ["a"], asked="x", fleet=False, at=START),
    "batch": lambda c: c.batch(1),
    "batch_kind": lambda c: c.batch_kind(1),
    "batch_jobs": lambda c: c.batch_jobs(1, ["waiting"]),
    "faulty_jobs": lambda c: c.faulty_jobs(1),
    "start_job": lambda c: c.start_job(1, 1, worker="x", at=START),
    "end_job": lambda c: c.end_job(1, 1, "done", at=START),
    "release_jobs": lambda c: c.release_jobs(1),
}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", QUESTIONS)
def test_the_cost_is_that_of_what_is_asked(catalogue: Catalogue, name: str) -> None:
    catalogue.start_run("sky-news", trigger="hand", at=START)
    catalogue.add_captures([make_capture(PAGE)])
    catalogue.save_article(make_article(PAGE, "old"))
    capture_hidden = replace(REDACTION, id="0b", payloads=("sha1:NONE",), moment=after(days=1))
    catalogue.apply_events(events_of(capture_hidden))  # so that what is read is looked at closely
    plans: list[str] = []

    def explain(conn: Connection, _cursor: object, sql: str, values: Any, *_: object) -> None:
        if sql.startswith(("SELECT", "UPDATE")):
            row = values[0] if isinstance(values, list) else values
            asked = conn.connection.cursor().execute(f"EXPLAIN QUERY PLAN {sql}", row)
            plans.extend(f"{step[3]}  <-  {sql}" for step in asked.fetchall())

    event.listen(catalogue._engine, "before_cursor_execute", explain)
    QUESTIONS[name](catalogue)
    assert plans
    if name.startswith("index_page"):
        # rows of one urlkey may be sorted, never those of a span
        whole = re.compile("USE TEMP B-TREE FOR ORDER BY.*JOIN capture", re.DOTALL)
        assert [plan for plan in plans if whole.match(plan)] == []
    if name.startswith("outlet_"):
        of_day = [plan for plan in plans if re.match(r"SEARCH capture\b", plan)]
        assert of_day
        assert all("ix_capture_outlet_id_at" in plan for plan in of_day)
    if name == "original_of":
        by_digest = [plan for plan in plans if "ix_capture_payload_digest" in plan]
        assert by_digest  # and not by all captures of the URL, in the order of time
    assert [plan for plan in plans if GROWING.match(plan)] == []


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_the_cost_is_that_on_postgresql_too(catalogue: Catalogue) -> None:
    """Where an index serves, however few rows there are: benchmarks/fleet.py asks of millions."""
    without_whole_reads(catalogue)
    tables = {*TABLES.split("|"), "problem", "run"}
    faults: dict[str, list[str]] = {}
    for name, ask in QUESTIONS.items():
        begin_anew(catalogue)
        catalogue.start_run("sky-news", trigger="hand", at=START)
        catalogue.add_captures([make_capture(PAGE)])
        catalogue.save_article(make_article(PAGE, "old"))
        capture_hidden = replace(REDACTION, id="0b", payloads=("sha1:NONE",), moment=after(days=1))
        catalogue.apply_events(events_of(capture_hidden))
        with plans_of(catalogue) as plans:
            ask(catalogue)
        assert plans, name
        if reads := [read for plan in plans for read in plan.whole_reads(tables, indexes=False)]:
            faults[name] = reads
    assert faults == {}


def test_every_question_is_asked() -> None:
    methods = {name for name in dir(Catalogue) if not name.startswith("_")}
    asked = {name.split()[0] for name in QUESTIONS}
    # these only insert, or find a WARC file by its name or list them, or read all there is for
    # an audit or after a crash, or are no questions
    unasked = {"add_problems", "open_file", "close_file", "files", "open", "close", "shared"}
    unasked |= {"set_alert", "prune", "claim", "is_file"}
    unasked |= {"places", "close_unused_file", "keep_host_state", "keep_robots"}
    # for a WARC file that is written anew all captures are read, since there is no index by file
    unasked |= {"replace_file", "revisits_of"}
    # or looked at, all of them, for files that go by a rule
    # or all batches, of which there are few
    unasked |= {"all_batches", "prune_batches"}
    unasked |= {"contents", "needed", "remove_file", "removals"}
    assert methods - asked == unasked
