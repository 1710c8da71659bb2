"""A catalogue that knows many URLs of an outlet already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from archiver.model import Discovery, SourceKind
from archiver.store import tables as t
from archiver.store.catalogue import Catalogue
from archiver.store.engine import catalogue_url, make_engine

_START = datetime(2020, 1, 1, tzinfo=UTC)
_BATCH = 20_000


def known_url(host: str, number: int) -> str:
    """The address of the outlet's article of a number."""
    return f"http://{host}/world/{number % 28 + 1:02}/a-story-of-the-day-{number:08}"


def fill(url: str, *, outlet: str, host: str, count: int) -> None:
    """Make the catalogue at a database URL know `count` articles, all of them answered."""
    with Catalogue.open(url, create=True) as catalogue:
        for start in range(0, count, _BATCH):
            end = min(count, start + _BATCH)
            catalogue.add_discoveries(None, list(_mentions(outlet, host, start, end)))
    engine = make_engine(catalogue_url(url))
    with engine.begin() as conn:
        conn.execute(update(t.url).where(t.url.c.url.like("%/a-story-of-%")).values(answered=True))
    engine.dispose()


def _mentions(outlet: str, host: str, start: int, end: int) -> Iterator[Discovery]:
    for number in range(start, end):
        found = _START + timedelta(minutes=number)
        yield Discovery(
            url=known_url(host, number),
            outlet=outlet,
            via=SourceKind.FEED,
            source_url=f"http://{host}/feed",
            found_at=found,
            title=f"A story of the day, number {number}",
            published=found,
        )
