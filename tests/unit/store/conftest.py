"""Every store test that takes `database` or `catalogue` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.postgres import Server, postgres

from archiver.store.catalogue import Catalogue
from archiver.store.tables import metadata

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Which database."""
    return str(request.param)


@pytest.fixture
def database(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path / 'catalogue.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture(scope="session")
def shared(postgres: Server) -> str:
    """A catalogue in PostgreSQL that tests share, since a new database takes 0.2 s."""
    database = postgres.new_database()
    Catalogue.open(database, create=True).close()
    return database


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue in SQLite that tests copy, since a migration takes 0.1 s."""
    path = tmp_path_factory.mktemp("store") / "catalogue.db"
    Catalogue.open(f"sqlite:///{path}", create=True).close()
    return path


@pytest.fixture
def catalogue(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalogue]:
    """An empty catalogue."""
    if backend == "sqlite":
        path = tmp_path / "catalogue.db"
        path.write_bytes(request.getfixturevalue("empty_file").read_bytes())
        with Catalogue.open(f"sqlite:///{path}") as opened:
            yield opened
    else:
        with Catalogue.open(request.getfixturevalue("shared")) as opened:
            with opened._writing() as conn:
                for table in reversed(metadata.sorted_tables):
                    conn.execute(table.delete())
            yield opened
