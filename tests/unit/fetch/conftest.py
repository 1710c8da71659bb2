"""Tests of what stands between WARC files and catalogue run on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.catalogues import catalogues_on, new_url
from support.postgres import postgres

from archiver.store.catalogue import Catalogue

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Have `new_url` give the URLs of either database."""
    name = str(request.param)
    server = request.getfixturevalue("postgres") if name == "postgresql" else None
    with catalogues_on(server):
        yield name


@pytest.fixture
def catalogue(tmp_path: Path, each_database: str) -> Iterator[Catalogue]:
    """An empty one, in either database."""
    with Catalogue.open(new_url(tmp_path / "catalogue.sqlite"), create=True) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for WARC files."""
    made = tmp_path / "warc"
    made.mkdir()
    return made
