from __future__ import annotations

from support.captures import START, after, make_article, make_capture
from support.standing import mark

from archiver.model import Discovery, SourceKind
from archiver.store.catalogue import Catalogue

PAGE = "https://news.sky.com/story/rain-"
FEED = "https://feeds.skynews.com/feeds/rss/home.xml"


def found(url: str, days: int, outlet: str = "sky-news") -> Discovery:
    return Discovery(
        url=url, outlet=outlet, via=SourceKind.FEED, source_url=FEED, found_at=after(days=days)
    )


def test_the_last_run_is_the_newest_of_the_outlet(catalogue: Catalogue) -> None:
    assert catalogue.last_run("sky-news") is None
    for hours in (1, 2):
        last = catalogue.start_run("sky-news", trigger="hand", at=after(hours=hours))
    catalogue.start_run("bbc", trigger="hand", at=after(hours=3))
    catalogue.end_run(last, at=after(hours=4), state="done", reason=None, counts={"pages": 2})
    run = catalogue.last_run("sky-news")
    assert run
    assert (run["id"], run["started"], run["ended"]) == (last, after(hours=2), after(hours=4))
    assert run["counts"] == {"pages": 2}


def test_the_backlog_is_what_was_mentioned_and_not_answered(catalogue: Catalogue) -> None:
    catalogue.add_discoveries(1, [found(f"{PAGE}{number}", number) for number in range(5)])
    catalogue.add_discoveries(1, [found("https://bbc.example/1", 1, "bbc")])
    catalogue.add_captures([make_capture(f"{PAGE}0"), make_capture(f"{PAGE}1", status=503)])
    for _ in range(2):
        catalogue.note_attempt("sky-news", f"{PAGE}2", at=START, reason="dns")
    catalogue.add_captures([make_capture(f"{PAGE}unmentioned", status=500)])
    assert catalogue.backlog("sky-news", max_attempts=2) == [f"{PAGE}{n}" for n in (4, 3, 1)]
    assert catalogue.backlog("sky-news", max_attempts=2, limit=1) == [f"{PAGE}4"]
    assert f"{PAGE}2" in catalogue.backlog("sky-news", max_attempts=3)
    assert catalogue.backlog("nobody", max_attempts=3) == []


def test_articles_are_listed_by_state_last_seen_first(catalogue: Catalogue) -> None:
    for number in range(3):
        catalogue.save_article(make_article(f"{PAGE}{number}", "a", after(days=number)))
    changed = make_article(f"{PAGE}0", "b", after(days=9), title="More rain")
    catalogue.save_article(changed)
    mark(catalogue, f"{PAGE}1", at=after(days=10), status=410)
    live = catalogue.article_list("sky-news")
    assert [row.url for row in live] == [f"{PAGE}0", f"{PAGE}2"]
    assert (live[0].title, live[0].revision) == ("More rain", 2)
    assert (live[0].first_seen, live[0].last_seen) == (START, after(days=9))
    assert [row.url for row in catalogue.article_list("sky-news", limit=1)] == [f"{PAGE}0"]
    assert [row.url for row in catalogue.article_list("sky-news", min_revision=2)] == [f"{PAGE}0"]
    [gone] = catalogue.article_list("sky-news", state="missing")
    assert (gone.url, gone.gone_at, gone.gone_status) == (f"{PAGE}1", after(days=10), 410)
    assert catalogue.article_list("bbc") == []
