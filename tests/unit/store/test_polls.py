from __future__ import annotations

from dataclasses import replace

from support.captures import START, after

from archiver.model import SourceKind
from archiver.store.catalogue import Catalogue
from archiver.store.polls import Poll

FEED, OTHER = "https://news.example/rss", "https://news.example/rss2"
POLL = Poll(source=FEED, kind=SourceKind.FEED, polled=START, due=after(hours=1), interval=3600.0)


def test_how_a_source_stands_is_remembered(catalogue: Catalogue) -> None:
    other = replace(
        POLL,
        source=OTHER,
        kind=SourceKind.SITEMAP,
        brought=START,
        answered_by=FEED,
        same_as=FEED,
        same_rule="redirect",
        hint=3600.0,
    )
    catalogue.note_poll("x", other)
    catalogue.note_poll("x", POLL)
    assert catalogue.polls("x", [FEED, OTHER, "nothing"]) == {FEED: POLL, OTHER: other}
    assert catalogue.polls("y", [FEED]) == {}
    again = replace(POLL, polled=after(hours=1), due=after(hours=2), brought=after(hours=1))
    catalogue.note_poll("x", again)
    assert catalogue.polls("x", [FEED]) == {FEED: again}


def test_an_outlet_is_due_when_its_first_source_is(catalogue: Catalogue) -> None:
    """A source that is no longer in the seed says nothing."""
    for source, hours in (("https://old.example/", 0), (OTHER, 3), (FEED, 2)):
        poll = replace(POLL, source=source, due=after(hours=hours))
        catalogue.note_poll("x", poll, of=[FEED, OTHER])
    assert catalogue.status()["outlets"]["x"]["next_due"] == after(hours=2).isoformat()


def test_what_an_index_names_is_what_it_named_last(catalogue: Catalogue) -> None:
    catalogue.note_poll("x", POLL)
    catalogue.name_children(FEED, ["b", "a", "b"])
    assert catalogue.children_of(FEED) == ["b", "a"]
    catalogue.name_children(FEED, ["c"])
    assert catalogue.children_of(FEED) == ["c"]
    catalogue.name_children(FEED, [])
    assert catalogue.children_of(FEED) == catalogue.children_of("nothing") == []
