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


def settings_of(folder: Path) -> str:
    """The lines of a new working folder's configuration that say where its catalogue is."""
    if not _servers:
        return ""
    _made[folder.resolve()] = url = new_catalogue(_servers[-1])
    return f'[archive]\ncatalogue_url = "{url}"\n'


def new_catalogue(server: Server) -> str:
    """The URL of a new database with an empty catalogue, which takes 0.1 s."""
    if server not in _templates:
        made = server.new_database()
        Catalogue.open(made, create=True).close()
        _templates[server] = made.partition("?")[0].rpartition("/")[2]
    return server.new_database(_templates[server])
