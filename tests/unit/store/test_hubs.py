from __future__ import annotations

import pytest
from support.captures import START, after

from archiver.store import shapes
from archiver.store.catalogue import Catalogue

FEED = "https://news.example/feed"


def test_hubs_are_kept_once_with_the_time_of_the_first(catalogue: Catalogue) -> None:
    for days in (1, 2):
        catalogue.note_hubs(
            "post",
            FEED,
            ["https://b.example/", "https://a.example/"],
            topic=FEED,
            at=after(days=days),
        )
    catalogue.note_hubs("post", "https://news.example/none", [], topic="", at=START)
    catalogue.note_hubs("other", "https://o.example/f", ["https://a.example/"], topic="x", at=START)
    found = catalogue.hubs("post")
    assert [hub.hub for hub in found] == ["https://a.example/", "https://b.example/"]
    assert {(hub.source, hub.topic, hub.seen) for hub in found} == {(FEED, FEED, after(days=1))}
    assert catalogue.hubs("nobody") == []


def test_shapes_are_counted_by_outlet(catalogue: Catalogue) -> None:
    catalogue.learn_shapes("post", {"x.example/{word}": (2, 0)})
    catalogue.learn_shapes("post", {"x.example/{word}": (0, 1), "x.example/{id}": (1, 0)})
    catalogue.learn_shapes("other", {"x.example/{word}": (0, 1)})
    catalogue.learn_shapes("none", {})
    assert catalogue.shapes("post") == {"x.example/{word}": (2, 1), "x.example/{id}": (1, 0)}
    assert catalogue.shapes("nobody") == {}


def test_an_outlet_without_shapes_does_not_fill_the_table(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes, "MAX_SHAPES", 3)
    for start in (0, 2):
        catalogue.learn_shapes("post", {f"x.example/{n}": (1, 0) for n in range(start, start + 3)})
    assert catalogue.shapes("post") == {f"x.example/{n}": (1 + (n == 2), 0) for n in range(3)}
