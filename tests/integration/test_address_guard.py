"""What a crawl connects to, seen from a server on loopback that nobody may reach."""

from __future__ import annotations

import html
import socket
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path

import pytest
from support.workdir import add_seed, run, status, working_folder

from archiver.errors import FetchError
from archiver.fetch.guard import Policy
from archiver.fetch.message import Origin
from archiver.fetch.pool import Pool
from archiver.fetch.resolver import Resolver
from archiver.fetch.tls import client_context

HOSTILE = Path(__file__).parents[1] / "hostile" / "fetch"
SITE = "127.0.0.2"  # which the outlet's seed allows: it stands for the public network


def lines(name: str) -> list[str]:
    text = (HOSTILE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


class Canary:
    """Counts connections to 127.0.0.1 and ::1, on one port."""

    def __init__(self) -> None:
        self.connections = 0
        canary = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                canary.connections += 1

        class V6(socketserver.ThreadingTCPServer):
            address_family = socket.AF_INET6

        self.servers = [socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)]
        self.port = int(self.servers[0].server_address[1])
        self.servers.append(V6(("::1", self.port), Handler))
        for server in self.servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()


class Site:
    """A site whose every link leads into a trap. Paths that are unknown answer with a page."""

    def __init__(self, address: str = SITE) -> None:
        self.paths: list[str] = []
        self.redirects: dict[str, str] = {}
        self.bodies: dict[str, str] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.paths.append(self.path)
                body = site.bodies.get(self.path, "<p>A page.").encode()
                target = site.redirects.get(self.path)
                self.send_response(302 if target else 200)
                if target:
                    self.send_header("Location", target.encode().decode("latin-1"))
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing."""

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        self.host = f"{address}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def feed(*links: str) -> str:
    items = "".join(f"<item><link>{html.escape(link)}</link></item>" for link in links)
    return f'<rss version="2.0"><channel>{items}</channel></rss>'


def folder_of(tmp_path: Path, site: Site, canary: Canary, seed: str, *, robots: bool) -> Path:
    folder = working_folder(
        tmp_path,
        connect_to={},
        crawl=f"delay = 0\nretries = 0\nobey_robots = {str(robots).lower()}",
    )
    add_seed(
        folder,
        "x",
        f'id = "x"\nname = "X"\nhomepage = "http://{site.host}/"\n{seed}\n'
        f'[fetch]\nports = "{site.port}, {canary.port}"\naddresses = ["{SITE}"]\n',
    )
    return folder


def test_nothing_reaches_loopback_by_any_spelling_or_way(
    tmp_path: Path, site: Site, canary: Canary
) -> None:
    loopback = lines("loopback.txt")
    special = [f"http://{host}:{{port}}/" for host in lines("special-addresses.txt")]
    assert len(loopback) >= 27
    assert len(special) >= 40

    def traps(way: str) -> list[str]:
        """All of them, with a path of their own: what was asked before is not asked again."""
        return [
            trap.replace("{port}", f"{{port}}/{way}/").format(port=canary.port, site=site.host)
            for trap in loopback + special
        ]

    count = len(loopback) + len(special)
    odd = {
        "/to-file": "file:///etc/passwd",
        "/to-ftp": f"ftp://127.0.0.1:{canary.port}/",
        "/to-script": "javascript:location='http://127.0.0.1/'",
        "/to-data": "data:text/html,<p>A",
        "/to-gopher": f"gopher://127.0.0.1:{canary.port}/",
    }
    ports = {f"/to-port-{n}": f"http://{SITE}:{n}/" for n in (1, 22, 25, 65535)}
    circle = {"/circle": "/circle/2", "/circle/2": "/circle"}
    site.redirects = (
        {f"/r/{n}": url for n, url in enumerate(traps("redirect"))} | odd | ports | circle
    )
    pages = [*(f"/r/{n}" for n in range(count)), *odd, *ports, "/circle", "/pictures", "/good"]
    site.bodies["/feed"] = feed(
        *(f"http://{site.host}{page}" for page in pages), f"http://127.0.0.1:{canary.port}/page"
    )
    pictures = "".join(f'<img src="{html.escape(url)}">' for url in traps("picture"))
    style = f'<link rel="stylesheet" href="http://127.1:{canary.port}/a.css">'
    site.bodies["/pictures"] = f"<html><head>{style}</head><p>Pictures.{pictures}</html>"
    indexes = [traps("sitemap")[n : n + 16] for n in range(0, len(loopback), 16)]
    for n, children in enumerate(indexes):
        listed = "".join(f"<sitemap><loc>{html.escape(url)}</loc></sitemap>" for url in children)
        site.bodies[f"/index/{n}"] = f"<sitemapindex>{listed}</sitemapindex>"
    sitemaps = ", ".join(f'"http://{site.host}/index/{n}"' for n in range(len(indexes)))
    seed = (
        f'feeds = ["http://{site.host}/feed", "http://localhost:{canary.port}/feed"]\n'
        f'sections = ["http://127.0.0.1:{canary.port}/section"]\n'
        f'sitemaps = [{sitemaps}]\nhosts = ["127.0.0.1"]\n'
    )
    folder = folder_of(tmp_path, site, canary, seed, robots=False)
    done = run(folder, "archiver", "crawl", "x")
    assert canary.connections == 0
    assert done.returncode == 3, done.stderr
    assert "/good" in site.paths
    problems = status(folder)["outlets"]["x"]["problems"]
    # A name with an escape in it is none: it is not resolved.
    assert set(problems["fetch"]) == {
        "blocked-address", "blocked-port", "dns", "redirect-circle", "redirect-scheme",
    }  # fmt: skip
    assert problems["fetch"]["dns"] <= 6
    # Some spellings become one URL, which is asked once.
    assert problems["fetch"]["blocked-address"] > count
    assert {f"/r/{n}" for n in range(count)} <= set(site.paths)
    assert problems["requisite"]["blocked-address"] > 80
    assert problems["fetch"]["redirect-scheme"] == len(odd)
    assert problems["fetch"]["blocked-port"] == len(ports)
    assert problems["fetch"]["redirect-circle"] == 1
    assert site.paths.count("/circle") == 1
    refused = status(folder)["outlets"]["x"]["refused"]
    assert refused["redirect-circle"] == 1
    assert refused["blocked-address"] > count


def test_nothing_reaches_loopback_through_robots_txt(
    tmp_path: Path, site: Site, canary: Canary
) -> None:
    """Neither that of a host on loopback nor one that redirects there."""
    site.redirects = {
        "/robots.txt": f"http://127.1:{canary.port}/robots.txt",
    }
    seed = (
        f'feeds = ["http://{site.host}/feed", "http://127.0.0.1:{canary.port}/feed",'
        f' "http://localhost:{canary.port}/feed"]'
    )
    folder = folder_of(tmp_path, site, canary, seed, robots=True)
    assert run(folder, "archiver", "crawl", "x").returncode == 1
    assert canary.connections == 0
    assert set(site.paths) == {"/robots.txt"}
    assert status(folder)["outlets"]["x"]["problems"]["fetch"] == {
        "blocked-address": 2,
        "robots-unreachable": 1,
    }


async def test_what_was_checked_is_what_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, canary: Canary
) -> None:
    """A name server that alternates between a good address and loopback."""
    asked: list[str] = []

    def alternating(host: str, port: int, *_: object) -> list[tuple[object, ...]]:
        assert host == "rebinding.example"
        asked.append((SITE, "127.0.0.1")[len(asked) % 2])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (asked[-1], port))]

    monkeypatch.setattr("archiver.fetch.resolver._TTL", -1.0)
    monkeypatch.setattr(socket, "getaddrinfo", alternating)
    with socket.create_server((SITE, canary.port)) as good:
        good.setblocking(False)
        resolver = Resolver(policy=Policy(ranges=(ip_network(SITE),)))
        pool = Pool(resolver, client_context())
        origin = Origin(tls=False, host="rebinding.example", port=canary.port)
        came = []
        for _ in range(10):
            try:
                connection = await pool.connection(origin, fresh=True)
                came.append(str(connection.ip))
            except FetchError as error:
                came.append(error.reason)
        await pool.close()
    assert came == [SITE, "blocked-address"] * 5
    assert len(asked) == 10  # nobody asked again between check and connection
    assert canary.connections == 0
