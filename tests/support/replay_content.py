"""What the archive of the replay tests holds, and how they ask for it."""

from __future__ import annotations

import dataclasses
import gzip

import brotli
import httpx
from support.captures import make_article
from support.exchanges import answer
from support.replay_site import Archive, Served, day

from archiver.model import CaptureKind, Image, WarcRef

STORY = "https://news.example/world/story"
FIRST = '<!doctype html><title>One</title><link rel=stylesheet href="/s.css"><p>First words'
SECOND = "<!doctype html><title>Two</title><p>Later words <a href='../'>up</a>"
T1, T2 = "20260501060000", "20260503060000"


def fill(archive: Archive) -> None:
    """Keep captures and articles of every kind."""
    keep = archive.keep
    first = keep(STORY, day(1), FIRST, b"Set-Cookie: id=1", b"X-Powered-By: f\xfcr")
    keep(STORY, day(2), b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", refers_to=first)
    keep(STORY, day(3), SECOND, b"Server: old")
    keep(STORY, day(4), answer(FIRST.encode(), b"X-Day: 4"), refers_to=first)
    css = b"p{background:url(i.png)}"
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (
        len(gzip.compress(css, 6, mtime=0)),
        gzip.compress(css, 6, mtime=0),
    )
    keep(
        "https://news.example/s.css",
        day(1, seconds=2),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nContent-Encoding: gzip\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + chunked,
    )
    keep(
        "https://news.example/old?a=1",
        day(1),
        b"HTTP/1.1 301 Moved\r\nLocation: /world/story\r\n\r\n",
    )
    keep(
        "http://news.example/loop",
        day(1),
        b"HTTP/1.1 301 M\r\nLocation: https://news.example/loop\r\n\r\n",
    )
    keep("https://news.example/loop", day(1, seconds=0.1), "<p>no loop")
    keep(
        "http://news.example/only",
        day(1),
        b"HTTP/1.1 301 M\r\nLocation: https://news.example/only\r\n\r\n",
    )
    keep(
        "https://news.example/gone",
        day(1),
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<p>gone",
    )
    keep(
        "https://news.example/cp1252",
        day(1),
        answer("<p>für".encode("cp1252")).replace(b"; charset=utf-8", b""),
    )
    keep(
        "https://news.example/br",
        day(1),
        answer(brotli.compress(b"<p>brotli"), b"Content-Encoding: br"),
    )
    keep("https://news.example/junk", day(1), answer(b"junk", b"Content-Encoding: rot13"))
    keep(
        "https://news.example/bare",
        day(1),
        b"HTTP/1.0 200 OK\r\n\r\n<!DOCTYPE html><p>bare <img src=/i>",
    )
    robots = answer(b"User-agent: *").replace(b"html", b"plain")
    keep("https://news.example/robots.txt", day(1), robots, kind=CaptureKind.ROBOTS)
    keep("https://news.example/quick", day(1, seconds=-0.5), "<p>just before")
    keep("https://news.example/quick", day(1, seconds=0.5), "<p>within the second")
    lost = keep("https://news.example/lost", day(1), "<p>lost")
    for number in range(60):
        keep(f"https://many.example/{number:03}", day(1), "<p>one of many", outlet="many")
    picture = Image(url="https://news.example/i.png", caption="A wet street", credits=("PA",))
    article = make_article(
        STORY,
        "First words",
        day(1),
        title="Rain <b>expected</b>",
        outlet="site-news",
        section="World",
        images=(picture,),
    )
    archive.catalogue.save_article(article)
    archive.catalogue.save_article(
        make_article(
            STORY, "Later words\n\nand more", day(3), title="More rain", outlet="site-news"
        )
    )
    # a catalogue that says something else than the file
    moved = WarcRef(file=lost.warc.file, offset=first.warc.offset, length=1, record_id="<urn:x>")
    outside = WarcRef(file="../../etc/passwd", offset=0, length=1, record_id="<urn:x>")
    for name, ref in (("moved", moved), ("outside", outside)):
        wrong = {
            "url": f"https://news.example/{name}",
            "urlkey": f"example,news)/{name}",
            "warc": ref,
        }
        archive.catalogue.add_captures([dataclasses.replace(lost, **wrong)])


def get(site: Served, path: str, host: str | None = None, **headers: str) -> httpx.Response:
    """An answer of the archive origin, or of another host; `_` in a field's name is for `-`."""
    fields = {"Host": host or f"replay.localhost:{site.port}"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    # Path and query go out to the letter, which httpx would not do with a URL.
    request = httpx.Request("GET", site.ui, headers=fields, extensions={"target": path.encode()})
    with httpx.Client(verify=False) as client:  # loopback: certificates take longer than answers
        return client.send(request)


def ui(site: Served, path: str, **headers: str) -> httpx.Response:
    """An answer of the interface."""
    return get(site, path, f"127.0.0.1:{site.port}", **headers)
