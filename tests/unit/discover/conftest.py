from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from archiver.discover.feeds import parse_feed
from archiver.discover.listing import Listing
from archiver.discover.sitemaps import parse_sitemap

FOUND_AT = datetime(2024, 6, 1, 12, tzinfo=UTC)
HOSTILE = Path(__file__).parents[2] / "hostile" / "discover"

Read = Callable[..., Listing]


@pytest.fixture
def hostile() -> Callable[[str], bytes]:
    return lambda name: (HOSTILE / name).read_bytes()


@pytest.fixture
def feed(hostile: Callable[[str], bytes]) -> Read:
    """Parse a hostile file as the feed at https://www.example.com/rss/feed.xml."""
    read = partial(
        parse_feed, url="https://www.example.com/rss/feed.xml", outlet="post", found_at=FOUND_AT
    )
    return lambda name, **more: read(hostile(name), **more)


@pytest.fixture
def sitemap(hostile: Callable[[str], bytes]) -> Read:
    """Parse a hostile file as the sitemap at https://www.example.com/sitemap.xml."""
    read = partial(
        parse_sitemap, url="https://www.example.com/sitemap.xml", outlet="post", found_at=FOUND_AT
    )
    return lambda name, **more: read(hostile(name), **more)
