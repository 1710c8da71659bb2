"""Which link of a list is its next page."""

from __future__ import annotations

import pytest

from archiver.discover.paging import next_of

SITE = "https://www.example.com"


@pytest.mark.parametrize(
    ("url", "links", "found"),
    [
        ("/world", ["/world?page=3", "/world?page=2"], "/world?page=2"),
        ("/world/?page=2", ["/world/?page=1", "/world/?page=3"], "/world/?page=3"),
        ("/world/", ["/sport/page/2/", "/world/page/2/"], "/world/page/2/"),
        ("/world/page/2/", ["/world/", "/world/page/3/", "/world/page/9/"], "/world/page/3/"),
        ("/world", ["/world/2"], "/world/2"),
        ("/world?tag=x", ["/world?tag=y&p=2", "/world?tag=x&p=2"], "/world?tag=x&p=2"),
        ("/nachrichten", ["/nachrichten/seite-2"], "/nachrichten/seite-2"),
        ("/archive/2024", ["/archive/2025"], None),  # a year is no page
        ("/world", ["/world/story-2", "/world?id=2", "/world?page=two"], None),
        ("/world", ["https://other.example/world?page=2"], None),
        ("/world", [], None),
    ],
)
def test_next(url: str, links: list[str], found: str | None) -> None:
    absolute = [link if "//" in link else SITE + link for link in links]
    assert next_of(absolute, url=SITE + url) == (found and SITE + found)
