"""Webhooks are told of the changes of a run, of those kinds that are asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.captures import START, after, make_article
from support.standing import mark

from archiver.daemon.telling import changes_event
from archiver.model import Extractor
from archiver.revise.compare import comparable, compare
from archiver.store.catalogue import Catalogue
from archiver.store.judging import Judge


@pytest.fixture
def changed(catalogue: Catalogue) -> Catalogue:
    for hour, title in ((0, "Rain expected today"), (2, "Snow came overnight")):
        catalogue.save_article(
            make_article(
                "https://news.example/a",
                "Ten people came to the hall on Monday.",
                after(hours=hour),
                outlet="news",
                title=title,
                extractor=Extractor(name="t", version="1"),
            ),
            judge=Judge(compare=compare, comparable=comparable),
        )
    return catalogue


def test_a_change_of_the_kind_is_told_with_its_proof(changed: Catalogue) -> None:
    now = after(hours=3)
    event = changes_event(changed, "news", kinds=["headline"], since=after(hours=1), now=now)
    assert event is not None
    assert (event["event"], event["subject"], event["more"]) == ("changed", "news", False)
    (told,) = event["changes"]  # type: ignore[misc]
    assert told["kinds"] == ["headline"]
    assert told["revisions"] == [1, 2]
    assert len(told["proof"]) == 2


@pytest.mark.parametrize(
    ("outlet", "kinds", "hours"),
    [("news", "access", 1), ("other", "headline", 1), ("news", "headline", 3)],
)
def test_nothing_else_is(changed: Catalogue, outlet: str, kinds: str, hours: int) -> None:
    since = START + timedelta(hours=hours)
    assert changes_event(changed, outlet, kinds=[kinds], since=since, now=after(hours=4)) is None


def test_what_was_removed_is_told(changed: Catalogue) -> None:
    mark(changed, "https://news.example/a", at=after(hours=3), state="removed", outlet="news")
    event = changes_event(
        changed, "news", kinds=["removed"], since=after(hours=2.5), now=after(hours=4)
    )
    assert event is not None
    assert [one["kinds"] for one in event["changes"]] == [["removed"]]  # type: ignore[attr-defined]
