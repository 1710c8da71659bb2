"""A Scrapy request as the bytes that are sent, and to whom."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from scrapy import Request

from archiver.errors import FetchError

_AUTHORITY = re.compile(r"[^/?#]*")
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LINE_BREAKS = re.compile(rb"[\r\n\0]+")
_PRINTABLE = "".join(sorted(set(string.printable) - set(string.whitespace)))
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})  # length sent even where it is 0
_OURS = frozenset({b"host", b"content-length", b"transfer-encoding", b"proxy-authorization"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """An HTTP proxy; `authorization` is the value of Proxy-Authorization."""

    tls: bool
    host: str
    port: int
    authorization: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Whom a connection leads to: connections to equal origins are interchangeable."""

    tls: bool
    host: str
    port: int
    proxy: Proxy | None = None

    @property
    def authority(self) -> str:
        """Host and port as CONNECT names them, with brackets around IPv6."""
        return f"{_bracketed(self.host)}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One request: `data` is head and body exactly as sent.

    `repeatable`: sending it twice does no harm (RFC 9110 section 9.2.2). `closes`: it asks the
    server to close the connection afterwards.
    """

    origin: Origin
    data: bytes
    repeatable: bool
    closes: bool


def message_of(request: Request) -> Message:
    """Serialise a request: Host first, then Scrapy's fields in their order and spelling.

    Line breaks inside values, which would smuggle in fields, become spaces.

    Raises:
        FetchError: reason "connect", where the URL names nobody; "proxy", where the proxy's
            does or it is none for HTTP.
        ValueError: for a method or a field name that is no token (RFC 9110 section 5.6.2).
    """
    scheme, _, rest = request.url.partition("://")
    authority = _AUTHORITY.match(rest)[0]  # type: ignore[index]  # it matches the empty text too
    tls = scheme.lower() == "https"
    host, port = _host_and_port(authority, tls=tls, reason="connect", url=request.url)
    fields = [
        (name, value)
        for name, values in request.headers.items()
        if name.lower() not in _OURS
        for value in values
    ]
    proxy = _proxy_of(request)
    origin = Origin(tls=tls, host=host, port=port, proxy=proxy)
    target = quote(rest[len(authority) :].partition("#")[0], safe=_PRINTABLE)
    if not target.startswith("/"):
        target = f"/{target}"
    host_field = _bracketed(host) if port == (443 if tls else 80) else origin.authority
    if proxy is not None and not tls:
        target = f"http://{host_field}{target}"
        if proxy.authorization:
            fields.append((b"Proxy-Authorization", proxy.authorization))
    if request.body or request.method in _WITH_BODY:
        fields.append((b"Content-Length", str(len(request.body)).encode()))
    fields.insert(0, (b"Host", request.headers.get(b"Host") or host_field.encode()))
    return Message(
        origin=origin,
        data=_head(request.method, target, fields) + request.body,
        repeatable=request.method in _IDEMPOTENT,
        closes=any(k.lower() == b"connection" and b"close" in v.lower() for k, v in fields),
    )


def connect_request(origin: Origin) -> bytes:
    """Ask a proxy for a tunnel to `origin` (RFC 9110 section 9.3.6)."""
    fields = [(b"Host", origin.authority.encode())]
    if origin.proxy is not None and origin.proxy.authorization:
        fields.append((b"Proxy-Authorization", origin.proxy.authorization))
    return _head("CONNECT", origin.authority, fields)


def _head(method: str, target: str, fields: list[tuple[bytes, bytes]]) -> bytes:
    verb = method.encode("latin-1", "replace")
    for name in (verb, *(name for name, _ in fields)):
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no token, so no method or field name of HTTP")
    lines = [b"%s %s HTTP/1.1" % (verb, target.encode())]
    lines += [b"%s: %s" % (name, _LINE_BREAKS.sub(b" ", value)) for name, value in fields]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _proxy_of(request: Request) -> Proxy | None:
    named = request.meta.get("proxy")
    if not named:
        return None
    scheme, separator, rest = str(named).rpartition("://")
    if separator and scheme.lower() not in {"http", "https"}:
        raise FetchError("no HTTP proxy", reason="proxy", thing=scheme)
    tls = scheme.lower() == "https"
    authority = _AUTHORITY.match(rest)[0]  # type: ignore[index]  # it matches the empty text too
    host, port = _host_and_port(authority, tls=tls, reason="proxy", url="the proxy")
    authorization = request.headers.get(b"Proxy-Authorization")
    return Proxy(tls=tls, host=host, port=port, authorization=authorization)


def _host_and_port(authority: str, *, tls: bool, reason: str, url: str) -> tuple[str, int]:
    """Split an authority; user information in it is Scrapy's to turn into fields."""
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname or "", parts.port
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
    except ValueError as error:
        raise FetchError(f"no host and port ({error})", reason=reason, thing=url) from error
    if not host:
        raise FetchError("no host", reason=reason, thing=url)
    return host, port or (443 if tls else 80)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
