"""Archived pages as they ran, with their scripts, on an origin that has nothing else.

The player's service worker answers all requests of a page from our raw mementos. Its origin is
framed by a page of ours on the archive's origin, which no script of it can reach, lead away or
have loaded anything else; and every answer gets a policy that knows this origin alone. Decision 39.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from archiver.replay.guard import GATE, gate_of
from archiver.replay.memento import requested
from archiver.replay.pages import Pages
from archiver.replay.playerfile import worker_of
from archiver.replay.stored import Stored, WithheldError
from archiver.replay.uris import BadAddressError, archived_url, ascii_url, moment, stamp

WORKER_PATH = "/player/sw.js"
"""The one script that may become a service worker; it rules what is below /player/."""

_SHELL = re.compile(r"/faithful/(\d{4,14})/(.*)", re.ASCII | re.DOTALL)
_VIEW = re.compile(r"/view/(\d{14})/(.*)", re.ASCII | re.DOTALL)
_RAW = "/raw"
_NONE = "pages are shown with scripts only where a player is installed: archiver player install"
_SCRIPT = """\
// Every answer of the player gets this policy, whatever it would say itself.
const policy = {policy};
// No policy holds WebRTC back, so it is taken from every window that the player makes ready.
const taken = ["RTCPeerConnection", "webkitRTCPeerConnection"];
const take = `;for (const name of ${{JSON.stringify(taken)}})
  Object.defineProperty(self, name, {{ value: undefined }});`;
const respond = FetchEvent.prototype.respondWith;
FetchEvent.prototype.respondWith = function (answer) {{
  const first = new URL(this.request.url).pathname === "/player/static/wombat.js";
  return respond.call(this, Promise.resolve(answer).then(async (given) => {{
    if (!(given instanceof Response) || given.status === 0) return given;
    const headers = new Headers(given.headers);
    headers.set("Content-Security-Policy", policy);
    headers.delete("Link");
    headers.delete("Refresh");
    const {{ status, statusText }} = given;
    const empty = [101, 204, 205, 304].includes(status);
    const body = first ? await given.text() + take : given.body;
    return new Response(empty ? null : body, {{ status, statusText, headers }});
  }}));
}};
importScripts("/player/wabac.js");
"""


def shell_policy(player_origin: str) -> str:
    """The Content-Security-Policy of the page around: it frames the player, and does nothing."""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none';"
        f" base-uri 'none'; frame-ancestors 'none'; frame-src {player_origin}"
    )


def start_policy(archive_origin: str) -> str:
    """The policy of the page that starts the player."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " worker-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none';"
        f" frame-ancestors {archive_origin}"
    )


def running_policy(archive_origin: str) -> str:
    """The policy of what the player answers: all that pages do, with this origin alone."""
    return (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' data:"
        " blob:; object-src 'none'; frame-src 'self' data: blob:; form-action 'self'; base-uri"
        f" 'self'; frame-ancestors 'self' {archive_origin}; sandbox allow-scripts"
        " allow-same-origin allow-forms"
    )


class FaithfulViews:
    """The pages around, and the player's origin; read only, to be called in threads.

    Args:
        stored: where mementos come from.
        pages: our own pages.
        folder: where the player is, if it is installed.
        archive_origin: that of archived pages, where the page around stands.
        player_origin: that of the player.
    """

    def __init__(
        self,
        stored: Stored,
        pages: Pages,
        *,
        folder: Path,
        archive_origin: str,
        player_origin: str,
    ) -> None:
        self._stored = stored
        self._pages = pages
        self._folder = folder
        self._archive_origin = archive_origin
        self._player_origin = player_origin

    def shell(self, request: Request) -> Response:
        """`/faithful/{timestamp}/{url}` on the archive's origin: the player in a frame."""
        match = _SHELL.fullmatch(requested(request))
        if match is None:
            raise BadAddressError("there is nothing at this address", status=404)
        if worker_of(self._folder) is None:
            raise BadAddressError(_NONE, status=404)
        digits, url = match[1], archived_url(match[2])
        capture = self._stored.found(url, moment(digits), digits).capture
        if capture is None:
            raise BadAddressError("nothing was captured of this page", status=404)
        exact, path = stamp(capture.captured_at), ascii_url(capture.url)
        if digits != exact:
            location = f"{gate_of(request)}/faithful/{exact}/{path}"
            return Response(status_code=302, headers={"Location": location})
        page = self._pages.render("faithful.html", {"capture": capture})
        policy = {"Content-Security-Policy": shell_policy(self._player_origin)}
        return HTMLResponse(page, headers=policy)

    def start(self, request: Request) -> Response:
        """`/view/{timestamp}/{url}` on the player's origin: what starts it."""
        match = _VIEW.fullmatch(requested(request))
        if match is None or worker_of(self._folder) is None:
            raise BadAddressError(_NONE, status=404)
        url = ascii_url(archived_url(match[2]))
        if hidden := self._stored.withheld(url, match[1]):
            raise WithheldError(hidden)
        values = {"raw": f"{gate_of(request)}{_RAW}/", "address": f"{match[1]}mp_/{url}"}
        return HTMLResponse(
            self._pages.render("player.html", values),
            headers={"Content-Security-Policy": start_policy(self._archive_origin)},
        )

    def worker(self, _: Request) -> Response:
        """The service worker: a policy around the player."""
        text = _SCRIPT.format(policy=json.dumps(running_policy(self._archive_origin)))
        return self._script(Response(text, media_type="text/javascript"))

    def program(self, _: Request) -> Response:
        """The player itself."""
        path = worker_of(self._folder)
        if path is None:
            raise BadAddressError(_NONE, status=404)
        return self._script(FileResponse(path, media_type="text/javascript"))

    @staticmethod
    def _script(response: Response) -> Response:
        # The policy of a worker is that of its script: it may ask this origin, and nobody else.
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'"
        )
        return response

    def is_there(self) -> bool:
        """Whether the player is installed."""
        return worker_of(self._folder) is not None

    def routes(self) -> list[Route | Mount]:
        """Those of the player's origin."""
        read = ["GET"]
        return [
            Route("/view/{rest:path}", self.start, methods=read),
            Route(WORKER_PATH, self.worker, methods=read),
            Route("/player/wabac.js", self.program, methods=read),
        ]


class WithRaw:
    """The player's origin: its own pages, and below /raw/ the mementos as they were captured."""

    def __init__(self, app: ASGIApp, mementos: ASGIApp) -> None:
        self._app = app
        self._mementos = mementos

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        raw: bytes = scope["raw_path"]
        if not raw.startswith(f"{_RAW}/".encode()):
            await self._app(scope, receive, send)
            return
        rest: Mapping[str, object] = {
            "path": scope["path"][len(_RAW) :],
            "raw_path": raw[len(_RAW) :],
            GATE: f"{scope.get(GATE, '')}{_RAW}",
        }
        await self._mementos({**scope, **rest}, receive, send)
