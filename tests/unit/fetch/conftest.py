"""Tests of what stands between WARC files and catalogue run on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.catalogues import catalogues_on
from support.postgres import postgres

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Have `new_url` give the URLs of either database."""
    name = str(request.param)
    server = request.getfixturevalue("postgres") if name == "postgresql" else None
    with catalogues_on(server):
        yield name
