"""A site on loopback that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from support.workdir import add_seed, working_folder

_WORDS = "The harbour master said that the ferries would sail again in the morning. "


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer; with `validators` it has an ETag, and a matching request is answered 304."""

    body: str = ""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    validators: bool = True


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that was answered, and how."""

    url: str  # http://host/path
    status: int
    conditional: bool


def redirect(to: str) -> Reply:
    return Reply(status=301, headers=(("Location", to),), validators=False)


def story(title: str, *, head: str = "", links: str = "") -> Reply:
    """A page with an article of its own."""
    text = "".join(f"<p>{title}, part {part}. {_WORDS * 3}</p>" for part in range(5))
    return Reply(
        body=f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head>"
        f"<body><article><h1>{title}</h1>{text}</article>{links}</body></html>"
    )


def feed(links: Iterable[str], *, more: str = "") -> Reply:
    items = "".join(
        f"<item><title>Item {number}</title><link>{link.replace('&', '&amp;')}</link>"
        f"<guid>g{number}</guid></item>"
        for number, link in enumerate(links)
    )
    return Reply(
        body=f'<rss version="2.0"><channel><title>F</title>{more}{items}</channel></rss>',
        kind="application/rss+xml",
    )


def robots_behind(redirects: int, host: str, disallowed: str) -> dict[str, Reply]:
    """The answers of a host whose robots.txt stands behind some redirects."""
    places = [f"{host}/robots.txt", *(f"{host}/{n}/robots.txt" for n in range(redirects))]
    rules = Reply(body=f"User-agent: *\nDisallow: {disallowed}\n", kind="text/plain")
    moved = {here: redirect(f"http://{there}") for here, there in pairwise(places)}
    return {**moved, places[-1]: rules}


@dataclass
class ScriptedSite:
    """Serves http on a port of loopback for any host. A context manager.

    `answers` has a reply for `host/path?query`; what is not there goes to `otherwise`, and is
    answered 404 where that gives None. robots.txt is 404 unless it is among the answers.
    """

    answers: dict[str, Reply] = field(default_factory=dict)
    otherwise: Callable[[str], Reply | None] = lambda _: None
    log: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self) -> None:
                site._answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its base's name
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def target(self) -> str:
        """Where it listens, as `network.connect_to` wants it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def folder(self, path: Path, seed: str, *hosts: str, crawl: str = "", more: str = "") -> Path:
        """A working folder with one outlet `x`, whose hosts lead here."""
        working_folder(
            path,
            connect_to=dict.fromkeys(hosts, self.target),
            crawl=f"delay = 0\nretries = 0\n{crawl}",
        )
        if more:
            settings = path / "config" / "archiver.toml"
            settings.write_text(settings.read_text("utf-8") + more, "utf-8")
        add_seed(path, "x", f'id = "x"\nname = "X"\n{seed}')
        return path

    def asked(self) -> list[str]:
        """What was asked for since the last look, but robots.txt, in order; forgets it."""
        urls = [one.url for one in self.log if not one.url.endswith("/robots.txt")]
        self.log.clear()
        return urls

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        address = f"{handler.headers.get('Host', '')}{handler.path}"
        found = self.answers.get(address) or self.otherwise(address)
        reply = found or Reply(status=404, validators=False)
        body = reply.body.encode()
        tag = f'"{sha256(body).hexdigest()[:16]}"'
        conditional = any(
            handler.headers.get(name) for name in ("If-None-Match", "If-Modified-Since")
        )
        status = reply.status
        if reply.validators and handler.headers.get("If-None-Match") == tag:
            status, body = 304, b""
        self.log.append(Asked(url=f"http://{address}", status=status, conditional=conditional))
        handler.send_response(status)
        if reply.validators:
            handler.send_header("ETag", tag)
        for name, value in (("Content-Type", reply.kind), *reply.headers):
            handler.send_header(name, value)
        if status != 304:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
