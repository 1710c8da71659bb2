"""The replay server as a process: its socket, its addresses, its end."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from archiver.errors import ArchiverError, NoArchiveError
from archiver.model import Outlet
from archiver.replay.app import create_app
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs

log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A bound TCP socket; port 0 takes any free one.

    Raises:
        ArchiverError: where the port is in use, or the address is not one of this machine.
    """
    bare = host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            bare, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ArchiverError(
            f"cannot listen ({error.strerror or error})",
            thing=f"{host}:{port}",
            todo="Set replay.host to an address of this machine, such as 127.0.0.1.",
        ) from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(128)  # here already: a port that is taken shows only now on some systems
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            what = "this port is in use by another program"
            todo = "Stop that one, or choose another port: --port (0 takes any free one)."
        else:
            what = f"cannot listen ({error.strerror})"
            todo = "Choose another address or port: --host, --port."
        raise ArchiverError(what, thing=f"{host}:{port}", todo=todo) from error
    return bound


def run(
    *,
    catalogue: Catalogue,
    warcs: Warcs,
    host: str,
    port: int,
    archived_host: str,
    public_host: str = "",
    player_host: str = "player.replay.localhost",
    player: Path | None = None,
    token: str | None = None,
    outlets: Callable[[], Mapping[str, Outlet]] = dict,
    announce: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve the archive until interrupted. `announce` gets the interface's URL once it listens.

    `public_host` is the name by which others reach `host`. Without a `token`, one is made where
    `host` is not loopback; `announce` then gets the address that logs in, and nothing else does.
    `outlets` gives what the seed files say of outlets.

    Raises:
        NoArchiveError: where nothing has been captured yet.
        ArchiverError: where the port is in use or the address cannot be had.
    """
    if not catalogue.capture_list(limit=1):
        raise NoArchiveError(
            "the archive is empty", thing=str(warcs.folder), todo="Crawl an outlet first."
        )
    with listen(host, port) as bound:
        port = bound.getsockname()[1]
        login = ""
        if not is_loopback(host):
            if token is None:
                token = secrets.token_urlsafe(32)
                login = f"login?token={token}"
            if is_loopback(archived_host):
                log.warning(
                    "archived pages are only shown on this machine: set replay.archived_host to"
                    " another name by which it is reached"
                )
        app = create_app(
            catalogue=catalogue,
            warcs=warcs,
            host=public_host or host,
            port=port,
            archived_host=archived_host,
            token=token,
            player_host=player_host,
            player=player,
            outlets=outlets,
        )
        server = make_server(app)
        announce(f"http://{_shown(public_host or host)}{'' if port == 80 else f':{port}'}/{login}")
        asyncio.run(server.serve(sockets=[bound]))


class _WithoutSignals(uvicorn.Server):
    """A server in a process that has other things to end, too."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield


def make_server(app: object, *, signals: bool = True) -> uvicorn.Server:
    """A uvicorn server that says nothing of itself and logs warnings only.

    `signals`: whether SIGINT and SIGTERM end it.
    """
    return (uvicorn.Server if signals else _WithoutSignals)(
        uvicorn.Config(
            app,  # type: ignore[arg-type]  # any ASGI application; uvicorn's type names its own
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    )


def is_loopback(host: str) -> bool:
    """Whether an address or a name is that of this machine for itself alone."""
    bare = host.strip("[]")
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost" or bare.endswith(".localhost")


def _shown(host: str) -> str:
    """The address as a browser on this machine takes it."""
    bare = host.strip("[]")
    if bare in ("0.0.0.0", "::"):  # noqa: S104  # compared with, not bound
        return "127.0.0.1"
    return f"[{bare}]" if ":" in bare else bare
