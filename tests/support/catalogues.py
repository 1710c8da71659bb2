"""Where the catalogues of tests' working folders are: SQLite files, or a PostgreSQL server.

A module of tests runs on both with `pytestmark = pytest.mark.usefixtures("each_database")`; with a
fixture of the module's own that makes an archive, that one asks for `each_database` first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.postgres import Server

from archiver.store.catalogue import Catalogue

_servers: list[Server] = []
_templates: dict[Server, str] = {}
_made: dict[Path, str] = {}


@contextmanager
def catalogues_on(server: Server | None) -> Iterator[None]:
    """Have the working folders that are made now keep their catalogue on a server."""
    if server is None:
        yield
        return
    _servers.append(server)
    try:
        yield
    finally:
        _servers.pop()


def catalogue_of(folder: Path) -> str:
    """The database URL of a working folder's catalogue."""
    return _made.get(folder.resolve(), f"sqlite:///{folder}/archive/catalogue.sqlite")


def new_database() -> str | None:
    """The URL of a new catalogue in PostgreSQL; None where catalogues are SQLite files."""
    return new_catalogue(_servers[-1]) if _servers else None


def new_url(path: Path) -> str:
    """The URL of a new catalogue: of this file, or a database in PostgreSQL."""
    return new_database() or f"sqlite:///{path}"


def lose(folder: Path) -> None:
    """Have a working folder lose its catalogue, as when a disk is lost."""
    url = _made.get(folder.resolve())
    if url is None:
        for path in (folder / "archive").glob("catalogue.sqlite*"):
            path.unlink()
        return
    import psycopg  # see support/postgres.py

    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("DROP SCHEMA public CASCADE")
        conn.execute("CREATE SCHEMA public")


def settings_of(folder: Path) -> str:
    """The lines of a new working folder's configuration that say where its catalogue is."""
    url = new_database()
    if url is None:
        return ""
    _made[folder.resolve()] = url
    return f'[archive]\ncatalogue_url = "{url}"\n'


def new_catalogue(server: Server) -> str:
    """The URL of a new database with an empty catalogue, which takes 0.1 s."""
    if server not in _templates:
        made = server.new_database()
        Catalogue.open(made, create=True).close()
        _templates[server] = made.partition("?")[0].rpartition("/")[2]
    return server.new_database(_templates[server])
