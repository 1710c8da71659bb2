from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text
from support.captures import START, after, make_article, make_capture, make_ref
from support.standing import mark

from archiver.store.catalogue import Catalogue
from archiver.store.migrate import alembic_config
from archiver.store.rechecks import EditCounts, Recheck
from archiver.store.standings import StateChange

PAGE = "https://news.sky.com/story/rain-1"


def save(catalogue: Catalogue, number: int = 1, outlet: str = "sky-news") -> Recheck:
    url = f"https://{outlet}.example/{number}"
    catalogue.save_article(make_article(url, f"text {number}", after(hours=number), outlet=outlet))
    return catalogue.rechecks_of(outlet, [url])[url]


def test_a_new_article_waits_to_be_planned(catalogue: Catalogue) -> None:
    row = save(catalogue)
    assert row == Recheck(
        article_id=row.article_id,
        url="https://sky-news.example/1",
        first=after(hours=1),
        checked=after(hours=1),
    )
    assert catalogue.unplanned("sky-news", limit=9) == [row]
    assert catalogue.unplanned("bbc", limit=9) == []
    assert catalogue.due_rechecks("sky-news", after(days=9999), limit=9) == []
    assert catalogue.next_recheck("sky-news") is None
    planned = replace(row, due=after(days=1), step=2, checks=3, unchanged=1, live_blog=True)
    catalogue.plan_rechecks([planned])
    catalogue.plan_rechecks([])
    assert catalogue.unplanned("sky-news", limit=9) == []
    assert catalogue.rechecks_of("sky-news", [row.url]) == {row.url: planned}


def test_what_is_due_longest_comes_first(catalogue: Catalogue) -> None:
    rows = [replace(save(catalogue, n), due=after(days=9 - n)) for n in range(5)]
    other = replace(save(catalogue, 1, "bbc"), due=START)
    catalogue.plan_rechecks([*rows, other])
    due = catalogue.due_rechecks("sky-news", after(days=8), limit=3)
    assert due == [rows[4], rows[3], rows[2]]
    assert catalogue.next_recheck("sky-news") == after(days=5)
    assert catalogue.due_counts(after(days=8)) == {"sky-news": 4, "bbc": 1}
    assert catalogue.due_counts(START - timedelta(days=1)) == {"sky-news": 0, "bbc": 0}


def test_articles_are_found_by_either_name(catalogue: Catalogue) -> None:
    canonical = "https://news.sky.com/rain"
    catalogue.save_article(make_article(PAGE, "a", canonical_url=canonical))
    found = catalogue.rechecks_of("sky-news", [canonical, PAGE, "https://never.example/"])
    assert found.keys() == {canonical, PAGE}
    assert {row.url for row in found.values()} == {PAGE}


def test_a_saved_article_keeps_its_place(catalogue: Catalogue) -> None:
    row = replace(save(catalogue), due=after(days=4), checks=2)
    catalogue.plan_rechecks([row])
    catalogue.save_article(make_article(row.url, "new", after(days=2)))
    assert catalogue.rechecks_of("sky-news", [row.url])[row.url] == row
    newest = catalogue.newest_article(row.article_id)
    assert newest is not None
    assert newest.text == "new"
    assert catalogue.newest_article(99) is None


def test_edits_are_kept(catalogue: Catalogue) -> None:
    assert catalogue.edits_of("sky-news") == EditCounts()
    for number in (1.0, 2.0):
        catalogue.keep_edits("sky-news", EditCounts(checks=number * 10, changes=number))
    assert catalogue.edits_of("sky-news") == EditCounts(checks=20.0, changes=2.0)


def test_states_have_their_evidence(catalogue: Catalogue) -> None:
    row, ref = save(catalogue), make_ref()
    change = StateChange.shown_by(
        ref,
        article_id=row.article_id,
        state="blocked",
        at=after(days=1),
        reason="http-403",
        status=403,
    )
    assert catalogue.change_states([change, change]) == 1
    assert catalogue.states_of(row.url) == [change]
    assert (change.file, change.offset) == (ref.file, ref.offset)
    assert catalogue.states_of("https://never.example/") == []
    account = catalogue.status()["outlets"]["sky-news"]
    assert (account["states"], account["gone"]) == ({"blocked": 1}, 0)


def test_a_step_of_a_chain_is_kept_though_the_state_stays(catalogue: Catalogue) -> None:
    row = save(catalogue)
    for number in (1, 2):
        change = StateChange(
            article_id=row.article_id,
            state="live",
            at=after(days=number),
            reason="redirect",
            target=f"{PAGE}/{number}",
        )
        assert catalogue.change_states([change]) == 1
    assert [one.target for one in catalogue.states_of(row.url)] == [f"{PAGE}/1", f"{PAGE}/2"]
    assert catalogue.status()["outlets"]["sky-news"]["states"] == {}


def test_what_is_seen_again_has_no_evidence_against_it(catalogue: Catalogue) -> None:
    row = save(catalogue)
    catalogue.plan_rechecks([replace(row, evidence=2)])
    mark(catalogue, row.url, at=after(days=1))
    catalogue.save_article(make_article(row.url, "text 1", after(days=2)))
    again = catalogue.rechecks_of("sky-news", [row.url])[row.url]
    assert (again.state, again.since, again.evidence) == ("live", None, 0)


def test_those_seen_last_are_live(catalogue: Catalogue) -> None:
    rows = [save(catalogue, number) for number in range(4)]
    mark(catalogue, rows[3].url, at=after(days=1))
    assert catalogue.seen_last("sky-news", limit=2) == [rows[2].url, rows[1].url]


def test_an_older_catalogues_articles_wait_to_be_planned(database: str) -> None:
    """What was gone at the first 404 is missing, and has a history."""
    from alembic import command

    from archiver.store.engine import catalogue_url, make_engine

    with Catalogue.open(database, create=True) as catalogue:
        catalogue.add_captures([make_capture(PAGE)])
        rows = [save(catalogue, number) for number in range(3)]
        mark(catalogue, rows[0].url, at=after(days=1))
        mark(catalogue, rows[1].url, at=after(days=2), state="removed", status=410)
        mark(catalogue, rows[2].url, at=after(days=2), state="blocked", status=403)
    engine = make_engine(catalogue_url(database))
    with engine.begin() as conn:
        config = alembic_config()
        config.attributes["connection"] = conn
        before = conn.scalar(text("SELECT version_num FROM alembic_version"))
        revision = next(
            one.down_revision for one in _revisions(config) if one.path and "rechecks" in one.path
        )
        command.downgrade(config, str(revision))
        assert before is not None
    engine.dispose()
    with Catalogue.open(database) as catalogue:
        assert len(catalogue.unplanned("sky-news", limit=9)) == 3
        assert [one.status for one in catalogue.states_of(rows[0].url)] == [404]
        states = {url: row.state for url, row in _all(catalogue, rows).items()}
        assert states == {rows[0].url: "missing", rows[1].url: "missing", rows[2].url: "live"}
        account = catalogue.status()["outlets"]["sky-news"]
        assert (account["states"], account["gone"]) == ({"missing": 2}, 2)
        assert mark(catalogue, rows[0].url, at=after(days=3), state="removed")


def _revisions(config: object) -> list[object]:
    from alembic.script import ScriptDirectory

    return list(ScriptDirectory.from_config(config).walk_revisions())  # type: ignore[arg-type]


def _all(catalogue: Catalogue, rows: list[Recheck]) -> dict[str, Recheck]:
    return catalogue.rechecks_of("sky-news", [row.url for row in rows])
