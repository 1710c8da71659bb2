"""Known articles asked for again, in real crawls: when, at what cost, and what came of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.checked_site import (
    AT_ONCE,
    FOG,
    HAIL,
    ICE,
    NAMES,
    PAGES,
    RAIN,
    SNOW,
    SUN,
    WIND,
    X,
    catalogue_of,
    crawl,
    folder_of,
    site_of,
    states,
    told,
)
from support.scripted_site import Reply, feed, redirect
from support.workdir import run, status

from archiver.model import Article
from archiver.warc.names import resolve
from archiver.warc.reader import read_record

pytestmark = pytest.mark.usefixtures("each_database")


def test_what_is_due_is_asked_for_and_costs_a_304(tmp_path: Path) -> None:
    with site_of() as site:
        folder = folder_of(site, tmp_path, "")
        crawl(folder)
        site.asked()
        crawl(folder)
        assert site.asked() == [f"{X}/feed"]  # nothing is due for an hour
        with catalogue_of(folder) as catalogue:
            now = datetime.now(UTC)
            rows = catalogue.rechecks_of("x", list(PAGES.values()))
            waits = {(row.due - row.first).total_seconds() for row in rows.values() if row.due}
            assert len(rows) == len(NAMES)
            assert min(waits) >= 3600
            assert max(waits) <= 3600 * 1.05
            assert len(waits) == len(NAMES)  # not all at one moment
            turned = [_aged(row, hours=2, due=now - timedelta(hours=1)) for row in rows.values()]
            catalogue.plan_rechecks(turned[:4])
        counts = crawl(folder)["counts"]
        again = {one.url for one in site.log if one.conditional and one.status == 304}
        assert {row.url for row in turned[:4]} == again - {f"{X}/feed"}
        assert counts["rechecks/unmodified"] == counts["articles/rechecked"] == 4
        assert 0 < counts["rechecks/bytes"] < 4 * 1000
        site.asked()
        crawl(folder, "--recheck", "modified")
        assert site.asked() == [f"{X}/feed"]


def _aged(row: Any, *, hours: float, due: datetime) -> Any:
    return replace(row, due=due)


def test_checks_take_what_the_news_leave(tmp_path: Path) -> None:
    with site_of() as site:
        folder = folder_of(site, tmp_path, AT_ONCE.replace("share = 1.0", "share = 0.3"))
        config = folder / "config" / "archiver.toml"
        text = config.read_text("utf-8")
        crawl(folder)
        config.write_text(text.replace("[crawl]\n", "[crawl]\nhost_requests = 10\n"), "utf-8")
        new = [f"{X}/news/late-{number}" for number in (2001, 2002)]
        site.answers["x.example/feed"] = feed([*PAGES.values(), *new])
        site.answers |= {url.removeprefix("http://"): told(url) for url in new}
        site.asked()
        counts = crawl(folder)["counts"]
        asked = site.asked()
        assert asked[0] == f"{X}/feed"
        assert set(asked[1:3]) == set(new)  # first
        assert counts["articles/rechecked"] == len(asked) - 3 == 3  # a share of ten


def test_a_days_budget_holds_over_crawls(tmp_path: Path) -> None:
    with site_of() as site:
        folder = folder_of(site, tmp_path, AT_ONCE + "daily_checks = 7\n")
        asked = [crawl(folder)["counts"].get("articles/rechecked", 0) for _ in range(4)]
    assert asked[1:] == [7, 0, 0]


def test_a_source_that_cries_wolf_is_heeded_less(tmp_path: Path) -> None:
    def calling(hours: int) -> Reply:
        at = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        url = f"<url><loc>{PAGES[RAIN]}</loc><lastmod>{at}</lastmod></url>"
        return Reply(
            body=f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{url}</urlset>',
            kind="application/xml",
        )

    with site_of() as site:
        folder = folder_of(site, tmp_path, "")
        seed = next(folder.glob("seeds/**/x.toml"))
        seed.write_text(seed.read_text("utf-8") + f'sitemaps = ["{X}/map.xml"]\n', "utf-8")
        crawl(folder)
        site.asked()
        for hours, heeded in ((1, True), (2, False), (3, False)):
            site.answers["x.example/map.xml"] = calling(hours)
            crawl(folder)
            assert (PAGES[RAIN] in site.asked()) is heeded, hours


OUTCOMES = {
    RAIN: (Reply(status=404, validators=False), "missing", "http-404"),
    SNOW: (redirect(f"{X}/"), "missing", "front-page"),
    WIND: (
        Reply(body="<title>Seite nicht gefunden | X</title><p>Die Seite gibt es nicht.</p>"),
        "missing",
        "error-page",
    ),
    HAIL: (Reply(status=403, validators=False), "blocked", "http-403"),
    SUN: (Reply(status=500, validators=False), "live", None),
    ICE: (Reply(status=410, validators=False), "missing", "http-410"),
}


def test_what_becomes_of_pages_that_are_no_more(tmp_path: Path) -> None:
    with site_of() as site:
        folder = folder_of(site, tmp_path)
        crawl(folder)
        before = dict(site.answers)
        site.answers |= {f"x.example/{name}": answer for name, (answer, _, _) in OUTCOMES.items()}
        counts = crawl(folder)
        assert (counts["missing"], counts["removed"]) == (4, 0)
        expected = {name: state for name, (_, state, _) in OUTCOMES.items()}
        assert states(folder) == {**dict.fromkeys(NAMES, "live"), **expected}
        account = status(folder)["outlets"]["x"]
        assert account["states"] == {"missing": 4, "blocked": 1}
        assert account["gone"] == 4
        crawl(folder)
        assert states(folder)[RAIN] == "missing"  # after two checks
        assert crawl(folder)["removed"] == 4
        for name, (_, _, reason) in OUTCOMES.items():
            _check_evidence(folder, name, reason)
        assert crawl(folder)["removed"] == 0
        _check_account(folder)
        site.answers.clear()
        site.answers |= before
        crawl(folder)
        assert states(folder) == dict.fromkeys(NAMES, "live")
        with catalogue_of(folder) as catalogue:
            history = [one.state for one in catalogue.states_of(PAGES[RAIN])]
            assert history == ["missing", "removed", "live"]
            assert len(catalogue.get_article(PAGES[WIND])) == 1  # the error page is no revision
        assert set(status(folder)["outlets"]["x"]["states"].values()) == {0}


def _check_account(folder: Path) -> None:
    """Four crawls have asked for all articles again."""
    costs = status(folder)["rechecks"]
    own = costs["outlets"]["x"]
    assert own == costs["total"]
    assert own["checks"] == 4 * len(NAMES)
    assert own["requests_an_article"] == 4.0
    assert own["unmodified"] == 4 * (len(NAMES) - len(OUTCOMES))
    assert own["bytes_an_article"] == round(own["bytes"] / len(NAMES), 1) > 0
    said = run(folder, "archiver", "status").stdout
    assert "checks due" in said
    assert "removed" in said
    shown = run(folder, "archiver", "show", PAGES[RAIN]).stdout
    assert [word in shown for word in ("missing", "removed", "http-404")] == [True] * 3
    line = run(folder, "archiver", "show", PAGES[RAIN], "--json").stdout.splitlines()[0]
    assert [one["state"] for one in json.loads(line)["states"]] == ["missing", "removed"]


def _check_evidence(folder: Path, name: str, reason: str | None) -> None:
    """The record that a change of state names is the answer that showed it."""
    with catalogue_of(folder) as catalogue:
        history = catalogue.states_of(PAGES[name])
    assert {one.reason for one in history} == ({reason} if reason else set())
    for one in history:
        assert one.file is not None
        warc = resolve(folder / "archive" / "warc", one.file)
        record = read_record(warc, one.offset or 0)
        assert record.http().status == one.status


@pytest.mark.parametrize(
    "broken",
    [
        Reply(status=500, validators=False),
        Reply(status=404, validators=False),
        Reply(body="<title>Page not found</title><p>Nothing is here.</p>"),
        redirect(f"{X}/"),
    ],
    ids=["500", "404", "soft", "front"],
)
def test_an_outlet_that_is_down_removes_nothing(tmp_path: Path, broken: Reply) -> None:
    with site_of() as site:
        folder = folder_of(site, tmp_path)
        crawl(folder)
        before = dict(site.answers)
        site.answers |= {f"x.example/{name}": broken for name in NAMES}
        for _ in range(5):
            crawl(folder)
        assert set(states(folder).values()) == {"live"}
        site.answers |= before
        crawl(folder)
        with catalogue_of(folder) as catalogue:
            assert catalogue.states_of(PAGES[RAIN]) == []


def test_one_page_that_went_is_seen_by_asking_for_others(tmp_path: Path) -> None:
    with site_of() as site:
        folder = folder_of(site, tmp_path, "")
        crawl(folder)
        with catalogue_of(folder) as catalogue:
            [row] = catalogue.rechecks_of("x", [PAGES[RAIN]]).values()
            catalogue.plan_rechecks([_aged(row, hours=2, due=row.first)])
        site.answers[f"x.example/{RAIN}"] = Reply(status=404, validators=False)
        site.asked()
        crawl(folder)
        asked = site.asked()
        assert len(asked) == 4  # the feed, the page, two others
        assert states(folder)[RAIN] == "missing"


def test_one_text_in_many_places_is_an_error_page(tmp_path: Path) -> None:
    text = "<p>Look at our newest offers of the week. " + "They are for everybody. " * 6
    short = Reply(body=f"<title>Offers</title><article><h1>Offers</h1>{text}</p></article>")
    with site_of() as site:
        folder = folder_of(site, tmp_path)
        crawl(folder)
        site.answers |= {f"x.example/{name}": short for name in (RAIN, SNOW, WIND)}
        crawl(folder)
        found = states(folder)
        assert [found[name] for name in (RAIN, SNOW, WIND, FOG)] == ["missing"] * 3 + ["live"]
        with catalogue_of(folder) as catalogue:
            assert len(catalogue.get_article(PAGES[RAIN])) == 1
            assert {one.reason for one in catalogue.states_of(PAGES[RAIN])} == {"same-text"}


def test_articles_that_move_keep_their_history(tmp_path: Path) -> None:
    there = f"{X}/archive/fog-has-moved-9001"
    with site_of() as site:
        folder = folder_of(site, tmp_path)
        crawl(folder)
        site.answers |= {
            f"x.example/{FOG}": redirect(there),
            there.removeprefix("http://"): told(FOG),
            f"x.example/{HAIL}": redirect(PAGES[SUN]),  # to another article
        }
        crawl(folder)
        with catalogue_of(folder) as catalogue:
            assert len(catalogue.get_article(there)) == len(catalogue.get_article(PAGES[FOG])) == 1
            first = _only(catalogue.get_article(there))
            assert first.url == PAGES[FOG]  # it was captured there
            [moved] = catalogue.states_of(PAGES[FOG])
            assert (moved.state, moved.reason, moved.target) == ("live", "redirect", there)
            [joined] = catalogue.states_of(PAGES[HAIL])
            assert (joined.state, joined.target) == ("moved", PAGES[SUN])
            aliases = {one.url: one.target for one in catalogue.aliases_of(PAGES[HAIL])}
            assert aliases[PAGES[HAIL]] == PAGES[SUN]
            assert catalogue.status()["totals"]["articles"] == len(NAMES)
        site.answers[f"x.example/{HAIL}"] = told(HAIL)
        site.answers[there.removeprefix("http://")] = redirect(f"{there}-again")
        site.answers[f"{there}-again".removeprefix("http://")] = told(FOG)
        crawl(folder)
        with catalogue_of(folder) as catalogue:
            chain = [one.target for one in catalogue.states_of(PAGES[FOG])]
            assert chain == [there, f"{there}-again"]
            assert _only(catalogue.get_article(f"{there}-again")).url == PAGES[FOG]


def _only(revisions: list[Any]) -> Article:
    [one] = revisions
    found: Article = one.article
    return found


def test_an_article_that_costs_something_since(tmp_path: Path) -> None:
    def page(free: str) -> Reply:
        data = f'{{"@type": "NewsArticle", "isAccessibleForFree": {free}}}'
        whole = told(RAIN, head=f'<script type="application/ld+json">{data}</script>')
        cut = whole.body if free == "true" else re.sub("(?<=</p>)<p>.*</p>", "", whole.body)
        return replace(whole, body=cut)

    with site_of({f"x.example/{RAIN}": page("true")}) as site:
        folder = folder_of(site, tmp_path)
        crawl(folder)
        site.answers[f"x.example/{RAIN}"] = page("false")
        for _ in range(2):
            crawl(folder)
            assert states(folder)[RAIN] == "paywalled"
        site.answers[f"x.example/{RAIN}"] = page("true")
        crawl(folder)
        assert states(folder)[RAIN] == "live"
        with catalogue_of(folder) as catalogue:
            assert [one.state for one in catalogue.states_of(PAGES[RAIN])] == ["paywalled", "live"]
