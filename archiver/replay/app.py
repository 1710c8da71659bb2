"""The replay server's application: two origins, told apart by the Host header."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archiver.errors import ArchiverError, StorageError
from archiver.model import Outlet
from archiver.replay.calendars import CalendarPages
from archiver.replay.cdx_api import CdxApi
from archiver.replay.changes import ChangePages
from archiver.replay.faithful import WORKER_PATH, FaithfulViews, WithRaw
from archiver.replay.frontpages import FrontPages
from archiver.replay.guard import ArchivedGuard, InterfaceGuard, Keys
from archiver.replay.memento import Archive
from archiver.replay.outlets import OutletPages
from archiver.replay.pages import Pages
from archiver.replay.policy import notice_headers, ui_headers
from archiver.replay.stored import Stored, WithheldError
from archiver.replay.ui import Interface
from archiver.replay.uris import BadAddressError
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs

_STATIC = Path(__file__).parent / "static"
_READ = ["GET"]  # Starlette adds HEAD


class Origins:
    """Hands a request to the application of the origin that its Host header names.

    Any other name is refused (421), so that no page of the web can reach the archive under a
    name of its own (DNS rebinding). Service workers are refused: one would rule its origin.

    Args:
        origins: by Host header in lower case, the application and the fields of its answers.
        worker: Host and path of the one script that may be a service worker.
    """

    def __init__(
        self,
        origins: Mapping[str, tuple[ASGIApp, Mapping[str, str]]],
        worker: tuple[str, str],
    ) -> None:
        self._origins = {
            host: (app, [(name.lower().encode(), value.encode()) for name, value in fields.items()])
            for host, (app, fields) in origins.items()
        }
        self._worker = worker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        found = self._origins.get(hosts[0].lower()) if len(hosts) == 1 else None
        if found is None:
            names = " or ".join(self._origins)
            refusal = PlainTextResponse(f"This server answers as {names} only.\n", 421)
            await refusal(scope, receive, send)
            return
        app, fields = found
        if "service-worker" in headers and (hosts[0].lower(), scope["path"]) != self._worker:
            app = PlainTextResponse("No service workers here.\n", 403)

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                there = {name for name, _ in headers}
                missing = [field for field in fields if field[0] not in there]
                message["headers"] = [*headers, *missing]
            await send(message)

        await app(scope, receive, send_with_fields)


def create_app(
    *,
    catalogue: Catalogue,
    warcs: Warcs,
    host: str,
    port: int,
    archived_host: str,
    token: str | None = None,
    outlets: Callable[[], Mapping[str, Outlet]] = dict,
    player_host: str = "player.replay.localhost",
    player: Path | None = None,
) -> Origins:
    """The replay server over an open catalogue and its WARC files.

    The interface answers as `host`, 127.0.0.1 and localhost, archived pages as `archived_host`.
    Where there is a `token` nothing is read without it.
    `player` is the folder of the player, if it is installed, which shows pages with their
    scripts as `player_host`.
    `outlets` gives what the seed files say of outlets, and is asked once somebody looks at one.

    Raises:
        ValueError: where two of them would share a name.
    """
    names = dict.fromkeys((_host_name(host), "127.0.0.1", "localhost"))
    ui_hosts = [_authority(name, port) for name in names]
    archive_host = _authority(_host_name(archived_host), port)
    if archive_host in ui_hosts:
        raise ValueError(f"archived pages need a host name of their own, not {archived_host}")
    player_at = _authority(_host_name(player_host), port)
    if player_at in (*ui_hosts, archive_host):
        raise ValueError(f"the player needs a host name of its own, not {player_host}")
    ui_origins = [f"http://{name}" for name in ui_hosts]
    archive_origin = f"http://{archive_host}"
    keys = Keys(token) if token is not None else None
    stored = Stored(catalogue, warcs)
    fronts = FrontPages(stored, outlets)
    passing = keys.passing if keys else lambda: ""
    pages = Pages(archive_origin, passing, names=fronts.name_of)
    archive = Archive(stored, pages, origin=archive_origin, ui_origins=ui_origins)
    faithful = FaithfulViews(
        stored,
        pages,
        folder=player or _STATIC,  # where there is none
        archive_origin=archive_origin,
        player_origin=f"http://{player_at}",
    )
    pages.offer(
        ui_origin=lambda: ui_origins[0],
        has_player=faithful.is_there,
        player_origin=lambda: f"http://{player_at}{keys.passing('player') if keys else ''}",
    )
    interface = Interface(stored, pages)
    calendar = CalendarPages(stored, pages)
    days = OutletPages(stored, pages, fronts)
    index = CdxApi(catalogue, warcs.folder).routes()
    changes = ChangePages(stored, pages, base=ui_origins[0])
    static = Mount("/static", StaticFiles(directory=_STATIC))
    ui_app: ASGIApp = _starlette(
        pages,
        ui_origins[0],
        [
            static,
            *index,
            Route("/", interface.home, methods=_READ),
            Route("/captures", interface.captures, methods=_READ),
            Route("/calendar", calendar.calendar, methods=_READ),
            Route("/outlets", days.outlets, methods=_READ),
            Route("/outlet", days.outlet, methods=_READ),
            Route("/outlet/captures", days.captures, methods=_READ),
            Route("/article", interface.article, methods=_READ),
            Route("/view/{rest:path}", interface.view, methods=_READ),
            Route("/changes", changes.changes, methods=_READ),
            Route("/changes.atom", changes.feed_atom, methods=_READ),
            Route("/changes.json", changes.feed_json, methods=_READ),
            Route("/diff", changes.diff, methods=_READ),
        ],
    )
    archive_app: ASGIApp = _starlette(
        pages,
        ui_origins[0],
        [
            static,
            *index,
            Route("/faithful/{rest:path}", faithful.shell, methods=_READ),
            Route("/timegate/{rest:path}", archive.timegate, methods=_READ),
            Route("/timemap/{rest:path}", archive.timemap, methods=_READ),
            Route("/{rest:path}", archive.memento, methods=_READ),
        ],
    )
    mementos = Route("/{rest:path}", archive.memento, methods=_READ)
    player_app: ASGIApp = WithRaw(
        _starlette(pages, ui_origins[0], [static, *faithful.routes()]),
        _starlette(pages, ui_origins[0], [mementos]),
    )
    if keys:
        player_app = ArchivedGuard(
            player_app,
            keys,
            refusal=lambda message: _notice(pages, 401, message),
            purpose="player",
            free=("/static/", "/player/"),
        )
        ui_app = InterfaceGuard(
            ui_app,
            keys,
            port=port,
            refusal=lambda message: _login_page(pages, message, inside=False),
            welcome=lambda message: _login_page(pages, message, inside=True),
        )
        archive_app = ArchivedGuard(
            archive_app, keys, refusal=lambda message: _notice(pages, 401, message)
        )
    origins: dict[str, tuple[ASGIApp, Mapping[str, str]]] = {
        name: (ui_app, ui_headers(archive_origin)) for name in ui_hosts
    }
    origins[archive_host] = (archive_app, notice_headers(ui_origins))
    origins[player_at] = (player_app, notice_headers([archive_origin]))
    return Origins(origins, (player_at, WORKER_PATH))


def _starlette(pages: Pages, blocker: str, routes: list[Route | Mount]) -> Starlette:
    """One origin's application; `blocker` is the address of who withholds what is redacted."""

    def refused(_: Request, error: Exception) -> Response:
        return _notice(pages, getattr(error, "status", 400), str(error))

    def http_error(_: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        return _notice(pages, error.status_code, error.detail, error.headers)

    def unreadable(_: Request, error: Exception) -> Response:
        away = isinstance(error, StorageError) and error.reason == "unreachable"
        return _notice(pages, 503 if away else 500, str(error))

    def withheld(_: Request, error: Exception) -> Response:
        if not isinstance(error, WithheldError):
            raise error
        page = pages.render("withheld.html", {"redaction": error.redaction})
        # RFC 7725, section 4; nothing may keep it, since a redaction can be lifted
        fields = {"Link": f'<{blocker}/>; rel="blocked-by"'}
        return Response(page, 451, fields, media_type="text/html")

    return Starlette(
        routes=routes,
        exception_handlers={
            WithheldError: withheld,
            BadAddressError: refused,
            HTTPException: http_error,
            ArchiverError: unreadable,
        },
    )


def _notice(
    pages: Pages, status: int, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    page = pages.render("notice.html", {"status": status, "message": message})
    return Response(page, status, headers, media_type="text/html")


def _login_page(pages: Pages, message: str, *, inside: bool) -> Response:
    page = pages.render("login.html", {"message": message, "inside": inside})
    return Response(page, media_type="text/html")


def _host_name(host: str) -> str:
    name = host.strip("[]").lower()
    return f"[{name}]" if ":" in name else name


def _authority(host: str, port: int) -> str:
    return host if port == 80 else f"{host}:{port}"
