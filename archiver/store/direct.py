"""Connections to PostgreSQL beside the catalogue's own, which notice in time that they are cut."""

from __future__ import annotations

from sqlalchemy.engine import URL

from archiver.errors import ConfigError
from archiver.store.engine import catalogue_url

_SECONDS_TO_CONNECT = 5


def direct_address(text: str, *, cut_within: float = 20.0, search_path: str = "") -> str:
    """The libpq address of a catalogue in PostgreSQL, for a connection of one's own.

    `cut_within`: seconds after which a peer that no longer answers is taken for gone. Parameters
    that the user's URL names go before ours. See libpq's "Connection Strings".

    Raises:
        ConfigError: the catalogue is not in PostgreSQL.
        CatalogueError: not a database URL.
    """
    url = catalogue_url(text)
    if url.get_backend_name() != "postgresql":
        fault = (
            f"archive.catalogue_url is {url.render_as_string()}: many machines share one in "
            'PostgreSQL: write catalogue_url = "postgresql+psycopg://user@host/database"'
        )
        raise ConfigError([fault])
    return _with(url, cut_within, search_path).render_as_string(hide_password=False)


def _with(url: URL, cut_within: float, search_path: str) -> URL:
    step = max(1, int(cut_within // 4))
    wanted = {
        "connect_timeout": str(_SECONDS_TO_CONNECT),
        "keepalives_idle": str(step),
        "keepalives_interval": str(step),
        "keepalives_count": "2",
        "tcp_user_timeout": str(int(cut_within * 1000)),
    }
    query = {**wanted, **url.query}
    if search_path:
        given = query.get("options", "")
        before = given if isinstance(given, str) else " ".join(given)
        query["options"] = f"{before} -csearch_path={search_path}".strip()
    return url.set(drivername="postgresql", query=query)
