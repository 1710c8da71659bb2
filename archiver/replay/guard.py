"""Who may read an archive that others can reach: whoever has its token.

Programs send it with each request (`Authorization: Bearer`, RFC 6750). A browser logs in once and
gets a cookie on the interface's origin alone. Archived pages are hostile, so nothing of that is
ever sent to their origin: the interface's links to it carry a pass, which is a signed and passing
part of the address (`/~pass/{timestamp}/{url}`). See decision 35.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOGIN = "/login"
_SESSION = 30 * 86400  # seconds that a browser stays logged in
_PASS = 86400  # seconds that a link to an archived page is good for, at least
_OPEN = "/static/"  # the same for everybody
_MAX_FORM = 4096  # bytes of a log-in that are read

GATE = "archiver.gate"
"""In a request's scope: what stood before its path, such as the pass that it came with."""
Refusal = Callable[[str], Response]
"""The page that says why somebody is not let in."""


class Keys:
    """What the token opens, and for how long.

    Signed values are `{end}-{signature}`: the end in seconds since 1970, and an HMAC-SHA256 of
    it and of what the value is for, with the token as the key. So a session opens no archived
    page, a pass is no session, and another token ends them all.

    Args:
        token: the secret.
        clock: the time in seconds since 1970.
    """

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._token = token.encode()
        self._clock = clock

    def opens(self, text: str) -> bool:
        """Whether it is the token; takes equally long however much of it is right."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self._token)

    def sign(self, purpose: str, *, seconds: int, step: int = 1) -> str:
        """A value for one purpose; `step`: its end is rounded up to that, for stable addresses."""
        end = -(-(int(self._clock()) + seconds) // step) * step
        return f"{end:x}-{self._signature(purpose, f'{end:x}')}"

    def holds(self, signed: str, purpose: str) -> bool:
        """Whether a value was signed for that purpose and has not ended."""
        end, _, signature = signed.partition("-")
        if not hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._signature(purpose, end).encode()
        ):
            return False
        return int(end, 16) > self._clock()  # signed by us: it is a number

    def passing(self, purpose: str = "archived") -> str:
        """What stands before the path of an archived page that the interface links to."""
        return f"/~{self.sign(purpose, seconds=_PASS, step=3600)}"

    def _signature(self, purpose: str, end: str) -> str:
        said = f"{purpose}\n{end}".encode("utf-8", "replace")
        digest = hmac.digest(self._token, said, sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def gate_of(request: Request) -> str:
    """The `/~pass` that a request for an archived page came with; the empty text without."""
    gate: str = request.scope.get(GATE, "")
    return gate


class InterfaceGuard:
    """Lets in who has the token or logged in with it; answers everything else with 401.

    Args:
        app: the interface.
        keys: what the token opens.
        port: that of this server; cookies are not told apart by ports, so their names are.
        refusal: makes the page that asks for the token.
        welcome: the page after it was given.
    """

    def __init__(
        self, app: ASGIApp, keys: Keys, *, port: int, refusal: Refusal, welcome: Refusal
    ) -> None:
        self._app = app
        self._keys = keys
        self._cookie = f"archiver-{port}"
        self._refusal = refusal
        self._welcome = welcome

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        if scope["path"] == LOGIN:
            await self._login(await _token_of(request))(scope, receive, send)
        elif scope["path"].startswith(_OPEN) or self._is_known(request):
            await self._app(scope, receive, send)
        else:
            await _refused(self._refusal("This archive asks for its token"))(scope, receive, send)

    def _is_known(self, request: Request) -> bool:
        session = request.cookies.get(self._cookie)
        if session is not None and self._keys.holds(session, "session"):
            return True
        return _has_token(request.headers, self._keys)

    def _login(self, token: str) -> Response:
        if not self._keys.opens(token):
            return _refused(self._refusal("This is not the token of this archive"))
        # A page of our own goes on, and no redirect: after a link from elsewhere a browser would
        # take that for a request of the other site, and send no strict cookie with it.
        answer = self._welcome("You are logged in")
        answer.headers["Refresh"] = "0; url=/"
        answer.set_cookie(
            self._cookie,
            self._keys.sign("session", seconds=_SESSION),
            max_age=_SESSION,
            httponly=True,
            samesite="strict",
        )
        return answer


class ArchivedGuard:
    """Lets in who has the token or comes with a pass, which is taken off the path.

    No cookie counts here, and none is set: this origin belongs to archived pages.

    Args:
        app: the origin's application.
        keys: what the token opens.
        refusal: makes the page that says where passes are had.
        purpose: what its passes are signed for.
        free: where paths begin that everybody may ask for.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: Keys,
        *,
        refusal: Refusal,
        purpose: str = "archived",
        free: tuple[str, ...] = (_OPEN,),
    ) -> None:
        self._app = app
        self._keys = keys
        self._refusal = refusal
        self._purpose = purpose
        self._free = free

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: str = scope["path"]
        if path.startswith("/~"):
            name, _, rest = path[1:].partition("/")
            gate, raw = f"/{name}", scope["raw_path"]
            plain = raw.startswith(f"{gate}/".encode())  # and nothing of it escaped
            if plain and self._keys.holds(name[1:], self._purpose):
                inner = {**scope, "path": f"/{rest}", "raw_path": raw[len(gate) :], GATE: gate}
                await self._app(inner, receive, send)
                return
        elif path.startswith(self._free) or _has_token(Headers(scope=scope), self._keys):
            await self._app(scope, receive, send)
            return
        answer = _refused(self._refusal("Open this page from the archive's interface, once more"))
        await answer(scope, receive, send)


def _has_token(headers: Headers, keys: Keys) -> bool:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and keys.opens(token.strip())


def _refused(page: Response) -> Response:
    page.status_code = 401
    page.headers["WWW-Authenticate"] = 'Bearer realm="archive"'
    return page


async def _token_of(request: Request) -> str:
    """The token in the address of a log-in, or in its form."""
    if request.method != "POST":
        return request.query_params.get("token", "")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_FORM:
            return ""
    return parse_qs(body.decode("latin-1")).get("token", [""])[0]
