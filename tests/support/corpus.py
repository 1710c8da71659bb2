"""The shared corpus of real pages, served on loopback under its publishers' own names."""

from __future__ import annotations

import gzip
import json
import re
import ssl
import threading
from collections import defaultdict
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
import trustme

from archiver.urls import canonical_url

ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"

needs_corpus = pytest.mark.skipif(
    not (ROOT / "gold.jsonl").exists(), reason=f"the shared corpus is not beside the repo ({ROOT})"
)


@dataclass(frozen=True, kw_only=True)
class CorpusPage:
    """One page: where it was, under which URL it is served here, and its reviewed answers."""

    file: Path
    url: str
    outlet: str
    gold: dict[str, Any]


def corpus_pages() -> list[CorpusPage]:
    """All pages; where two share a URL, the second gets a parameter of its own."""
    pages: list[CorpusPage] = []
    seen: set[str] = set()
    for line in (ROOT / "gold.jsonl").read_text(encoding="utf8").splitlines():
        gold = json.loads(line)
        url = canonical_url(gold["url"])
        if url in seen:
            url += "?edition=2"
        seen.add(url)
        name = re.sub(r"[^a-z0-9]+", "-", gold["publisher"].lower()).strip("-")
        outlet = f"{gold['country']}-{name}"
        pages.append(CorpusPage(file=ROOT / gold["page"], url=url, outlet=outlet, gold=gold))
    return pages


KINDS = ("rss", "atom", "json", "sitemap", "section")


@dataclass(frozen=True, kw_only=True)
class CorpusOutlet:
    """One publisher with one source; the kinds of source take turns."""

    id: str
    kind: str
    pages: tuple[CorpusPage, ...]

    @property
    def homepage(self) -> str:
        parts = urlsplit(self.pages[0].url)
        return f"{parts.scheme}://{parts.netloc}/"

    @property
    def source(self) -> str:
        return f"{self.homepage}the-source-of/{self.id}"

    def seed(self) -> str:
        """The outlet's seed file."""
        key = {"sitemap": "sitemaps", "section": "sections"}.get(self.kind, "feeds")
        hosts = sorted({urlsplit(page.url).hostname or "" for page in self.pages})
        return (
            f'id = "{self.id}"\nname = "{self.id}"\nhomepage = "{self.homepage}"\n'
            f"hosts = {json.dumps(hosts)}\n{key} = [{json.dumps(self.source)}]\n"
            # A section page's links are scored; here every link is an article by construction.
            f"[articles]\ninclude = ['.']\n[fetch]\ndelay = 0.0\n"
        )

    def listing(self) -> tuple[str, bytes]:
        """Content type and body of the outlet's one source."""
        links = [(page.url, page.gold["title"] or "untitled") for page in self.pages]
        if self.kind == "rss":
            items = "".join(
                f"<item><link>{escape(url)}</link><title>{escape(title)}</title></item>"
                for url, title in links
            )
            return "application/rss+xml", _xml(
                f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'
            )
        if self.kind == "atom":
            items = "".join(
                f'<entry><id>{escape(url)}</id><link href="{escape(url)}"/>'
                f"<title>{escape(title)}</title></entry>"
                for url, title in links
            )
            return "application/atom+xml", _xml(
                f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{items}</feed>'
            )
        if self.kind == "json":
            listing = {
                "version": "https://jsonfeed.org/version/1.1",
                "title": "x",
                "items": [{"id": url, "url": url, "title": title} for url, title in links],
            }
            return "application/feed+json", json.dumps(listing).encode()
        if self.kind == "sitemap":
            items = "".join(f"<url><loc>{escape(url)}</loc></url>" for url, _ in links)
            return "application/xml", _xml(
                f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{items}</urlset>'
            )
        items = "".join(f'<li><a href="{escape(url)}">{escape(title)}</a>' for url, title in links)
        return "text/html; charset=utf-8", f"<!doctype html><ul>{items}</ul>".encode()


def _xml(text: str) -> bytes:
    return b'<?xml version="1.0" encoding="utf-8"?>' + text.encode()


def corpus_outlets() -> list[CorpusOutlet]:
    """One outlet a publisher."""
    groups: dict[str, list[CorpusPage]] = defaultdict(list)
    for page in corpus_pages():
        groups[page.outlet].append(page)
    return [
        CorpusOutlet(id=outlet, kind=KINDS[place % len(KINDS)], pages=tuple(pages))
        for place, (outlet, pages) in enumerate(sorted(groups.items()))
    ]


class CorpusServer:
    """All publishers on one loopback port, over TLS with a certificate authority of the test."""

    def __init__(self, folder: Path) -> None:
        self.outlets = corpus_outlets()
        listings = {canonical_url(outlet.source): outlet.listing() for outlet in self.outlets}
        files = {page.url: page.file for outlet in self.outlets for page in outlet.pages}
        self.hosts = sorted({urlsplit(url).hostname or "" for url in [*listings, *files]})
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*self.hosts).configure_cert(context)
        self.ca_file = folder / "test-ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = canonical_url(f"https://{self.headers['Host']}{self.path}")
                if url in files:
                    body = files[url].read_bytes()  # gzipped on disk, and so on the wire
                    head = charset_of(body)
                    self._answer(200, f"text/html{head}", body, coding="gzip")
                elif url in listings:
                    self._answer(200, *listings[url])
                else:
                    self._answer(404, "text/plain", b"not here")

            def _answer(self, status: int, kind: str, body: bytes, coding: str = "") -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if coding:
                    self.send_header("Content-Encoding", coding)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing: a test's output is the test's."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def finish_request(self, request: Any, client_address: Any) -> None:
                # The handshake belongs to the connection's thread, not to the accept loop.
                with context.wrap_socket(request, server_side=True) as secured:
                    super().finish_request(secured, client_address)

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hangs up is no fault of the server."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def charset_of(zipped: bytes) -> str:
    """`; charset=utf-8` for a page that is UTF-8 without saying so; the corpus keeps no headers."""
    page = gzip.decompress(zipped)
    if b"charset" in page[:4096].lower():
        return ""
    try:
        page.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "; charset=utf-8"
