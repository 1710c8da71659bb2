"""What a worker process may do to us; a process imports it by name, so it stands in a module."""

from __future__ import annotations

import os
import signal

from archiver.extract.article import extract_page
from archiver.model import Extraction, Page


def work(page: Page) -> Extraction:
    """Die as the page's URL says, else extract it."""
    if page.url.endswith("/abort"):
        os.abort()
    if page.url.endswith("/exit"):
        os._exit(7)
    if page.url.endswith("/oom-killer"):
        os.kill(os.getpid(), signal.SIGKILL)
    if page.url.endswith("/hang"):
        os.write(1, f"{os.getpid()}\n".encode())  # whoever reads knows that the page has begun
    if page.url.endswith("/pid"):
        return Extraction(detail=str(os.getpid()))
    return extract_page(page)


def page(name: str, body: bytes | None = None) -> Page:
    """A page by name; a plain article where no body is given."""
    sentence = f"<p>Sentence of page {name}, long enough to pass for a paragraph of news.</p>"
    text = f"<html lang=en><title>{name}</title><article><h1>{name}</h1>{sentence * 4}</article>"
    return Page(
        url=f"https://news.example/{name}",
        body=text.encode() if body is None else body,
        content_type="text/html",
    )


def hanging_page() -> Page:
    """One element with 100,000 attributes: minutes inside libxml2."""
    attributes = " ".join(f'a{number}="1"' for number in range(100_000))
    return page("hang", f"<html><body><p {attributes}>text</p></body></html>".encode())


def huge_page() -> Page:
    """Three million elements: a tree of some gigabytes."""
    return page("huge", b"<html><body>" + b"<b>x</b>" * 3_000_000)
