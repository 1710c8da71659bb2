"""The site that is fetched: generated pages, served by nginx on loopback."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.measure import BenchmarkError

HOST = "bench.example"  # leads to loopback by network.connect_to
_PAGE = 88_000  # bytes
_WORDS = 8_000
_PARAGRAPHS = 3_000

_CONFIG = """\
{user}worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  types {{ text/html html; application/xml xml; text/plain txt; }}
  default_type application/octet-stream;
  log_format plain '$status $request_length $uri';
  access_log {folder}/access.log plain;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp;
  fastcgi_temp_path {folder}/tmp; uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  sendfile on; tcp_nopush on;
  keepalive_requests 1000000;
  gzip {gzip};
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A site that is being served: `pages` pages at /page/00000.html and so on."""

    folder: Path
    port: int
    pages: int

    @property
    def address(self) -> str:
        """Host and port on loopback."""
        return f"127.0.0.1:{self.port}"

    def listing(self, count: int, *, host: str | None = None) -> str:
        """Put up a sitemap of the first pages, as URLs of a host; its own URL."""
        base = f"http://{host or self.address}"
        urls = "".join(f"<url><loc>{url}</loc></url>\n" for url in self.urls(count, host=host))
        name = f"map-{count}-{host or 'local'}.xml"
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        text = f'{head}<urlset xmlns="{space}">\n{urls}</urlset>\n'
        (self.folder / "www" / name).write_text(text, encoding="utf-8")
        return f"{base}/{name}"

    def urls(self, count: int, *, host: str | None = None) -> list[str]:
        """The URLs of the first pages."""
        base = f"http://{host or self.address}"
        return [f"{base}/page/{number:05}.html" for number in range(count)]

    def answered(self) -> int:
        """How many pages were served whole since this was last asked."""
        log = self.folder / "access.log"
        lines = log.read_text(encoding="utf-8").splitlines()
        os.truncate(log, 0)  # nginx appends
        return sum(line.startswith("200 ") and " /page/" in line for line in lines)

    def put_large(self, size: int) -> str:
        """Put up a sparse body of `size` bytes; the path of its URL."""
        path = self.folder / "www" / "large" / f"{size}.bin"
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.truncate(path, size)
        return f"/large/{path.name}"


def page_bodies(count: int, *, seed: int = 3) -> Iterator[bytes]:
    """Pages of 88 KB, each another, about as compressible as news pages are."""
    chance = random.Random(seed)
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    weights = list(itertools.accumulate(1 / (n + 2) for n in range(len(letters))))
    vocabulary = [
        "".join(chance.choices(letters, cum_weights=weights, k=chance.randint(2, 10)))
        for _ in range(_WORDS)
    ]
    ranks = list(itertools.accumulate(1 / (n + 10) for n in range(_WORDS)))
    paragraphs = [
        " ".join(chance.choices(vocabulary, cum_weights=ranks, k=chance.randint(25, 70)))
        for _ in range(_PARAGRAPHS)
    ]
    for _ in range(count):
        title = " ".join(chance.choices(vocabulary, k=8))
        parts = [
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta property="article:published_time" content="2026-05-01T06:00:00Z">',
            '</head><body><header><nav class="site-navigation">',
        ]
        parts += [f'<a class="nav-link" href="/section/{n}">Section {n}</a>' for n in range(60)]
        parts.append(f"</nav></header><main><article><h1>{title}</h1>")
        size = sum(map(len, parts))
        while size < _PAGE - 200:
            text = chance.choice(paragraphs)
            if size < _PAGE // 3:  # the story; then what stands around it
                part = f'<p class="article-body__paragraph">{text}.</p>\n'
            else:
                mark = chance.getrandbits(64)
                part = (
                    f'<div class="card card--teaser" data-tracking-id="{mark:016x}">'
                    f'<a class="card__link" href="/news/{mark % 10**7}"><span class="card__title">'
                    f'{text[:90]}</span></a><script type="application/json">{{"id":{mark},'
                    f'"kind":"teaser","position":{size}}}</script></div>\n'
                )
                if size - len(part) < _PAGE // 3:
                    part = "</article></main><aside>" + part
            parts.append(part)
            size += len(part)
        parts.append("</aside></body></html>")
        yield "".join(parts).encode().ljust(_PAGE, b"\n")[:_PAGE]


@contextmanager
def served(folder: Path, *, pages: int, gzip: bool = False) -> Iterator[Site]:
    """Make the pages in `folder` and serve them until the block ends.

    Raises:
        BenchmarkError: there is no nginx, or it does not start.
    """
    nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if nginx is None:
        raise BenchmarkError("no nginx here: apt-get install nginx-light")
    www = folder / "www"
    (www / "page").mkdir(parents=True)
    (folder / "tmp").mkdir()
    for number, body in enumerate(page_bodies(pages)):
        (www / "page" / f"{number:05}.html").write_bytes(body)
    (www / "robots.txt").write_text("User-agent: *\nDisallow: /private/\n", encoding="ascii")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    user = "user root;\n" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(
        _CONFIG.format(folder=folder, port=port, user=user, gzip="on" if gzip else "off"),
        encoding="utf-8",
    )
    process = subprocess.Popen([nginx, "-p", str(folder), "-c", str(config)])
    try:
        _await_port(port, process)
        site = Site(folder=folder, port=port, pages=pages)
        yield site
    finally:
        process.terminate()
        process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise BenchmarkError(f"nginx ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise BenchmarkError("nginx does not answer")
